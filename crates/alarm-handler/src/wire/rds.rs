//! RDS's events, as EventBridge sends them.

use super::{arn::Arn, node::Node};
use recovery::{StepError, rds_event, signal::Signal};

/// An event of `aws.rds` about a cluster or an instance; about anything else it is of no use here. The
/// documentation's samples prefix `SourceIdentifier`, so the ARN tells what it is about.
pub(super) fn event(event: &Node<'_>) -> Result<Signal, StepError> {
    let detail = event.need("detail")?;
    let source = detail.need("SourceArn")?;
    let arn = Arn::read(&source, "rds")?;
    let message = detail.need_text("Message")?;
    let at = match detail.get("Date") {
        Some(_) => detail.need_time("Date")?,
        None => event.need_time("time")?,
    };
    let read = rds_event::read(detail.maybe_text("EventID"), source.text()?, message, at);
    Ok(read.map_or_else(
        || Signal::Other { what: format!("an event of RDS about a {}", recovery::text::plain(arn.kind, 40)) },
        Signal::Database,
    ))
}
