//! What an RDS event means: from its id where RDS sends one (EventBridge, SNS), from its message where it sends
//! none (`DescribeEvents`, and some older events).
//!
//! Source: "Amazon RDS event categories and event messages" in the RDS and Aurora user guides. Events are best
//! effort: they may be missing, repeated or out of order, so they only ever speed a recovery up.

use crate::signal::{DatabaseEvent, DatabaseNews};
use jiff::Timestamp;

/// The longest message that is kept, in characters.
const MESSAGE: usize = 300;
/// The longest identifier that is kept, in characters; RDS's have at most 63.
const IDENTIFIER: usize = 80;

/// What an ARN of RDS names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The region, such as `ca-central-1`.
    pub region: String,
    /// The account's twelve digits.
    pub account: String,
    /// Whether it is a cluster (else an instance).
    pub cluster: bool,
    /// `DBClusterIdentifier` or `DBInstanceIdentifier`.
    pub identifier: String,
}

/// The cluster or instance that `arn` names; none for anything else (snapshots, parameter groups, another
/// service).
#[must_use]
pub fn source(arn: &str) -> Option<Source> {
    let mut parts = arn.splitn(7, ':');
    let mut next = || parts.next().filter(|p| !p.is_empty());
    if next()? != "arn" {
        return None;
    }
    next()?.starts_with("aws").then_some(())?;
    (next()? == "rds").then_some(())?;
    let region = next()?.to_owned();
    let account = next()?.to_owned();
    let cluster = match next()? {
        "cluster" => true,
        "db" => false,
        _ => return None,
    };
    Some(Source { region, account, cluster, identifier: next()?.to_owned() })
}

/// The event in our words; none when its source is neither a cluster nor an instance.
#[must_use]
pub fn read(id: Option<&str>, source_arn: &str, message: &str, at: Timestamp) -> Option<DatabaseEvent> {
    let source = source(source_arn)?;
    let message = crate::text::plain(message, MESSAGE);
    Some(DatabaseEvent {
        id: id.map(|i| crate::text::plain(i, 40)),
        meaning: meaning(id, &message),
        identifier: crate::text::plain(&source.identifier, IDENTIFIER),
        cluster: source.cluster,
        account: source.account,
        region: source.region,
        at,
        instance: instance(&message),
        message,
    })
}

/// What the event means: its id decides, and without one its message.
#[must_use]
pub fn meaning(id: Option<&str>, message: &str) -> DatabaseNews {
    match id.and_then(|i| i.strip_prefix("RDS-EVENT-")) {
        Some("0013" | "0050" | "0072" | "0073") => DatabaseNews::FailoverStarted,
        Some("0015" | "0049" | "0051" | "0065" | "0071") => DatabaseNews::FailoverCompleted,
        Some("0034" | "0069") => DatabaseNews::FailoverFailed,
        Some("0070") => DatabaseNews::PreviousWriterPromoted,
        Some("0390") => DatabaseNews::OldWriterFenced,
        Some("0391") => DatabaseNews::FencingTimedOut,
        Some(_) => DatabaseNews::Other,
        None => by_message(message),
    }
}

/// The documented messages, by the words that tell them apart, in lower case.
const MESSAGES: [(&str, DatabaseNews); 13] = [
    ("completed failover to db instance", DatabaseNews::FailoverCompleted),
    ("started cross az failover to db instance", DatabaseNews::FailoverStarted),
    ("started same az failover to db instance", DatabaseNews::FailoverStarted),
    ("cluster failover failed", DatabaseNews::FailoverFailed),
    ("promoting previous primary again", DatabaseNews::PreviousWriterPromoted),
    ("abandoning user requested failover", DatabaseNews::FailoverFailed),
    ("multi-az instance failover started", DatabaseNews::FailoverStarted),
    ("multi-az instance failover completed", DatabaseNews::FailoverCompleted),
    ("multi-az failover to standby complete", DatabaseNews::FailoverCompleted),
    ("multi-az instance activation started", DatabaseNews::FailoverStarted),
    ("multi-az instance activation completed", DatabaseNews::FailoverCompleted),
    ("recovered from partial failover", DatabaseNews::FailoverCompleted),
    ("attempt to block writes for db cluster", DatabaseNews::OldWriterFenced),
];

fn by_message(message: &str) -> DatabaseNews {
    let message = message.to_lowercase();
    let known = MESSAGES.iter().find(|(words, _)| message.starts_with(words));
    match known {
        _ if message.contains("block writes") && message.contains("timed out") => {
            DatabaseNews::FencingTimedOut
        }
        Some((_, news)) => *news,
        None => by_words(&message),
    }
}

