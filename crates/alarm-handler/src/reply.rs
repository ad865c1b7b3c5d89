//! What people's requests are answered with. `drp` and the workflows read these; keys are only ever added.

use jiff::Timestamp;
use plan::{Mode, NoticeKind};
use recovery::{
    Closing, Decision, Evidence, Guard, IncidentId, Verdict, data_at_risk::DataAtRisk, incident::ServiceNews,
    phases::Phases, ports::Switch,
};
use serde::{Deserialize, Serialize};

/// The beginning of every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What was decided; `refuse` when the request was not fulfilled.
    pub decision: Decision,
    /// The rule that led to it.
    pub guard: Guard,
    /// Why, in one sentence for people.
    pub reason: String,
}

impl Answer {
    /// The answer that a verdict gives.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        Self { decision: verdict.decision, guard: verdict.guard, reason: verdict.reason.clone() }
    }

    /// "Done", in these words.
    #[must_use]
    pub fn done(reason: impl Into<String>) -> Self {
        Self { decision: Decision::Note, guard: Guard::PersonAsks, reason: reason.into() }
    }

    /// "Not done", by this rule and in these words.
    #[must_use]
    pub fn refused(guard: Guard, reason: impl Into<String>) -> Self {
        Self { decision: Decision::Refuse, guard, reason: reason.into() }
    }

    /// Whether the request was not fulfilled.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.decision == Decision::Refuse
    }
}

/// The answer to `failover`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailoverReply {
    /// `act` (a new incident, or with guard `dry-run` nothing), `note` (an incident was open), or `refuse`.
    #[serde(flatten)]
    pub answer: Answer,
    /// The facts that it rests on.
    pub evidence: Vec<Evidence>,
    /// What would have to be different for another decision.
    pub would_change: String,
    /// The plan's name of the database, if the plan has it.
    pub database: Option<String>,
    /// The incident to follow.
    pub incident: Option<IncidentId>,
    /// The attempt that works on it.
    pub fence: Option<u64>,
    /// The ARN of its execution, if this request started one.
    pub execution: Option<String>,
    /// Whether nothing was changed because that was asked for.
    pub dry_run: bool,
    /// How to act by hand, where Mainstay does not.
    pub command: Option<String>,
}

/// The answer to `status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReply {
    /// Refused when the database or incident is not known.
    #[serde(flatten)]
    pub answer: Answer,
    /// The databases that were asked for.
    pub databases: Vec<DatabaseStatus>,
    /// The incident that was asked for, or the newest of the one database that was.
    pub incident: Option<IncidentStatus>,
}

/// How far a database's newest incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It never had one.
    None,
    /// Opened; its execution may not run yet.
    Claimed,
    /// Its execution runs.
    Started,
    /// Ended.
    Closed,
}

/// A database as Mainstay knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseStatus {
    /// The plan's name.
    pub name: String,
    /// RDS's identifier.
    pub identifier: String,
    /// Where it runs.
    pub region: String,
    /// Whether Mainstay acts or only watches.
    pub mode: Mode,
    /// How far its newest incident is.
    pub status: Standing,
    /// How that ended.
    pub closing: Option<Closing>,
    /// The newest incident.
    pub incident: Option<IncidentId>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When Mainstay last asked for a failover.
    pub failed_over_at: Option<Timestamp>,
    /// The writer that Mainstay saw last.
    pub writer: Option<String>,
    /// Whether somebody paused automatic action.
    pub paused: bool,
    /// Who paused it, and why.
    pub switches: Vec<Switch>,
    /// Whether an escalation that nobody acknowledged blocks automatic action.
    pub blocked: bool,
}

/// An incident with its timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentStatus {
    /// Its name.
    pub id: IncidentId,
    /// The plan's name of the database.
    pub database: String,
    /// How far it is.
    pub status: Standing,
    /// How it ended.
    pub closing: Option<Closing>,
    /// Whether it is a drill.
    pub drill: bool,
    /// The newest attempt.
    pub fence: u64,
    /// The ARN of the newest execution.
    pub execution: Option<String>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// The writer before.
    pub old_writer: Option<String>,
    /// The writer after.
    pub new_writer: Option<String>,
    /// What happened, oldest first.
    pub timeline: Vec<Moment>,
    /// How long each phase took, from the fault as far as CloudWatch told it.
    pub phases: Phases,
    /// From the fault to the start of the healthy window that held, in seconds; none: not reached.
    pub rto_s: Option<f64>,
    /// What the failover may have cost in data, an estimate; none: no new writer is in charge yet (or an older door
    /// answered, which does not tell).
    #[serde(default)]
    pub data_at_risk: Option<DataAtRisk>,
    /// The latest news of each service.
    pub services: Vec<ServiceNews>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// 1, 2, 3, …
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What, for people.
    pub what: String,
    /// The notices that were owed for it.
    pub owes: Vec<NoticeKind>,
}

/// The answer to `ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckReply {
    /// Refused when there is nothing to acknowledge.
    #[serde(flatten)]
    pub answer: Answer,
    /// The incident that was named.
    pub incident: IncidentId,
    /// Whether it is acknowledged now.
    pub acknowledged: bool,
}

/// The answer to `pause` and `resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchReply {
    /// Refused when the plan does not have the database.
    #[serde(flatten)]
    pub answer: Answer,
    /// The database; none: all.
    pub database: Option<String>,
    /// Whether automatic action is paused now for what was named.
    pub paused: bool,
    /// The switches that stand now for what was named.
    pub switches: Vec<Switch>,
}
