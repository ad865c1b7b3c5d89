//! `drp explain` and the handler: the same decision by the same guard, for every sample.

use crate::{
    programs::{Ended, drp},
    scene,
};
use alarm_handler::{Context, Ports, STORE_PATIENCE, State, handle, read_plan};
use drill::{artifacts, stage::Stage};
use jiff::Timestamp;
use recovery::{
    Closing, Decision, Event, Guard, Head, IncidentId, Record, StepError, Verdict,
    ports::Incidents,
    twins::{MemoryExecutions, MemoryIncidents, MemoryTopic, conformance, fixture},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "ca-central-1";

pub(crate) async fn every_sample_as_the_handler_decides_it(stage: &Stage) {
    scene::as_new(stage).await;
    let nothing_happened = Vec::new();
    let escalated = escalated();
    for (number, past) in [nothing_happened, escalated].iter().enumerate() {
        let known = write_state(&state(past), number);
        for path in samples("") {
            let sample = text(&path);
            let told = explain(stage, &path, &known).await;
            let handled = handled(&sample, past).await;
            let name = path.display();
            match handled {
                Err(error) => {
                    assert!(told.with(2).err.contains(&error.to_string()), "{name}: {error}");
                }
                Ok(answer) => {
                    let told = told.with(0).json();
                    assert_eq!(word(&told), word(&answer), "{name}");
                    for key in ["decision", "guard", "reason", "database", "evidence"] {
                        assert!(told.get(key).is_some(), "`{key}` of {name}");
                    }
                    let nothing_done = ["ignore", "refuse"].contains(&told["decision"].as_str().unwrap());
                    if past.is_empty() && nothing_done && told.get("all").is_none() {
                        let event = serde_json::from_str(&sample).unwrap();
                        let answer = stage.ask(&event).await.expect("the function answers");
                        assert_eq!(word(&told), word(&answer), "{name}, on the cloud");
                    }
                }
            }
        }
    }
    assert!(scene::incidents(stage).await.is_empty(), "nothing was opened");
}

pub(crate) async fn what_cannot_be_read_is_an_error_here_and_there(stage: &Stage) {
    let known = write_state(&state(&[]), 0);
    let samples = samples("malformed");
    assert!(samples.len() > 10);
    for path in samples {
        let name = path.display();
        let sample = text(&path);
        let told = explain(stage, &path, &known).await.with(2);
        assert_eq!(told.out, "", "{name}");
        if let Ok(event) = serde_json::from_str::<Value>(&sample) {
            let error = handled(&sample, &[]).await.expect_err("it cannot be read");
            assert!(told.err.contains(&error.to_string()), "{name}: {}", told.err);
            let error = stage.ask(&event).await.expect_err("it cannot be read").to_string();
            assert!(error.contains("MalformedEvent"), "{name}, on the cloud: {error}");
        }
    }
    // A state that is a list is not one in which nothing is known.
    let list = scene::scratch("list.json");
    fs::write(&list, "[]").unwrap();
    let event = artifacts::repository().join("events/alarm-writer-ok.json");
    let told = explain(stage, &event, &list).await.with(2);
    assert!(told.err.contains("list.json"), "{}", told.err);
}

async fn explain(stage: &Stage, event: &Path, known: &Path) -> Ended {
    let (event, known) = (event.to_str().unwrap(), known.to_str().unwrap());
    drp(stage, &["explain", "--event", event, "--state", known, "--json"]).await
}

/// What the handler answers over twins in which this has happened.
async fn handled(sample: &str, past: &[Record]) -> Result<Value, StepError> {
    let incidents = MemoryIncidents::default();
    let mut head: Option<Head> = None;
    for record in past {
        let after = Head::after(head.as_ref(), record);
        incidents.commit(head.as_ref(), record, &after).await.unwrap();
        head = Some(after);
    }
    let plan = fs::read(artifacts::repository().join("plan.toml")).unwrap();
    let context = Context {
        plan: read_plan(&plan, "plan.toml").unwrap(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        drill: false,
        patience: STORE_PATIENCE,
    };
    let ports = Ports {
        incidents: &incidents,
        executions: &MemoryExecutions::default(),
        topic: &MemoryTopic::default(),
    };
    let event = serde_json::from_str(sample).unwrap();
    let answer = handle(Timestamp::now(), &event, &ports, &context).await?;
    // Several records: the first decision, as `explain` shows it.
    Ok(answer.get(0).cloned().unwrap_or(answer))
}

/// An incident that was handed over to people, and which `request-ack.json` names.
fn escalated() -> Vec<Record> {
    let sample = text(&artifacts::repository().join("events/request-ack.json"));
    let request: Value = serde_json::from_str(&sample).unwrap();
    let id = IncidentId::named(request["incident"].as_str().unwrap());
    let opened = conformance::opened("orders", &id, 1);
    let closed = Record {
        sequence: 2,
        at: fixture::at(300),
        event: Event::Closed {
            closing: Closing::Escalated,
            step: None,
            verdict: Verdict::new(Decision::Refuse, Guard::ExecutionDied, "for the test"),
        },
        owes: Vec::new(),
        ..opened.clone()
    };
    vec![opened, closed]
}

fn state(past: &[Record]) -> State {
    let head = past.iter().fold(None, |head: Option<Head>, r| Some(Head::after(head.as_ref(), r)));
    State {
        account: Some(ACCOUNT.to_owned()),
        region: Some(REGION.to_owned()),
        heads: head.map(|h| (h.database.clone(), h)).into_iter().collect(),
        ..State::default()
    }
}

fn write_state(state: &State, number: usize) -> PathBuf {
    let path = scene::scratch(&format!("state-{number}.json"));
    fs::write(&path, serde_json::to_vec(state).unwrap()).unwrap();
    path
}

fn samples(inner: &str) -> Vec<PathBuf> {
    let folder = artifacts::repository().join("events").join(inner);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    all.sort();
    all
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn word(answer: &Value) -> String {
    let word = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("`{key}` of {answer}"));
    format!("{} {}", word("decision"), word("guard"))
}
