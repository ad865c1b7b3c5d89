//! What a function prints in embedded metric format becomes metrics, while it runs.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::alarms::{put_alarm, state};
use super::stand::{Stand, now, shared, until};
use crate::cloud::Service;

/// How long the function goes on after its lines.
const RUNS: Duration = Duration::from_secs(8);

/// The server that answered.
const SERVER: &str = "orders-2";

/// A line as prober prints it: its metric is made twice, for the database and for the server that answered.
fn line(database: &str, at: f64, success: f64) -> String {
    let metric = json!({ "Name": "ProbeSuccess", "Unit": "Count", "StorageResolution": 1 });
    let directive =
        |dimensions: Value| json!({ "Namespace": "Mainstay", "Dimensions": dimensions, "Metrics": [metric] });
    let directives = [directive(json!([["Database"]])), directive(json!([["Database", "Server"]]))];
    let meta = json!({ "Timestamp": (at * 1000.0).round(), "CloudWatchMetrics": directives });
    json!({ "_aws": meta, "Database": database, "ProbeSuccess": success, "Server": SERVER }).to_string()
}

/// The values of a database's metric, second by second, with their moments; of the one server's if there is one.
async fn values(stand: &Stand, database: &str, server: Option<&str>, from: f64) -> Vec<(f64, f64)> {
    let dimension = |(name, value): (&str, &str)| json!({ "Name": name, "Value": value });
    let server = server.map(|server| dimension(("Server", server)));
    let dimensions: Vec<Value> = std::iter::once(dimension(("Database", database))).chain(server).collect();
    let request = json!({
        "StartTime": from, "EndTime": now() + 20.0, "ScanBy": "TimestampAscending",
        "MetricDataQueries": [{ "Id": "m", "MetricStat": { "Period": 1, "Stat": "Maximum", "Metric": {
            "Namespace": "Mainstay", "MetricName": "ProbeSuccess",
            "Dimensions": dimensions,
        } } }],
    });
    let reply = stand.cloud.api().json(Service::CloudWatch, "GetMetricData", &request).await.unwrap();
    let numbers = |name: &str| -> Vec<f64> {
        let list = reply["MetricDataResults"][0][name].as_array().cloned().unwrap_or_default();
        list.iter().map(|value| value.as_f64().unwrap_or_else(|| panic!("{name}: {value}"))).collect()
    };
    numbers("Timestamps").into_iter().zip(numbers("Values")).collect()
}

#[tokio::test]
async fn an_alarm_hears_a_printed_metric_at_its_own_time_before_the_function_ends() {
    let stand = shared();
    let metric = json!({
        "Namespace": "Mainstay", "MetricName": "ProbeSuccess", "TreatMissingData": "missing",
        "Dimensions": [{ "Name": "Database", "Value": "printed" }],
    });
    put_alarm(&stand, "printed", metric).await;
    let begin = now().floor();
    // Three seconds ago it was well, since then and for the next seconds it is not.
    let lines: Vec<String> = (-3..7)
        .map(|second| line("printed", begin + f64::from(second), f64::from(u8::from(second < -2))))
        .collect();
    let event = json!({ "print": lines, "then_wait_ms": RUNS.as_millis() });
    let started = Instant::now();
    stand.cloud.api().invoke_later(stand.stack.id("Recorder"), &event.to_string()).await.unwrap();
    until("the alarm", async || (state(&stand, "printed-writer-down").await == "ALARM").then_some(())).await;
    assert!(
        started.elapsed() < RUNS,
        "it was heard only when the function had ended: {:?}",
        started.elapsed()
    );
    let expected: Vec<(f64, f64)> =
        (-3..7).map(|second| (begin + f64::from(second), f64::from(u8::from(second < -2)))).collect();
    for (server, expected) in [(None, expected.clone()), (Some(SERVER), expected), (Some("orders-1"), vec![])]
    {
        assert_eq!(values(&stand, "printed", server, begin - 10.0).await, expected, "{server:?}");
    }
}

#[tokio::test]
async fn a_line_that_asks_for_the_impossible_is_told_in_the_log_and_stops_nothing() {
    let stand = shared();
    let at = now().floor();
    let wrong = line("told", at, 1.0).replace(r#""Database":"told""#, r#""Database":7"#);
    let event = json!({ "print": [wrong, "no metric at all", line("told", at, 1.0)] });
    stand.cloud.api().invoke(stand.stack.id("Recorder"), &event).await.unwrap();
    until("the complaint", async || {
        let log = std::fs::read_to_string(stand.cloud.log()).unwrap();
        log.contains("no metrics of a line: the dimension Database").then_some(())
    })
    .await;
    until("the good line", async || {
        (values(&stand, "told", None, at - 5.0).await == [(at, 1.0)]).then_some(())
    })
    .await;
    let untouched: Vec<Value> =
        stand.recorded().into_iter().filter(|e| e["print"][1] == "no metric at all").collect();
    assert_eq!(untouched.len(), 1, "the function was called again");
}
