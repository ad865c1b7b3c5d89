//! Every file of `events/` is decided as the table says: a sample without an entry fails.

use crate::world::{ours, plan, sample, shipped_plan};
use alarm_handler::{Explanation, explain};
use plan::Plan;
use recovery::{Event, Record, StepRequest};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf};

/// Sample, decision and guard with the shipped plan, and with one that lists all alarms of the samples (`=` for
/// the same). `unread`: not for this door.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("alarm-active-sessions", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-alb-latency", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-api-error-rate", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-api-error-rate-sns", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-canary", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-composite", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-composite-suppressed", "ignore unknown-alarm", "hold muted"),
    ("alarm-composite-suppression-ended", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-configuration-change", "ignore not-a-failover", "="),
    ("alarm-contributor", "ignore unknown-alarm", "open witness-speaks"),
    ("alarm-muted", "hold muted", "="),
    ("alarm-other-account", "ignore not-ours", "="),
    ("alarm-unknown-state", "ignore insufficient-data", "="),
    ("alarm-writer-down", "open witness-speaks", "="),
    ("alarm-writer-down-direct", "open witness-speaks", "="),
    ("alarm-writer-down-eventbridge-in-sns", "open witness-speaks", "="),
    ("alarm-writer-down-sns", "open witness-speaks", "="),
    ("alarm-writer-insufficient-data", "ignore insufficient-data", "="),
    ("alarm-writer-ok", "ignore ok-without-incident", "="),
    ("alarms-two-in-sns", "ignore unknown-alarm", "="),
    ("execution-aborted", "ignore repeat", "="),
    ("execution-failed", "ignore repeat", "="),
    ("execution-running", "ignore not-a-failover", "="),
    ("execution-timed-out", "ignore repeat", "="),
    ("prober-tick", "unread", "="),
    ("rds-cluster-snapshot-created", "ignore not-a-failover", "="),
    ("rds-failover-completed", "recycle aws-failover", "="),
    ("rds-failover-completed-without-id", "recycle aws-failover", "="),
    ("rds-failover-failed", "ignore not-a-failover", "="),
    ("rds-failover-of-another-cluster", "ignore unknown-database", "="),
    ("rds-failover-started-cross-az", "recycle aws-failover", "="),
    ("rds-failover-started-same-az", "recycle aws-failover", "="),
    ("rds-fencing-timed-out", "note aws-failover", "="),
    ("rds-global-failover-finished", "ignore not-a-failover", "="),
    ("rds-global-switchover-started", "ignore not-a-failover", "="),
    ("rds-instance-restarted", "ignore not-a-failover", "="),
    ("rds-old-writer-fenced", "ignore not-a-failover", "="),
    ("rds-previous-writer-promoted", "recycle aws-failover", "="),
    ("rds-snapshot-created", "ignore not-a-failover", "="),
    ("request-ack", "refuse unknown-database", "="),
    ("request-failover", "act person-asks", "="),
    ("request-failover-accept-data-loss", "act person-accepts-loss", "="),
    ("request-failover-dry-run", "act dry-run", "="),
    ("request-failover-unknown-database", "refuse unknown-database", "="),
    ("request-pause", "note person-asks", "="),
    ("request-pause-all", "note person-asks", "="),
    ("request-resume", "note person-asks", "="),
    ("request-status", "note person-asks", "="),
    ("request-status-of-database", "note person-asks", "="),
    ("snapshot-dry-run", "unread", "="),
    ("snapshot-tick", "unread", "="),
    ("step-assess", "unread", "="),
    ("step-close", "unread", "="),
    ("step-confirm", "unread", "="),
    ("step-endpoint", "unread", "="),
    ("step-escalate", "unread", "="),
    ("step-fail-over", "unread", "="),
    ("step-promotion", "unread", "="),
    ("step-recycle", "unread", "="),
    ("step-verify", "unread", "="),
    ("stream-confirmed", "ignore not-a-failover", "="),
    ("stream-opened", "ignore not-a-failover", "="),
    ("sweep-tick", "ignore not-a-failover", "="),
];

/// Broken sample, and the place that its error must name.
const MALFORMED: &[(&str, &str)] = &[
    ("a-list", "`$` is not an object"),
    ("alarm-whose-detail-is-text", "`$.detail` is text, not an object"),
    ("alarm-whose-name-is-not-its-arns", "`$.detail.alarmName` is another name than the ARN's"),
    ("alarm-with-a-time-that-is-none", "`$.detail.state.timestamp` is `yesterday`, not a time"),
    ("alarm-with-an-arn-of-another-service", "`$.resources[0]` is `arn:aws:sns:"),
    ("alarm-without-arn", "`$.resources` does not begin with the alarm's ARN"),
    ("alarm-without-state", "`$.detail.state` is missing"),
    ("direct-without-arn", "`$.alarmArn` is missing"),
    ("execution-without-arn", "`$.detail.executionArn` is missing"),
    ("not-json", "it is not JSON: EOF"),
    ("nothing-known", "`$` is nothing that alarm-handler knows"),
    ("rds-without-source-arn", "`$.detail.SourceArn` is missing"),
    ("request-for-something-else", "`$.mainstay` is `destroy`; it must be one of failover,"),
    ("request-with-a-misspelt-key", "`$.dryrun` is not known to this request; it takes database,"),
    ("request-with-an-empty-reason", "`$.reason` is empty"),
    ("request-with-dry-run-as-text", "`$.dry_run` is neither true nor false"),
    ("request-without-a-name", "`$.by` is missing"),
    ("sns-alarm-without-arn", "`$.Records[0].Sns.Message.AlarmArn` is missing"),
    ("sns-with-a-request", "`$.Records[0].Sns.Message` is a person's request"),
    ("sns-with-text-instead-of-json", "`$.Records[0].Sns.Message` is not a JSON text"),
    ("sns-without-message", "`$.Records[0].Sns.Message` is missing"),
    ("sns-without-records", "`$.Records` is empty"),
];

