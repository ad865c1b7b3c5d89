//! Sequences of calls, as data.

use serde::Deserialize;

/// A file of sequences.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sequence: Vec<Sequence>,
}

/// Calls, one after the other, from a state that is made anew.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sequence {
    /// Its name.
    pub(crate) name: String,
    /// How quick the estate is.
    #[serde(default)]
    pub(crate) pace: Pace,
    /// The calls.
    pub(crate) steps: Vec<Step>,
}

/// How quick the estate is. The emulators have one pace only: at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// Everything is done when the call is answered.
    #[default]
    AtOnce,
    /// Nothing is done before the sequence has ended.
    Slow,
}

/// One call.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    /// Its name in the sequence.
    pub(crate) name: String,
    /// What is called.
    #[serde(flatten)]
    pub(crate) call: Call,
}

/// What is called, under AWS's own names.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "call")]
pub(crate) enum Call {
    #[serde(rename = "DescribeDBClusters")]
    DescribeClusters {
        cluster: String,
    },
    #[serde(rename = "DescribeDBInstances")]
    DescribeInstances {
        instance: Option<String>,
        /// As the filter `db-cluster-id`.
        cluster: Option<String>,
        /// As `MaxRecords`.
        most: Option<i32>,
    },
    #[serde(rename = "FailoverDBCluster")]
    FailoverCluster {
        cluster: String,
        target: Option<String>,
    },
    DescribeEvents {
        kind: Option<String>,
        source: Option<String>,
        /// From when to when, as RFC 3339; the last hour when nothing is said.
        between: Option<[String; 2]>,
    },
    #[serde(rename = "CreateDBClusterSnapshot")]
    CreateSnapshot {
        cluster: String,
        snapshot: String,
    },
    #[serde(rename = "DescribeDBClusterSnapshots")]
    DescribeSnapshots {
        cluster: Option<String>,
        snapshot: Option<String>,
        /// As `SnapshotType`.
        kind: Option<String>,
        /// As `MaxRecords`.
        most: Option<i32>,
    },
    #[serde(rename = "DeleteDBClusterSnapshot")]
    DeleteSnapshot {
        snapshot: String,
    },
    /// Within the region.
    #[serde(rename = "CopyDBClusterSnapshot")]
    CopySnapshot {
        source: String,
        target: String,
        /// As `KmsKeyId`.
        key: Option<String>,
    },
    #[serde(rename = "RestoreDBClusterFromSnapshot")]
    RestoreSnapshot {
        cluster: String,
        snapshot: String,
        engine: Option<String>,
    },
    /// To the latest restorable time, unless a time is given.
    #[serde(rename = "RestoreDBClusterToPointInTime")]
    RestorePoint {
        cluster: String,
        source: String,
        /// As `RestoreToTime`, RFC 3339.
        to: Option<String>,
        /// As `UseLatestRestorableTime`.
        latest: Option<bool>,
        /// As `RestoreType`.
        kind: Option<String>,
    },
    #[serde(rename = "CreateDBInstance")]
    CreateInstance {
        instance: String,
        cluster: String,
    },
    /// Without a last snapshot.
    #[serde(rename = "DeleteDBInstance")]
    DeleteInstance {
        instance: String,
    },
    /// Without a last snapshot, unless one is named.
    #[serde(rename = "DeleteDBCluster")]
    DeleteCluster {
        cluster: String,
        /// As `FinalDBSnapshotIdentifier`.
        last: Option<String>,
        /// Whether `SkipFinalSnapshot` is said.
        skip: Option<bool>,
    },
    /// Only the quota of manual snapshots of clusters counts.
    DescribeAccountAttributes {},
    #[serde(rename = "DescribeBlueGreenDeployments")]
    DescribeBlueGreen {},
    DescribeServices {
        cluster: String,
        services: Vec<String>,
    },
    /// With `forceNewDeployment`, as Mainstay does.
    UpdateService {
        cluster: String,
        service: String,
    },
    ListTasks {
        cluster: String,
        service: String,
    },
    DescribeTasks {
        cluster: String,
        tasks: Tasks,
    },
}

/// Which tasks.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tasks {
    /// The word `listed`: those of the last list.
    Listed(Listed),
    /// These.
    Named(Vec<String>),
}

/// The word `listed`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listed {
    /// It.
    Listed,
}

/// Every sequence of the file.
pub(crate) fn all() -> Vec<Sequence> {
    let file: File = toml::from_str(include_str!("sequences.toml")).expect("sequences.toml can be read");
    file.sequence
}
