//! The scheduled look at incidents that nobody finishes.

use super::{Act, Ruling, open_incident};
use crate::state::State;
use jiff::{SignedDuration, Timestamp};
use plan::Plan;
use recovery::{Decision, Guard, Head, Status, Verdict};

/// How long an incident may be young enough to be somebody else's work.
pub const CLAIM_PATIENCE: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn decide(now: Timestamp, plan: &Plan, state: &State) -> Vec<Ruling> {
    let of_plan = plan.databases.iter().filter_map(|d| state.head(&d.name));
    let rulings: Vec<Ruling> = of_plan.filter(|h| h.open()).map(|head| open(now, head)).collect();
    if !rulings.is_empty() {
        return rulings;
    }
    let verdict = Verdict::new(Decision::Ignore, Guard::NotAFailover, "No incident is open.")
        .unless("An open incident whose execution does not run would be resumed or handed over.");
    vec![Ruling::nothing(verdict)]
}

fn open(now: Timestamp, head: &Head) -> Ruling {
    let about = |decision, guard, reason: String| {
        Verdict::new(decision, guard, reason).about(&head.database).seeing("incident", open_incident(head))
    };
    if now.duration_since(head.opened_at) < CLAIM_PATIENCE {
        let reason = format!("Incident {} is young: whoever opened it is at work.", head.incident);
        let verdict = about(Decision::Ignore, Guard::IncidentOpen, reason);
        return Ruling::nothing(verdict.unless("Two minutes after its opening it is looked at."));
    }
    if head.status == Status::Claimed {
        let reason = format!(
            "Incident {} was opened and its recovery never started: it is started now.",
            head.incident
        );
        let verdict = about(Decision::Note, Guard::ExecutionDied, reason)
            .unless("A started recovery is only looked at.");
        let act = Act::Start;
        return Ruling { verdict, act };
    }
    let reason = format!("Incident {} is open: is its recovery still running?", head.incident);
    let verdict = about(Decision::Note, Guard::IncidentOpen, reason)
        .unless("If the recovery does not run, the next attempt goes on, or people take over.");
    let act = Act::Look;
    Ruling { verdict, act }
}
