//! Step `escalate`: close the incident as escalated, and say what is done, what is not, and how to go on.

use crate::{
    Ports, by_hand,
    carry_out::{Judgement, carry_out},
    close,
    incident_of::{InHand, take_in_hand},
};
use jiff::Timestamp;
use plan::Database;
use recovery::{
    Closing, Decision, Guard, Next, Step, StepError, StepReply, StepRequest, Verdict,
    incident::{FailoverAnswer, Incident},
};
use serde_json::Value;

/// Hands the incident over to people. Does nothing when it is closed, or when a newer attempt owns it.
///
/// # Errors
/// The store's.
pub async fn step(now: Timestamp, request: &StepRequest, ports: &Ports) -> Result<StepReply, StepError> {
    let run = &request.run;
    let mut log = match take_in_hand(ports.incidents.as_ref(), run, Step::Escalate).await {
        Ok(InHand::Open(log)) => log,
        Ok(InHand::Closed(reply)) => return Ok(reply),
        Err(error @ StepError::Fenced { .. }) => {
            return Ok(StepReply::new(run, Step::Escalate, Next::Stop, error.to_string()));
        }
        Err(error) => return Err(error),
    };
    let verdict = verdict(&run.plan.database, &log.incident, request.failed.as_ref());
    let judgement = Judgement::close(Closing::Escalated, verdict);
    carry_out(now, run, &mut log, Step::Escalate, judgement).await
}

/// Why people must take over, from what the incident tells and the error that was caught.
#[must_use]
pub fn verdict(plan: &Database, incident: &Incident, failed: Option<&Value>) -> Verdict {
    let (guard, stuck, then) = stuck(plan, incident);
    let caught = failed.and_then(caught);
    let reason = match &caught {
        Some(error) => format!("{stuck} {error}"),
        None => stuck,
    };
    // When nothing in the incident explains it, the error does.
    let died = guard == Guard::TookTooLong && caught.is_some();
    let guard = if died { Guard::ExecutionDied } else { guard };
    let mut verdict = Verdict::new(Decision::Refuse, guard, recovery::text::plain(&reason, 1200))
        .about(&plan.name)
        .unless(format!("{then} When it is safe, allow automatic action again: drp ack {}", incident.id));
    for (what, done) in progress(incident) {
        verdict = verdict.seeing(what, done);
    }
    verdict
}

/// Where the recovery stands still: the rule, in words, and what a person does next.
fn stuck(plan: &Database, incident: &Incident) -> (Guard, String, String) {
    let fail_over = by_hand::fail_over(plan);
    if incident.recycled().is_some() {
        let failed = close::unfinished(incident);
        if failed.is_empty() {
            let text = "The services were restarted, but health has not held.".to_owned();
            return (Guard::TookTooLong, text, "Look at the alarms and services.".to_owned());
        }
        let names: Vec<String> = failed.iter().map(|s| format!("{} ({})", s.name, s.reason)).collect();
        let commands: Vec<String> =
            failed.iter().map(|s| by_hand::redeploy(plan, &s.cluster, &s.name)).collect();
        let text = format!("The database works again; not recycled: {}.", names.join("; "));
        return (Guard::ServicesFailed, text, format!("Restart by hand: {}.", commands.join("; ")));
    }
    let services = || {
        let commands: Vec<String> =
            plan.services.iter().map(|s| by_hand::redeploy(plan, &s.cluster, &s.name)).collect();
        format!("Once the endpoint leads to the writer: {}.", commands.join("; "))
    };
    if incident.endpoint_confirmed_at().is_some() {
        let text = "The database was failed over; the services are not all restarted.".to_owned();
        return (Guard::TookTooLong, text, services());
    }
    if let Some((writer, _)) = incident.promoted() {
        let text = format!(
            "{writer} is in charge, but the endpoint does not lead to it yet. No service was restarted."
        );
        return (Guard::TookTooLong, text, services());
    }
    if let Some((target, _)) = incident.intent() {
        let then = format!("Look first: {}. Then, if need be: {fail_over}.", by_hand::look(plan));
        return match incident.answer() {
            Some(FailoverAnswer::Refused { cause }) => {
                (Guard::CallRefused, format!("RDS refused to fail over to {target}: {cause}"), then)
            }
            Some(FailoverAnswer::Accepted) => {
                let text = format!("RDS accepted the failover to {target}, but no new writer is in charge.");
                (Guard::TookTooLong, text, then)
            }
            Some(FailoverAnswer::Doubtful { .. }) | None => {
                let text =
                    format!("RDS was asked to fail over to {target}; whether it took effect is not known.");
                (Guard::DoubtfulAnswer, text, then)
            }
        };
    }
    let text = "Mainstay did not fail the database over.".to_owned();
    (Guard::TookTooLong, text, format!("If the database is down: {fail_over}."))
}

/// What is done and what is not, phase by phase.
fn progress(incident: &Incident) -> Vec<(&'static str, String)> {
    let yes = |at: Option<Timestamp>| at.map_or("not done".to_owned(), |at| format!("done at {at}"));
    let called = incident.intent().map(|(_, at)| at);
    vec![
        ("failover call", yes(called)),
        ("new writer in charge", yes(incident.promoted().map(|(_, at)| at))),
        ("endpoint moved", yes(incident.endpoint_confirmed_at())),
        ("services restarted", yes(incident.recycled().map(|(at, _)| at))),
    ]
}

/// The error that the state machine caught, as one sentence: untrusted, bounded.
fn caught(failed: &Value) -> Option<String> {
    let name = failed.get("Error")?.as_str()?;
    let cause = failed.get("Cause").and_then(Value::as_str).unwrap_or_default();
    // A function's error arrives as JSON in the cause.
    let message = serde_json::from_str::<Value>(cause)
        .ok()
        .and_then(|v| v.get("errorMessage")?.as_str().map(ToOwned::to_owned))
        .unwrap_or_else(|| cause.to_owned());
    Some(recovery::text::plain(&format!("{name}: {message}"), 400))
}
