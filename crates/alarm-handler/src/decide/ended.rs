//! An execution ended. If its incident is still open, nobody works on it any more.

use super::{Act, Ruling, request::database_of};
use crate::state::State;
use recovery::{Decision, Guard, Head, IncidentId, Status, Verdict, signal::ExecutionEnded};

/// How often a recovery is begun before people take over. An attempt costs seconds when what it needs is down, and
/// people must hear of it soon.
pub const ATTEMPTS: u64 = 3;

/// Incident, fence and database of an execution, by its name.
pub(crate) fn incident(execution: &str) -> Option<(IncidentId, u64, String)> {
    let (incident, fence) = execution.rsplit_once('-')?;
    let fence = fence.parse().ok()?;
    Some((IncidentId::named(incident), fence, database_of(incident)?))
}

pub(super) fn decide(ended: &ExecutionEnded, state: &State) -> Ruling {
    let about = |decision, guard, reason: String| {
        let verdict = Verdict::new(decision, guard, reason)
            .seeing(format!("execution {}", ended.name), format!("{} at {}", ended.status, ended.at));
        if ended.cause.is_empty() { verdict } else { verdict.seeing("cause", ended.cause.clone()) }
    };
    let Some((incident, fence, database)) = incident(&ended.name) else {
        let reason = format!("Execution {} does not bear the name of an incident.", ended.name);
        return Ruling::nothing(about(Decision::Ignore, Guard::NotOurs, reason));
    };
    let ours = |head: &&Head| head.incident == incident && head.open();
    let Some(head) = state.head(&database).filter(ours) else {
        let reason = format!("Incident {incident} is not open: its execution was no longer needed.");
        let verdict = about(Decision::Ignore, Guard::Repeat, reason).about(&database);
        return Ruling::nothing(verdict.unless("An open incident would be handed over to people."));
    };
    if head.fence > fence {
        let reason = format!("A newer attempt ({}) works on incident {incident}.", head.fence);
        let verdict = about(Decision::Ignore, Guard::Repeat, reason)
            .about(&database)
            .unless("The end of the newest attempt would be acted on.");
        // Taken over, and perhaps not started: this is then the second delivery.
        let act = if head.status == Status::Claimed { Act::Start } else { Act::Nothing };
        return Ruling { verdict, act };
    }
    let mut ruling = afterwards(head, &ended.status);
    ruling.verdict = ruling.verdict.seeing(format!("execution {}", ended.name), format!("at {}", ended.at));
    if !ended.cause.is_empty() {
        ruling.verdict = ruling.verdict.seeing("cause", ended.cause.clone());
    }
    ruling
}

/// What follows when the newest attempt at an open incident is over, as Step Functions calls its `status`, and
/// has not closed it.
///
/// A run that failed is tried again, from the step that it had reached. One that a person stopped is not: that
/// was a decision. One that used up the state machine's time has shown that more time does not help.
pub(crate) fn afterwards(head: &Head, status: &str) -> Ruling {
    let Head { database, fence, .. } = head;
    let about = |decision, reason: String| {
        Verdict::new(decision, Guard::ExecutionDied, reason)
            .about(database)
            .seeing("incident", format!("{}, attempt {fence} of {ATTEMPTS}", head.incident))
    };
    let ended = format!("Attempt {fence} to recover {database} ended as {status} and left the incident open");
    let over = match status {
        "ABORTED" => Some(format!("{ended}: somebody stopped it, so people must take over.")),
        "TIMED_OUT" => Some(format!("{ended}: it ran out of time, so people must take over.")),
        _ if *fence >= ATTEMPTS => Some(format!("{ended}: it was the last one, so people must take over.")),
        _ => None,
    };
    match over {
        Some(reason) => Ruling {
            verdict: about(Decision::Refuse, reason)
                .unless("If the incident had been closed, the end would be of no matter."),
            act: Act::Escalate,
        },
        None => Ruling {
            verdict: about(Decision::Note, format!("{ended}: the next attempt goes on at its step.")).unless(
                format!("After {ATTEMPTS} attempts, or if somebody had stopped it, people would take over."),
            ),
            act: Act::Resume,
        },
    }
}
