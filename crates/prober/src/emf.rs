//! The line of a probe: CloudWatch's embedded metric format, from which CloudWatch makes metrics of the log.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use crate::meaning::{Meaning, Outcome};
use jiff::Timestamp;
use recovery::{
    probes::{DATABASE, NAMESPACE, SERVER, SUCCESS},
    text::plain,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// 1 for each probe that cannot say.
pub const UNABLE: &str = "ProbeUnable";
/// Milliseconds until the login was accepted; nothing when it was not.
pub const CONNECT: &str = "ConnectMs";
/// Milliseconds for question and answer, the row's commit too where one is written.
pub const ANSWER: &str = "AnswerMs";
/// How long the detail of a line may be, in characters.
const DETAIL: usize = 300;

/// The line of the probe that was due at `at`. That moment is the datapoints' time, also of a probe that took long:
/// it belongs to the period in which it began.
#[must_use]
pub fn line(database: &str, at: Timestamp, outcome: &Outcome) -> String {
    let mut metrics = vec![match outcome.meaning {
        Meaning::Writer => (SUCCESS, "Count", json!(1)),
        Meaning::Failed(_) => (SUCCESS, "Count", json!(0)),
        Meaning::Unable(_) => (UNABLE, "Count", json!(1)),
    }];
    for (name, took) in [(CONNECT, outcome.connect), (ANSWER, outcome.answer)] {
        metrics.extend(took.map(|took| (name, "Milliseconds", millis(took))));
    }
    let server =
        outcome.server.as_deref().map(|server| plain(server, 100)).filter(|server| !server.is_empty());
    let define = |name: &str, unit: &str| {
        // A resolution of 1 keeps each second apart: alarms with a period of 10 s need it.
        json!({"Name": name, "Unit": unit, "StorageResolution": 1})
    };
    let all: Vec<Value> = metrics.iter().map(|(name, unit, _)| define(name, unit)).collect();
    let mut directives = vec![json!({"Namespace": NAMESPACE, "Dimensions": [[DATABASE]], "Metrics": all})];
    // Only what a recovery reads is kept by server as well: each pair of metric and server is paid for.
    if let Some((name, unit, _)) = metrics.iter().find(|(name, ..)| *name == SUCCESS && server.is_some()) {
        let by_server = json!([[DATABASE, SERVER]]);
        let metric = define(name, unit);
        directives.push(json!({"Namespace": NAMESPACE, "Dimensions": by_server, "Metrics": [metric]}));
    }
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives}),
    );
    line.insert(DATABASE.to_owned(), json!(database));
    line.extend(metrics.into_iter().map(|(name, _, value)| (name.to_owned(), value)));
    if let Some(server) = server {
        line.insert(SERVER.to_owned(), json!(server));
    }
    if outcome.meaning != Meaning::Writer {
        line.insert("Reason".to_owned(), json!(outcome.meaning.to_string()));
    }
    if let Some(detail) = &outcome.detail {
        line.insert("Detail".to_owned(), json!(plain(detail, DETAIL)));
    }
    Value::Object(line).to_string()
}

