//! Failures: of a call to AWS, and of a step. Names are the contract with the state machine.

use thiserror::Error;

/// What kind of failure a call met; decides whether to try again, to read again or to escalate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Too many calls: try again later. AWS changed nothing.
    Throttled,
    /// The role does not allow the call.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// The resource is in a state that forbids the call (`InvalidDBClusterStateFault` and its kin).
    WrongState,
    /// AWS refused the call for another reason (validation, quota).
    Refused,
    /// No clear answer (timeout, closed connection, 5xx): the call may have taken effect.
    Doubtful,
    /// The answer lacks something that Mainstay needs.
    Malformed,
    /// The call was never sent (no connection, no credentials).
    Unreachable,
}

/// A call to AWS that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{service} {action} failed ({failure:?}{}): {message}", code.as_deref().map(|c| format!(", {c}")).unwrap_or_default())]
pub struct CallError {
    /// The AWS service, such as `RDS`.
    pub service: &'static str,
    /// The API action, such as `FailoverDBCluster`.
    pub action: &'static str,
    /// What kind of failure it was.
    pub failure: Failure,
    /// The error code that AWS sent, if it sent one.
    pub code: Option<String>,
    /// What went wrong, bounded and without control characters.
    pub message: String,
}

impl CallError {
    /// A failure of `service`'s `action`.
    #[must_use]
    pub fn new(service: &'static str, action: &'static str, failure: Failure, message: &str) -> Self {
        Self { service, action, failure, code: None, message: crate::text::plain(message, 300) }
    }
}

/// Why a step could not do its work. The variant's name is the `errorType` that the state machine sees.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepError {
    /// AWS asked for fewer calls: the state machine tries the step again.
    #[error("{0}. The step is tried again by the state machine.")]
    Throttled(CallError),
    /// A service did not answer: the state machine tries the step again.
    #[error("{0}. The step is tried again by the state machine.")]
    Unavailable(CallError),
    /// The role lacks a permission.
    #[error("{0}. Allow this action in the function's policy in infra/template.yaml and deploy.")]
    Denied(CallError),
    /// AWS does not know what the plan names.
    #[error("{0}. Check the identifier and the region in the plan.")]
    NotFound(CallError),
    /// AWS refused.
    #[error("{0}. Follow the run book's manual steps.")]
    Refused(CallError),
    /// An answer of AWS lacks something.
    #[error("{0}. Read the resource by hand and report this as a defect.")]
    MalformedReply(CallError),
    /// A newer attempt owns the incident, or it is closed: this run must not act.
    #[error("incident {incident}: {reason}. This run must not act; nothing to do here.")]
    Fenced {
        /// The incident.
        incident: String,
        /// Who holds it now.
        reason: String,
    },
    /// The event or the step's input cannot be read.
    #[error("cannot read the event: {0}")]
    MalformedEvent(String),
    /// The plan that was shipped with the function is not valid.
    #[error("the plan is not valid: {0}. Run `drp validate` on it, mend it and deploy.")]
    InvalidPlan(String),
}

impl StepError {
    /// The stable name that `ErrorEquals` in the state machine matches.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "Throttled",
            Self::Unavailable(_) => "Unavailable",
            Self::Denied(_) => "Denied",
            Self::NotFound(_) => "NotFound",
            Self::Refused(_) => "Refused",
            Self::MalformedReply(_) => "MalformedReply",
            Self::Fenced { .. } => "Fenced",
            Self::MalformedEvent(_) => "MalformedEvent",
            Self::InvalidPlan(_) => "InvalidPlan",
        }
    }

    /// Every name, for the test that holds the state machine and this type together.
    pub const NAMES: [&'static str; 9] = [
        "Throttled",
        "Unavailable",
        "Denied",
        "NotFound",
        "Refused",
        "MalformedReply",
        "Fenced",
        "MalformedEvent",
        "InvalidPlan",
    ];
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        match error.failure {
            Failure::Throttled => Self::Throttled(error),
            Failure::Doubtful | Failure::Unreachable => Self::Unavailable(error),
            Failure::Denied => Self::Denied(error),
            Failure::NotFound => Self::NotFound(error),
            Failure::WrongState | Failure::Refused => Self::Refused(error),
            Failure::Malformed => Self::MalformedReply(error),
        }
    }
}
