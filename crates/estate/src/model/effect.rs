//! What goes out of the estate, and what comes in from outside: the seam at which a real database and real
//! service processes are bound.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::Key;

/// Something that happened in the estate and that the outside may act on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The old writer gets no more traffic and may not write.
    Fence {
        /// When.
        at: Timestamp,
        /// The cluster.
        cluster: Key,
        /// The instance that is fenced.
        instance: String,
    },
    /// An instance becomes the writer.
    Promote {
        /// When.
        at: Timestamp,
        /// The cluster.
        cluster: Key,
        /// The new writer.
        instance: String,
    },
    /// A reader follows another writer from now on.
    Repoint {
        /// When.
        at: Timestamp,
        /// The cluster.
        cluster: Key,
        /// The reader.
        instance: String,
        /// The writer that it follows.
        source: String,
    },
    /// The cluster endpoint's CNAME leads to another instance.
    MoveEndpoint {
        /// When.
        at: Timestamp,
        /// The cluster.
        cluster: Key,
        /// The instance that it leads to.
        instance: String,
    },
    /// An instance restarted and serves again.
    InstanceReturned {
        /// When.
        at: Timestamp,
        /// The instance.
        instance: Key,
    },
    /// A task is started: `PENDING`.
    StartTask {
        /// When.
        at: Timestamp,
        /// The service, `cluster/service`.
        service: Key,
        /// The task's id.
        task: String,
    },
    /// A task's container starts: `RUNNING`. A real process is started now, so that it cannot have connected to
    /// anything before the time that ECS tells.
    RunTask {
        /// When.
        at: Timestamp,
        /// The service, `cluster/service`.
        service: Key,
        /// The task's id.
        task: String,
    },
    /// A task is told to stop.
    StopTask {
        /// When.
        at: Timestamp,
        /// The service, `cluster/service`.
        service: Key,
        /// The task's id.
        task: String,
    },
    /// A datapoint of a metric.
    Metric(Datapoint),
    /// An RDS event, as `DescribeEvents` and EventBridge show it.
    RdsEvent(RdsEvent),
    /// An ECS event, as EventBridge shows it.
    EcsEvent(EcsEvent),
}

/// One datapoint, as CloudWatch takes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Datapoint {
    /// Its time.
    pub at: Timestamp,
    /// The region it belongs to.
    pub region: String,
    /// The metric, in namespace `AWS/RDS`.
    pub name: &'static str,
    /// Names and values of its dimensions.
    pub dimensions: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
    /// The unit, in CloudWatch's words.
    pub unit: &'static str,
}

/// What kind of thing an RDS event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceType {
    /// A DB cluster.
    Cluster,
    /// A DB instance.
    Instance,
    /// A DB cluster snapshot.
    ClusterSnapshot,
    /// A DB snapshot.
    Snapshot,
}

/// An RDS event. Events are best effort on AWS: the estate can withhold them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RdsEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Its region.
    pub region: String,
    /// What it is about.
    pub source_type: SourceType,
    /// The identifier of what it is about.
    pub source: String,
    /// The ARN of what it is about: the one to parse.
    pub source_arn: String,
    /// Categories, such as `failover`.
    pub categories: Vec<String>,
    /// The id, such as `RDS-EVENT-0071`.
    pub id: String,
    /// The text.
    pub message: String,
}

/// An ECS event on EventBridge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EcsEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Its region.
    pub region: String,
    /// The ARN of the service.
    pub service_arn: String,
    /// The ARN of the service's cluster.
    pub cluster_arn: String,
    /// `SERVICE_DEPLOYMENT_IN_PROGRESS`, `SERVICE_DEPLOYMENT_COMPLETED`, `SERVICE_DEPLOYMENT_FAILED` (detail
    /// type `ECS Deployment State Change`), or `SERVICE_STEADY_STATE` (`ECS Service Action`).
    pub name: &'static str,
    /// The deployment, if the event is about one.
    pub deployment: Option<String>,
    /// The reason in AWS's words.
    pub reason: String,
}

/// Something seen outside, told to the estate with [`Estate::observe`](super::Estate::observe).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "observation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Observation {
    /// The server of an instance died.
    ServerDied {
        /// The instance.
        instance: Key,
    },
    /// The server of an instance no longer answers, but its process lives.
    ServerFroze {
        /// The instance.
        instance: Key,
    },
    /// The server of an instance serves (again).
    ServerServes {
        /// The instance.
        instance: Key,
    },
    /// A reader lags behind the writer.
    ServerLags {
        /// The instance.
        instance: Key,
        /// By how much, in milliseconds.
        milliseconds: f64,
    },
    /// What a server counts: its instance reports this instead of what the model draws.
    ServerCounts {
        /// The instance.
        instance: Key,
        /// Connections of clients.
        connections: f64,
        /// Commits in a second.
        commits: f64,
    },
    /// A promotion that was asked for with [`Effect::Promote`]'s counterpart outside is done earlier than the
    /// model planned it.
    Promoted {
        /// The instance.
        instance: Key,
    },
    /// A task answers its health check, or does not.
    TaskAnswers {
        /// The task's id.
        task: String,
        /// Whether it is healthy.
        healthy: bool,
    },
    /// A task's container ended by itself.
    TaskExited {
        /// The task's id.
        task: String,
    },
}