/// With a hundredth of a millisecond, which is more than the network's jitter.
fn millis(took: Duration) -> Value {
    json!((took.as_secs_f64() * 100_000.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::{Failure, Inability};

    fn parsed(outcome: &Outcome) -> Value {
        let line = line("orders", "2026-03-01T10:00:10Z".parse().unwrap(), outcome);
        assert!(!line.contains('\n'), "one line: {line}");
        serde_json::from_str(&line).unwrap()
    }

    fn outcome(meaning: Meaning) -> Outcome {
        Outcome { meaning, server: None, connect: None, answer: None, detail: None }
    }

    /// The names of the metrics that CloudWatch is told to make, each with a value at the top of the line.
    fn metrics(line: &Value) -> Vec<(String, f64)> {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!((&directives[0]["Namespace"], &line["Database"]), (&json!("Mainstay"), &json!("orders")));
        assert_eq!(directives[0]["Dimensions"], json!([["Database"]]));
        let named = directives[0]["Metrics"].as_array().unwrap().iter();
        named
            .map(|m| {
                assert_eq!(m["StorageResolution"], 1, "{m}");
                let name = m["Name"].as_str().unwrap();
                (name.to_owned(), line[name].as_f64().unwrap())
            })
            .collect()
    }

    /// The sets of dimensions of each metric's copies besides the one of the database.
    fn by_server(line: &Value) -> Value {
        line["_aws"]["CloudWatchMetrics"][1].clone()
    }

    /// What the step `endpoint` asks CloudWatch for: did the new writer answer?
    #[test]
    fn a_success_is_kept_by_server_too_and_a_probe_that_nobody_answered_is_not() {
        let by = |meaning, server: Option<&str>| {
            let outcome = Outcome { server: server.map(str::to_owned), ..outcome(meaning) };
            let line = parsed(&Outcome { connect: Some(Duration::from_millis(3)), ..outcome });
            let count = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().len();
            assert_eq!(count, if by_server(&line).is_null() { 1 } else { 2 });
            (by_server(&line), line["Server"].clone(), line["ProbeSuccess"].clone())
        };
        let metric = json!([{"Name": "ProbeSuccess", "Unit": "Count", "StorageResolution": 1}]);
        let kept =
            json!({"Namespace": "Mainstay", "Dimensions": [["Database", "Server"]], "Metrics": metric});
        assert_eq!(by(Meaning::Writer, Some("orders-2")), (kept.clone(), json!("orders-2"), json!(1)));
        let reader = Meaning::Failed(Failure::NotTheWriter);
        assert_eq!(by(reader, Some("orders-1")), (kept, json!("orders-1"), json!(0)));
        let nobody = Meaning::Failed(Failure::ConnectTimeout);
        assert_eq!(by(nobody, None), (Value::Null, Value::Null, json!(0)));
        // An empty dimension would cost the whole line its metrics.
        assert_eq!(by(Meaning::Writer, Some(" ")), (Value::Null, Value::Null, json!(1)));
        let unable = Meaning::Unable(Inability::NotAllowed);
        assert_eq!(by(unable, Some("orders-1")), (Value::Null, json!("orders-1"), Value::Null));
    }

    #[test]
    fn a_writers_answer_is_a_success_with_its_times() {
        let line = parsed(&Outcome {
            server: Some("orders-1".to_owned()),
            connect: Some(Duration::from_micros(12_345)),
            answer: Some(Duration::from_micros(1_500)),
            ..outcome(Meaning::Writer)
        });
        let expected = [("ProbeSuccess", 1.0), ("ConnectMs", 12.35), ("AnswerMs", 1.5)];
        assert_eq!(metrics(&line), expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(line["_aws"]["Timestamp"], 1_772_359_210_000_i64);
        assert_eq!((&line["Server"], &line["Reason"]), (&json!("orders-1"), &Value::Null));
    }

    #[test]
    fn a_failure_is_a_zero_with_its_reason_and_no_times_that_were_not_measured() {
        let line = parsed(&Outcome {
            connect: Some(Duration::from_millis(3)),
            detail: Some("no\nanswer ".repeat(1_000)),
            ..outcome(Meaning::Failed(Failure::AnswerTimeout))
        });
        let expected = [("ProbeSuccess", 0.0), ("ConnectMs", 3.0)];
        assert_eq!(metrics(&line), expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(line["Reason"], "answer-timeout");
        assert!(line["Detail"].as_str().unwrap().chars().count() <= DETAIL + 1);
    }

    #[test]
    fn who_cannot_say_makes_no_success_metric() {
        let line = parsed(&outcome(Meaning::Unable(Inability::LoginRefused)));
        assert_eq!(metrics(&line), [("ProbeUnable".to_owned(), 1.0)]);
        assert_eq!((&line["ProbeSuccess"], &line["Reason"]), (&Value::Null, &json!("login-refused")));
    }
}
