//! What the steps need of the world. On AWS they are implemented by crate `aws`; in tests by `twins`.
//!
//! Every method is one question or one act. None retries by itself what changes something.

use crate::{
    error::CallError,
    head::Head,
    incident::{IncidentId, Record},
    notice::Notice,
    probes::Probe,
    run::Run,
    signal::DatabaseEvent,
    snapshot::{ClusterSnapshotId, Snapshot, SnapshotAnswer, SnapshotRequest},
    topology::{AlarmState, Cluster, Connections, Service, Task},
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// RDS, as the recovery sees it.
#[async_trait]
pub trait Databases: Send + Sync {
    /// The cluster with its instances (`DescribeDBClusters`, `DescribeDBInstances`).
    async fn cluster(&self, identifier: &str) -> Result<Cluster, CallError>;

    /// RDS's events of the cluster and of its instances since a moment, oldest first (`DescribeEvents`).
    async fn events(&self, cluster: &Cluster, since: Timestamp) -> Result<Vec<DatabaseEvent>, CallError>;

    /// The name of a blue/green deployment of this cluster that is under way, if there is one
    /// (`DescribeBlueGreenDeployments`).
    async fn switchover(&self, cluster: &Cluster) -> Result<Option<String>, CallError>;

    /// Asks for the failover to `target` (`FailoverDBCluster`). Sent once: the SDK's retries are off.
    async fn fail_over(&self, identifier: &str, target: &str) -> Result<(), CallError>;
}

/// The snapshots of the DB clusters of one region. What these calls do to a snapshot does no harm when it is done twice,
/// so they may be repeated until they are answered.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Takes a manual snapshot of a cluster with tags (`CreateDBClusterSnapshot`).
    async fn take(&self, request: &SnapshotRequest) -> Result<SnapshotAnswer, CallError>;

    /// Every manual snapshot, whoever took it (`DescribeDBClusterSnapshots`, paged): all of them, or an error.
    async fn manual(&self) -> Result<Vec<Snapshot>, CallError>;

    /// Deletes a snapshot (`DeleteDBClusterSnapshot`); one that is gone already is success.
    async fn delete(&self, id: &ClusterSnapshotId) -> Result<(), CallError>;

    /// How many manual snapshots of clusters the account may have here (`DescribeAccountAttributes`).
    async fn quota(&self) -> Result<u64, CallError>;
}

/// ECS, as the recovery sees it.
#[async_trait]
pub trait Services: Send + Sync {
    /// Services of one cluster (`DescribeServices`, ten at a time). A service that ECS does not know is left out.
    async fn services(&self, cluster: &str, names: &[String]) -> Result<Vec<Service>, CallError>;

    /// All tasks of a service that ECS wants running, paged (`ListTasks`, `DescribeTasks`).
    async fn tasks(&self, cluster: &str, service: &str) -> Result<Vec<Task>, CallError>;

    /// Forces a new deployment, with another desired count if given (`UpdateService`), and returns the id
    /// of the deployment that is now `PRIMARY`.
    async fn redeploy(&self, cluster: &str, service: &str, count: Option<u32>) -> Result<String, CallError>;
}

/// CloudWatch, as the recovery sees it.
#[async_trait]
pub trait Alarms: Send + Sync {
    /// The alarms of these names, metric and composite; one that does not exist is left out (`DescribeAlarms`).
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmState>, CallError>;

