//! What arrives at the only door, as domain types. The wire formats are parsed in `alarm-handler`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that reached alarm-handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "kebab-case")]
pub enum Signal {
    /// A CloudWatch alarm changed its state.
    Alarm(AlarmChange),
    /// RDS said something about a cluster or an instance.
    Database(DatabaseEvent),
    /// A person asks for something.
    Request(Request),
    /// An execution of the state machine ended.
    Ended(ExecutionEnded),
    /// The scheduled look at incidents that nobody finishes.
    Sweep,
    /// A well-formed event that Mainstay has no use for (a configuration change, a snapshot event).
    Other {
        /// What it was, such as `aws.cloudwatch CloudWatch Alarm Configuration Change`.
        what: String,
    },
}

/// A state of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmValue {
    /// `OK`
    #[serde(rename = "OK")]
    Ok,
    /// `ALARM`
    #[serde(rename = "ALARM")]
    Alarm,
    /// `INSUFFICIENT_DATA`
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
    /// A value that this version does not know: kept, and never acted on.
    #[serde(untagged)]
    Other(String),
}

/// What kind of alarm spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// One metric.
    Metric,
    /// An expression over metrics.
    MetricMath,
    /// A rule over other alarms.
    Composite,
    /// The event does not tell.
    Unknown,
}

/// Which way an alarm took to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// EventBridge.
    EventBridge,
    /// An SNS topic.
    Sns,
    /// CloudWatch called the function.
    Direct,
}

/// A change of state of a CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmChange {
    /// The alarm's ARN.
    pub arn: String,
    /// Its name, as the plan lists it.
    pub name: String,
    /// The account, from the ARN.
    pub account: String,
    /// The region, from the ARN (SNS sends display names).
    pub region: String,
    /// Metric, metric math or composite.
    pub kind: AlarmKind,
    /// The new state.
    pub state: AlarmValue,
    /// The state before, where the event tells it.
    pub previous: Option<AlarmValue>,
    /// When the state changed.
    pub at: Timestamp,
    /// When the first breaching datapoint began, where `reasonData` tells it.
    pub breaching_since: Option<Timestamp>,
    /// CloudWatch's reason: untrusted text, bounded, one line.
    pub reason: String,
    /// Whether a mute rule or a suppressing composite asked for silence.
    pub muted: bool,
    /// How it came.
    pub via: Via,
}

/// An event of RDS about a database. Best effort by AWS: may be missing, late, repeated, out of order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseEvent {
    /// `RDS-EVENT-0071` and its kin, where RDS sent one.
    pub id: Option<String>,
    /// What it means to Mainstay.
    pub meaning: DatabaseNews,
    /// Identifier of the cluster or instance, from `SourceArn`.
    pub identifier: String,
    /// Whether the source is a cluster (else an instance).
    pub cluster: bool,
    /// The account, from the ARN.
    pub account: String,
    /// The region, from the ARN.
    pub region: String,
    /// When it happened.
    pub at: Timestamp,
    /// The instance that the message names as target or new writer, if any.
    pub instance: Option<String>,
    /// RDS's message: untrusted text, bounded, one line.
    pub message: String,
}

/// What an RDS event means to a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseNews {
    /// A failover began (0072, 0073, 0013, …).
    FailoverStarted,
    /// A failover is complete (0071, 0049, 0015, …).
    FailoverCompleted,
    /// A failover did not happen (0069, 0034, …).
    FailoverFailed,
    /// The previous writer is promoted again (0070).
    PreviousWriterPromoted,
    /// Writes on the old writer are blocked (0390).
    OldWriterFenced,
    /// Blocking the old writer timed out: writes may need recovery (0391). People must be told.
    FencingTimedOut,
    /// Anything else.
    Other,
}

/// A person's request, typed. The wire form has the key `mainstay` with the name of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mainstay", rename_all = "kebab-case")]
pub enum Request {
    /// Fail a database over now.
    Failover {
        /// The plan's name of the database.
        database: String,
        /// Why. Goes into the incident and the notices.
        reason: String,
        /// Who.
        by: String,
        /// Only say what would be done.
        #[serde(default)]
        dry_run: bool,
        /// Whether data may be lost that has not reached the reader. Left out of the wire form when false, so that
        /// an older door understands the request.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        accept_data_loss: bool,
    },
    /// Tell the state of an incident, a database or all.
    Status {
        /// The plan's name of the database; none: all.
        #[serde(default)]
        database: Option<String>,
        /// One incident with its timeline.
        #[serde(default)]
        incident: Option<String>,
    },
    /// Take note of an escalated incident, so that automatic action is allowed again.
    Ack {
        /// The incident.
        incident: String,
        /// Who.
        by: String,
        /// Why it is safe now.
        #[serde(default)]
        reason: String,
    },
    /// Stop automatic action.
    Pause {
        /// The plan's name of the database; none: all.
        #[serde(default)]
        database: Option<String>,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Allow automatic action again.
    Resume {
        /// The plan's name of the database; none: all.
        #[serde(default)]
        database: Option<String>,
        /// Who.
        by: String,
        /// Why.
        #[serde(default)]
        reason: String,
    },
}

/// An execution of the state machine that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionEnded {
    /// The execution's ARN.
    pub arn: String,
    /// Its name: incident and fence.
    pub name: String,
    /// `FAILED`, `TIMED_OUT`, `ABORTED` or `SUCCEEDED`.
    pub status: String,
    /// When it ended.
    pub at: Timestamp,
    /// What Step Functions says of it: untrusted text, bounded, one line.
    pub cause: String,
}
