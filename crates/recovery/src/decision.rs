//! Decisions and their reasons: one vocabulary for the functions, the timeline and `drp explain`.

use serde::{Deserialize, Serialize};

/// What Mainstay does about a signal. "Do nothing" is a decision too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Not ours, or nothing new.
    Ignore,
    /// News for an open incident: its timeline grows.
    Note,
    /// A witness speaks: an incident is opened, and `confirm` reads the truth.
    Open,
    /// Witnesses don't agree yet, silence is asked for, or evidence is missing: looked at again until the deadline.
    Hold,
    /// Fail over now. In mode observe: say so and close as observed.
    Act,
    /// The writer has already changed: no failover; recycle the services and tell people.
    Recycle,
    /// The database recovered by itself: the incident is closed.
    StandDown,
    /// A guard forbids acting: people are told at once, with the manual command.
    Refuse,
}

/// The rule that led to a decision. Its name is stable: people search logs for it and tests compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// No database of the plan lists this alarm.
    UnknownAlarm,
    /// The plan has no database of this name or identifier.
    UnknownDatabase,
    /// The event belongs to another account, or to a region this stack does not act for.
    NotOurs,
    /// The event is not one that Mainstay acts on (a configuration change, a snapshot event and the like).
    NotAFailover,
    /// The alarm went to OK and no incident is open.
    OkWithoutIncident,
    /// `INSUFFICIENT_DATA` says nothing: missing data is never read as a value.
    InsufficientData,
    /// This very transition, or one that is no newer, has been dealt with.
    Repeat,
    /// The event names the writer that is in charge already, and is older than the last close.
    AlreadyKnown,
    /// A witness of the plan is in ALARM.
    WitnessSpeaks,
    /// An incident of this database is open: this is news for it.
    IncidentOpen,
    /// AWS began (or finished) a failover by itself.
    AwsFailover,
    /// A person asked, with a name and a reason.
    PersonAsks,
    /// A person asked, and accepts that data is lost which has not reached the reader.
    PersonAcceptsLoss,
    /// A person asked what would happen; nothing is changed.
    DryRun,
    /// An execution ended without closing its incident, or never started.
    ExecutionDied,
    /// Somebody paused automatic action for this database or for all.
    Paused,
    /// The last incident was escalated and nobody has acknowledged it.
    EscalationUnacknowledged,
    /// The last failover is younger than the cooldown.
    Cooldown,
    /// The database is in mode observe.
    ObserveMode,
    /// Alarm actions are disabled, the alarm is muted, or a composite suppresses it.
    Muted,
    /// The database is being upgraded, modified or switched by people or by AWS.
    Maintenance,
    /// Some witnesses say ALARM and others say OK.
    WitnessesDisagree,
    /// A witness or the database could not be read, or has no data.
    EvidenceMissing,
    /// The witnesses have not spoken for as long as the plan asks.
    WindowNotPassed,
    /// A hold reached its deadline.
    DeadlinePassed,
    /// Every guard passed: the witnesses agree, for long enough.
    WitnessesAgree,
    /// The witnesses are OK again.
    RecoveredByItself,
    /// The writer is not the one that the incident began with.
    WriterChanged,
    /// No reader is available to be promoted.
    NoReader,
    /// Every reader lags more than the RPO, or its lag is not known, and nobody has accepted that loss.
    LagAboveRpo,
    /// The database is in a state in which AWS refuses a failover.
    WrongState,
    /// The plan does not allow this call in this region.
    RegionForbidden,
    /// AWS refused the call.
    CallRefused,
    /// A call was answered in a way that leaves open whether it took effect.
    DoubtfulAnswer,
    /// A step needed longer than the plan allows.
    TookTooLong,
    /// One or more services could not be recycled.
    ServicesFailed,
    /// Everything that the plan asks for is done and healthy.
    AllHealthy,
}

/// One fact that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at, such as `alarm orders-writer-down`.
    pub name: String,
    /// What was seen, such as `ALARM since 2026-01-01T00:00:00Z`.
    pub value: String,
}

/// A decision with everything that a person needs to follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is done.
    pub decision: Decision,
    /// The rule that led to it.
    pub guard: Guard,
    /// Why, in one sentence for people.
    pub reason: String,
    /// The plan's name of the database, where there is one.
    pub database: Option<String>,
    /// The facts that the decision rests on.
    pub evidence: Vec<Evidence>,
    /// What would have to be different for another decision.
    pub would_change: String,
}

impl Verdict {
    /// A verdict without evidence; add it with [`Verdict::seeing`].
    #[must_use]
    pub fn new(decision: Decision, guard: Guard, reason: impl Into<String>) -> Self {
        Self {
            decision,
            guard,
            reason: reason.into(),
            database: None,
            evidence: Vec::new(),
            would_change: String::new(),
        }
    }

    /// The same verdict about this database.
    #[must_use]
    pub fn about(mut self, database: &str) -> Self {
        self.database = Some(database.to_owned());
        self
    }

    /// The same verdict resting on one more fact.
    #[must_use]
    pub fn seeing(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence { name: name.into(), value: value.into() });
        self
    }

    /// The same verdict, saying what would change it.
    #[must_use]
    pub fn unless(mut self, would_change: impl Into<String>) -> Self {
        self.would_change = would_change.into();
        self
    }
}
