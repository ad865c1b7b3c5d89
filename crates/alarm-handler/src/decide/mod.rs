//! The decisions at the door: pure, so that `drp explain` can show them offline and tests can try them all.
//!
//! Every signal gets at least one ruling, also when nothing is to be done.

mod alarm;
mod database;
mod ended;
mod request;
mod sweep;

pub use ended::ATTEMPTS;
pub(crate) use ended::{afterwards, incident};
pub(crate) use request::{Ack, ack};
pub use sweep::CLAIM_PATIENCE;

use crate::state::State;
use jiff::Timestamp;
use plan::{NoticeKind, Plan};
use recovery::{
    Closing, Decision, Entry, Guard, Head, IncidentId, Verdict, incident::Trigger, notice::commands,
    ports::Switch, signal::Signal,
};

/// A decision about one database, with what is to be done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The decision and its reasons.
    pub verdict: Verdict,
    /// What follows from it.
    pub act: Act,
}

/// What follows from a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// Open an incident.
    Open(Box<Opening>),
    /// Write the decision into the newest incident of the database, open or closed.
    Note {
        /// When the alarm changed, where the news is of an alarm.
        alarm_at: Option<Timestamp>,
        /// The notices that are owed for it.
        owes: Vec<NoticeKind>,
    },
    /// Start the execution of the newest incident, which is claimed and perhaps has none.
    Start,
    /// Look whether the execution of the newest incident runs, and resume or escalate the incident if not.
    Look,
    /// Take the newest incident over with the next fence, and go on at its step.
    Resume,
    /// Close the newest incident as escalated.
    Escalate,
    /// Answer a person.
    Answer,
}

/// An incident to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its name.
    pub incident: IncidentId,
    /// What opens it.
    pub trigger: Trigger,
    /// Where its run begins.
    pub entry: Entry,
    /// Set when it is only recorded and told.
    pub closing: Option<Closing>,
    /// The notices that are owed for opening it.
    pub owes: Vec<NoticeKind>,
}

impl Ruling {
    fn nothing(verdict: Verdict) -> Self {
        let act = Act::Nothing;
        Self { verdict, act }
    }

    fn note(verdict: Verdict, alarm_at: Option<Timestamp>, owes: &[NoticeKind]) -> Self {
        let owes = owes.to_vec();
        let act = Act::Note { alarm_at, owes };
        Self { verdict, act }
    }

    fn open(
        verdict: Verdict,
        trigger: Trigger,
        entry: Entry,
        closing: Option<Closing>,
        owes: &[NoticeKind],
    ) -> Self {
        let database = verdict.database.clone().unwrap_or_default();
        let opening = Opening {
            incident: IncidentId::new(&database, trigger.at()),
            trigger,
            entry,
            closing,
            owes: owes.to_vec(),
        };
        let act = Act::Open(Box::new(opening));
        Self { verdict, act }
    }
}

/// Decides what a signal means at `now`. At least one ruling; several when an alarm speaks for several
/// databases or a sweep finds several incidents.
#[must_use]
pub fn decide(now: Timestamp, signal: &Signal, plan: &Plan, state: &State) -> Vec<Ruling> {
    match signal {
        Signal::Alarm(change) => alarm::decide(change, plan, state),
        Signal::Database(event) => database::decide(event, plan, state),
        Signal::Request(request) => vec![request::decide(now, request, plan, state)],
        Signal::Ended(ended) => vec![ended::decide(ended, state)],
        Signal::Sweep => sweep::decide(now, plan, state),
        Signal::Other { what } => {
            let reason = format!("{what} is not an event that Mainstay acts on.");
            let verdict = Verdict::new(Decision::Ignore, Guard::NotAFailover, reason)
                .unless("It would take an alarm's change of state, a failover event, or a request.");
            vec![Ruling::nothing(verdict)]
        }
    }
}

/// The plan's names of the databases that a signal may be about: only their state is needed to decide.
#[must_use]
pub fn concerned(signal: &Signal, plan: &Plan) -> Vec<String> {
    match signal {
        Signal::Alarm(change) => {
            let speaking = plan.speaking(&change.name).into_iter();
            speaking.map(|d| d.name.clone()).collect()
        }
        Signal::Database(event) => database::concerned(event, plan),
        Signal::Request(request) => request::concerned(request, plan),
        Signal::Ended(ended) => {
            ended::incident(&ended.name).map(|(_, _, database)| database).into_iter().collect()
        }
        Signal::Sweep => all(plan),
        Signal::Other { .. } => Vec::new(),
    }
}

fn all(plan: &Plan) -> Vec<String> {
    plan.databases.iter().map(|d| d.name.clone()).collect()
}

/// A refusal, with the way to act by hand.
fn refused(guard: Guard, reason: String, plan: &Plan, database: &str) -> Verdict {
    let verdict = Verdict::new(Decision::Refuse, guard, reason).about(database);
    match crate::by_hand(plan, database) {
        Some(command) => verdict.seeing("to act by hand", command),
        None => verdict,
    }
}

/// "The last escalation has not been acknowledged", as a refusal.
fn unacknowledged(head: &Head, plan: &Plan) -> Verdict {
    let incident = head.escalated.as_ref().unwrap_or(&head.incident);
    let reason = format!(
        "Incident {incident} was handed over to people and nobody has acknowledged it: no automatic action."
    );
    refused(Guard::EscalationUnacknowledged, reason, plan, &head.database)
        .unless(format!("`drp ack {incident}` allows automatic action again."))
}

/// "Somebody paused Mainstay", as a refusal.
fn paused(switch: &Switch, plan: &Plan, database: &str) -> Verdict {
    let Switch { by, reason, at, scope } = switch;
    let (what, resume) = match scope {
        recovery::ports::Scope::All => ("all databases".to_owned(), commands::resume_all()),
        recovery::ports::Scope::Database(name) => (name.clone(), commands::resume(name)),
    };
    let reason = format!("{by} paused automatic action for {what} at {at}: {reason}");
    refused(Guard::Paused, reason, plan, database)
        .unless(format!("`{resume}` allows automatic action again."))
}

/// How an open incident is shown as evidence.
fn open_incident(head: &Head) -> String {
    format!("{}, open since {}", head.incident, head.opened_at)
}
