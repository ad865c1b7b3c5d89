//! ECS services, deployments and tasks as data.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

use super::database::Tags;
use super::key::Key;

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RolloutState {
    /// Tasks are being replaced.
    InProgress,
    /// Every task is the deployment's own.
    Completed,
    /// The circuit breaker gave it up. It starts no more tasks.
    Failed,
}

/// A deployment of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// Whether it is the `PRIMARY` one; the others are `ACTIVE` until their tasks are gone.
    pub primary: bool,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// How far it is.
    pub rollout: RolloutState,
    /// Why, in ECS's words.
    pub reason: String,
    /// Tasks that should run under it.
    pub desired: u32,
    /// Its tasks that are not running yet.
    pub pending: u32,
    /// Its tasks that run.
    pub running: u32,
    /// Its tasks that failed.
    pub failed_tasks: u32,
    /// Whether the circuit breaker made it.
    pub(crate) rollback: bool,
}

/// An entry of a service's own list of events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `(service NAME) …`.
    pub message: String,
}

/// An ECS service.
#[expect(clippy::struct_excessive_bools, reason = "independent settings, as ECS has them")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    /// Region and `cluster/service`.
    pub key: Key,
    /// The ECS cluster.
    pub cluster: Key,
    /// The ARN of the ECS cluster.
    pub cluster_arn: String,
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`.
    pub strategy: String,
    /// The ARN of the task definition.
    pub task_definition: String,
    /// How many tasks it should have.
    pub desired: u32,
    /// Tasks that must run during a deployment, in percent.
    pub minimum_healthy_percent: u32,
    /// Tasks that may run during a deployment, in percent.
    pub maximum_percent: u32,
    /// Whether the circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether it rolls back.
    pub rollback: bool,
    /// Whether its tasks have a health check.
    pub health_check: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
    /// Its deployments, the primary first.
    pub deployments: Vec<Deployment>,
    /// Its last events, newest first.
    pub events: VecDeque<ServiceEvent>,
    /// A fault: new tasks never become healthy.
    pub failing: bool,
    /// A fault: new tasks need so many seconds to start.
    pub slow: Option<f64>,
    /// Whether the last look found it steady.
    pub(crate) steady: bool,
}

/// A service with the counts of its tasks as of now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceView {
    /// The service; its deployments have counts.
    pub service: Service,
    /// Running tasks.
    pub running: u32,
    /// Tasks that are not running yet.
    pub pending: u32,
    /// Whether tags were asked for.
    #[serde(skip)]
    pub with_tags: bool,
}

/// An ECS task of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// The id: 32 hexadecimal digits.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The service, `cluster/service`.
    pub service: Key,
    /// The ARN of the ECS cluster.
    pub cluster_arn: String,
    /// The deployment that started it.
    pub deployment: String,
    /// The ARN of its task definition.
    pub task_definition: String,
    /// `PENDING`, `RUNNING`, `STOPPING` or `STOPPED`.
    pub last_status: &'static str,
    /// `RUNNING` or `STOPPED`: what ECS wants of it.
    pub desired_status: &'static str,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: &'static str,
    /// The availability zone.
    pub availability_zone: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it became `RUNNING`.
    pub started: Option<Timestamp>,
    /// When it was told to stop.
    pub stopping: Option<Timestamp>,
    /// When it had stopped.
    pub stopped: Option<Timestamp>,
    /// Why it stopped.
    pub stopped_reason: Option<String>,
    /// ECS's code for why it stopped.
    pub stop_code: Option<&'static str>,
    /// Whether it is protected from scale-in.
    pub protected: bool,
    /// Whether its process outside has yet to answer for the first time.
    pub(crate) unheard: bool,
}

impl Task {
    /// Whether it counts: wanted, and not stopped.
    pub(crate) fn lives(&self) -> bool {
        self.desired_status == "RUNNING" && self.last_status != "STOPPED"
    }

    /// Whether it runs, is not known to be unhealthy, and owes no first answer.
    pub(crate) fn serves(&self) -> bool {
        self.lives() && self.last_status == "RUNNING" && self.health != "UNHEALTHY" && !self.unheard
    }
}
