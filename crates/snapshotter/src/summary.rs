//! What a tick came to, for people and for the log.

use jiff::Timestamp;
use recovery::snapshot::ClusterSnapshotId;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::{
    prune::Deleted,
    quota::Quota,
    retention::{self, Verdict},
    take::Taken,
};

/// Most verdicts that a dry run lists, so that the answer stays within what Lambda returns (6 MB).
const MOST_JUDGED: usize = 5_000;

/// What a tick came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The moment for which the tick was scheduled.
    pub scheduled: Timestamp,
    /// What became of each database that was due, in the order of the plan.
    pub snapshots: Vec<Taken>,
    /// What was deleted, and why.
    pub deleted: Vec<Deleted>,
    /// How many snapshots each rule of retention has kept.
    pub kept: BTreeMap<&'static str, usize>,
    /// What people should look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// How much of the account's quota is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Of a dry run: what would become of each snapshot, those that would go first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Vec<Judged>>,
}

/// What would become of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// `DBClusterSnapshotIdentifier`.
    pub snapshot: ClusterSnapshotId,
    /// The cluster from which it was taken.
    pub cluster: String,
    /// The moment for which it was scheduled.
    pub scheduled: Option<Timestamp>,
    /// Its size in GiB.
    pub size_gib: Option<u32>,
    /// Whether it would be deleted.
    pub deleted: bool,
    /// The rule that says so.
    pub rule: &'static str,
    /// The rule in words.
    pub reason: String,
}

impl Summary {
    /// Of a tick that has done nothing yet.
    #[must_use]
    pub fn of(scheduled: Timestamp) -> Self {
        Self { scheduled, ..Self::default() }
    }

    /// Of a dry run with these verdicts.
    #[must_use]
    pub fn dry_run(scheduled: Timestamp, verdicts: &[Verdict<'_>]) -> Self {
        let mut findings = retention::findings(verdicts);
        let mut kept = BTreeMap::new();
        for verdict in verdicts.iter().filter(|it| !it.rule.deletes()) {
            *kept.entry(verdict.rule.name()).or_default() += 1;
        }
        let (mut listed, rest): (Vec<_>, Vec<_>) = verdicts.iter().partition(|it| it.rule.deletes());
        listed.extend(rest);
        let beyond = listed.len().saturating_sub(MOST_JUDGED);
        if beyond > 0 {
            findings.push(format!("{beyond} more snapshots are judged, but not listed"));
        }
        let judged = listed.into_iter().take(MOST_JUDGED).map(judged).collect();
        Self { kept, findings, judged: Some(judged), ..Self::of(scheduled) }
    }

    /// One line for the whole tick, and one for each finding.
    pub(crate) fn log(&self) {
        let (taken, deleted, quota) = (self.snapshots.len(), self.deleted.len(), self.quota.as_ref());
        let (used, limit) = (quota.map(|it| it.used), quota.map(|it| it.limit));
        tracing::info!(taken, deleted, kept = ?self.kept, used, limit, "tick done");
        for finding in &self.findings {
            tracing::warn!("{finding}");
        }
    }
}

fn judged(verdict: &Verdict<'_>) -> Judged {
    let snapshot = verdict.snapshot;
    Judged {
        snapshot: snapshot.id.clone(),
        cluster: snapshot.cluster.clone(),
        scheduled: snapshot.marks.scheduled,
        size_gib: snapshot.size_gib,
        deleted: verdict.rule.deletes(),
        rule: verdict.rule.name(),
        reason: verdict.reason(),
    }
}
