//! What the handler would decide, and why: for logs, for replies and for `drp explain`.

use crate::{
    decide::{Ruling, decide},
    state::State,
    wire,
};
use jiff::Timestamp;
use plan::Plan;
use recovery::{Decision, Evidence, Guard, StepError, Verdict, text};
use serde::{Deserialize, Serialize};

/// A decision as people and scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is done.
    pub decision: Decision,
    /// The rule that led to it.
    pub guard: Guard,
    /// Why, in one sentence.
    pub reason: String,
    /// The plan's name of the database, where there is one.
    pub database: Option<String>,
    /// The facts that it rests on.
    pub evidence: Vec<Evidence>,
    /// What would have to be different for another decision.
    pub would_change: String,
    /// Every decision, when the event is about several databases or holds several records; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Verdict>,
}

impl Explanation {
    /// The explanation of one verdict.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            decision: verdict.decision,
            guard: verdict.guard,
            reason: verdict.reason,
            database: verdict.database,
            evidence: verdict.evidence,
            would_change: verdict.would_change,
            all: Vec::new(),
        }
    }

    /// The explanation of several verdicts, the first at the top; none without any.
    #[must_use]
    pub fn of_all(verdicts: Vec<Verdict>) -> Option<Self> {
        let first = verdicts.first()?.clone();
        let all = if verdicts.len() > 1 { verdicts } else { Vec::new() };
        Some(Self { all, ..Self::of(first) })
    }
}

/// What the handler decides about an event in this state, without doing any of it.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the text is not JSON or the event, or one of its records, cannot be read.
pub fn explain(
    event_json: &str,
    plan: &Plan,
    state: &State,
    now: Timestamp,
) -> Result<Explanation, StepError> {
    let event: serde_json::Value = serde_json::from_str(event_json).map_err(|e| {
        let cause = text::plain(&e.to_string(), 120);
        StepError::MalformedEvent(format!("it is not JSON: {cause}"))
    })?;
    let mut verdicts = Vec::new();
    for signal in wire::signals(&event) {
        let rulings = decide(now, &signal?, plan, state);
        verdicts.extend(rulings.into_iter().map(|Ruling { verdict, .. }| verdict));
    }
    let nothing = || StepError::MalformedEvent("it holds nothing to decide about".to_owned());
    Explanation::of_all(verdicts).ok_or_else(nothing)
}
