//! What RDS and ECS look like to a recovery: the few facts that decisions rest on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An Aurora or Multi-AZ DB cluster, as `DescribeDBClusters` and `DescribeDBInstances` tell it together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// `DBClusterIdentifier`.
    pub identifier: String,
    /// `DbClusterResourceId`: stays the same when identifiers are swapped (blue/green).
    pub resource_id: String,
    /// `Status`: `available`, `failing-over`, `upgrading`, …
    pub status: String,
    /// The writer endpoint's DNS name.
    pub endpoint: Option<String>,
    /// The reader endpoint's DNS name.
    pub reader_endpoint: Option<String>,
    /// Members, the writer among them.
    pub members: Vec<Member>,
}

/// An instance of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// `DBInstanceIdentifier`.
    pub instance: String,
    /// `IsClusterWriter`.
    pub writer: bool,
    /// `PromotionTier` (0 is promoted first); none when AWS does not tell.
    pub tier: Option<i32>,
    /// `DBInstanceStatus`; none when the instance could not be described.
    pub status: Option<String>,
    /// `AvailabilityZone`.
    pub zone: Option<String>,
    /// `DBInstanceClass`.
    pub class: Option<String>,
    /// The instance endpoint's DNS name: where the cluster endpoint's CNAME ends when this is the writer.
    pub endpoint: Option<String>,
}

impl Cluster {
    /// The member that AWS names as writer.
    #[must_use]
    pub fn writer(&self) -> Option<&Member> {
        self.members.iter().find(|m| m.writer)
    }

    /// A member by its identifier.
    #[must_use]
    pub fn member(&self, instance: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.instance == instance)
    }

    /// Whether a failover is complete in the sense of AWS: the cluster and its writer are both `available`.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.status == "available" && self.writer().is_some_and(Member::available)
    }
}

impl Member {
    /// Whether the instance is `available`.
    #[must_use]
    pub fn available(&self) -> bool {
        self.status.as_deref() == Some("available")
    }
}

/// An ECS service, as `DescribeServices` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Cluster name, as the plan has it.
    pub cluster: String,
    /// Service name.
    pub name: String,
    /// `status`: `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    /// `desiredCount`.
    pub desired: u32,
    /// `runningCount`.
    pub running: u32,
    /// `pendingCount`.
    pub pending: u32,
    /// `deploymentController.type`: `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: String,
    /// `deploymentConfiguration.strategy`: `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`; none when not told.
    pub strategy: Option<String>,
    /// Deployments, the newest (`PRIMARY`) among them.
    pub deployments: Vec<Deployment>,
}

impl Service {
    /// The deployment with status `PRIMARY`.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.status == "PRIMARY")
    }
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `id`, such as `ecs-svc/123`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `rolloutState`: `IN_PROGRESS`, `COMPLETED`, `FAILED`; none where ECS keeps none.
    pub rollout: Option<String>,
    /// `rolloutStateReason`, bounded.
    pub reason: Option<String>,
    /// `createdAt`.
    pub created_at: Timestamp,
    /// `desiredCount`.
    pub desired: u32,
    /// `runningCount`.
    pub running: u32,
    /// `failedTasks`.
    pub failed: u32,
}

/// A task of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// `taskArn`.
    pub arn: String,
    /// `lastStatus`.
    pub status: String,
    /// `startedAt`; none while it has not started.
    pub started_at: Option<Timestamp>,
    /// `healthStatus`: `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: Option<String>,
    /// `startedBy`: for a task of a service, its deployment id.
    pub started_by: Option<String>,
}

/// An alarm as `DescribeAlarms` tells it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmState {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: crate::signal::AlarmValue,
    /// `StateTransitionedTimestamp`, or `StateUpdatedTimestamp` where the first is missing.
    pub since: Timestamp,
    /// `ActionsEnabled`: false asks for silence.
    pub actions_enabled: bool,
    /// `ActionsSuppressedBy` of a composite, or a mute rule: asks for silence.
    pub suppressed_by: Option<String>,
    /// `StateReason`, bounded.
    pub reason: String,
    /// Length of the alarm's period in seconds, where it has one.
    pub period_s: Option<u32>,
    /// `DatapointsToAlarm`, or `EvaluationPeriods` where the first is missing.
    pub datapoints: Option<u32>,
    /// `EvaluationPeriods` (N of "M out of N"): how many periods the datapoints that breach may be spread over.
    #[serde(default)]
    pub evaluation_periods: Option<u32>,
    /// When the newest datapoint that the state rests on ended (`StateReasonData`), where it is told.
    pub newest_datapoint: Option<Timestamp>,
}

/// How many connections an instance had over time (`DatabaseConnections`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// `DBInstanceIdentifier`.
    pub instance: String,
    /// Its datapoints, oldest first; none where CloudWatch has none.
    pub points: Vec<Datapoint>,
}

/// One period of a metric: of RDS's a minute, of the prober's a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Datapoint {
    /// When the period began.
    pub at: Timestamp,
    /// The metric's value over it.
    pub value: f64,
}
