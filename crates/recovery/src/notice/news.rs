//! What a record is news of, once its kind of notice is known.

use super::{
    Severity,
    facts::Facts,
    letter::{name, services},
};
use crate::{
    decision::{Decision, Guard, Verdict},
    incident::{Closing, Event, ServiceNews, Trigger},
    run::Step,
};
use jiff::Timestamp;
use plan::NoticeKind;

/// The news of one letter.
pub(super) enum News<'a> {
    /// Mainstay fails over.
    FailingOver,
    /// Mainstay fails over because a person asked.
    Asked {
        /// Who.
        by: &'a str,
    },
    /// The writer had changed already: only the services are restarted.
    Moved,
    /// Mode observe: nothing is done.
    Observed {
        /// Whether the services would have been restarted without a failover.
        moved: bool,
    },
    /// Nothing is done yet.
    Held {
        /// Until when, at the latest.
        until: Option<Timestamp>,
    },
    /// A guard forbids acting.
    Refused,
    /// People must take over.
    Escalated {
        /// The step that could not be done.
        step: Option<Step>,
    },
    /// Services could not be restarted; the recovery goes on.
    ServicesFailed {
        /// Those that failed with this record.
        failed: Vec<&'a ServiceNews>,
    },
    /// RDS could not block the old writer in time.
    OldWriterNotBlocked,
    /// All clear after a recovery.
    Recovered,
    /// All clear without one.
    RecoveredByItself,
    /// A witness is OK again after Mainstay had told people and left it to them.
    Over,
}

impl<'a> News<'a> {
    /// The news of this kind in the facts' record. Total: a record that owes a kind in a way that this version
    /// does not know is told in the kind's most general words.
    pub(super) fn of(kind: NoticeKind, facts: &Facts<'a>) -> Self {
        let event = &facts.record.event;
        match kind {
            NoticeKind::Interruption => interruption(event),
            NoticeKind::Held => {
                Self::Held { until: if let Event::Held { until, .. } = event { Some(*until) } else { None } }
            }
            NoticeKind::Refused => Self::Refused,
            NoticeKind::AllClear => {
                if matches!(event, Event::Noted { .. }) {
                    Self::Over
                } else if matches!(facts.incident.closed(), Some((Closing::StoodDown, _))) {
                    Self::RecoveredByItself
                } else {
                    Self::Recovered
                }
            }
            NoticeKind::Escalation if facts.record.tells_of_old_writer_not_blocked() => {
                Self::OldWriterNotBlocked
            }
            NoticeKind::Escalation => escalation(event),
        }
    }

    /// How much it matters.
    pub(super) fn severity(&self, facts: &Facts<'_>) -> Severity {
        match self {
            Self::Recovered if !facts.not_restarted().is_empty() || facts.pools_are_stuck() => {
                Severity::Warning
            }
            Self::Held { .. } => Severity::Warning,
            Self::Recovered | Self::RecoveredByItself | Self::Over => Severity::Info,
            Self::FailingOver
            | Self::Asked { .. }
            | Self::Moved
            | Self::Observed { .. }
            | Self::Refused
            | Self::Escalated { .. }
            | Self::ServicesFailed { .. }
            | Self::OldWriterNotBlocked => Severity::Critical,
        }
    }

