//! The steps of a recovery that ask and move the database: confirm, assess, fail over, promotion, endpoint,
//! verify, close, escalate. One step per invocation; nothing here waits, the state machine does.
//!
//! Each step gathers facts, lets a pure function decide, and does what was decided. A step that is repeated
//! whole, because its answer was lost, finds what it did in the incident and does it no second time.

pub mod assess;
pub mod by_hand;
mod carry_out;
pub mod close;
pub mod confirm;
mod connections;
pub mod endpoint;
pub mod escalate;
pub mod fail_over;
pub mod health;
mod incident_of;
pub mod movement;
pub mod promotion;
pub mod proof;
mod settings;
pub mod sight;
pub mod target;
pub mod verify;
pub mod witnesses;
mod work_in_progress;

#[cfg(test)]
mod tests;

pub use carry_out::{Judgement, Turn};
pub use incident_of::Case;
pub use settings::Settings;

use incident_of::InHand;
use jiff::Timestamp;
use recovery::{
    CallError, Failure, Step, StepError, StepReply, StepRequest,
    ports::{Alarms, Databases, Incidents, Names, Services},
};
use std::{sync::Arc, time::Instant};

/// What the steps need of the world.
#[derive(Clone)]
pub struct Ports {
    /// RDS.
    pub databases: Arc<dyn Databases>,
    /// ECS, to read the health of services; nothing is changed there.
    pub services: Arc<dyn Services>,
    /// CloudWatch.
    pub alarms: Arc<dyn Alarms>,
    /// DNS.
    pub names: Arc<dyn Names>,
    /// The incident table.
    pub incidents: Arc<dyn Incidents>,
}

/// Does one step of a recovery and says what comes next.
///
/// # Errors
/// [`StepError::Fenced`] when a newer attempt owns the incident, [`StepError::MalformedEvent`] when the
/// request does not fit the incident or names a step of another function, and AWS's refusals by their kind.
pub async fn handle(now: Timestamp, request: StepRequest, ports: &Ports) -> Result<StepReply, StepError> {
    let result = take(now, Instant::now(), &request, ports).await;
    let incident = request.run.incident.as_str();
    match &result {
        Ok(reply) => tracing::info!(
            incident,
            step = ?request.step,
            next = ?reply.next,
            after_s = reply.after_s,
            guard = ?reply.outcome.verdict.as_ref().map(|v| v.guard),
            summary = %reply.outcome.summary,
            "step"
        ),
        // What went wrong is logged where the error is handed to Lambda.
        Err(error) => {
            tracing::info!(incident, step = ?request.step, next = "error", name = error.name(), "step");
        }
    }
    result
}

async fn take(
    now: Timestamp,
    began: Instant,
    request: &StepRequest,
    ports: &Ports,
) -> Result<StepReply, StepError> {
    let (run, step) = (&request.run, request.step);
    if step == Step::Escalate {
        return escalate::step(now, request, ports).await;
    }
    let mut log = match incident_of::take_in_hand(ports.incidents.as_ref(), run, step).await? {
        InHand::Open(log) => log,
        InHand::Closed(reply) => return Ok(reply),
    };
    if let Some(reply) = incident_of::left_to_others(run, step, &log) {
        return Ok(reply);
    }
    match step {
        Step::Confirm => confirm::step(now, run, ports, &mut log).await,
        Step::Assess => assess::step(now, run, ports, &mut log).await,
        Step::FailOver => fail_over::step(now, fail_over::call_until(began), run, ports, &mut log).await,
        Step::Promotion => promotion::step(now, run, ports, &mut log).await,
        Step::Endpoint => endpoint::step(now, run, ports, &mut log).await,
        Step::Verify => verify::step(now, run, ports, &mut log).await,
        Step::Close => close::step(now, run, ports, &mut log).await,
        Step::Recycle | Step::Escalate => {
            Err(StepError::MalformedEvent(format!("step {step:?} is not done by failover-executor")))
        }
    }
}

/// Whether a read that failed may succeed at the next look, so that an awaiting step goes on waiting.
fn passes(error: &CallError) -> bool {
    match error.failure {
        Failure::Throttled | Failure::Doubtful | Failure::Unreachable => true,
        Failure::Denied | Failure::NotFound | Failure::WrongState | Failure::Refused | Failure::Malformed => {
            false
        }
    }
}
