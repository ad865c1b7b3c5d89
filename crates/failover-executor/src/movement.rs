//! Whether the writer has moved, or is moving, without Mainstay. AWS is often faster than the alarm.

use crate::{
    incident_of::Case,
    sight::{Sight, window_start},
};
use jiff::Timestamp;
use recovery::{
    Decision, Guard, Verdict,
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

/// The movement that explains the outage, if there is one.
#[must_use]
pub fn moved(case: &Case<'_>, sight: &Sight) -> Option<Moved> {
    let cluster = sight.cluster.as_ref().ok();
    let writer = cluster.and_then(Cluster::writer).map(|w| w.instance.as_str());
    let last = case.last_writer();
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
        .seeing(
            event.id.clone().unwrap_or_else(|| "RDS event".to_owned()),
            event.message.clone(),
        ),
        from: from.map(ToOwned::to_owned),
    })
}

/// The newest event since a moment about a failover that Mainstay itself did not ask for.
#[must_use]
pub fn latest<'a>(
    case: &Case<'_>,
    since: Timestamp,
    events: &'a [DatabaseEvent],
) -> Option<&'a DatabaseEvent> {
    events
        .iter()
        .filter(|e| e.at >= since && about_failover(e.meaning))
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
