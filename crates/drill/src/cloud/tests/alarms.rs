//! Alarms move as CloudWatch moves them, and say so on EventBridge. Each test has an alarm of its own.

use serde_json::{Value, json};

use super::stand::{Stand, now, shared, until};
use crate::cloud::{Datapoint, Service};

/// An alarm like the production one, with a period of a second, on a cluster of its own.
pub(super) async fn put_alarm(stand: &Stand, cluster: &str, more: Value) {
    let mut alarm = json!({
        "AlarmName": format!("{cluster}-writer-down"), "AlarmDescription": "The writer takes no connections.",
        "Namespace": "AWS/RDS", "MetricName": "DatabaseConnections", "Statistic": "Maximum", "Period": 1,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "Threshold": 1, "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "notBreaching",
        "Dimensions": [{ "Name": "DBClusterIdentifier", "Value": cluster }, { "Name": "Role", "Value": "WRITER" }],
    });
    alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stand.cloud.api().json(Service::CloudWatch, "PutMetricAlarm", &alarm).await.unwrap();
}

/// A datapoint in each of the last six seconds.
pub(super) async fn connections(stand: &Stand, cluster: &str, role: &str, value: f64) {
    let dimensions =
        vec![("DBClusterIdentifier".to_owned(), cluster.to_owned()), ("Role".to_owned(), role.to_owned())];
    let points: Vec<Datapoint> = (0..6)
        .map(|ago| Datapoint {
            metric: "DatabaseConnections".to_owned(),
            dimensions: dimensions.clone(),
            value,
            at: Some(now() - f64::from(ago)),
        })
        .collect();
    stand.cloud.api().put_metrics("AWS/RDS", &points).await.unwrap();
}

pub(super) async fn state(stand: &Stand, alarm: &str) -> Value {
    stand.cloud.api().alarm(alarm).await.unwrap()["StateValue"].clone()
}

/// Waits until the alarm is in this state, while the writer keeps reporting `value`, if it does.
pub(super) async fn reaches(stand: &Stand, cluster: &str, wanted: &str, value: Option<f64>) {
    let alarm = format!("{cluster}-writer-down");
    until(&format!("{alarm} in {wanted}"), async || {
        if let Some(value) = value {
            connections(stand, cluster, "WRITER", value).await;
        }
        (state(stand, &alarm).await == wanted).then_some(())
    })
    .await;
}

/// The event that the production rule would get for this change.
pub(super) async fn change(stand: &Stand, alarm: &str, to: &str) -> Value {
    stand
        .recorded_one(&format!("{alarm} to {to}"), |event| {
            event["detail"]["alarmName"] == alarm && event["detail"]["state"]["value"] == to
        })
        .await
}

