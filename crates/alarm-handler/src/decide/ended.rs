//! An execution ended. If its incident is still open, nobody works on it any more.

use super::{Act, Ruling, request::database_of};
use crate::state::State;
use recovery::{Decision, Guard, Head, IncidentId, Verdict, signal::ExecutionEnded};

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
        let verdict = about(Decision::Ignore, Guard::Repeat, reason).about(&database);
        return Ruling::nothing(verdict.unless("The end of the newest attempt would be acted on."));
    }
    let reason = format!(
        "The recovery of {database} ended as {} and left the incident open: people must take over.",
        ended.status
    );
    let verdict = about(Decision::Refuse, Guard::ExecutionDied, reason)
        .about(&database)
        .unless("If the incident had been closed, the end would be of no matter.");
    let act = Act::Escalate;
    Ruling { verdict, act }
}