fn folder(inner: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events").join(inner)
}

fn names(inner: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder(inner)).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|e| e == "json"));
    json.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn explained(name: &str, plan: &Plan) -> Option<Explanation> {
    let text = fs::read_to_string(folder(&format!("{name}.json"))).unwrap();
    explain(&text, plan, &ours(), "2026-03-01T10:02:33Z".parse().unwrap()).ok()
}

fn words(explanation: Option<Explanation>) -> String {
    let Some(explanation) = explanation else {
        return "unread".to_owned();
    };
    let value = serde_json::to_value(&explanation).unwrap();
    format!("{} {}", value["decision"].as_str().unwrap(), value["guard"].as_str().unwrap())
}

#[test]
fn every_sample_is_decided_as_listed() {
    let listed: BTreeSet<String> = SAMPLES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(names(""), listed, "files of events/ and the table");
    let (shipped, all) = (shipped_plan(), plan());
    for (name, with_shipped, with_all) in SAMPLES {
        let with_all = if *with_all == "=" { with_shipped } else { with_all };
        assert_eq!(words(explained(name, &shipped)), *with_shipped, "{name}, shipped plan");
        assert_eq!(words(explained(name, &all)), *with_all, "{name}, plan with all alarms");
    }
}

#[test]
fn every_explanation_tells_why_and_what_would_change_it() {
    for (name, ..) in SAMPLES {
        let Some(explanation) = explained(name, &plan()) else {
            continue;
        };
        assert!(!explanation.reason.is_empty(), "{name}: reason");
        assert!(!explanation.would_change.is_empty(), "{name}: what would change it");
        let again = serde_json::to_value(&explanation).unwrap();
        assert_eq!(serde_json::from_value::<Explanation>(again).unwrap(), explanation, "{name}");
    }
}

#[test]
fn every_malformed_sample_names_the_place() {
    let listed: BTreeSet<String> = MALFORMED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("malformed"), listed, "files of events/malformed/ and the table");
    for (name, place) in MALFORMED {
        let text = fs::read_to_string(folder(&format!("malformed/{name}.json"))).unwrap();
        let error = explain(&text, &plan(), &ours(), jiff::Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.name(), "MalformedEvent", "{name}");
        let said = error.to_string();
        assert!(said.contains(place), "{name}: {said}");
        assert!(said.len() < 500, "{name}: {said}");
    }
}

#[test]
fn two_records_are_two_decisions() {
    let both = explained("alarms-two-in-sns", &plan()).unwrap().all;
    let guards: Vec<_> = both.iter().map(|v| v.guard).collect();
    assert_eq!(guards, [recovery::Guard::UnknownAlarm, recovery::Guard::WitnessSpeaks]);
}

/// The samples for the other functions are what our own types write, to the letter.
#[test]
fn step_samples_are_step_requests() {
    for name in names("").iter().filter(|name| name.starts_with("step-")) {
        let value = sample(name);
        let request: StepRequest = serde_json::from_value(value.clone()).unwrap();
        let mut written = serde_json::to_value(&request).unwrap();
        if request.failed.is_none() {
            written.as_object_mut().unwrap().remove("failed");
        }
        assert_eq!(written, value, "{name}");
        assert_eq!(format!("step-{}", value["step"].as_str().unwrap()), *name);
    }
}

#[test]
fn stream_samples_hold_records() {
    for name in ["stream-opened", "stream-confirmed"] {
        for record in sample(name)["Records"].as_array().unwrap() {
            let image = &record["dynamodb"]["NewImage"];
            let body: Value = serde_json::from_str(image["record"]["S"].as_str().unwrap()).unwrap();
            let read: Record = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), body, "{name}");
            assert_eq!(image["sk"]["S"], format!("event#{:08}", read.sequence));
        }
    }
}

/// The sample for the notifier is what the handler writes for the sample of the alarm.
#[tokio::test]
async fn the_opened_sample_is_what_the_handler_writes() {
    let mut world = crate::world::World::new();
    world.context.plan = shipped_plan();
    world.handle("10:02:32.012", &sample("alarm-writer-down")).await.unwrap();
    let opened = world.incidents.stream().into_iter().find(|r| matches!(r.event, Event::Opened { .. }));
    let image = sample("stream-opened")["Records"][0]["dynamodb"]["NewImage"].clone();
    let body: Record = serde_json::from_str(image["record"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(opened, Some(body));
}
