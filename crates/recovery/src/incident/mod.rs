//! The incident: an append-only list of events, and what they add up to.

mod consent;
mod fencing;
mod id;
mod story;

pub use id::IncidentId;
pub use story::Incident;

use crate::{
    decision::Verdict,
    pools::Pools,
    probes::{Probe, Proof},
    run::{Entry, Step},
    signal::AlarmKind,
};
use jiff::Timestamp;
use plan::NoticeKind;
use serde::{Deserialize, Serialize};

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// The database was failed over (by Mainstay or by AWS), the services recycled, and all is healthy.
    Recovered,
    /// It recovered by itself before anything was done.
    StoodDown,
    /// Mode observe: Mainstay said what it would have done.
    Observed,
    /// A guard forbade acting.
    Refused,
    /// People must take over. Blocks automatic action until somebody acknowledges.
    Escalated,
}

/// What opened an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum Trigger {
    /// A witness of the plan.
    Alarm {
        /// The alarm's name.
        name: String,
        /// Metric, metric math or composite.
        kind: AlarmKind,
        /// When it went to ALARM.
        at: Timestamp,
        /// When the first breaching datapoint began, where CloudWatch told it.
        breaching_since: Option<Timestamp>,
        /// CloudWatch's reason, bounded.
        reason: String,
    },
    /// An RDS event: AWS is failing over by itself.
    Database {
        /// The event's id.
        id: Option<String>,
        /// When it happened.
        at: Timestamp,
        /// The instance that it names.
        instance: Option<String>,
        /// RDS's message, bounded.
        message: String,
    },
    /// A person.
    Person {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
        /// Whether they accept that data is lost which has not reached the reader.
        #[serde(default)]
        accept_data_loss: bool,
    },
}

impl Trigger {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Alarm { at, .. } | Self::Database { at, .. } | Self::Person { at, .. } => *at,
        }
    }
}

/// What became of the one failover call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum FailoverAnswer {
    /// AWS accepted it.
    Accepted,
    /// AWS refused it: nothing was changed.
    Refused {
        /// What AWS said, bounded.
        cause: String,
    },
    /// It may have taken effect: the cluster is read, and no second call is made.
    Doubtful {
        /// What was seen instead of an answer, bounded.
        cause: String,
    },
}

/// How far a service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// Its new deployment was asked for (or one of others that is new enough was joined).
    Started,
    /// Every task of it started after the endpoint was confirmed, and is running.
    Recycled,
    /// Its deployment failed, or took too long.
    Failed,
    /// It cannot be recycled by Mainstay (another deployment controller, not found, …).
    NotRecyclable,
    /// Something that it depends on failed: it was left alone.
    Skipped,
}

/// News of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceNews {
    /// ECS cluster.
    pub cluster: String,
    /// ECS service.
    pub name: String,
    /// How far it has come.
    pub state: ServiceState,
    /// The deployment that is waited for.
    pub deployment: Option<String>,
    /// When that deployment was asked for, or joined.
    pub started_at: Option<Timestamp>,
    /// When it was asked for last, after earlier calls were lost; none while there was one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// When the deployment was first seen complete while older tasks still ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<Timestamp>,
    /// What its check has led to; none where nothing was asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolNews>,
    /// Why, for people.
    pub reason: String,
}

/// What the check of a service's pool has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PoolNews {
    /// When it was restarted once more, because a pool wrote to another server than the new writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
    /// When its check first gave no answer that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
}

