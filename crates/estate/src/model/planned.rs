//! When a fault strikes: at once, later, or on a call. Scenarios are lists of these.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::Fault;
use super::request::Request;

/// When a planned fault strikes: at once, or after a call, and then some seconds later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The action whose call pulls the fault; at once when absent.
    pub on: Option<String>,
    /// A value that one of the call's parameters must hold, such as a service's name.
    pub of: Option<String>,
    /// Who must call.
    pub caller: Option<String>,
    /// The how-manieth such call from now on.
    pub call: u32,
    /// Seconds after that.
    pub after: f64,
}

impl Default for When {
    fn default() -> Self {
        Self { on: None, of: None, caller: None, call: 1, after: 0.0 }
    }
}

/// A fault with its time: a scenario's line. Written as
/// `{"fault": "move_writer", "cluster": "orders", "to": "orders-1", "when": {"on": "FailoverDBCluster", "after": 3}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Planned {
    /// What breaks.
    #[serde(flatten)]
    pub fault: Fault,
    /// When.
    pub when: When,
}

impl From<Fault> for Planned {
    fn from(fault: Fault) -> Self {
        Self { fault, when: When::default() }
    }
}

impl TryFrom<Value> for Planned {
    type Error = serde_json::Error;

    fn try_from(mut value: Value) -> Result<Self, serde_json::Error> {
        // Apart, because serde cannot refuse unknown fields beside a flattened one.
        let when = value.as_object_mut().and_then(|object| object.remove("when"));
        let when = when.map_or_else(|| Ok(When::default()), serde_json::from_value)?;
        Ok(Self { fault: serde_json::from_value(value)?, when })
    }
}

/// A planned fault and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fate {
    /// What was planned.
    #[serde(flatten)]
    pub planned: Planned,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it did something to the estate, or met its first call; absent: it has not so far.
    pub struck_at: Option<Timestamp>,
}

/// Which of the planned faults, counted from 0.
pub(crate) type Number = usize;

/// A planned fault that waits for a call.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) number: Number,
    pub(crate) when: When,
    pub(crate) seen: u32,
}

impl Trigger {
    /// Counts a call, and says whether it is the one.
    pub(crate) fn counts(&mut self, request: &Request) -> bool {
        let when = &self.when;
        let meant = when.on.as_deref().is_some_and(|action| action == request.action)
            && when.caller.as_ref().is_none_or(|caller| *caller == request.caller)
            && when.of.as_ref().is_none_or(|value| holds(&request.parameters, value));
        self.seen += u32::from(meant);
        meant && self.seen == when.call.max(1)
    }
}

/// Whether a value appears among the parameters, as itself or as the end of an ARN.
fn holds(parameters: &Value, value: &str) -> bool {
    match parameters {
        Value::String(text) => text == value || super::key::bare(text) == value,
        Value::Array(entries) => entries.iter().any(|entry| holds(entry, value)),
        Value::Object(fields) => fields.values().any(|field| holds(field, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
