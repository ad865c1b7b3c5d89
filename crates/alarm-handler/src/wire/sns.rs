//! What comes through a topic: CloudWatch's own message, or an EventBridge event that a rule sent there.

use super::{
    alarm::{self, REASON},
    arn::Arn,
    breach, event_bridge,
    node::Node,
};
use recovery::{
    StepError,
    signal::{AlarmChange, AlarmKind, AlarmValue, Signal, Via},
    text,
};
use serde_json::Value;

/// One record of an event whose records come from SNS. Only the message is needed: a record must not be refused
/// for a signature or an address for unsubscribing that nobody here reads.
pub(super) fn record(node: &Node<'_>) -> Result<Signal, StepError> {
    let outer = node.need("Sns")?.need("Message")?;
    let parsed: Value = serde_json::from_str(outer.text()?)
        .map_err(|e| outer.wrong(&format!("is not a JSON text: {}", text::plain(&e.to_string(), 120))))?;
    message(&Node::at(&parsed, outer.path()))
}

fn message(node: &Node<'_>) -> Result<Signal, StepError> {
    if node.get("mainstay").is_some() {
        // Whoever may publish to a topic is not thereby a person who may ask for a failover.
        return Err(node.wrong("is a person's request, which is taken only from a call of the function"));
    }
    if node.get("detail-type").is_some() {
        return event_bridge(node, Via::Sns);
    }
    if node.get("AlarmArn").is_some() || node.get("NewStateValue").is_some() {
        return alarm_message(node);
    }
    Err(node.wrong("is neither an alarm's message nor an EventBridge event"))
}

fn alarm_message(node: &Node<'_>) -> Result<Signal, StepError> {
    let arn_node = node.need("AlarmArn")?;
    let arn = Arn::read(&arn_node, "cloudwatch")?;
    let reason = node.maybe_text("NewStateReason").unwrap_or_default();
    let state = alarm::value(node.need_text("NewStateValue")?);
    let at = node.need_time("StateChangeTime")?;
    let breaching_since = match state {
        AlarmValue::Alarm => breach::since(node.get("NewStateReasonData").as_ref(), reason, at),
        AlarmValue::Ok | AlarmValue::InsufficientData | AlarmValue::Other(_) => None,
    };
    Ok(Signal::Alarm(AlarmChange {
        name: alarm::named(&arn_node, &arn, node.get("AlarmName").as_ref())?,
        arn: text::plain(arn_node.text()?, 1024),
        account: arn.account.to_owned(),
        // `Region` may be a name for people ("Canada (Central)").
        region: arn.region.to_owned(),
        kind: kind(node),
        state,
        previous: node.maybe_text("OldStateValue").map(alarm::value),
        at,
        breaching_since,
        reason: text::plain(reason, REASON),
        // CloudWatch runs no action for an alarm that is muted or suppressed.
        muted: false,
        via: Via::Sns,
    }))
}

fn kind(node: &Node<'_>) -> AlarmKind {
    if node.get("AlarmRule").is_some() {
        return AlarmKind::Composite;
    }
    let Some(trigger) = node.get("Trigger") else {
        return AlarmKind::Unknown;
    };
    let metrics = trigger.get("Metrics").map(|m| m.items()).unwrap_or_default();
    if metrics.iter().any(|m| m.get("Expression").is_some()) {
        AlarmKind::MetricMath
    } else if !metrics.is_empty() || trigger.get("MetricName").is_some() {
        AlarmKind::Metric
    } else {
        AlarmKind::Unknown
    }
}
