//! Scripted snapshots of RDS: a test sets what there is, and reads what was asked.

use super::{cloud::next_failure, lock};
use crate::{
    error::{CallError, Failure},
    ports::Snapshots,
    snapshot::{
        ClusterSnapshotId, Marks, Snapshot, SnapshotAnswer, SnapshotKind, SnapshotRequest, SnapshotStatus,
    },
};
use async_trait::async_trait;
use std::sync::Mutex;

/// RDS's snapshots as a script.
#[derive(Debug, Default)]
pub struct ScriptedSnapshots {
    state: Mutex<SnapshotScript>,
}

/// What a [`ScriptedSnapshots`] answers, and what it was asked to change.
#[derive(Debug, Default)]
pub struct SnapshotScript {
    /// Every manual snapshot. What is taken joins them, and is `creating`.
    pub manual: Vec<Snapshot>,
    /// How many there may be; none: 100.
    pub quota: Option<u64>,
    /// Answers of the next calls by action, used up one by one; then success.
    pub failures: Vec<CallError>,
    /// Snapshots that were taken.
    pub taken: Vec<SnapshotRequest>,
    /// Snapshots that were deleted.
    pub deleted: Vec<ClusterSnapshotId>,
    /// Every call that arrived, by action.
    pub calls: Vec<&'static str>,
}

impl ScriptedSnapshots {
    /// Reads or changes the script.
    pub fn script<T>(&self, change: impl FnOnce(&mut SnapshotScript) -> T) -> T {
        change(&mut lock(&self.state))
    }

    fn called(&self, action: &'static str) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        state.calls.push(action);
        next_failure(&mut state.failures, action)
    }
}

#[async_trait]
impl Snapshots for ScriptedSnapshots {
    async fn take(&self, request: &SnapshotRequest) -> Result<SnapshotAnswer, CallError> {
        self.called("CreateDBClusterSnapshot")?;
        let mut state = lock(&self.state);
        if state.manual.iter().any(|s| s.id == request.snapshot) {
            return Ok(SnapshotAnswer::Exists);
        }
        let tags = request.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        state.manual.push(Snapshot {
            id: request.snapshot.clone(),
            cluster: request.cluster.clone(),
            status: SnapshotStatus::Creating,
            kind: SnapshotKind::Manual,
            marks: Marks::read(&request.snapshot, &tags),
            size_gib: None,
            key: None,
        });
        state.taken.push(request.clone());
        Ok(SnapshotAnswer::Creating)
    }

    async fn manual(&self) -> Result<Vec<Snapshot>, CallError> {
        self.called("DescribeDBClusterSnapshots")?;
        Ok(lock(&self.state).manual.clone())
    }

    async fn delete(&self, id: &ClusterSnapshotId) -> Result<(), CallError> {
        let action = "DeleteDBClusterSnapshot";
        self.called(action)?;
        let mut state = lock(&self.state);
        let Some(found) = state.manual.iter().position(|s| s.id == *id) else { return Ok(()) };
        if state.manual.get(found).is_some_and(|s| s.status != SnapshotStatus::Available) {
            return Err(CallError::new("RDS", action, Failure::WrongState, "it is not available"));
        }
        state.manual.remove(found);
        state.deleted.push(id.clone());
        Ok(())
    }

    async fn quota(&self) -> Result<u64, CallError> {
        self.called("DescribeAccountAttributes")?;
        Ok(lock(&self.state).quota.unwrap_or(100))
    }
}