    /// The subject after the database's name.
    pub(super) fn headline(&self, facts: &Facts<'_>) -> String {
        match self {
            Self::FailingOver => "service interrupted, failing over".to_owned(),
            Self::Asked { .. } => "failing over at a person's request".to_owned(),
            Self::Moved => "service interrupted, restarting services".to_owned(),
            Self::Observed { moved: false } => "service interrupted, Mainstay only watches".to_owned(),
            Self::Observed { moved: true } => "writer moved, Mainstay only watches".to_owned(),
            Self::Held { .. } => "maybe interrupted, nothing is done yet".to_owned(),
            Self::Refused => format!("Mainstay does not act: {}", because(facts.guard())),
            Self::Escalated { .. } => "recovery is stuck, a person is needed now".to_owned(),
            Self::ServicesFailed { failed } => match failed.as_slice() {
                [one] => format!("{} was not restarted, a person is needed", name(&one.name)),
                many => format!("{} were not restarted, a person is needed", services(many.len())),
            },
            Self::OldWriterNotBlocked => "the newest writes may need recovery".to_owned(),
            Self::Recovered => {
                let left = facts.not_restarted();
                if left.is_empty() {
                    "all clear, service restored".to_owned()
                } else {
                    format!("service restored, except {}", services(left.len()))
                }
            }
            Self::RecoveredByItself => "all clear, recovered by itself".to_owned(),
            Self::Over => "all clear, its alarm is OK again".to_owned(),
        }
    }
}

fn interruption(event: &Event) -> News<'_> {
    let moved = |verdict: &Verdict| verdict.decision == Decision::Recycle;
    if let Event::Opened { trigger, verdict, closing, .. } = event {
        if closing.is_some() {
            return News::Observed { moved: moved(verdict) };
        }
        if moved(verdict) {
            return News::Moved;
        }
        if let Trigger::Person { by, .. } = trigger {
            return News::Asked { by };
        }
    }
    if let Event::Closed { verdict, .. } = event {
        return News::Observed { moved: moved(verdict) };
    }
    if matches!(event, Event::AlreadyMoved { .. }) { News::Moved } else { News::FailingOver }
}

fn escalation(event: &Event) -> News<'_> {
    if let Event::Services { news } = event {
        let failed = news.iter().filter(|s| super::facts::needs_people(s)).collect();
        return News::ServicesFailed { failed };
    }
    if let Event::Closed { step, .. } = event {
        News::Escalated { step: *step }
    } else {
        News::Escalated { step: None }
    }
}

/// A guard as the end of "Mainstay does not act: …", short enough for a subject.
pub(super) const fn because(guard: Option<Guard>) -> &'static str {
    let Some(guard) = guard else {
        return "see the reason";
    };
    match guard {
        Guard::UnknownAlarm => "the plan does not name this alarm",
        Guard::UnknownDatabase => "the plan does not name it",
        Guard::NotOurs => "it belongs to another account or region",
        Guard::NotAFailover => "the event is no failover",
        Guard::OkWithoutIncident => "nothing is wrong",
        Guard::InsufficientData | Guard::EvidenceMissing => "evidence is missing",
        Guard::Repeat | Guard::AlreadyKnown => "it is known already",
        Guard::WitnessSpeaks => "only one witness speaks",
        Guard::IncidentOpen => "an incident is open",
        Guard::AwsFailover | Guard::WriterChanged => "the writer has changed",
        Guard::PersonAsks | Guard::PersonAcceptsLoss | Guard::DryRun => "a person decides",
        Guard::ExecutionDied => "its run ended too early",
        Guard::Paused => "it is paused",
        Guard::EscalationUnacknowledged => "an escalation is not acknowledged",
        Guard::Cooldown => "the last failover is too recent",
        Guard::ObserveMode => "it is in mode observe",
        Guard::Muted => "its alarm is muted",
        Guard::Maintenance => "it is in maintenance",
        Guard::WitnessesDisagree => "the witnesses disagree",
        Guard::WindowNotPassed => "it is too early",
        Guard::DeadlinePassed => "it waited too long",
        Guard::WitnessesAgree => "the witnesses agree",
        Guard::RecoveredByItself => "it recovered by itself",
        Guard::NoReader => "no reader can take over",
        Guard::LagAboveRpo => "too much data would be lost",
        Guard::WrongState => "its state forbids it",
        Guard::RegionForbidden => "the plan forbids the region",
        Guard::CallRefused => "AWS refused",
        Guard::DoubtfulAnswer => "AWS gave no clear answer",
        Guard::TookTooLong => "it took too long",
        Guard::ServicesFailed => "services failed",
        Guard::AllHealthy => "all is healthy",
    }
}