/// What happened in an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// It was opened: claimed under the database's lock, with the plan's slice frozen in it.
    Opened {
        /// What opened it.
        trigger: Trigger,
        /// The decision to open.
        verdict: Verdict,
        /// Where its run begins.
        entry: Entry,
        /// The plan's slice.
        plan: Box<plan::Slice>,
        /// Whether this is a drill.
        drill: bool,
        /// The writer that Mainstay saw last, before this incident.
        writer: Option<String>,
        /// Set when it was opened only to be recorded and told (refused at the door).
        closing: Option<Closing>,
    },
    /// Its execution runs.
    Started {
        /// The execution's ARN.
        execution: String,
    },
    /// News for the open incident.
    Noted {
        /// The decision to note, with the news as its evidence.
        verdict: Verdict,
        /// When the alarm changed, where the news is of an alarm: a repeat of it is known by this.
        alarm_at: Option<Timestamp>,
    },
    /// Nothing is done yet, and why.
    Held {
        /// The decision to hold.
        verdict: Verdict,
        /// Until when, at the latest.
        until: Timestamp,
    },
    /// The witnesses agree: act.
    Confirmed {
        /// The decision to act.
        verdict: Verdict,
    },
    /// The writer had changed already: nobody fails over.
    AlreadyMoved {
        /// The decision to recycle.
        verdict: Verdict,
        /// The writer before, where it is known.
        from: Option<String>,
    },
    /// The topology before the failover, and the target.
    Assessed {
        /// The writer before.
        writer: String,
        /// The writer's zone.
        writer_zone: Option<String>,
        /// The reader to be promoted.
        target: String,
        /// Its zone.
        target_zone: Option<String>,
        /// Why this reader.
        reason: String,
        /// Replica lag of the target in milliseconds; none: not known (never read as zero).
        lag_ms: Option<f64>,
    },
    /// The one call is about to be made. Written before it, so that a repeat reads instead of calling.
    FailoverIntended {
        /// The writer before.
        from: String,
        /// The reader to be promoted.
        target: String,
    },
    /// What the call was answered.
    FailoverAnswered {
        /// The answer.
        #[serde(flatten)]
        answer: FailoverAnswer,
    },
    /// The new writer is in charge: cluster and writer are available.
    Promoted {
        /// The writer before, where it is known.
        from: Option<String>,
        /// The new writer.
        writer: String,
        /// Its zone.
        zone: Option<String>,
    },
    /// The endpoint was seen to lead somewhere: one TTL from here it counts as moved, if it still does.
    EndpointSeen {
        /// The endpoint's name.
        endpoint: String,
        /// Where its CNAME ends.
        leads_to: String,
    },
    /// The endpoint leads to the new writer by its name, but a probe through it was not answered by that: it does not
    /// count as moved. Written once as long as the probes say the same.
    EndpointDoubted {
        /// The writer that should have answered.
        writer: String,
        /// The probe.
        probe: Probe,
    },
    /// The endpoint leads to the new writer, and has for one TTL.
    EndpointMoved {
        /// The endpoint's name.
        endpoint: String,
        /// Where its CNAME ends.
        leads_to: String,
        /// When that was first seen.
        seen_at: Timestamp,
        /// What proved it.
        #[serde(default, skip_serializing_if = "Proof::is_name")]
        proof: Proof,
    },
    /// News of services.
    Services {
        /// Each service that changed.
        news: Vec<ServiceNews>,
    },
    /// Every service of the plan has ended one way or another.
    Recycled {
        /// How many are recycled.
        recycled: usize,
        /// Names of those that are not.
        failed: Vec<String>,
    },
    /// Health changed: the healthy window starts here, or it is broken.
    Health {
        /// Whether alarms and services are healthy.
        healthy: bool,
        /// What was seen, for people.
        reason: String,
    },
    /// Health has held for the plan's window.
    Verified {
        /// When the healthy window that held began.
        healthy_since: Timestamp,
        /// What was seen.
        verdict: Verdict,
        /// Whether clients hold on to the old writer; none in incidents of before this was watched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pools: Option<Pools>,
    },
    /// A new attempt with a higher fence.
    Resumed {
        /// Where it begins.
        entry: Entry,
        /// Why.
        reason: String,
    },
    /// It ended.
    Closed {
        /// How.
        closing: Closing,
        /// The step that closed it, where one did.
        step: Option<Step>,
        /// Why.
        verdict: Verdict,
    },
    /// Somebody took note of an escalated incident.
    Acknowledged {
        /// Who.
        by: String,
        /// Why it is safe now.
        reason: String,
    },
}

/// One entry of an incident's list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The incident.
    pub incident: IncidentId,
    /// The plan's name of the database.
    pub database: String,
    /// 1, 2, 3, … without gaps.
    pub sequence: u64,
    /// The attempt that wrote it.
    pub fence: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The notices that are owed for it; written with it, so that none is ever forgotten.
    pub owes: Vec<NoticeKind>,
}