#[tokio::test]
async fn a_change_is_an_event_with_the_documented_shape_and_the_alarm_recovers_by_itself() {
    let stand = shared();
    put_alarm(&stand, "shape", json!({})).await;
    reaches(&stand, "shape", "OK", Some(7.0)).await;
    // The seconds with both values have a maximum of 7: wait until they are out of the alarm's sight.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    reaches(&stand, "shape", "ALARM", Some(0.0)).await;
    let event = change(&stand, "shape-writer-down", "ALARM").await;
    assert_eq!(event["source"], "aws.cloudwatch");
    assert_eq!(event["detail-type"], "CloudWatch Alarm State Change");
    assert_eq!(
        event["resources"],
        json!(["arn:aws:cloudwatch:ca-central-1:123456789012:alarm:shape-writer-down"])
    );
    let detail = &event["detail"];
    assert_eq!(detail["configuration"]["description"], "The writer takes no connections.");
    let metric = &detail["configuration"]["metrics"][0];
    assert_eq!(metric["returnData"], true);
    assert_eq!(
        metric["metricStat"],
        json!({
            "metric": { "namespace": "AWS/RDS", "name": "DatabaseConnections",
                        "dimensions": { "DBClusterIdentifier": "shape", "Role": "WRITER" } },
            "period": 1, "stat": "Maximum",
        })
    );
    assert_eq!(detail["previousState"]["value"], "OK");
    let stamp = detail["state"]["timestamp"].as_str().unwrap();
    assert!(stamp.len() == 28 && stamp.ends_with("+0000") && stamp.chars().nth(19) == Some('.'), "{stamp}");
    let reason = detail["state"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Threshold Crossed: 2 out of the last 2 datapoints [0.0 ("), "{reason}");
    let data: Value = serde_json::from_str(detail["state"]["reasonData"].as_str().unwrap()).unwrap();
    assert_eq!(data["recentDatapoints"], json!([0.0, 0.0]));
    assert_eq!(
        (&data["threshold"], &data["period"], &data["statistic"]),
        (&json!(1.0), &json!(1), &json!("Maximum"))
    );

    reaches(&stand, "shape", "OK", Some(7.0)).await;
    let back = stand.recorded_one("the recovery", |e| {
        e["detail"]["alarmName"] == "shape-writer-down" && e["detail"]["previousState"]["value"] == "ALARM"
    });
    assert_eq!(back.await["detail"]["state"]["value"], "OK");
}

#[tokio::test]
async fn neither_another_cluster_nor_another_role_moves_the_alarm() {
    let stand = shared();
    put_alarm(&stand, "mine", json!({})).await;
    put_alarm(&stand, "theirs", json!({})).await;
    reaches(&stand, "mine", "OK", None).await;
    connections(&stand, "mine", "READER", 0.0).await;
    reaches(&stand, "theirs", "ALARM", Some(0.0)).await;
    assert_eq!(state(&stand, "mine-writer-down").await, "OK");
    reaches(&stand, "mine", "ALARM", Some(0.0)).await;
}

#[tokio::test]
async fn silence_is_treated_as_the_alarm_says() {
    let stand = shared();
    for treat in ["breaching", "notBreaching", "ignore", "missing"] {
        put_alarm(&stand, treat, json!({ "TreatMissingData": treat })).await;
        connections(&stand, treat, "WRITER", 0.0).await;
    }
    // Not a word any more. Who treats it as good recovers, who ignores it stays, who calls it missing says so.
    for (treat, first, then) in [
        ("breaching", "ALARM", "ALARM"),
        ("notBreaching", "ALARM", "OK"),
        ("ignore", "ALARM", "ALARM"),
        ("missing", "ALARM", "INSUFFICIENT_DATA"),
    ] {
        change(&stand, &format!("{treat}-writer-down"), first).await;
        reaches(&stand, treat, then, None).await;
    }
    // A writer that was well and fell silent.
    put_alarm(&stand, "fell-silent", json!({ "TreatMissingData": "breaching" })).await;
    reaches(&stand, "fell-silent", "OK", Some(7.0)).await;
    reaches(&stand, "fell-silent", "ALARM", None).await;
    let event = stand.recorded_one("the silence", |e| {
        e["detail"]["alarmName"] == "fell-silent-writer-down" && e["detail"]["previousState"]["value"] == "OK"
    });
    let reason = event.await["detail"]["state"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("treated as [Breaching]"), "{reason}");
}

#[tokio::test]
async fn so_many_datapoints_of_so_many_must_be_bad() {
    let stand = shared();
    let needs_three = json!({ "EvaluationPeriods": 60, "DatapointsToAlarm": 3 });
    put_alarm(&stand, "count", needs_three).await;
    reaches(&stand, "count", "OK", None).await;
    let bad = async |ago: u32| {
        let point = Datapoint {
            metric: "DatabaseConnections".to_owned(),
            dimensions: vec![
                ("DBClusterIdentifier".to_owned(), "count".to_owned()),
                ("Role".to_owned(), "WRITER".to_owned()),
            ],
            value: 0.0,
            at: Some(now() - f64::from(ago)),
        };
        stand.cloud.api().put_metrics("AWS/RDS", &[point]).await.unwrap();
    };
    bad(20).await;
    bad(15).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(state(&stand, "count-writer-down").await, "OK");
    bad(10).await;
    reaches(&stand, "count", "ALARM", None).await;
}

#[tokio::test]
async fn metric_math_and_composite_alarms_come_from_the_template() {
    let stand = shared();
    let api = stand.cloud.api();
    let send = async |metric: &str, value: f64| {
        let points: Vec<Datapoint> = (0..4)
            .map(|ago| Datapoint {
                metric: metric.to_owned(),
                dimensions: Vec::new(),
                value,
                at: Some(now() - f64::from(ago)),
            })
            .collect();
        api.put_metrics("Test", &points).await.unwrap();
    };
    until("the error rate's alarm", async || {
        send("Calls", 10.0).await;
        send("Errors", 1.0).await;
        (state(&stand, "orders-api-errors").await == "ALARM").then_some(())
    })
    .await;
    let event = change(&stand, "orders-api-errors", "ALARM").await;
    let metrics = event["detail"]["configuration"]["metrics"].as_array().unwrap();
    assert_eq!(metrics[0]["expression"], "100 * FILL(errors, 0) / calls");
    assert_eq!(metrics[0]["label"], "errors in percent");
    assert_eq!(metrics[1]["metricStat"]["metric"]["name"], "Errors");
    assert_eq!(metrics[1]["returnData"], false);

    until("the composite alarm", async || {
        send("Calls", 10.0).await;
        send("Errors", 1.0).await;
        connections(&stand, "orders", "WRITER", 0.0).await;
        (state(&stand, "orders-everything").await == "ALARM").then_some(())
    })
    .await;
    let composite = change(&stand, "orders-everything", "ALARM").await;
    assert_eq!(
        composite["detail"]["configuration"]["alarmRule"],
        "ALARM(\"orders-writer-down\") AND ALARM(\"orders-api-errors\")"
    );
    let data = composite["detail"]["state"]["reasonData"].as_str().unwrap();
    assert!(data.contains("triggeringAlarms"), "{data}");
}

#[tokio::test]
async fn unknown_metric_math_is_said_in_the_log_and_leaves_the_alarm_without_data() {
    let stand = shared();
    let alarm = json!({
        "AlarmName": "odd", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "EvaluationPeriods": 1,
        "TreatMissingData": "breaching",
        "Metrics": [
            { "Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": true },
            { "Id": "m1", "ReturnData": false, "MetricStat": { "Stat": "Sum", "Period": 1,
              "Metric": { "Namespace": "Test", "MetricName": "Odd", "Dimensions": [] } } },
        ],
    });
    stand.cloud.api().json(Service::CloudWatch, "PutMetricAlarm", &alarm).await.unwrap();
    until("the complaint", async || {
        let log = std::fs::read_to_string(stand.cloud.log()).unwrap();
        log.contains("the function ANOMALY_DETECTION_BAND is not known here").then_some(())
    })
    .await;
    assert_eq!(state(&stand, "odd").await, "INSUFFICIENT_DATA");
}
