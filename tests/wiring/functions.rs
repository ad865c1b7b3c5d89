//! The functions of the template: names, environment, plan, and what becomes of events that they can't process.

use super::{
    files::{self, logical_id},
    template::{Template, attribute, reference},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Reads a function's settings from an environment; an error's text when it can't.
type Reader = fn(&BTreeMap<String, String>) -> Result<(), String>;

/// A reader for a crate's `Settings`.
macro_rules! settings {
    ($krate:ident) => {
        |environment| $krate::Settings::from(environment).map(|_| ()).map_err(|e| e.to_string())
    };
}

const READERS: &[(&str, Reader)] = &[
    ("alarm-handler", settings!(alarm_handler)),
    ("failover-executor", settings!(failover_executor)),
    ("notifier", settings!(notifier)),
    ("prober", settings!(prober)),
    ("snapshotter", settings!(snapshotter)),
    ("task-recycler", settings!(task_recycler)),
];

/// Variables that may be empty.
const OPTIONAL: &[&str] =
    &["MAINSTAY_DNS_SERVER", "MAINSTAY_PROBE_SECRET_ARN", "MAINSTAY_PROBE_PASSWORD_FILE"];

fn environment(template: &Template, function: &str) -> BTreeMap<String, Value> {
    let variables = &template.properties(&logical_id(function))["Environment"]["Variables"];
    serde_json::from_value(variables.clone()).unwrap()
}

/// What a variable may hold on AWS.
fn example(variable: &str) -> &'static str {
    match variable {
        "MAINSTAY_STATE_MACHINE_ARN" => {
            "arn:aws:states:ca-central-1:123456789012:stateMachine:mainstay-recovery"
        }
        "MAINSTAY_DRILL" => "false",
        "MAINSTAY_DNS_SERVER" => "10.0.0.2:53",
        "MAINSTAY_PROBE_ENGINE" => "aurora-postgresql",
        "MAINSTAY_PROBE_HOST" => "orders.cluster-abc.ca-central-1.rds.amazonaws.com",
        "MAINSTAY_PROBE_PORT" => "5432",
        "MAINSTAY_PROBE_LOGIN" => "iam",
        "MAINSTAY_PROBE_SECRET_ARN" => "arn:aws:secretsmanager:ca-central-1:123456789012:secret:probe-AbCdEf",
        "MAINSTAY_PROBE_PASSWORD_FILE" => "/run/password",
        "MAINSTAY_PROBE_WRITE" => "true",
        "MAINSTAY_PROBE_EVERY_S" => "10",
        _ => "something",
    }
}

#[test]
fn folder_crate_binary_and_logical_id_are_one_name() {
    let template = Template::read();
    let folders = files::functions();
    let in_template: BTreeSet<&str> =
        template.of_type("AWS::Serverless::Function").into_iter().map(|(id, _)| id).collect();
    let from_folders: Vec<String> = folders.iter().map(|f| logical_id(f)).collect();
    assert_eq!(in_template, from_folders.iter().map(String::as_str).collect());
    for folder in &folders {
        let manifest: toml::Table = files::text(&format!("crates/{folder}/Cargo.toml")).parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(folder.as_str()));
        assert!(!manifest.contains_key("bin"), "{folder}: the binary is called as the crate");
        let function = &template.at("/Resources")[logical_id(folder)];
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda", "{folder}");
        assert_eq!(function["Metadata"]["BuildProperties"]["Binary"], folder.as_str());
        let properties = &function["Properties"];
        assert_eq!(properties["FunctionName"], json!({"Fn::Sub": format!("${{AWS::StackName}}-{folder}")}));
        assert_eq!(properties["Role"], attribute(&format!("{}Role.Arn", logical_id(folder))));
        let logs = format!("{}Logs", logical_id(folder));
        assert_eq!(properties["LoggingConfig"]["LogGroup"], reference(&logs));
        assert!(!template.properties(&logs)["RetentionInDays"].is_null(), "{folder}: logs are kept for ever");
    }
}

