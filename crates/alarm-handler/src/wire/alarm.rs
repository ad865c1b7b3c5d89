//! A change of an alarm's state, as EventBridge brings it and as CloudWatch hands it to a function.

use super::{arn::Arn, breach, node::Node};
use recovery::{
    StepError,
    signal::{AlarmChange, AlarmKind, AlarmValue, Signal, Via},
    text,
};

/// The most characters of CloudWatch's reason that are kept.
pub(super) const REASON: usize = 400;
/// The longest name that CloudWatch allows.
const NAME: usize = 255;

/// An event of `aws.cloudwatch` whose detail is the alarm's new state.
pub(super) fn from_event_bridge(event: &Node<'_>, via: Via) -> Result<Signal, StepError> {
    let resources = event.need("resources")?;
    let first = resources.items().into_iter().next();
    let arn = first.ok_or_else(|| resources.wrong("does not begin with the alarm's ARN"))?;
    change(&arn, &event.need("detail")?, via)
}

/// What CloudWatch sends when the function is the alarm's action.
pub(super) fn from_cloudwatch(event: &Node<'_>) -> Result<Signal, StepError> {
    change(&event.need("alarmArn")?, &event.need("alarmData")?, Via::Direct)
}

fn change(arn_node: &Node<'_>, detail: &Node<'_>, via: Via) -> Result<Signal, StepError> {
    let arn = Arn::read(arn_node, "cloudwatch")?;
    let state = detail.need("state")?;
    let reason = state.maybe_text("reason").unwrap_or_default();
    let value = value(state.need_text("value")?);
    let at = state.need_time("timestamp")?;
    let breaching_since = match value {
        AlarmValue::Alarm => breach::since(state.get("reasonData").as_ref(), reason, at),
        AlarmValue::Ok | AlarmValue::InsufficientData | AlarmValue::Other(_) => None,
    };
    let suppressed = state.maybe_text("actionsSuppressedBy").is_some_and(|s| !s.is_empty());
    Ok(Signal::Alarm(AlarmChange {
        name: named(arn_node, &arn, detail.get("alarmName").as_ref())?,
        arn: text::plain(arn_node.text()?, 1024),
        account: arn.account.to_owned(),
        region: arn.region.to_owned(),
        kind: kind(detail.get("configuration").as_ref()),
        state: value,
        previous: previous(detail),
        at,
        breaching_since,
        reason: text::plain(reason, REASON),
        muted: suppressed || detail.get("muteDetail").is_some(),
        via,
    }))
}

/// The alarm's name: the ARN's, and the name beside it must not say otherwise, since the plan is asked for
/// the name and the account is told by the ARN.
pub(super) fn named(at: &Node<'_>, arn: &Arn<'_>, beside: Option<&Node<'_>>) -> Result<String, StepError> {
    if arn.kind != "alarm" {
        return Err(at.wrong("is not the ARN of an alarm"));
    }
    if let Some(node) = beside
        && node.text()? != arn.name
    {
        let shown = text::plain(arn.name, 80);
        return Err(node.wrong(&format!("is another name than the ARN's `{shown}`")));
    }
    let clean = text::plain(arn.name, NAME);
    // A name that only looks like one of the plan after cleaning must not pass for it.
    Ok(if clean == arn.name { clean } else { format!("{clean}…") })
}

pub(super) fn value(text: &str) -> AlarmValue {
    match text {
        "OK" => AlarmValue::Ok,
        "ALARM" => AlarmValue::Alarm,
        "INSUFFICIENT_DATA" => AlarmValue::InsufficientData,
        other => AlarmValue::Other(text::plain(other, 40)),
    }
}

fn previous(detail: &Node<'_>) -> Option<AlarmValue> {
    let state = detail.get("previousState")?;
    state.maybe_text("value").map(value)
}

fn kind(configuration: Option<&Node<'_>>) -> AlarmKind {
    let Some(configuration) = configuration else {
        return AlarmKind::Unknown;
    };
    if configuration.get("alarmRule").is_some() {
        return AlarmKind::Composite;
    }
    let metrics = configuration.get("metrics").map(|m| m.items()).unwrap_or_default();
    if metrics.is_empty() {
        AlarmKind::Unknown
    } else if metrics.iter().any(|m| m.get("expression").is_some()) {
        AlarmKind::MetricMath
    } else {
        AlarmKind::Metric
    }
}
