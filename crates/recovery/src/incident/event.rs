//! One entry of an incident's list.

use super::{Closing, FailoverAnswer, IncidentId, ServiceNews, Trigger};
use crate::{
    decision::Verdict,
    pools::Pools,
    probes::{Probe, Proof},
    run::{Entry, Step},
};
use jiff::Timestamp;
use plan::NoticeKind;
use serde::{Deserialize, Serialize};

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
