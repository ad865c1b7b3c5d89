//! snapshotter: at each tick of its schedule it takes a manual snapshot of every database that is due, and then deletes
//! what the plan keeps no longer.
//!
//! Names come from the scheduled time, so a tick that is delivered late or twice takes nothing twice. One database
//! that fails stops no other one, and no deletion; the function fails at the end, so that the tick is tried again.

pub mod due;
pub mod prune;
pub mod quota;
pub mod retention;
pub mod settings;
pub mod summary;
pub mod take;
pub mod tick;

pub use due::{Due, due};
pub use prune::Deleted;
pub use quota::Quota;
pub use settings::Settings;
pub use summary::{Judged, Summary};
pub use take::Taken;

use jiff::Timestamp;
use plan::Plan;
use recovery::{CallError, Failure, StepError, ports::Snapshots};
use tick::Tick;

/// How many calls that change something are under way at the same time: RDS throttles an account that asks for much.
const AT_ONCE: usize = 8;

/// A snapshot that was not taken, or not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The database, or the snapshot.
    pub(crate) what: String,
    pub(crate) error: CallError,
}

impl Failed {
    fn refused(what: &str, message: &str) -> Self {
        let error = CallError::new("RDS", "CreateDBClusterSnapshot", Failure::Refused, message);
        Self { what: what.to_owned(), error }
    }
}

/// Does what a tick asks for, for the plan's databases in `region`.
///
/// Retention counts ages up to the tick's moment, or up to `now` if that moment is yet to come: an event with a wrong
/// time makes nothing older than it is. `print` writes the line of the metrics to the log, also when something failed:
/// a full quota is a reason for failures.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the tick cannot be read. When a snapshot could not be taken or deleted, or the
/// inventory not be read: the error of the first, its message naming each that failed; all others are done by then.
pub async fn handle(
    event: &serde_json::Value,
    now: Timestamp,
    plan: &Plan,
    region: &str,
    snapshots: &dyn Snapshots,
    print: &(dyn Fn(&str) + Sync),
) -> Result<Summary, StepError> {
    let Tick { scheduled, dry_run } = tick::read(event)?;
    let until = scheduled.min(now);
    if dry_run {
        let inventory = snapshots.manual().await?;
        return Ok(Summary::dry_run(scheduled, &retention::retention(until, plan, region, &inventory)));
    }
    let due = due(scheduled, plan, region);
    tracing::info!(%scheduled, due = due.len(), "tick");
    let (mut taken, mut failed) = take::take(due, snapshots).await;
    let pruned = match snapshots.manual().await {
        Ok(inventory) => {
            failed.extend(take::foreign(&mut taken, &inventory));
            prune::prune(until, plan, region, snapshots, inventory).await
        }
        Err(error) => Err(error),
    };
    let mut summary = Summary { snapshots: taken, ..Summary::of(scheduled) };
    match pruned {
        Ok(pruned) => {
            let used = u64::try_from(pruned.left).unwrap_or(u64::MAX);
            summary.quota = quota(used, snapshots, &mut summary.findings).await;
            if let Some(quota) = &summary.quota {
                print(&quota.line(region, now));
            }
            summary.findings.extend(pruned.findings);
            summary.deleted = pruned.deleted;
            summary.kept = pruned.kept;
            failed.extend(pruned.failed);
        }
        Err(error) => {
            tracing::error!("the inventory cannot be read, so nothing is deleted: {error}");
            failed.push(Failed { what: "the inventory".to_owned(), error });
        }
    }
    summary.log();
    match together(failed) {
        Some(error) => Err(error.into()),
        None => Ok(summary),
    }
}

/// The quota; a finding where it cannot be read, because it guards nothing then.
async fn quota(used: u64, snapshots: &dyn Snapshots, findings: &mut Vec<String>) -> Option<Quota> {
    match snapshots.quota().await {
        Ok(limit) => {
            let quota = Quota::of(used, limit);
            findings.extend(quota.warning.clone());
            Some(quota)
        }
        Err(error) => {
            findings.push(format!("the account's quota cannot be read: {error}"));
            None
        }
    }
}

/// The first failure, with a message that names all.
fn together(failed: Vec<Failed>) -> Option<CallError> {
    let count = failed.len();
    let all: Vec<String> =
        failed.iter().map(|it| format!("{}: {} {}", it.what, it.error.action, it.error.message)).collect();
    let first = failed.into_iter().next()?.error;
    let message = format!("{count} calls failed: {}", all.join("; "));
    Some(CallError { message: recovery::text::plain(&message, 2_000), ..first })
}
