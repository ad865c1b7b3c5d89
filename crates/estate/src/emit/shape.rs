//! Metrics and events in AWS's own shapes.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{Datapoint, EcsEvent, RdsEvent, SourceType};

/// The form of `PutMetricData` (Query protocol, 2010-08-01).
#[must_use]
pub fn metric_form(datapoints: &[&Datapoint]) -> Vec<(String, String)> {
    let mut form = vec![
        ("Action".into(), "PutMetricData".into()),
        ("Version".into(), "2010-08-01".into()),
        ("Namespace".into(), "AWS/RDS".into()),
    ];
    for (nth, datapoint) in (1..).zip(datapoints) {
        let member = format!("MetricData.member.{nth}");
        form.push((format!("{member}.MetricName"), datapoint.name.into()));
        for (nth, (name, value)) in (1..).zip(&datapoint.dimensions) {
            form.push((format!("{member}.Dimensions.member.{nth}.Name"), (*name).into()));
            form.push((format!("{member}.Dimensions.member.{nth}.Value"), value.clone()));
        }
        form.push((format!("{member}.Timestamp"), format!("{:.3}", datapoint.at)));
        form.push((format!("{member}.Value"), datapoint.value.to_string()));
        form.push((format!("{member}.Unit"), datapoint.unit.into()));
    }
    form
}

/// An RDS event as an entry of `PutEvents`.
#[must_use]
pub fn rds_entry(event: &RdsEvent, token: &str) -> Value {
    let (detail_type, source_type) = match event.source_type {
        SourceType::Cluster => ("RDS DB Cluster Event", "CLUSTER"),
        SourceType::Instance => ("RDS DB Instance Event", "DB_INSTANCE"),
        SourceType::ClusterSnapshot => ("RDS DB Cluster Snapshot Event", "CLUSTER_SNAPSHOT"),
        SourceType::Snapshot => ("RDS DB Snapshot Event", "SNAPSHOT"),
    };
    let detail = json!({
        "EventCategories": event.categories,
        "SourceType": source_type,
        "SourceArn": event.source_arn,
        "Date": format!("{:.3}", event.at),
        "Message": event.message,
        "SourceIdentifier": event.source,
        "EventID": event.id,
    });
    entry("aws.rds", detail_type, &event.source_arn, event.at, &detail, token)
}

/// An ECS event as an entry of `PutEvents`.
#[must_use]
pub fn ecs_entry(event: &EcsEvent, token: &str) -> Value {
    let kind = if event.name.ends_with("FAILED") { "ERROR" } else { "INFO" };
    let at = format!("{:.3}", event.at);
    let (detail_type, detail) = match &event.deployment {
        Some(deployment) => (
            "ECS Deployment State Change",
            json!({
                "eventType": kind,
                "eventName": event.name,
                "deploymentId": deployment,
                "updatedAt": at,
                "reason": event.reason,
            }),
        ),
        None => (
            "ECS Service Action",
            json!({
                "eventType": kind,
                "eventName": event.name,
                "clusterArn": event.cluster_arn,
                "createdAt": at,
            }),
        ),
    };
    entry("aws.ecs", detail_type, &event.service_arn, event.at, &detail, token)
}

fn entry(
    source: &str,
    detail_type: &str,
    resource: &str,
    at: Timestamp,
    detail: &Value,
    token: &str,
) -> Value {
    json!({
        "Source": source,
        "DetailType": detail_type,
        "Resources": [resource],
        "Time": at.as_second(),
        "Detail": detail.to_string(),
        "TraceHeader": token,
    })
}
