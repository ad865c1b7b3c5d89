//! What the calls that restore, make and delete clusters and instances are told.

use jiff::Timestamp;

use super::database::Tags;

/// What a cluster is restored from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreFrom {
    /// `RestoreDBClusterFromSnapshot`.
    Snapshot {
        /// Identifier or ARN.
        snapshot: String,
        /// `Engine`: required, and the source's.
        engine: String,
        /// `EngineVersion`.
        engine_version: Option<String>,
    },
    /// `RestoreDBClusterToPointInTime`.
    PointInTime {
        /// The source cluster.
        cluster: String,
        /// `RestoreToTime`.
        to: Option<Timestamp>,
        /// `UseLatestRestorableTime`.
        latest: bool,
        /// `RestoreType`: `full-copy` when absent, or `copy-on-write`.
        kind: Option<String>,
    },
}

/// A restore. What is absent has AWS's default, which is seldom the source's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The new cluster.
    pub cluster: String,
    /// What it is restored from.
    pub from: RestoreFrom,
    /// `Port`.
    pub port: Option<u16>,
    /// `KmsKeyId`.
    pub key: Option<String>,
    /// `DBClusterParameterGroupName`.
    pub parameter_group: Option<String>,
    /// `DBSubnetGroupName`.
    pub subnet_group: Option<String>,
    /// `VpcSecurityGroupIds`.
    pub security_groups: Vec<String>,
    /// `DeletionProtection`.
    pub deletion_protection: bool,
    /// `CopyTagsToSnapshot`.
    pub copy_tags_to_snapshot: bool,
    /// `BackupRetentionPeriod`, in days.
    pub backup_days: Option<u8>,
    /// The cluster's tags.
    pub tags: Tags,
}

/// `CreateDBInstance`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewInstance {
    /// The instance's identifier.
    pub instance: String,
    /// The cluster to which it belongs.
    pub cluster: Option<String>,
    /// The class.
    pub class: String,
    /// The engine: the cluster's.
    pub engine: String,
    /// The zone; AWS's choice when absent.
    pub availability_zone: Option<String>,
    /// `PromotionTier`: 1 when absent.
    pub promotion_tier: Option<i32>,
    /// `DBParameterGroupName`.
    pub parameter_group: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Whether a last snapshot is made of what is deleted: one of the two must be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalSnapshot {
    /// `SkipFinalSnapshot`.
    pub skip: bool,
    /// `FinalDBSnapshotIdentifier`.
    pub name: Option<String>,
}
