//! What the estate answers, without any wire format.

use super::database::{BlueGreen, ClusterView, Instance, Snapshot};
use super::effect::RdsEvent;
use super::request::Page;
use super::service::{ServiceView, Task};

/// What the estate answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Clusters, and where the next page begins.
    Clusters(Vec<ClusterView>, Option<String>),
    /// The cluster that was acted on.
    Cluster(Box<ClusterView>),
    /// Instances, and where the next page begins.
    Instances(Vec<Instance>, Option<String>),
    /// The instance that was acted on.
    Instance(Box<Instance>),
    /// RDS events, and where the next page begins.
    Events(Vec<RdsEvent>, Option<String>),
    /// Snapshots, and where the next page begins.
    Snapshots(Vec<Snapshot>, Option<String>),
    /// The snapshot that was acted on.
    Snapshot(Box<Snapshot>),
    /// The account's quotas: name, how much is used, and how much there may be.
    Quotas(Vec<(&'static str, usize, usize)>),
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
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// An error with status 404.
    pub(crate) fn missing(code: &str, message: impl Into<String>) -> Self {
        Self { status: 404, ..Self::new(code, message) }
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
