//! An execution of the state machine that changed its status.

use super::{arn::Arn, node::Node};
use jiff::Timestamp;
use recovery::{
    StepError,
    signal::{ExecutionEnded, Signal},
    text,
};

/// An event of `aws.states`. Starting is no news: the handler started it.
pub(super) fn event(event: &Node<'_>) -> Result<Signal, StepError> {
    let detail = event.need("detail")?;
    let status = detail.need_text("status")?;
    if matches!(status, "RUNNING" | "PENDING_REDRIVE") {
        return Ok(Signal::Other { what: format!("an execution that is {status}") });
    }
    let arn_node = detail.need("executionArn")?;
    let arn = Arn::read(&arn_node, "states")?;
    let (_, last) = arn.name.rsplit_once(':').unwrap_or(("", arn.name));
    let ended = detail.value().get("stopDate").and_then(serde_json::Value::as_i64);
    let at = match ended.and_then(|ms| Timestamp::from_millisecond(ms).ok()) {
        Some(at) => at,
        None => event.need_time("time")?,
    };
    let part = |key: &str| detail.maybe_text(key).map(|t| text::plain(t, 200));
    let cause: Vec<String> = [part("error"), part("cause")].into_iter().flatten().collect();
    Ok(Signal::Ended(ExecutionEnded {
        arn: text::plain(arn_node.text()?, 512),
        name: text::plain(last, 80),
        status: text::plain(status, 40),
        at,
        cause: cause.join(": "),
    }))
}
