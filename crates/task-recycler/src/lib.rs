//! The step that restarts the ECS services of a database after its failover: it looks, starts what is due by
//! wave and dependency, and says when to look again. Nothing here waits, the state machine does.

mod address;
mod asking;
pub mod database;
pub mod fitness;
mod https;
mod observe;
pub mod pool;
pub mod progress;
pub mod round;
mod settings;
mod step;

#[cfg(test)]
mod tests;

pub use https::Https;
pub use settings::Settings;

use jiff::Timestamp;
use recovery::{
    Step, StepError, StepReply, StepRequest,
    ports::{Databases, Incidents, PoolChecks, Services},
};
use std::sync::Arc;

/// What the step needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// RDS, which is only read: its health stops the waves.
    pub databases: Arc<dyn Databases>,
    /// ECS.
    pub services: Arc<dyn Services>,
    /// The HTTP checks of services.
    pub pools: Arc<dyn PoolChecks>,
    /// The incident table.
    pub incidents: Arc<dyn Incidents>,
}

/// Does step `recycle` and says what comes next.
///
/// # Errors
/// [`StepError::Fenced`] when a newer attempt owns the incident or it is closed, [`StepError::MalformedEvent`]
/// when the request names another step or another plan; the store's errors. ECS's refusals become news of the
/// service that they are about.
pub async fn handle(now: Timestamp, request: StepRequest, ports: &Ports) -> Result<StepReply, StepError> {
    let incident = request.run.incident.as_str();
    let result = if request.step == Step::Recycle {
        step::step(now, &request.run, ports).await
    } else {
        Err(StepError::MalformedEvent(format!("step {:?} is not done by task-recycler", request.step)))
    };
    match &result {
        Ok(reply) => tracing::info!(
            incident,
            step = ?request.step,
            next = ?reply.next,
            after_s = reply.after_s,
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
