//! CloudWatch: metrics that the estate sends, and the state of alarms.

use serde_json::{Value, json};

use super::{Api, Service, members};
use crate::cloud::ApiError;

/// One value of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datapoint {
    /// As `DatabaseConnections`.
    pub metric: String,
    /// Name and value of each dimension.
    pub dimensions: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// Seconds since 1970; none means now.
    pub at: Option<f64>,
}

impl Api {
    /// Puts datapoints of one namespace.
    pub async fn put_metrics(&self, namespace: &str, datapoints: &[Datapoint]) -> Result<(), ApiError> {
        let data: Vec<Value> = datapoints.iter().map(datum).collect();
        let request = json!({ "Namespace": namespace, "MetricData": data });
        self.json(Service::CloudWatch, "PutMetricData", &request).await.map(drop)
    }

    /// An alarm as `DescribeAlarms` shows it (`StateValue`, `StateReason`, `ActionsEnabled`, …), metric or composite.
    pub async fn alarm(&self, name: &str) -> Result<Value, ApiError> {
        let request = json!({ "AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"] });
        let reply = self.json(Service::CloudWatch, "DescribeAlarms", &request).await?;
        let mut found = members(&reply, "MetricAlarms").iter().chain(members(&reply, "CompositeAlarms"));
        found.next().cloned().ok_or_else(|| ApiError::Incomplete {
            action: "DescribeAlarms".to_owned(),
            what: "an alarm of that name",
        })
    }

    /// Switches an alarm's actions on or off. Off is how people silence an alarm for maintenance.
    pub async fn alarm_actions(&self, name: &str, on: bool) -> Result<(), ApiError> {
        let action = if on { "EnableAlarmActions" } else { "DisableAlarmActions" };
        self.json(Service::CloudWatch, action, &json!({ "AlarmNames": [name] })).await.map(drop)
    }
}

fn datum(point: &Datapoint) -> Value {
    let dimensions: Vec<Value> =
        point.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let mut datum = json!({ "MetricName": point.metric, "Dimensions": dimensions, "Value": point.value });
    if let (Some(at), Some(datum)) = (point.at, datum.as_object_mut()) {
        datum.insert("Timestamp".to_owned(), json!(at));
    }
    datum
}