    /// The `AuroraReplicaLag` or `ReplicaLag` of an instance in milliseconds, since a moment: the newest `before`
    /// the outage where that is known and one is there, else the newest; none when there is no datapoint (never zero
    /// in its place) (`GetMetricData`). Time in which nothing was replicated counts as lag.
    async fn replica_lag_ms(
        &self,
        instance: &str,
        since: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<Option<f64>, CallError>;

    /// `DatabaseConnections` of each of these instances, averaged by the minute, since a moment; in the order in which
    /// they were asked for, with no datapoints where CloudWatch has none (`GetMetricData`).
    async fn connections(&self, instances: &[&str], since: Timestamp) -> Result<Vec<Connections>, CallError>;

    /// The prober's probes of a database (by its name in the plan) since a moment, oldest first, each with who of
    /// `servers` answered it; none where CloudWatch has none, or not yet (`GetMetricData`).
    async fn probes(
        &self,
        database: &str,
        servers: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Probe>, CallError>;
}

/// The HTTP checks of services.
#[async_trait]
pub trait PoolChecks: Send + Sync {
    /// Asks once, over a connection of its own, which server the service's pool writes to.
    async fn ask(&self, check: &plan::Check) -> Result<PoolAnswer, Unanswered>;
}

/// What a service says of its pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolAnswer {
    /// The instance, or its host name.
    pub server: String,
    /// What `pg_is_in_recovery()` says there: true on a reader.
    pub in_recovery: bool,
}

/// Why a check gave no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// In words, for people.
    pub reason: String,
    /// Whether asking again may help.
    pub passes: bool,
}

/// DNS on the wire.
#[async_trait]
pub trait Names: Send + Sync {
    /// Where the CNAME of `name` leads, without cache; none when the name has no CNAME.
    async fn cname(&self, name: &str) -> Result<Option<String>, CallError>;
}

/// The incident table.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// The head of a database (strongly consistent).
    async fn head(&self, database: &str) -> Result<Option<Head>, CallError>;

    /// All events of an incident, oldest first (strongly consistent).
    async fn records(&self, incident: &IncidentId) -> Result<Vec<Record>, CallError>;

    /// Writes one event and the head after it, in one transaction, if the head is still `before` (none: the
    /// database has no head yet). Meeting one's own success (an SDK retry) is success.
    async fn commit(
        &self,
        before: Option<&Head>,
        record: &Record,
        after: &Head,
    ) -> Result<Committed, CallError>;

    /// The switches that are set for this database: its own and the one for all.
    async fn switches(&self, database: &str) -> Result<Vec<Switch>, CallError>;

    /// Sets a switch, or replaces it.
    async fn pause(&self, switch: &Switch) -> Result<(), CallError>;

    /// Removes a switch; true if it was set.
    async fn resume(&self, scope: &Scope) -> Result<bool, CallError>;

    /// Whether this notice has been published.
    async fn published(
        &self,
        incident: &IncidentId,
        sequence: u64,
        audience: &str,
    ) -> Result<bool, CallError>;

    /// Remembers that a notice was published.
    async fn record_published(&self, notice: &Notice, message_id: &str) -> Result<(), CallError>;
}

/// What became of a conditional write.
#[expect(clippy::large_enum_variant, reason = "looked at once and dropped, never kept in a list")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Written.
    Yes,
    /// The head was not as expected: this is what it is (none: it is gone, or could not be told).
    Conflict(Option<Head>),
}

/// What a pause is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every database.
    All,
    /// One, by the plan's name.
    Database(String),
}

/// A kill switch that somebody set: no automatic action while it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// For what.
    pub scope: Scope,
    /// Who set it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Step Functions.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts the run under its execution name. A run of this name that is running already is success.
    async fn start(&self, run: &Run) -> Result<Execution, CallError>;

    /// The execution of this run, if there ever was one.
    async fn find(&self, run: &Run) -> Result<Option<Execution>, CallError>;
}

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
}

/// The topic that people listen to.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Publishes a notice and returns SNS's message id.
    async fn publish(&self, notice: &Notice) -> Result<String, CallError>;
}

/// The event bus that programs listen to.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Puts a change of an incident as an event of source `mainstay`.
    async fn put(&self, record: &Record) -> Result<(), CallError>;
}

/// The queue for what can never be processed: it waits there for people, and nothing waits behind it.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Keeps a letter and returns its message id (`SendMessage`). A letter that is too large for a message is cut.
    async fn keep(&self, letter: &DeadLetter) -> Result<String, CallError>;
}

/// Something that can never be processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Why not, for people.
    pub reason: String,
    /// Its number in the stream that brought it, if it has one.
    pub sequence_number: Option<String>,
    /// The thing itself, as it came.
    pub item: Value,
}
