//! From the wire to the domain: every shape in which something reaches the door, read once.
//!
//! Tolerant: only what Mainstay needs must be there, unknown keys and kinds are fine, and what is well formed
//! but of no use is a [`Signal::Other`]. What cannot be read is an error that names the place.

mod alarm;
mod arn;
mod breach;
mod node;
mod rds;
mod request;
mod sns;
mod states;

use node::Node;
use recovery::{
    StepError,
    signal::{Signal, Via},
    text,
};
use serde_json::Value;

/// What an event says: one signal, or one for each SNS record. A record that cannot be read does not keep
/// the others from being read.
#[must_use]
pub fn signals(event: &Value) -> Vec<Result<Signal, StepError>> {
    let root = Node::at(event, "$");
    match root.get("Records") {
        Some(records) if records.value().is_array() => {
            let all: Vec<_> = records.items().iter().map(record).collect();
            if all.is_empty() {
                return vec![Err(records.wrong("is empty"))];
            }
            all
        }
        Some(records) => vec![Err(records.wrong("is not a list"))],
        None => vec![single(&root)],
    }
}

fn record(node: &Node<'_>) -> Result<Signal, StepError> {
    let source = node.maybe_text("EventSource").or_else(|| node.maybe_text("eventSource"));
    match source {
        Some("aws:sns") => sns::record(node),
        Some(other) => Ok(Signal::Other { what: format!("a record of {}", text::plain(other, 60)) }),
        None => Err(node.wrong("has no EventSource")),
    }
}

fn single(root: &Node<'_>) -> Result<Signal, StepError> {
    if !root.value().is_object() {
        return Err(root.wrong("is not an object"));
    }
    if root.get("mainstay").is_some() {
        return request::request(root);
    }
    if root.get("detail-type").is_some() {
        return event_bridge(root, Via::EventBridge);
    }
    if root.get("alarmData").is_some() || root.get("alarmArn").is_some() {
        return alarm::from_cloudwatch(root);
    }
    Err(root.wrong(
        "is nothing that alarm-handler knows: it has neither `mainstay` (a request), `detail-type` \
         (EventBridge), `alarmData` (CloudWatch) nor `Records` (SNS)",
    ))
}

/// An EventBridge event, which may have come through a topic.
fn event_bridge(event: &Node<'_>, via: Via) -> Result<Signal, StepError> {
    let source = event.need_text("source")?;
    let kind = event.need_text("detail-type")?;
    match (source, kind) {
        // A contributor is one time series of an alarm over many: that one speaks is what matters here.
        ("aws.cloudwatch", "CloudWatch Alarm State Change" | "CloudWatch Alarm Contributor State Change") => {
            alarm::from_event_bridge(event, via)
        }
        ("aws.rds", "RDS DB Cluster Event" | "RDS DB Instance Event") => rds::event(event),
        ("aws.states", "Step Functions Execution Status Change") => states::event(event),
        ("aws.events", "Scheduled Event") => Ok(Signal::Sweep),
        _ => Ok(Signal::Other { what: text::plain(&format!("{source} {kind}"), 120) }),
    }
}
