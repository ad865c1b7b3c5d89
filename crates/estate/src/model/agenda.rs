//! What will happen, and when: the estate's future in virtual time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::key::Key;
use super::planned::Number;
use super::snapshots::SnapshotKey;

/// Something that happens by itself at its time.
///
/// A generation tells whether it still belongs to the present: a writer that moves again makes what was
/// planned for the earlier move void.
#[derive(Clone, Debug)]
pub(crate) enum Occurrence {
    /// An accepted failover shows: `failing-over`, the old writer is fenced.
    FailoverBegins { cluster: Key, generation: u64 },
    /// The target is the writer.
    Promoted { cluster: Key, generation: u64 },
    /// The cluster says `available` again.
    Settled { cluster: Key, generation: u64 },
    /// The cluster endpoint leads to the writer.
    EndpointMoves { cluster: Key, generation: u64 },
    /// AWS looks at a writer that crashed at the given moment.
    AwsNotices { cluster: Key, writer: String },
    /// An instance that restarted serves again.
    InstanceReturns { instance: Key, generation: u64 },
    /// A Multi-AZ instance's standby has taken over.
    StandbyTakesOver { instance: Key, generation: u64 },
    /// A Multi-AZ instance's name leads to the new address.
    AddressMoves { instance: Key, generation: u64 },
    /// A status that a fault set goes back to `available`.
    StatusRestored { cluster: Key, status: String },
    /// The next period's metrics.
    Metrics,
    /// A snapshot is complete.
    SnapshotReady { snapshot: SnapshotKey },
    /// A restored cluster is there; the source is the cluster whose data it has.
    ClusterReady { cluster: Key, resource_id: String, source: Key },
    /// A new instance serves.
    InstanceReady { instance: Key, generation: u64 },
    /// An instance is deleted.
    InstanceGone { instance: Key, resource_id: String },
    /// A cluster's last snapshot is made.
    ClusterDeletes { cluster: Key, resource_id: String, snapshot: SnapshotKey },
    /// A cluster is deleted.
    ClusterGone { cluster: Key, resource_id: String },
    /// A task is up.
    TaskRuns { task: String },
    /// A task of a failing deployment has exited.
    TaskFails { task: String },
    /// A task that was told to stop has stopped.
    TaskStopped { task: String },
    /// A service's scheduler looks again.
    ServiceLooks { service: Key },
    /// A planned fault strikes.
    Strikes(Number),
}

/// The occurrences to come, in order of time and, at the same time, of planning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Occurrence>,
    planned: u64,
}

impl Agenda {
    /// Plans an occurrence.
    pub(crate) fn plan(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.planned += 1;
        self.entries.insert((at, self.planned), occurrence);
    }

    /// Takes the next occurrence that is due, with its own time.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<(Timestamp, Occurrence)> {
        let entry = self.entries.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let ((at, _), occurrence) = entry.remove_entry();
        Some((at, occurrence))
    }
}

/// The moment some seconds earlier. Before the beginning of time it stays there.
pub(crate) fn earlier(at: Timestamp, seconds: f64) -> Timestamp {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|span| at.checked_sub(span).ok())
        .unwrap_or(Timestamp::MIN)
}

/// The moment some seconds later. Beyond the end of time it stays at the end of time.
pub(crate) fn later(at: Timestamp, seconds: f64) -> Timestamp {
    SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|span| at.checked_add(span).ok())
        .unwrap_or(Timestamp::MAX)
}
