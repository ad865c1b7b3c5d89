//! One run of the state machine: its input, its steps, and what a step answers.

use crate::{IncidentId, decision::Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The input of an execution. Frozen: a deployment in the middle of a recovery changes nothing in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The step that the run begins with.
    pub entry: Entry,
    /// The incident that it works on.
    pub incident: IncidentId,
    /// The attempt; a step acts only while the incident's head bears the same fence.
    pub fence: u64,
    /// Whether this is a drill: every channel says so.
    pub drill: bool,
    /// When the incident was opened.
    pub opened_at: Timestamp,
    /// The plan's slice for the database, as it was when the incident was opened.
    pub plan: plan::Slice,
}

impl Run {
    /// The execution's name: incident and attempt. At most 80 characters, all of them safe.
    #[must_use]
    pub fn execution_name(&self) -> String {
        format!("{}-{}", self.incident, self.fence)
    }

    /// The plan's name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.plan.database.name
    }
}

/// Where a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The whole recovery.
    Confirm,
    /// A person has decided: no confirmation.
    Assess,
    /// AWS was faster, or the call is made: wait for the promotion.
    Promotion,
    /// Resume at waiting for the endpoint.
    Endpoint,
    /// Resume at recycling the services.
    Recycle,
    /// Resume at watching health.
    Verify,
    /// Resume at closing.
    Close,
}

/// A step, as the state machine names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Read all witnesses again, until they say act, recovered, or the deadline has come.
    Confirm,
    /// Record writer, readers and lag, and choose the target.
    Assess,
    /// Last look, intent, and the one call.
    FailOver,
    /// Await the new writer.
    Promotion,
    /// Await the endpoint that leads to the new writer.
    Endpoint,
    /// Restart the services, wave by wave.
    Recycle,
    /// Watch until health has held for the plan's window.
    Verify,
    /// Close the incident and say so.
    Close,
    /// Hand over to people.
    Escalate,
}

/// What the state machine sends to a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRequest {
    /// The step to do.
    pub step: Step,
    /// The run that it belongs to.
    pub run: Run,
    /// For `escalate`: the error that was caught (`Error` and `Cause`), or an empty object.
    #[serde(default)]
    pub failed: Option<serde_json::Value>,
    /// For `escalate`: the [`Outcome`] of the step that could not go on; of one that failed, its `step` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<serde_json::Value>,
}

/// What the state machine does after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// Wait `after_s` seconds and do the step again.
    Again,
    /// Go on.
    Done,
    /// The writer has changed already: wait for the promotion, then recycle.
    Recycle,
    /// The incident is closed: end here.
    Stop,
    /// Hand over to people.
    Escalate,
}

/// A step's answer: one value to test, one number to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReply {
    /// What comes next.
    pub next: Next,
    /// Seconds to wait before the step is done again; meaningful with [`Next::Again`] only.
    pub after_s: u64,
    /// What happened, for people, logs and metrics.
    pub outcome: Outcome,
}

/// What a step has to say. Notices, metrics and the timeline are pure mappings of outcomes and events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The step.
    pub step: Step,
    /// The incident.
    pub incident: IncidentId,
    /// The plan's name of the database.
    pub database: String,
    /// One sentence for people.
    pub summary: String,
    /// The decision, where the step took one.
    pub verdict: Option<Verdict>,
}

impl StepReply {
    /// An answer of `step` in `run`.
    #[must_use]
    pub fn new(run: &Run, step: Step, next: Next, summary: impl Into<String>) -> Self {
        Self {
            next,
            after_s: 0,
            outcome: Outcome {
                step,
                incident: run.incident.clone(),
                database: run.database().to_owned(),
                summary: summary.into(),
                verdict: None,
            },
        }
    }

    /// "Look again in `after_s` seconds."
    #[must_use]
    pub fn again(run: &Run, step: Step, after_s: u64, summary: impl Into<String>) -> Self {
        Self { after_s, ..Self::new(run, step, Next::Again, summary) }
    }

    /// The same answer, resting on this verdict.
    #[must_use]
    pub fn because(mut self, verdict: Verdict) -> Self {
        self.outcome.verdict = Some(verdict);
        self
    }
}
