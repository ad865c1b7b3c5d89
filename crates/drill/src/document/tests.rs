use super::*;
use crate::{checks, report, sample, scenario};
use recovery::{incident::Event, twins::fixture};
use serde_json::Value;
use std::collections::BTreeSet;

fn document(seen: &Evidence, expect: &scenario::Expect, pace: Pace) -> Document {
    let scenario = scenario::named(scenario::DEFAULT).unwrap();
    Document::of(&scenario, &fixture::slice().database, pace, seen, checks::all(seen, expect))
}

fn good() -> Document {
    document(&sample::recovered(), &sample::expect(), Pace::Honest)
}

/// Every key by its path; `[]` stands for the members of a list, `*` for a name that is data. What is in an incident
/// is another document's contract.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    for member in value.as_array().into_iter().flatten() {
        keys(member, &format!("{path}[]"), found);
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        let key = if ["rto", "rpo", "footprint.files", "footprint.memory.programs"].contains(&path) {
            "*"
        } else {
            key
        };
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        if path != "incident" {
            keys(member, &path, found);
        }
        found.insert(path);
    }
}

#[test]
fn the_documents_keys_are_a_contract() {
    let mut found = BTreeSet::new();
    keys(&serde_json::to_value(good()).unwrap(), "", &mut found);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let contract: Vec<&str> = include_str!("keys.txt").lines().collect();
    assert_eq!(found, contract, "keys may be added, to the list too; none may go or change");
}

#[test]
fn the_contracts_keys_hold_what_they_say() {
    let document = serde_json::to_value(good()).unwrap();
    assert_eq!(document["passed"], true);
    assert_eq!(document["objective"]["rto_s"], 300.0);
    assert_eq!(document["objective"]["rpo_s"], 5.0);
    assert_eq!(document["phases_s"]["detect"], 4.0);
    assert_eq!(document["phases_s"]["decide"], 31.0);
    assert_eq!(document["phases_s"]["promote"], 4.0);
    assert_eq!(document["phases_s"]["endpoint"], 23.0);
    assert_eq!(document["phases_s"]["recycle"], 12.0);
    assert_eq!(document["rto_s"], 75.0);
    assert_eq!(document["phases_source"]["decide"], "measured");
    assert_eq!(document["phases_source"]["promote"], "modelled");
    assert_eq!(document["alarm_to_failover_call_ms"]["total"], 31_000);
    assert_eq!(document["alarm_to_failover_call_ms"]["confirmation_window"], 30_000);
    assert_eq!(document["writer"]["before"], "orders-1");
    assert_eq!(document["writer"]["after"], "orders-2");
    assert_eq!(document["notices"][1]["kind"], "all-clear");
    assert_eq!(document["services"][2]["uses_database"], false);
    assert_eq!(document["incident"]["database"], "orders");
}

#[test]
fn a_check_that_did_not_hold_fails_the_drill_and_is_told() {
    let mut seen = sample::recovered();
    seen.executions.clear();
    let document = document(&seen, &sample::expect(), Pace::Quick);
    assert!(!document.passed);
    let text = report::text(&document, false);
    assert!(text.contains("✗ no-execution-failed"), "{text}");
    assert!(text.contains(&format!("1 of {} checks did not hold.", document.checks.len())), "{text}");
    assert!(text.contains("their times are not those of AWS"), "{text}");
}

#[test]
fn an_outage_without_a_recovery_has_a_document_too() {
    let mut seen = sample::recovered();
    seen.incidents.clear();
    seen.felt = None;
    let document = document(&seen, &sample::expect(), Pace::Honest);
    let json = serde_json::to_value(&document).unwrap();
    for none in ["rto_s", "alarm_to_failover_call_ms", "incident"] {
        assert!(json[none].is_null(), "{none} is there, and empty: {}", json[none]);
    }
    assert!(report::text(&document, false).contains("no recovery to time"));
}

#[test]
fn the_report_is_plain_lines_with_everything_in_them() {
    let document = good();
    let text = report::text(&document, false);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let mut told = vec![
        "before orders-1   after orders-2",
        "RTO          75.0 s  of 300 s in the plan",
        "31000 ms, of which 30000 ms are the plan's confirmation window",
        "│ This is a DRILL.\n  │ Nothing is wrong.",
        "To the engineers on call: DRILL: interruption · DRILL: all-clear",
        "orders-api (uses the database): recycled",
        "catalogue (does not use the database): left alone",
        "orders-worker (sqlx): RTO 66.0 s",
        "PostgreSQL 17.2 (found), asynchronous",
        "only the period of RDS's metrics was shortened",
    ];
    told.extend(document.checks.iter().map(|check| check.name));
    told.extend(document.phases_s.named().iter().map(|(name, _)| *name));
    for what in told {
        assert!(text.contains(what), "no `{what}` in\n{text}");
    }
    assert!(text.ends_with(&format!("Every check held ({}).\n", document.checks.len())), "{text}");
}

#[test]
fn detection_on_aws_is_that_of_the_alarm_that_spoke() {
    let of_rds = good();
    assert_eq!(serde_json::to_value(of_rds.detect_on_aws).unwrap()["metric"], "rds");
    assert_eq!((of_rds.detect_on_aws.reporting_s, of_rds.detect_on_aws.silent_s), ((120, 210), (240, 330)));
    assert_eq!(of_rds.phases_source["detect"], Source::Modelled);
    let told = "On AWS with RDS's metrics (2 of 2 datapoints of 60 s), detection takes 120–210 s if the writer reports \
                zero, 240–330 s if it is silent: modelled.";
    assert!(report::text(&of_rds, false).contains(told));

    let mut seen = sample::recovered();
    let Event::Opened { trigger: Trigger::Alarm { name, .. }, .. } =
        &mut seen.incidents.last_mut().unwrap().records[0].event
    else {
        panic!("an alarm opened it")
    };
    PROBE_ALARM.clone_into(name);
    // At the quick pace the prober looks more often than on AWS.
    for (pace, source) in [(Pace::Honest, Source::Measured), (Pace::Quick, Source::Modelled)] {
        let probed = document(&seen, &sample::expect(), pace);
        let aws = probed.detect_on_aws;
        assert_eq!((aws.metric, aws.period_s, aws.datapoints), (Metric::Prober, 10, 2));
        assert_eq!((aws.reporting_s, aws.silent_s), ((10, 30), (13, 33)));
        assert_eq!(probed.phases_source["detect"], source, "{pace:?}");
        let told = "On AWS with the prober (2 of 2 datapoints of 10 s), detection takes 10–30 s if connections are \
                    refused, 13–33 s if the writer is silent, and what CloudWatch takes to make a metric of a log line \
                    (not published): modelled.";
        assert!(report::text(&probed, false).contains(told));
    }
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let document = good();
    let (plain, coloured) = (report::text(&document, false), report::text(&document, true));
    assert_ne!(plain, coloured);
    let mut bare = coloured;
    for code in ["0", "1", "32", "31;1"] {
        bare = bare.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(bare, plain);
}
