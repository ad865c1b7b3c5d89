//! Deletes what retention lets go, a few at a time. It decides nothing by itself.

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use plan::Plan;
use recovery::{
    CallError,
    ports::Snapshots,
    snapshot::{ClusterSnapshotId, Snapshot},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

use crate::{AT_ONCE, Failed, retention};

/// A snapshot that was deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// `DBClusterSnapshotIdentifier`.
    pub snapshot: ClusterSnapshotId,
    /// Why, for people.
    pub reason: String,
}

/// What pruning came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) deleted: Vec<Deleted>,
    /// How many snapshots each rule has kept.
    pub(crate) kept: BTreeMap<&'static str, usize>,
    pub(crate) findings: Vec<String>,
    pub(crate) failed: Vec<Failed>,
    /// Manual snapshots that are left.
    pub(crate) left: usize,
}

/// Deletes what is due by the inventory and is still due when it has been read once more.
///
/// # Errors
/// The inventory's: without all of it nothing is deleted.
pub(crate) async fn prune(
    now: Timestamp,
    plan: &Plan,
    region: &str,
    snapshots: &dyn Snapshots,
    inventory: Vec<Snapshot>,
) -> Result<Pruned, CallError> {
    let due: HashSet<ClusterSnapshotId> = retention::retention(now, plan, region, &inventory)
        .into_iter()
        .filter(|verdict| verdict.rule.deletes())
        .map(|verdict| verdict.snapshot.id.clone())
        .collect();
    let inventory = if due.is_empty() {
        inventory
    } else {
        drop(inventory);
        snapshots.manual().await?
    };
    let verdicts = retention::retention(now, plan, region, &inventory);
    let mut pruned =
        Pruned { findings: retention::findings(&verdicts), left: inventory.len(), ..Pruned::default() };
    for verdict in verdicts.iter().filter(|it| !it.rule.deletes()) {
        *pruned.kept.entry(verdict.rule.name()).or_default() += 1;
    }
    let mut confirmed: Vec<_> =
        verdicts.into_iter().filter(|it| it.rule.deletes() && due.contains(&it.snapshot.id)).collect();
    // Should the run be cut short, the oldest are gone.
    confirmed.sort_by_key(|it| it.snapshot.marks.scheduled);
    let mut answers = stream::iter(confirmed)
        .map(|verdict| async move {
            let answer = snapshots.delete(&verdict.snapshot.id).await;
            (verdict, answer)
        })
        .buffered(AT_ONCE);
    while let Some((verdict, answer)) = answers.next().await {
        let (snapshot, reason) = (verdict.snapshot.id.clone(), verdict.reason());
        match answer {
            Ok(()) => {
                tracing::info!(%snapshot, reason, "deleted");
                pruned.left = pruned.left.saturating_sub(1);
                pruned.deleted.push(Deleted { snapshot, reason });
            }
            Err(error) => {
                tracing::error!(%snapshot, reason, "not deleted: {error}");
                pruned.failed.push(Failed { what: snapshot.to_string(), error });
            }
        }
    }
    Ok(pruned)
}
