//! Step `escalate`: close the incident as escalated, and say what is done, what is not, and how to go on.

use crate::{
    Ports, by_hand, close,
    incident_of::{InHand, take_in_hand},
};
use jiff::Timestamp;
use plan::{Database, NoticeKind};
use recovery::{
    Closing, Decision, Guard, Next, Step, StepError, StepReply, StepRequest, Verdict,
    incident::{Event, FailoverAnswer, Incident},
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
    let said = request.said.as_ref().map(Said::of).unwrap_or_default();
    let step = said.step;
    let verdict = verdict(&run.plan.database, &log.incident, request.failed.as_ref(), said.verdict);
    let reply = StepReply::new(run, Step::Escalate, Next::Stop, verdict.reason.clone());
    let event = Event::Closed { closing: Closing::Escalated, step, verdict: verdict.clone() };
    // News that comes meanwhile keeps nothing open: people look at everything anyway.
    log.append(now, event, &[NoticeKind::Escalation]).await?;
    Ok(reply.because(verdict))
}

/// What the state machine hands on of the step that could not go on. What is not understood is left out: it must
/// keep nobody from taking over.
#[derive(Debug, Default)]
struct Said {
    step: Option<Step>,
    verdict: Option<Verdict>,
}

impl Said {
    fn of(said: &Value) -> Self {
        let field = |name| said.get(name).cloned().unwrap_or_default();
        Self {
            step: serde_json::from_value(field("step")).ok(),
            verdict: serde_json::from_value(field("verdict")).ok(),
        }
    }
}

/// Why people must take over: as the step said it, else from what the incident tells and the error that was caught.
#[must_use]
pub fn verdict(
    plan: &Database,
    incident: &Incident,
    failed: Option<&Value>,
    said: Option<Verdict>,
) -> Verdict {
    let (guard, stuck, then) = stuck(plan, incident);
    let (mut verdict, then) = match (failed.and_then(caught), said) {
        (Some(error), _) => {
            // When nothing in the incident explains it, the error does.
            let guard = if guard == Guard::TookTooLong { Guard::ExecutionDied } else { guard };
            (Verdict::new(Decision::Refuse, guard, format!("{stuck} {error}")), then)
        }
        (None, Some(said)) => {
            let then = if said.guard == Guard::WriterChanged {
                // Also services that were restarted hold connections to the writer of before.
                once_it_leads(plan)
            } else if said.would_change.is_empty() {
                then
            } else {
                said.would_change.clone()
            };
            (said, then)
        }
        (None, None) => (Verdict::new(Decision::Refuse, guard, stuck), then),
    };
    verdict.reason = recovery::text::plain(&verdict.reason, 1200);
    verdict = verdict
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
    if incident.endpoint_confirmed_at().is_some() {
        let text = "The database was failed over; the services are not all restarted.".to_owned();
        return (Guard::TookTooLong, text, once_it_leads(plan));
    }
    if let Some((writer, _)) = incident.promoted() {
        let text = format!(
            "{writer} is in charge, but it is not proved that the endpoint leads to it. No service was restarted."
        );
        return (Guard::TookTooLong, text, once_it_leads(plan));
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

/// How every service of the plan is restarted by hand.
fn once_it_leads(plan: &Database) -> String {
    let commands: Vec<String> =
        plan.services.iter().map(|s| by_hand::redeploy(plan, &s.cluster, &s.name)).collect();
    format!("Once the endpoint leads to the writer: {}.", commands.join("; "))
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
