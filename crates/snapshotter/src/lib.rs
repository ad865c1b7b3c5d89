//! snapshotter: at each tick of its schedule it takes a manual snapshot of every database that is due.
//!
//! Names come from the scheduled time, so a tick that is delivered late or twice takes nothing twice. One
//! database that fails stops no other one; the function fails at the end, so that the tick is tried again.

pub mod due;
pub mod settings;
pub mod tick;

pub use due::{Due, due};
pub use settings::Settings;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use plan::Plan;
use recovery::{
    CallError, StepError,
    ports::{Databases, SnapshotAnswer},
};
use serde::Serialize;
use serde_json::Value;

/// How many snapshots are asked for at the same time: RDS throttles an account that asks for many.
const AT_ONCE: usize = 4;

/// What a tick came to.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The moment for which the tick was scheduled.
    pub scheduled: Timestamp,
    /// What became of each database that was due, in the order of the plan.
    pub snapshots: Vec<Taken>,
}

/// A snapshot that RDS makes, or has.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The plan's name of the database.
    pub database: String,
    /// `DBClusterSnapshotIdentifier`.
    pub snapshot: String,
    /// Whether it is new, or there already from an earlier delivery of the tick.
    pub answer: SnapshotAnswer,
}

/// Takes the snapshots that are due at a tick, of the plan's databases in `region`.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the tick cannot be read. When a snapshot failed: the error of the first
/// one, its message naming each that failed; all others have been taken by then.
pub async fn handle(
    event: &Value,
    plan: &Plan,
    region: &str,
    databases: &dyn Databases,
) -> Result<Summary, StepError> {
    let scheduled = tick::scheduled(event)?;
    let due = due(scheduled, plan, region);
    tracing::info!(%scheduled, due = due.len(), "tick");
    let answers: Vec<(Due, Result<SnapshotAnswer, CallError>)> = stream::iter(due)
        .map(|due| async move {
            let answer = databases.snapshot(&due.request).await;
            (due, answer)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut snapshots = Vec::new();
    let mut failed = Vec::new();
    for (due, answer) in answers {
        let snapshot = due.request.snapshot;
        match answer {
            Ok(answer) => {
                tracing::info!(database = due.database, snapshot, ?answer, reason = due.reason, "snapshot");
                snapshots.push(Taken { database: due.database, snapshot, answer });
            }
            Err(error) => {
                tracing::error!(database = due.database, snapshot, "no snapshot: {error}");
                failed.push((due.database, error));
            }
        }
    }
    match together(failed) {
        Some(error) => Err(error.into()),
        None => Ok(Summary { scheduled, snapshots }),
    }
}

/// The first failure, with a message that names all.
fn together(failed: Vec<(String, CallError)>) -> Option<CallError> {
    let count = failed.len();
    let all: Vec<String> =
        failed.iter().map(|(database, error)| format!("{database}: {}", error.message)).collect();
    let (_, first) = failed.into_iter().next()?;
    let message = format!("{count} snapshots failed: {}", all.join("; "));
    Some(CallError { message: recovery::text::plain(&message, 2_000), ..first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recovery::{Failure, twins::ScriptedDatabases};
    use serde_json::json;

    fn plan() -> Plan {
        let database = |name: &str| {
            json!({
                "name": name, "identifier": name, "kind": "aurora-cluster", "region": "ca-central-1",
                "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m",
                "snapshots": [{"every": "1h"}]
            })
        };
        let all: Vec<Value> = ["orders", "users", "stock"].map(database).into();
        serde_json::from_value(json!({"databases": all, "audiences": []})).unwrap()
    }

    fn tick() -> Value {
        json!({"mainstay": "snapshot-tick", "scheduled_time": "2026-03-01T10:00:00Z"})
    }

    fn taken(answer: SnapshotAnswer) -> Summary {
        let snapshots = ["orders", "users", "stock"].map(|name| Taken {
            database: name.to_owned(),
            snapshot: format!("mainstay-{name}-202603011000"),
            answer,
        });
        Summary { scheduled: "2026-03-01T10:00:00Z".parse().unwrap(), snapshots: snapshots.into() }
    }

    fn ids(rds: &ScriptedDatabases) -> Vec<String> {
        rds.script(|s| s.snapshots.iter().map(|s| s.snapshot.clone()).collect())
    }

    #[tokio::test]
    async fn a_repeated_tick_takes_nothing_twice() {
        let rds = ScriptedDatabases::default();
        let first = handle(&tick(), &plan(), "ca-central-1", &rds).await;
        assert_eq!(first, Ok(taken(SnapshotAnswer::Creating)));
        let again = handle(&tick(), &plan(), "ca-central-1", &rds).await;
        assert_eq!(again, Ok(taken(SnapshotAnswer::Exists)));
        assert_eq!(ids(&rds).len(), 3);
    }

    #[tokio::test]
    async fn failed_databases_stop_no_other_one_and_are_all_named() {
        let rds = ScriptedDatabases::default();
        let failure = |failure, message| CallError::new("RDS", "CreateDBClusterSnapshot", failure, message);
        rds.script(|s| {
            s.failures.push(failure(Failure::WrongState, "the cluster is not available"));
            s.failures.push(failure(Failure::Throttled, "Rate exceeded"));
        });
        let error = handle(&tick(), &plan(), "ca-central-1", &rds).await.unwrap_err();
        assert_eq!(error.name(), "Refused");
        let text = error.to_string();
        assert!(text.contains("2 snapshots failed"), "{text}");
        assert!(text.contains("orders: the cluster is not available; users: Rate exceeded"), "{text}");
        assert_eq!(ids(&rds), ["mainstay-stock-202603011000"]);
        // The tick is tried again: what is missing is taken.
        assert!(handle(&tick(), &plan(), "ca-central-1", &rds).await.is_ok());
        assert_eq!(ids(&rds).len(), 3);
    }

    #[tokio::test]
    async fn nothing_is_due_between_the_hours_or_elsewhere_and_a_bad_tick_takes_nothing() {
        let rds = ScriptedDatabases::default();
        let early = json!({"mainstay": "snapshot-tick", "scheduled_time": "2026-03-01T10:37:00Z"});
        let summary = handle(&early, &plan(), "ca-central-1", &rds).await.unwrap();
        assert!(summary.snapshots.is_empty());
        let summary = handle(&tick(), &plan(), "ca-west-1", &rds).await.unwrap();
        assert!(summary.snapshots.is_empty());
        let error = handle(&json!({}), &plan(), "ca-central-1", &rds).await.unwrap_err();
        assert_eq!(error.name(), "MalformedEvent");
        assert!(ids(&rds).is_empty());
    }
}
