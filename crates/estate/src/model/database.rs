//! Aurora clusters, instances and snapshots as data.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::Serialize;

use super::key::Key;
use super::metrics::Reading;

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

/// How an instance really is, whatever its status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "health", content = "since")]
pub enum Health {
    /// It serves.
    Serving,
    /// Its process died at that moment: metrics read zero for a while and are missing afterwards.
    Crashed(Timestamp),
    /// It serves nobody and reports nothing: frozen, or cut off.
    Silent,
    /// It reports, but accepts no connections.
    Sick,
    /// It is being restarted or fenced.
    Restarting,
}

/// A DB instance, alone or as a member of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Instance {
    /// Region and identifier.
    pub key: Key,
    /// The ARN.
    pub arn: String,
    /// The immutable id (`db-…`) that survives renaming.
    pub resource_id: String,
    /// The cluster it belongs to.
    pub cluster: Option<String>,
    /// Its status in RDS's words: `available`, `rebooting`, …
    pub status: String,
    /// How it really is.
    pub health: Health,
    /// Where it is.
    pub availability_zone: String,
    /// Where the standby of a Multi-AZ instance is.
    pub secondary_availability_zone: Option<String>,
    /// The class, such as `db.r6g.large`.
    pub class: String,
    /// The engine.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// Its parameter group.
    pub parameter_group: String,
    /// The promotion tier: 0 is promoted first.
    pub promotion_tier: i32,
    /// Lag behind the writer in milliseconds: `None` = drawn each period.
    pub lag: Option<f64>,
    /// Whether the lag is reported at all.
    pub reports_lag: bool,
    /// What its server outside counts; the model draws it where there is none.
    pub(crate) counted: Option<Reading>,
    /// The host name.
    pub endpoint: String,
    /// Where the host name leads.
    pub address: Ipv4Addr,
    /// The port of the database.
    pub port: u16,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
    /// Which restart it is in.
    pub(crate) generation: u64,
}

impl Instance {
    /// Whether it may be promoted: `available`, and really serving.
    pub(crate) fn can_be_promoted(&self) -> bool {
        self.status == "available" && self.health == Health::Serving
    }
}

/// A writer move under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failover {
    /// The instance that becomes the writer.
    pub target: String,
    /// Whether AWS tells anybody by RDS events.
    pub announced: bool,
    /// Whether the cluster shows it yet.
    pub begun: bool,
    /// Seconds until the promotion when they are not drawn.
    pub(crate) promotion: Option<f64>,
}

/// Where a cluster's data came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The ARN of the snapshot or of the cluster.
    pub source: String,
    /// When the data is from.
    pub as_of: Timestamp,
}

/// An Aurora cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// Region and identifier.
    pub key: Key,
    /// The ARN.
    pub arn: String,
    /// The immutable id (`cluster-…`).
    pub resource_id: String,
    /// The status in RDS's words: `available`, `failing-over`, `upgrading`, …
    pub status: String,
    /// The engine, such as `aurora-postgresql`.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// Its instances, in the order in which they were made.
    pub members: Vec<String>,
    /// The instance that writes.
    pub writer: String,
    /// The host name that follows the writer.
    pub endpoint: String,
    /// The host name that leads to the readers.
    pub reader_endpoint: String,
    /// The instance to which `endpoint` leads now.
    pub endpoint_target: String,
    /// Until when a fault holds the endpoint back.
    pub endpoint_held_until: Option<Timestamp>,
    /// For how many seconds after the next promotion a fault will hold it back.
    pub endpoint_held_after_promotion: Option<f64>,
    /// The port of the database.
    pub port: u16,
    /// When it was created.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
    /// Whether its snapshots get its tags.
    pub copy_tags_to_snapshot: bool,
    /// The size of its storage in GiB.
    pub storage_gib: u32,
    /// The ARN of the key of its storage, if it is encrypted.
    pub kms_key: Option<String>,
    /// Its parameter group.
    pub parameter_group: String,
    /// Its subnet group.
    pub subnet_group: String,
    /// Ids of its security groups.
    pub security_groups: Vec<String>,
    /// Whether it can't be deleted.
    pub deletion_protection: bool,
    /// For how many days its automated backups are kept.
    pub backup_days: u8,
    /// Since when it has backups.
    pub(crate) restorable_from: Timestamp,
    /// What it was restored from.
    pub restored_from: Option<Restored>,
    /// Whether a fault makes its snapshots fail.
    pub(crate) snapshots_fail: bool,
    /// The writer move under way.
    pub failover: Option<Failover>,
    /// Counts writer moves.
    pub(crate) generation: u64,
}

/// A cluster with its members, as `DescribeDBClusters` shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterView {
    /// The cluster.
    pub cluster: Cluster,
    /// Its instances.
    pub members: Vec<Instance>,
    /// The earliest and the latest moment to which it can be restored.
    pub restorable: Option<(Timestamp, Timestamp)>,
}

/// A snapshot of a cluster or of an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Region and identifier.
    pub key: Key,
    /// The ARN.
    pub arn: String,
    /// The identifier of the cluster or instance.
    pub source: String,
    /// The region of that cluster or instance: of a copy, not always its own.
    pub origin: String,
    /// The ARN of the snapshot of which it is a copy.
    pub copy_of: Option<String>,
    /// Whether the source is a cluster.
    pub of_cluster: bool,
    /// The source's immutable id.
    pub source_resource_id: String,
    /// The source's engine.
    pub engine: String,
    /// The source's engine version.
    pub engine_version: String,
    /// `manual`: somebody asked for it; `automated`: RDS made it.
    pub kind: String,
    /// `creating` (a copy: `copying`), then `available` or `failed`.
    pub status: String,
    /// When it was asked for.
    pub created: Timestamp,
    /// When its data is from: a copy's is its source's. RDS doesn't show it for a cluster's snapshot.
    pub as_of: Timestamp,
    /// When it will be complete.
    pub(crate) ready: Timestamp,
    /// How complete it is now.
    pub percent: u8,
    /// The size of the source's storage in GiB.
    pub storage_gib: u32,
    /// The ARN of its key, if it is encrypted.
    pub kms_key: Option<String>,
    /// The source's port.
    pub port: u16,
    /// The source's availability zone, for an instance.
    pub availability_zone: String,
    /// Its tags.
    pub tags: Tags,
}

/// A blue/green deployment, as far as a recovery must know it: that it runs.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlueGreen {
    /// Its id, `bgd-…`.
    pub identifier: String,
    /// Its name.
    pub name: String,
    /// The ARN of the blue side.
    pub source: String,
    /// The ARN of the green side.
    pub target: String,
    /// `PROVISIONING`, `AVAILABLE`, `SWITCHOVER_IN_PROGRESS`, …
    pub status: String,
}
