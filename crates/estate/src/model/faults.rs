//! Faults as data: what breaks.

use serde::{Deserialize, Serialize};

use super::effect::SourceType;
use super::interference::Calls;
use super::settings::Delays;

/// What breaks (or heals). Written as `{"fault": "crash_writer", "cluster": "orders"}`.
///
/// `region` may be left out everywhere: then the first cluster, instance or service of that name is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The writer's process dies: metrics read zero for a while, then are missing. It stays down until a
    /// failover, unless AWS fails over by itself.
    CrashWriter {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
    /// The writer is cut off: its metrics stop at once.
    SilenceWriter {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
    /// The writer reports, but has no connections.
    SickWriter {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
    /// A cluster with all its instances, and every service's fault, is well again; without a cluster,
    /// everything, interference with calls included.
    Heal {
        /// The cluster.
        #[serde(default)]
        cluster: Option<String>,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
    /// AWS fails the cluster over by itself.
    AwsFailover {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// The new writer; AWS's own choice when absent.
        #[serde(default)]
        target: Option<String>,
        /// Whether RDS events tell of it: they are best effort.
        #[serde(default = "yes")]
        events: bool,
        /// Seconds until the promotion; drawn from the settings when absent.
        #[serde(default)]
        promotion: Option<f64>,
    },
    /// AWS moves the writer, whatever goes on: a failover that is under way is void.
    MoveWriter {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// The new writer.
        to: String,
        /// Whether RDS events tell of it.
        #[serde(default = "yes")]
        events: bool,
        /// Seconds until the promotion; drawn from the settings when absent.
        #[serde(default)]
        promotion: Option<f64>,
    },
    /// The readers are down, and cannot be promoted.
    LoseReaders {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// The status that they show.
        #[serde(default = "failed")]
        status: String,
    },
    /// Readers lag, or no longer say by how much.
    LagReaders {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// The lag; absent: the metric is missing.
        #[serde(default)]
        milliseconds: Option<f64>,
        /// One reader only.
        #[serde(default)]
        instance: Option<String>,
    },
    /// The cluster endpoint does not move for so many seconds, whatever the writer does.
    HoldEndpoint {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// For how long.
        seconds: f64,
        /// Counted from the next promotion instead of from now.
        #[serde(default)]
        from_promotion: bool,
    },
    /// The cluster shows a status, such as `upgrading`.
    SetStatus {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// One instance of the cluster instead of the cluster itself.
        #[serde(default)]
        instance: Option<String>,
        /// The status.
        status: String,
        /// After so many seconds the cluster is `available` again; never when absent.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// Snapshots of the cluster that are being made, and those that will be, fail. No event tells of it.
    FailSnapshots {
        /// The cluster.
        cluster: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
    /// What is restored from a cluster's snapshots or points in time never becomes `available`. No event tells of it.
    FailRestores {
        /// The cluster whose data it is.
        cluster: String,
        /// The status in which the restored one ends; `inaccessible-encryption-credentials` when absent.
        #[serde(default)]
        status: Option<String>,
    },
    /// What is restored from a cluster's snapshots or points in time needs long.
    SlowRestores {
        /// The cluster whose data it is.
        cluster: String,
        /// Seconds until it is `available`.
        seconds: f64,
    },
    /// Copies and restores that use a key are refused with `KMSKeyNotAccessibleFault`, until healed.
    RefuseKey {
        /// The key's ARN.
        key: String,
    },
    /// New tasks of a service never become healthy. Tasks that a rollback takes over are not touched.
    FailDeployments {
        /// The service's name.
        service: String,
        /// Its ECS cluster.
        #[serde(default)]
        cluster: Option<String>,
    },
    /// New tasks of a service need long to start.
    SlowDeployments {
        /// The service's name.
        service: String,
        /// Its ECS cluster.
        #[serde(default)]
        cluster: Option<String>,
        /// Seconds to start.
        seconds: f64,
    },
    /// Somebody else forces a deployment of a service.
    Deploy {
        /// The service's name.
        service: String,
        /// Its ECS cluster.
        #[serde(default)]
        cluster: Option<String>,
    },
    /// A running task of a service crashes; ECS starts another.
    CrashTask {
        /// The service's name.
        service: String,
        /// Its ECS cluster.
        #[serde(default)]
        cluster: Option<String>,
    },
    /// The first tasks of a service are protected from scale-in.
    ProtectTasks {
        /// The service's name.
        service: String,
        /// Its ECS cluster.
        #[serde(default)]
        cluster: Option<String>,
        /// How many.
        tasks: usize,
    },
    /// Calls are refused with `Throttling`.
    Throttle(Calls),
    /// Calls take effect, but the connection closes without an answer.
    LoseReply(Calls),
    /// Calls are refused with `InternalFailure` and status 500.
    ServerError(Calls),
    /// Calls are refused with `AccessDenied`, until healed.
    Deny(Calls),
    /// An RDS event is told, whatever is true: late, repeated, or of another kind.
    TellRdsEvent {
        /// What it is about.
        source_type: SourceType,
        /// The identifier of what it is about.
        source: String,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
        /// `RDS-EVENT-…`.
        event_id: String,
        /// Categories.
        #[serde(default)]
        categories: Vec<String>,
        /// The text.
        message: String,
    },
    /// Delays from now on.
    SetDelays {
        /// The delays.
        delays: Delays,
    },
}

const fn yes() -> bool {
    true
}

fn failed() -> String {
    "failed".into()
}