#[test]
fn every_function_gets_the_environment_that_it_needs_and_no_other() {
    let template = Template::read();
    assert_eq!(READERS.iter().map(|(f, _)| *f).collect::<Vec<_>>(), files::functions());
    for (function, read) in READERS {
        let variables = environment(&template, function);
        assert_eq!(variables["AWS_SDK_UA_APP_ID"], *function, "calls are told apart by it");
        let ours: Vec<&str> =
            variables.keys().map(String::as_str).filter(|v| v.starts_with("MAINSTAY_")).collect();
        let mut whole: BTreeMap<String, String> =
            ours.iter().map(|v| ((*v).to_owned(), example(v).to_owned())).collect();
        // Lambda sets this one by itself.
        whole.insert("AWS_REGION".to_owned(), "ca-central-1".to_owned());
        assert_eq!(read(&whole), Ok(()), "{function} needs more than the template sets");
        for variable in ours {
            let mut without = whole.clone();
            // An optional one is missed only by what it is when it can't be read.
            if OPTIONAL.contains(&variable) {
                without.insert(variable.to_owned(), "no address".to_owned());
            } else {
                without.remove(variable);
            }
            let error = read(&without).expect_err("the template sets what nobody reads");
            assert!(error.contains(variable), "{function} without {variable} says: {error}");
        }
    }
}

#[test]
fn the_environment_names_the_right_things() {
    let template = Template::read();
    for (function, _) in READERS {
        for (variable, value) in environment(&template, function) {
            let expected = match variable.as_str() {
                "MAINSTAY_TABLE" => reference("Incidents"),
                "MAINSTAY_PLAN" => reference("PlanPath"),
                "MAINSTAY_STATE_MACHINE_ARN" => reference("Recovery"),
                "MAINSTAY_TOPIC_ARN" => reference("NoticesTopic"),
                "MAINSTAY_BUS" => reference("EventBusName"),
                // A queue's reference is its URL.
                "MAINSTAY_DLQ_URL" => reference("NotifierDlq"),
                "MAINSTAY_DRILL" => reference("Drill"),
                "MAINSTAY_DNS_SERVER" => reference("DnsServer"),
                "MAINSTAY_PROBE_DATABASE" => reference("ProbeDatabase"),
                "MAINSTAY_PROBE_ENGINE" => reference("ProbeEngine"),
                "MAINSTAY_PROBE_HOST" => reference("ProbeEndpoint"),
                "MAINSTAY_PROBE_PORT" => reference("ProbePort"),
                "MAINSTAY_PROBE_NAME" => reference("ProbePostgresDatabase"),
                "MAINSTAY_PROBE_USER" => reference("ProbeUser"),
                "MAINSTAY_PROBE_LOGIN" => reference("ProbeLogin"),
                "MAINSTAY_PROBE_SECRET_ARN" => reference("ProbeSecretArn"),
                "MAINSTAY_PROBE_PASSWORD_FILE" => reference("ProbePasswordFile"),
                "MAINSTAY_PROBE_WRITE" => reference("ProbeWrite"),
                "MAINSTAY_PROBE_EVERY_S" => reference("ProbeEverySeconds"),
                "MAINSTAY_PROBE_CA" => json!("/opt/global-bundle.pem"),
                "AWS_SDK_UA_APP_ID" => json!(function),
                other => panic!("{function} gets {other}, which this test does not know"),
            };
            assert_eq!(value, expected, "{function}: {variable}");
        }
    }
    assert_eq!(template.at("/Parameters/Drill/Default"), "false", "production must not call itself a drill");
}

/// A check of a service is never asked at loopback but in a drill on the local cloud, which tells the function where by
/// its own environment, as it tells the SDK. The template has no way to do so, and without `Drill` it would be in vain.
#[test]
fn nothing_that_is_deployed_can_lead_a_check_to_loopback() {
    let front = "MAINSTAY_CHECK_FRONT";
    assert!(!files::text("infra/template.yaml").contains(front));
    let template = Template::read();
    let variables = environment(&template, "task-recycler");
    assert_eq!(variables["MAINSTAY_DRILL"], reference("Drill"));
    let drill = template.at("/Parameters/Drill/Default").as_str().unwrap().to_owned();
    let by_hand = [
        ("MAINSTAY_TABLE", "incidents".to_owned()),
        ("MAINSTAY_DRILL", drill),
        (front, "127.0.0.1:9001".to_owned()),
    ];
    let by_hand = by_hand.map(|(name, value)| (name.to_owned(), value)).into();
    assert_eq!(task_recycler::Settings::from(&by_hand).unwrap().check_front, None);
}