/// Words that RDS is known to vary, such as `Completed RDS initiated failover to DB instance: orders-2`. A global
/// database's failover moves a region, not a writer within it.
fn by_words(message: &str) -> DatabaseNews {
    if message.contains("global") || !message.contains("failover") {
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

/// The instance that a failover's message names as target or new writer, in lower case as RDS stores it, such as
/// `orders-2` in `Completed failover to DB instance: orders-2.`
fn instance(message: &str) -> Option<String> {
    let (words, name) = message.split_once(": ")?;
    let words = words.to_lowercase();
    if !words.ends_with("failover to db instance") && words != "promoting previous primary again" {
        return None;
    }
    let name = name.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // RDS's identifiers: letters, digits and hyphens, at most 63.
    (!name.is_empty() && name.len() <= 63 && name.chars().all(safe)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DatabaseNews as News;

    /// Every documented message that matters: id, message, meaning, the instance that it names.
    const DOCUMENTED: [(&str, &str, News, Option<&str>); 14] = [
        (
            "RDS-EVENT-0069",
            "Cluster failover failed, check the health of your cluster instances and try again.",
            News::FailoverFailed,
            None,
        ),
        (
            "RDS-EVENT-0070",
            "Promoting previous primary again: orders-1.",
            News::PreviousWriterPromoted,
            Some("orders-1"),
        ),
        (
            "RDS-EVENT-0071",
            "Completed failover to DB instance: orders-2.",
            News::FailoverCompleted,
            Some("orders-2"),
        ),
        (
            "RDS-EVENT-0072",
            "Started same AZ failover to DB instance: orders-3",
            News::FailoverStarted,
            Some("orders-3"),
        ),
        (
            "RDS-EVENT-0073",
            "Started cross AZ failover to DB instance: orders-2",
            News::FailoverStarted,
            Some("orders-2"),
        ),
        ("RDS-EVENT-0013", "Multi-AZ instance failover started.", News::FailoverStarted, None),
        (
            "RDS-EVENT-0015",
            "Multi-AZ failover to standby complete - DNS propagation may take a few minutes.",
            News::FailoverCompleted,
            None,
        ),
        (
            "RDS-EVENT-0034",
            "Abandoning user requested failover since a failover recently occurred on the database instance.",
            News::FailoverFailed,
            None,
        ),
        ("RDS-EVENT-0049", "Multi-AZ instance failover completed.", News::FailoverCompleted, None),
        ("RDS-EVENT-0050", "Multi-AZ instance activation started.", News::FailoverStarted, None),
        ("RDS-EVENT-0051", "Multi-AZ instance activation completed.", News::FailoverCompleted, None),
        ("RDS-EVENT-0065", "Recovered from partial failover.", News::FailoverCompleted, None),
        (
            "RDS-EVENT-0390",
            "Attempt to block writes for DB cluster orders in Region ca-central-1 succeeded.",
            News::OldWriterFenced,
            None,
        ),
        (
            "RDS-EVENT-0391",
            "Attempt to block writes for DB cluster orders in Region ca-central-1 timed out.",
            News::FencingTimedOut,
            None,
        ),
    ];

    #[test]
    fn id_and_message_mean_the_same_and_either_is_enough() {
        for (id, message, expected, named) in DOCUMENTED {
            assert_eq!(meaning(Some(id), ""), expected, "{id} by its id");
            assert_eq!(meaning(None, message), expected, "{id} by its message");
            assert_eq!(instance(message).as_deref(), named, "{id}");
        }
    }

    #[test]
    fn words_that_rds_varies_are_understood_without_an_id() {
        for (message, expected, named) in [
            (
                "Completed RDS initiated failover to DB instance: Orders-2.",
                News::FailoverCompleted,
                Some("orders-2"),
            ),
            ("Started failover", News::FailoverStarted, None),
            ("The failover of the cluster failed", News::FailoverFailed, None),
            ("RDS abandons the failover", News::FailoverFailed, None),
            ("The attempt to block writes of orders-1 timed out", News::FencingTimedOut, None),
            ("Global failover to DB cluster orders failed", News::Other, None),
            ("Completed global failover to DB cluster orders", News::Other, None),
        ] {
            assert_eq!(meaning(None, message), expected, "{message}");
            assert_eq!(instance(message).as_deref(), named, "{message}");
        }
        assert_eq!(instance("Completed failover to DB instance"), None);
        assert_eq!(instance("Completed failover to DB instance: <b>"), None);
        assert_eq!(instance("Backing up: orders-2"), None);
    }

    #[test]
    fn other_news_is_not_taken_for_a_failover() {
        for message in [
            "DB instance restarted",
            "The parameter failover to DB instance: x was changed",
            "Finished failover of a snapshot",
            "",
        ] {
            assert_eq!(meaning(None, message), News::Other, "{message}");
        }
        assert_eq!(meaning(Some("RDS-EVENT-0006"), "Completed failover to DB instance: x"), News::Other);
    }

    #[test]
    fn a_source_is_a_cluster_or_an_instance() {
        let cluster = source("arn:aws:rds:ca-central-1:123456789012:cluster:orders").expect("a cluster");
        assert!(cluster.cluster);
        assert_eq!(cluster.identifier, "orders");
        assert_eq!(cluster.account, "123456789012");
        assert_eq!(cluster.region, "ca-central-1");
        assert!(
            !source("arn:aws-us-gov:rds:us-gov-west-1:123456789012:db:orders-1")
                .expect("an instance")
                .cluster
        );
        for other in [
            "arn:aws:rds:ca-central-1:123456789012:cluster-snapshot:rds:orders-2026",
            "arn:aws:rds:ca-central-1:123456789012:cluster:",
            "arn:aws:rds:ca-central-1:123456789012:cluster",
            "arn:aws:ecs:ca-central-1:123456789012:cluster:orders",
            "orders",
            "",
        ] {
            assert_eq!(source(other), None, "{other}");
        }
    }

    #[test]
    fn an_untrusted_message_is_bounded_and_names_no_instance() {
        let at = Timestamp::UNIX_EPOCH;
        let arn = "arn:aws:rds:ca-central-1:123456789012:cluster:orders";
        let long = format!("Completed failover to DB instance: {}\n<b>", "x".repeat(100_000));
        let event = read(None, arn, &long, at).expect("an event");
        assert_eq!(event.meaning, News::FailoverCompleted);
        assert_eq!(event.instance, None);
        assert!(event.message.chars().count() <= MESSAGE);
        let event = read(None, arn, "Completed failover to DB instance: a;b", at).expect("an event");
        assert_eq!(event.instance, None);
    }
}
