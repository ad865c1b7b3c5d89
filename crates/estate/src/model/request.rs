//! What the estate is asked, and what it answers, without any wire format.

use serde::Serialize;
use serde_json::Value;

use super::database::{BlueGreen, ClusterView, Instance, Snapshot, Tags};
use super::effect::RdsEvent;
use super::service::{ServiceView, Task};

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
    /// `DescribeDBClusterSnapshots`, `DescribeDBSnapshots`.
    DescribeSnapshots {
        /// Of clusters, or of instances.
        of_cluster: bool,
        /// The cluster or instance.
        source: Option<String>,
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

/// What the estate answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Clusters, and where the next page begins.
    Clusters(Vec<ClusterView>, Option<String>),
    /// The cluster that was acted on.
    Cluster(Box<ClusterView>),
    /// Instances, and where the next page begins.
    Instances(Vec<(Instance, bool)>, Option<String>),
    /// The instance that was acted on.
    Instance(Box<Instance>),
    /// RDS events, and where the next page begins.
    Events(Vec<RdsEvent>, Option<String>),
    /// Snapshots, and where the next page begins.
    Snapshots(Vec<Snapshot>, Option<String>),
    /// The snapshot that was acted on.
    Snapshot(Box<Snapshot>),
    /// Blue/green deployments.
    BlueGreen(Vec<BlueGreen>),
    /// Global clusters: there are none.
    NoGlobalClusters,
    /// ECS clusters that exist, with counts of services, running and pending tasks; and names that don't.
    EcsClusters(Vec<EcsClusterView>, Vec<String>),
    /// ARNs, and where the next page begins.
    ServiceArns(Vec<String>, Option<String>),
    /// Services that exist, and ARNs of those that don't.
    Services(Vec<ServiceView>, Vec<String>),
    /// The service that was acted on.
    Service(Box<ServiceView>),
    /// ARNs, and where the next page begins.
    TaskArns(Vec<String>, Option<String>),
    /// Tasks that exist, and ARNs of those that don't.
    Tasks(Vec<Task>, Vec<String>),
    /// The task that was acted on.
    Task(Box<Task>),
}

/// An ECS cluster as `DescribeClusters` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcsClusterView {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// Services.
    pub services: usize,
    /// Running tasks.
    pub running: usize,
    /// Pending tasks.
    pub pending: usize,
}

/// An error, as AWS names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The code on the wire, with or without `Fault` as AWS has it.
    pub code: String,
    /// The text.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl Refusal {
    /// An error with status 400.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
        }
    }

    /// An error with status 404.
    pub(crate) fn missing(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 404,
            ..Self::new(code, message)
        }
    }
}

/// What goes back to the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The reply.
    Reply(Reply),
    /// An error.
    Refused(Refusal),
    /// Nothing: the request took effect and the connection closes without an answer.
    Lost,
}

/// Cuts a page out of everything. Markers are offsets: like AWS's, they mean nothing to callers.
pub(crate) fn page<T>(
    all: Vec<T>,
    page: &Page,
    most: usize,
    code: &str,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let offset = match &page.marker {
        None => 0,
        Some(marker) => marker
            .strip_prefix("after-")
            .and_then(|offset| offset.parse::<usize>().ok())
            .ok_or_else(|| Refusal::new(code, "The marker or token is not one that was given out."))?,
    };
    let size = page.most.unwrap_or(most).clamp(1, most);
    let total = all.len();
    let entries: Vec<T> = all.into_iter().skip(offset).take(size).collect();
    let end = offset + entries.len();
    Ok((entries, (end < total).then(|| format!("after-{end}"))))
}
