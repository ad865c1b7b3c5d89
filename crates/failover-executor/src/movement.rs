//! Whether the writer has moved, or is moving, without Mainstay. AWS is often faster than the alarm.
//!
//! Three things can tell: another writer than the one that was seen lately, the cluster's status, and RDS's
//! events. A sighting older than the detection window tells nothing: the writer may have moved at any time
//! since, and a real outage of the new one must not pass for a failover that is over. So where no writer was
//! seen lately, the cluster is settled and RDS says nothing, a failover that AWS has just completed can't be
//! told from an outage of the present writer: the witnesses decide, and the evidence says `not known`.

use crate::{
    incident_of::Case,
    sight::{Sight, window_start},
};
use jiff::Timestamp;
use recovery::{
    Decision, Evidence, Guard, Verdict,
    deadline::after,
    signal::{DatabaseEvent, DatabaseNews},
    topology::Cluster,
};

/// The status of a cluster that is being failed over.
pub(crate) const FAILING_OVER: &str = "failing-over";

/// A movement of the writer that Mainstay did not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The decision to recycle.
    pub verdict: Verdict,
    /// The writer before, where it is known.
    pub from: Option<String>,
}

/// The movement that explains the outage, if there is one. `well`: every witness is OK; then news of a failover
/// that left the writer as it was explains nothing.
#[must_use]
pub fn moved(case: &Case<'_>, sight: &Sight, well: bool) -> Option<Moved> {
    let cluster = sight.cluster.as_ref().ok();
    let writer = cluster.and_then(Cluster::writer).map(|w| w.instance.as_str());
    let last = writer_before(case, writer);
    let recycle =
        |guard, reason: String| Verdict::new(Decision::Recycle, guard, reason).about(&case.plan.name);
    if let (Some(now), Some(before)) = (writer, last)
        && now != before
    {
        return Some(Moved {
            verdict: recycle(
                Guard::WriterChanged,
                format!("The writer is {now}, no longer {before}: somebody has failed over already."),
            ),
            from: Some(before.to_owned()),
        });
    }
    if cluster.is_some_and(|c| c.status == FAILING_OVER) {
        return Some(Moved {
            verdict: recycle(
                Guard::AwsFailover,
                format!("Cluster {} is failing over already.", case.plan.identifier),
            ),
            from: last.map(ToOwned::to_owned),
        });
    }
    let since = window_start(case, sight.alarms.as_deref().unwrap_or_default());
    let event = latest(case, since, sight.events.as_deref().unwrap_or_default())?;
    let under_way = match event.meaning {
        DatabaseNews::FailoverStarted => true,
        DatabaseNews::FailoverCompleted | DatabaseNews::PreviousWriterPromoted => false,
        DatabaseNews::FailoverFailed
        | DatabaseNews::OldWriterFenced
        | DatabaseNews::FencingTimedOut
        | DatabaseNews::Other => return None,
    };
    if well && writer.is_some_and(|writer| unchanged(case, writer, event, under_way)) {
        return None;
    }
    // Until the writer moves, the present one is the old one. Once it has moved, nobody knows the old one.
    let from = last.filter(|l| under_way && event.instance.as_deref() != Some(l));
    Some(Moved {
        verdict: recycle(
            Guard::AwsFailover,
            format!(
                "RDS says at {} that a failover {}: no second one is asked for.",
                event.at,
                if under_way { "began" } else { "ended" }
            ),
        )
        .seeing(event.id.clone().unwrap_or_else(|| "RDS event".to_owned()), event.message.clone()),
        from: from.map(ToOwned::to_owned),
    })
}

/// The writer before, as far as its sighting can still tell whether the present one is another: seen within the
/// longest detection window (or in this incident), or still in charge, or nothing newer to compare it with.
#[must_use]
pub fn writer_before<'a>(case: &Case<'a>, writer: Option<&str>) -> Option<&'a str> {
    let since = window_start(case, &[]);
    let lately = case.head.writer_seen_at.is_some_and(|at| at >= since);
    case.last_writer().filter(|last| lately || writer.is_none_or(|now| now == *last))
}

/// What is known of the writer before, for people.
#[must_use]
pub fn evidence(case: &Case<'_>) -> Evidence {
    let seen = case.head.writer_seen_at;
    let value = match (case.last_writer(), seen) {
        (None, _) => "not known".to_owned(),
        (Some(last), None) => format!("{last}, seen at an unknown time"),
        (Some(last), Some(at)) => format!("{last}, seen at {at}"),
    };
    Evidence { name: "writer before".to_owned(), value }
}

/// Whether the writer is the one of before in spite of the news: seen since the news, or the news names another
/// (or none that is in charge yet).
fn unchanged(case: &Case<'_>, writer: &str, event: &DatabaseEvent, under_way: bool) -> bool {
    let seen_since = case.head.writer_seen_at.is_some_and(|at| at >= event.at);
    let named = event.instance.as_deref();
    case.last_writer() == Some(writer) && (seen_since || named.map_or(under_way, |named| named != writer))
}

/// The newest event since a moment about a failover that Mainstay neither asked for nor has dealt with.
#[must_use]
pub fn latest<'a>(
    case: &Case<'_>,
    since: Timestamp,
    events: &'a [DatabaseEvent],
) -> Option<&'a DatabaseEvent> {
    events
        .iter()
        .filter(|e| e.at >= since && about_failover(e.meaning))
        .filter(|e| case.head.dealt_until.is_none_or(|dealt| e.at > dealt))
        .filter(|e| !own(case, e.at))
        .max_by_key(|e| e.at)
}

fn about_failover(meaning: DatabaseNews) -> bool {
    match meaning {
        DatabaseNews::FailoverStarted
        | DatabaseNews::FailoverCompleted
        | DatabaseNews::FailoverFailed
        | DatabaseNews::PreviousWriterPromoted => true,
        DatabaseNews::OldWriterFenced | DatabaseNews::FencingTimedOut | DatabaseNews::Other => false,
    }
}

/// Whether an event of that moment belongs to the last failover that Mainstay asked for.
fn own(case: &Case<'_>, at: Timestamp) -> bool {
    case.head
        .failed_over_at
        .is_some_and(|asked| at >= asked && at <= after(asked, case.plan.promotion_within))
}
