//! RDS's events: what each means to a recovery.

use super::{arn::Arn, node::Node};
use recovery::{
    StepError,
    signal::{DatabaseEvent, DatabaseNews, Signal},
    text,
};

/// An event of `aws.rds` about a cluster or an instance. The documentation's samples prefix
/// `SourceIdentifier`, so the ARN tells what it is about.
pub(super) fn event(event: &Node<'_>) -> Result<Signal, StepError> {
    let detail = event.need("detail")?;
    let arn = Arn::read(&detail.need("SourceArn")?, "rds")?;
    let message = text::plain(detail.need_text("Message")?, 400);
    let at = match detail.get("Date") {
        Some(_) => detail.need_time("Date")?,
        None => event.need_time("time")?,
    };
    let id = detail.maybe_text("EventID").map(|id| text::plain(id, 40));
    let meaning = meaning(id.as_deref(), &message);
    Ok(Signal::Database(DatabaseEvent {
        instance: instance(meaning, &message),
        id,
        meaning,
        identifier: text::plain(arn.name, 80),
        cluster: arn.kind == "cluster",
        account: arn.account.to_owned(),
        region: arn.region.to_owned(),
        at,
        message,
    }))
}

/// By the event's number; by RDS's words for the older events that carry none.
fn meaning(id: Option<&str>, message: &str) -> DatabaseNews {
    let number = id.and_then(|id| id.strip_prefix("RDS-EVENT-"));
    match number {
        Some("0072" | "0073" | "0013" | "0050") => DatabaseNews::FailoverStarted,
        Some("0071" | "0049" | "0015" | "0051" | "0065") => DatabaseNews::FailoverCompleted,
        Some("0069" | "0034") => DatabaseNews::FailoverFailed,
        Some("0070") => DatabaseNews::PreviousWriterPromoted,
        Some("0390") => DatabaseNews::OldWriterFenced,
        Some("0391") => DatabaseNews::FencingTimedOut,
        Some(_) => DatabaseNews::Other,
        None => by_words(&message.to_ascii_lowercase()),
    }
}

fn by_words(message: &str) -> DatabaseNews {
    if message.contains("global") {
        DatabaseNews::Other
    } else if message.starts_with("promoting previous primary again") {
        DatabaseNews::PreviousWriterPromoted
    } else if message.contains("block writes") && message.contains("timed out") {
        DatabaseNews::FencingTimedOut
    } else if !message.contains("failover") {
        DatabaseNews::Other
    } else if message.contains("failed") || message.contains("abandon") {
        DatabaseNews::FailoverFailed
    } else if message.starts_with("completed") {
        DatabaseNews::FailoverCompleted
    } else if message.starts_with("started") {
        DatabaseNews::FailoverStarted
    } else {
        DatabaseNews::Other
    }
}

/// The instance after the last colon: `Completed failover to DB instance: orders-2`.
fn instance(meaning: DatabaseNews, message: &str) -> Option<String> {
    match meaning {
        DatabaseNews::FailoverStarted
        | DatabaseNews::FailoverCompleted
        | DatabaseNews::PreviousWriterPromoted => {}
        DatabaseNews::FailoverFailed
        | DatabaseNews::OldWriterFenced
        | DatabaseNews::FencingTimedOut
        | DatabaseNews::Other => return None,
    }
    let (_, name) = message.rsplit_once(':')?;
    let name = name.trim().trim_end_matches('.');
    let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!name.is_empty() && name.len() <= 63 && name.chars().all(sound)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_decides_and_words_only_without_one() {
        let cases = [
            (Some("RDS-EVENT-0073"), "", DatabaseNews::FailoverStarted),
            (
                Some("RDS-EVENT-0034"),
                "Completed failover",
                DatabaseNews::FailoverFailed,
            ),
            (Some("RDS-EVENT-9999"), "Started failover", DatabaseNews::Other),
            (
                None,
                "Started cross AZ failover to DB instance: a",
                DatabaseNews::FailoverStarted,
            ),
            (
                None,
                "Completed RDS initiated failover to DB instance: a",
                DatabaseNews::FailoverCompleted,
            ),
            (
                None,
                "Cluster failover failed, check the health",
                DatabaseNews::FailoverFailed,
            ),
            (
                None,
                "Promoting previous primary again: a",
                DatabaseNews::PreviousWriterPromoted,
            ),
            (
                None,
                "Global failover to DB cluster a started",
                DatabaseNews::Other,
            ),
            (None, "DB cluster created", DatabaseNews::Other),
        ];
        for (id, message, expected) in cases {
            assert_eq!(meaning(id, message), expected, "{id:?} {message}");
        }
    }

    #[test]
    fn the_named_instance_is_read_and_nothing_else() {
        let named = |m: &str| instance(DatabaseNews::FailoverCompleted, m);
        assert_eq!(
            named("Completed failover to DB instance: Orders-2."),
            Some("orders-2".to_owned())
        );
        assert_eq!(named("Completed failover to DB instance"), None);
        assert_eq!(named("Completed failover: <b>"), None);
        assert_eq!(instance(DatabaseNews::Other, "Backing up: orders-2"), None);
    }
}
