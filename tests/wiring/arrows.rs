//! The samples of `events/`: each belongs to one arrow of the picture, and each arrow has samples.

use super::{files, pattern::matches, template::Template};
use recovery::Step;
use serde_json::{Value, json};

/// How a sample's name begins, the function that it is for, and whether it has the shape of that arrow.
type Arrow = (&'static str, &'static str, fn(&Value) -> bool);

const ARROWS: &[Arrow] = &[
    ("alarm", "alarm-handler", |e| {
        e["source"] == "aws.cloudwatch" || !e["Records"][0]["Sns"]["Message"].is_null()
    }),
    ("rds-", "alarm-handler", |e| e["source"] == "aws.rds"),
    ("execution-", "alarm-handler", |e| e["source"] == "aws.states"),
    ("sweep-", "alarm-handler", |e| e["source"] == "aws.events"),
    ("request-", "alarm-handler", |e| e["mainstay"].is_string() && e["mainstay"] != "snapshot"),
    ("step-recycle", "task-recycler", |e| e["step"] == "recycle"),
    ("step-", "failover-executor", |e| e["step"].is_string() && e["step"] != "recycle"),
    ("stream-", "notifier", |e| e["Records"][0]["eventSource"] == "aws:dynamodb"),
    ("prober-", "prober", |e| e["mainstay"] == "probe"),
    ("snapshot-", "snapshotter", |e| e["mainstay"] == "snapshot"),
];

pub(super) fn arrow(sample: &str) -> &'static Arrow {
    let found = ARROWS.iter().find(|(begin, _, _)| sample.starts_with(begin));
    found.unwrap_or_else(|| panic!("events/{sample}.json belongs to no arrow"))
}

#[test]
fn every_sample_belongs_to_an_arrow_and_has_its_shape() {
    let samples = files::samples();
    for name in &samples {
        let (begin, _, shape) = arrow(name);
        assert!(shape(&files::sample(name)), "events/{name}.json is not what `{begin}` stands for");
    }
    for (begin, _, _) in ARROWS {
        assert!(samples.iter().any(|s| arrow(s).0 == *begin), "no sample of `{begin}`");
    }
}

#[test]
fn every_function_has_a_sample() {
    let functions = files::functions();
    let named = |function: &str| ARROWS.iter().any(|(_, to, _)| *to == function);
    assert!(functions.iter().all(|f| named(f)), "{functions:?}");
    assert!(ARROWS.iter().all(|(_, to, _)| functions.iter().any(|f| f == to)), "{functions:?}");
}

#[test]
fn a_steps_sample_is_called_as_its_step() {
    for name in files::samples().iter().filter(|n| n.starts_with("step-")) {
        let sample = files::sample(name);
        let request: recovery::StepRequest =
            serde_json::from_value(sample.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let step = serde_json::to_value(request.step).unwrap();
        assert_eq!(name.strip_prefix("step-"), step.as_str());
        assert_eq!(request.failed.is_some(), request.step == Step::Escalate, "{name}");
        assert_eq!(request.said.is_some(), request.step == Step::Escalate, "{name}");
    }
}

#[test]
fn the_notifier_is_sent_new_events_and_nothing_else() {
    let template = Template::read();
    let mapping = &template.properties("Notifier")["Events"]["Timeline"]["Properties"];
    let filters = mapping["FilterCriteria"]["Filters"].as_array().unwrap();
    let patterns: Vec<Value> =
        filters.iter().map(|f| serde_json::from_str(f["Pattern"].as_str().unwrap()).unwrap()).collect();
    let sent = |record: &Value| patterns.iter().any(|pattern| matches(pattern, record));
    for name in files::samples().iter().filter(|n| n.starts_with("stream-")) {
        for record in files::sample(name)["Records"].as_array().unwrap() {
            assert!(sent(record), "{name}: {record}");
        }
    }
    let change = |name: &str, sk: &str| json!({"eventName": name, "dynamodb": {"Keys": {"sk": {"S": sk}}}});
    assert!(sent(&change("INSERT", "event#00000001")));
    for other in [
        change("MODIFY", "event#00000001"),
        change("REMOVE", "event#00000001"),
        change("INSERT", "head"),
        change("INSERT", "notice#00000001#stakeholders"),
        change("INSERT", "all"),
        change("INSERT", "database#orders"),
    ] {
        assert!(!sent(&other), "{other}");
    }
}

/// What people are told to type names files and functions that exist.
#[test]
fn the_commands_of_the_documents_name_samples_and_functions_that_exist() {
    let documents = files::stems("docs", "md").into_iter();
    let mut documents: Vec<String> = documents.map(|n| format!("docs/{n}.md")).collect();
    documents.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
    let functions = files::functions();
    let mut invoked = 0;
    for document in documents {
        for line in files::text(&document).lines() {
            let mut words = line.split([' ', '`']).filter(|w| !w.is_empty()).peekable();
            let mut samples = Vec::new();
            while let Some(word) = words.next() {
                let next = words.peek().copied().unwrap_or_default();
                match word {
                    "--data-file" | "--event" if next.starts_with("events/") => samples.push(next),
                    "invoke" if line.contains("--data-file") => {
                        assert!(
                            functions.iter().any(|f| f == next),
                            "{document}: no function `{next}`: {line}"
                        );
                        invoked += 1;
                    }
                    _ => {}
                }
            }
            for sample in samples {
                assert!(files::path(sample).is_file() || sample.contains('<'), "{document}: no {sample}");
                let function = line.split_once("invoke ").and_then(|(_, rest)| rest.split(' ').next());
                let name = sample.trim_start_matches("events/").trim_end_matches(".json");
                if let Some(function) = function.filter(|_| !sample.contains('<')) {
                    assert_eq!(arrow(name).1, function, "{document}: {sample} is not for this function");
                }
            }
        }
    }
    assert!(invoked > 0, "README.md shows no function on its own");
}
