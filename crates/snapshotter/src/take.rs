//! Takes the snapshots that are due, a few at a time.

use futures_util::{StreamExt, stream};
use recovery::{
    CallError,
    ports::Snapshots,
    snapshot::{ClusterSnapshotId, Snapshot, SnapshotAnswer},
};
use serde::Serialize;
use std::collections::HashMap;

use crate::{AT_ONCE, Due, Failed};

/// A snapshot that RDS makes, or has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The plan's name of the database.
    pub database: String,
    /// `DBClusterSnapshotIdentifier`.
    pub snapshot: ClusterSnapshotId,
    /// Whether it is new, or there already from an earlier delivery of the tick.
    pub answer: SnapshotAnswer,
}

/// Asks for each of `due`. One that fails stops no other one.
pub(crate) async fn take(due: Vec<Due>, snapshots: &dyn Snapshots) -> (Vec<Taken>, Vec<Failed>) {
    let answers: Vec<(Due, Result<SnapshotAnswer, CallError>)> = stream::iter(due)
        .map(|due| async move {
            let answer = snapshots.take(&due.request).await;
            (due, answer)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for (Due { database, request, reason }, answer) in answers {
        let snapshot = request.snapshot;
        match answer {
            Ok(answer) => {
                tracing::info!(database, %snapshot, ?answer, reason, "snapshot");
                taken.push(Taken { database, snapshot, answer });
            }
            Err(error) => {
                tracing::error!(database, %snapshot, "no snapshot: {error}");
                failed.push(Failed { what: database, error });
            }
        }
    }
    (taken, failed)
}

/// A name that was there already is a repeated tick's only if the snapshot bears our tag. The inventory, which is read
/// anyway, says so for all of them at once.
pub(crate) fn foreign(taken: &mut Vec<Taken>, inventory: &[Snapshot]) -> Vec<Failed> {
    let ours: HashMap<&ClusterSnapshotId, bool> = inventory.iter().map(|s| (&s.id, s.marks.ours)).collect();
    let mut foreign = Vec::new();
    taken.retain(|it| {
        let is_ours = it.answer == SnapshotAnswer::Creating || ours.get(&it.snapshot) == Some(&true);
        if !is_ours {
            foreign.push(Failed::refused(
                &it.database,
                &format!("a snapshot {} exists already and does not bear our tag", it.snapshot),
            ));
        }
        is_ours
    });
    foreign
}
