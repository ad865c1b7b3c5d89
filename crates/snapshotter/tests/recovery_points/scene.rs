//! A plan and snapshots for the tests.

use jiff::Timestamp;
use plan::Plan;
use recovery::snapshot::{ClusterSnapshotId, Marks, Snapshot, SnapshotKind, SnapshotStatus};
use serde_json::{Value, json};

pub(crate) const REGION: &str = "ca-central-1";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// `every` and `keep` of a policy; no `keep`: for ever.
pub(crate) type Policy<'p> = (&'p str, Option<&'p str>);

pub(crate) fn plan(at_most: u32, databases: &[(&str, &[Policy<'_>])]) -> Plan {
    let policy = |(every, keep): &Policy<'_>| match keep {
        Some(keep) => json!({"every": every, "keep": keep}),
        None => json!({"every": every}),
    };
    let database = |(name, policies): &(&str, &[Policy<'_>])| {
        json!({
            "name": name, "identifier": format!("{name}-cluster"), "kind": "aurora-cluster", "region": REGION,
            "allowed_regions": [REGION], "strategy": "active-active", "rpo": "1m", "rto": "5m",
            "snapshots": policies.iter().map(policy).collect::<Vec<Value>>()
        })
    };
    let databases: Vec<Value> = databases.iter().map(database).collect();
    serde_json::from_value(json!({"prune_at_most": at_most, "databases": databases, "audiences": []}))
        .unwrap()
}

pub(crate) fn id(text: &str) -> ClusterSnapshotId {
    ClusterSnapshotId::parse(text).unwrap()
}

/// One that Mainstay took of a database for a moment.
pub(crate) fn ours(database: &str, time: &str) -> Snapshot {
    let scheduled = at(time);
    Snapshot {
        id: id(&snapshotter::due::snapshot_id(database, scheduled)),
        cluster: format!("{database}-cluster"),
        status: SnapshotStatus::Available,
        kind: SnapshotKind::Manual,
        marks: Marks { ours: true, database: Some(database.to_owned()), scheduled: Some(scheduled) },
        size_gib: Some(10),
        key: None,
    }
}

pub(crate) fn tick(time: &str) -> Value {
    json!({"mainstay": "snapshot", "scheduled_time": time})
}
