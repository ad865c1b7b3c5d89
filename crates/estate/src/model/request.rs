//! What the estate is asked, without any wire format.

use serde::Serialize;
use serde_json::Value;

use super::database::Tags;
use super::reply::Refusal;
use super::restore_request::{FinalSnapshot, NewInstance, RestoreRequest};

/// Which service of AWS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Amazon RDS.
    Rds,
    /// Amazon ECS.
    Ecs,
}

/// A request, as its log entry will show it, and what it means.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service.
    pub service: Service,
    /// The action, as the caller named it.
    pub action: String,
    /// The region of the credential scope.
    pub region: String,
    /// Who calls: `app/…` of the User-Agent.
    pub caller: String,
    /// The parameters as they came.
    pub parameters: Value,
    /// What it means, or why it means nothing.
    pub call: Result<Call, Refusal>,
}

/// A page that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many entries.
    pub most: Option<usize>,
    /// Where the last page ended.
    pub marker: Option<String>,
}

/// One filter of a describe call: any of the values of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The filter's name, such as `db-cluster-id`.
    pub name: String,
    /// Values, any of which matches.
    pub values: Vec<String>,
}

/// Which of many are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// One by identifier or ARN.
    pub identifier: Option<String>,
    /// All that match every filter.
    pub filters: Vec<Filter>,
    /// Which page of them.
    pub page: Page,
}

/// What a request means.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// `DescribeDBClusters`.
    DescribeClusters(Select),
    /// `DescribeDBInstances`.
    DescribeInstances(Select),
    /// `FailoverDBCluster`.
    FailoverCluster {
        /// `DBClusterIdentifier`.
        cluster: String,
        /// `TargetDBInstanceIdentifier`.
        target: Option<String>,
    },
    /// `RebootDBInstance`.
    RebootInstance {
        /// `DBInstanceIdentifier`.
        instance: String,
        /// `ForceFailover`.
        force_failover: bool,
    },
    /// `DescribeEvents`.
    DescribeEvents(EventSelect),
    /// `CreateDBClusterSnapshot`, `CreateDBSnapshot`.
    CreateSnapshot {
        /// Of a cluster, or of an instance.
        of_cluster: bool,
        /// The cluster or instance.
        source: String,
        /// The new snapshot's identifier.
        snapshot: String,
        /// Its tags.
        tags: Tags,
    },
    /// `CopyDBClusterSnapshot`, asked in the region of the copy.
    CopySnapshot(CopyRequest),
    /// `DescribeDBClusterSnapshots`, `DescribeDBSnapshots`.
    DescribeSnapshots {
        /// Of clusters, or of instances.
        of_cluster: bool,
        /// The cluster or instance.
        source: Option<String>,
        /// `SnapshotType`: `manual` or `automated`; both when absent.
        kind: Option<String>,
        /// Which snapshots.
        select: Select,
    },
    /// `DeleteDBClusterSnapshot`, `DeleteDBSnapshot`.
    DeleteSnapshot {
        /// Of a cluster, or of an instance.
        of_cluster: bool,
        /// The snapshot.
        snapshot: String,
    },
    /// `RestoreDBClusterFromSnapshot`, `RestoreDBClusterToPointInTime`.
    RestoreCluster(Box<RestoreRequest>),
    /// `CreateDBInstance`.
    CreateInstance(NewInstance),
    /// `DeleteDBInstance`.
    DeleteInstance {
        /// The instance.
        instance: String,
        /// Its last snapshot.
        last: FinalSnapshot,
    },
    /// `DeleteDBCluster`.
    DeleteCluster {
        /// The cluster.
        cluster: String,
        /// Its last snapshot.
        last: FinalSnapshot,
    },
    /// `DescribeAccountAttributes`.
    DescribeAccount,
    /// `DescribeBlueGreenDeployments`.
    DescribeBlueGreen(Select),
    /// `DescribeGlobalClusters`.
    DescribeGlobal(Select),
    /// `DescribeClusters` of ECS.
    DescribeEcsClusters(Vec<String>),
    /// `ListServices`.
    ListServices {
        /// The ECS cluster.
        cluster: String,
        /// Which page.
        page: Page,
    },
    /// `DescribeServices`.
    DescribeServices {
        /// The ECS cluster.
        cluster: String,
        /// Names or ARNs.
        services: Vec<String>,
        /// Whether tags are asked for.
        tags: bool,
    },
    /// `UpdateService`.
    UpdateService {
        /// The ECS cluster.
        cluster: String,
        /// Name or ARN.
        service: String,
        /// `forceNewDeployment`.
        force: bool,
        /// `desiredCount`.
        desired: Option<u32>,
    },
    /// `ListTasks`.
    ListTasks {
        /// The ECS cluster.
        cluster: String,
        /// Of one service.
        service: Option<String>,
        /// `desiredStatus`: `RUNNING` or `STOPPED`.
        desired_status: String,
        /// Which page.
        page: Page,
    },
    /// `DescribeTasks`.
    DescribeTasks {
        /// The ECS cluster.
        cluster: String,
        /// Ids or ARNs.
        tasks: Vec<String>,
    },
    /// `StopTask`.
    StopTask {
        /// The ECS cluster.
        cluster: String,
        /// Id or ARN.
        task: String,
        /// Why, in the caller's words.
        reason: Option<String>,
    },
}

/// What `CopyDBClusterSnapshot` is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyRequest {
    /// The snapshot to copy: its identifier, or its ARN when it is in another region.
    pub source: String,
    /// The copy's identifier.
    pub target: String,
    /// `KmsKeyId`: the key of the copy.
    pub key: Option<String>,
    /// `CopyTags`.
    pub copy_tags: bool,
    /// The copy's own tags.
    pub tags: Tags,
}

/// Which RDS events are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventSelect {
    /// `SourceIdentifier`.
    pub source: Option<String>,
    /// `SourceType` as RDS writes it: `db-cluster`, `db-instance`, …
    pub source_type: Option<String>,
    /// From this moment on.
    pub from: Option<jiff::Timestamp>,
    /// Up to this moment.
    pub until: Option<jiff::Timestamp>,
    /// The last so many minutes; 60 when nothing is said.
    pub minutes: Option<i64>,
    /// Any of these categories.
    pub categories: Vec<String>,
    /// Which page.
    pub page: Page,
}