/// `/opt` is where Lambda unpacks a layer, so the path is the file's place in the layer's folder.
#[test]
fn the_plan_is_where_the_functions_look_for_it() {
    let template = Template::read();
    let path = template.at("/Parameters/PlanPath/Default").as_str().unwrap();
    let file = path.strip_prefix("/opt/").unwrap();
    let layer = template.properties("Plan")["ContentUri"].as_str().unwrap();
    let shipped = files::text(&format!("infra/{layer}{file}"));
    assert_eq!(shipped, files::text("plan.toml"), "the layer ships another plan than the root's");
    let parsed = plan::parse_bytes(shipped.as_bytes(), file);
    assert_eq!(parsed.errors().count(), 0, "the shipped plan is not valid");
    for (function, _) in READERS {
        let reads = environment(&template, function).contains_key("MAINSTAY_PLAN");
        let layers = &template.properties(&logical_id(function))["Layers"];
        assert_eq!(*layers == json!([reference("Plan")]), reads, "{function}: {layers}");
    }
}

#[test]
fn what_a_function_cannot_process_is_kept() {
    let template = Template::read();
    for function in ["alarm-handler", "snapshotter"] {
        let id = logical_id(function);
        let failure = &template.properties(&id)["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
        assert_eq!(failure["Destination"], attribute(&format!("{id}Dlq.Arn")), "{function}");
    }
    let mapping = &template.properties("Notifier")["Events"]["Timeline"]["Properties"];
    assert_eq!(mapping["DestinationConfig"]["OnFailure"]["Destination"], attribute("NotifierDlq.Arn"));
    // `notifier::BatchReply` is taken for a success without it.
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    // Age alone gives up: a count of tries would drop what is owed within minutes of an outage of SNS. It is bounded
    // because what is tried again holds up what is behind it for as long.
    assert_eq!(mapping["MaximumRetryAttempts"], json!(-1));
    let age = mapping["MaximumRecordAgeInSeconds"].as_i64().unwrap();
    assert!((1_800..=7_200).contains(&age), "{age} s");
}

/// A tick that is not on a multiple of an interval finds nothing due (`snapshotter::due`).
#[test]
fn the_snapshot_clock_ticks_when_the_shipped_plan_is_due() {
    let template = Template::read();
    assert_eq!(
        template.at("/Parameters/SnapshotSchedule/Default"),
        "cron(0 * * * ? *)",
        "each hour, on the hour"
    );
    let plan = plan::parse_bytes(files::text("plan.toml").as_bytes(), "plan.toml").plan.unwrap();
    let wanted: Vec<_> = plan.databases.iter().flat_map(|d| &d.snapshots).collect();
    assert!(!wanted.is_empty());
    for policy in wanted {
        assert_eq!(policy.every.as_secs() % 3600, 0, "{}: no tick falls on it", policy.every);
    }
    let midnight = "2026-03-01T00:00:00Z".parse().unwrap();
    assert!(!snapshotter::due(midnight, &plan, "ca-central-1").is_empty());
    let tick = &template.properties("Snapshotter")["Events"]["Tick"]["Properties"];
    assert_eq!(tick["ScheduleExpression"], reference("SnapshotSchedule"));
    let sent: Value = serde_json::from_str(tick["Input"].as_str().unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&sent), keys(&files::sample("snapshot-tick")), "the tick and its sample");
    assert_eq!(sent["scheduled_time"], "<aws.scheduler.scheduled-time>");
    assert_eq!(sent["mainstay"], files::sample("snapshot-tick")["mainstay"]);
}
