//! A lint of `infra/recovery.asl.json`: only the subset of the Amazon States Language that behaves the same on
//! every engine, and only the shape Task → Choice → Wait.
//!
//! `asl-validator` says whether a definition is valid. This says whether it is ours: no logic hides in
//! expressions, nothing can fail where it can't be caught, and no path leads from waiting back to acting.

mod paths;
mod shape;
mod states;

use serde_json::{Map, Value};

/// The step that acts. Nothing leads back to it but its own wait, and that only before the call. What it does is done
/// once, however often it is tried again, because the intent is written first; a repeat that finds it only reads.
pub const ACTING: &str = "Fail over";
/// Where everything goes that no rule expects.
pub const ESCALATE: &str = "Escalate";

/// The errors of ours that a state may try again after: the step changed nothing, or may be repeated.
pub const OUR_RETRIED_ERRORS: [&str; 2] = ["Throttled", "Unavailable"];
/// The errors of Lambda itself that a state may try again after, as AWS names them. The last three are a function
/// that died, or ran over its time, before it could answer.
pub const LAMBDA_RETRIED_ERRORS: [&str; 9] = [
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Sandbox.Timedout",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "States.Timeout",
];
/// How often a state may try again at most. Only the definition can count a function that dies each time, and people
/// must hear of it.
pub const MOST_RETRIES: u64 = 20;

/// What the lint knows from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The functions' timeout in seconds, from the template: a task must outlive its function.
    pub function_timeout_s: u64,
}

/// Everything that is wrong with a definition, as `state: what`. Empty: nothing.
#[must_use]
pub fn lint(definition: &str, limits: Limits) -> Vec<String> {
    let machine: Value = match serde_json::from_str(definition) {
        Ok(value) => value,
        Err(error) => return vec![format!("not JSON: {error}")],
    };
    let mut findings = Vec::new();
    whole(&machine, &mut findings);
    let Some(states) = machine.get("States").and_then(Value::as_object) else {
        findings.push("machine: has no States".into());
        return findings;
    };
    for (name, state) in states {
        states::check(name, state, states, limits, &mut findings);
    }
    shape::check(states, &mut findings);
    paths::check(text(&machine, "StartAt"), states, &mut findings);
    findings
}

fn whole(machine: &Value, findings: &mut Vec<String>) {
    let known = ["Comment", "QueryLanguage", "TimeoutSeconds", "StartAt", "States"];
    only("machine", machine, &known, findings);
    if text(machine, "QueryLanguage") != "JSONata" {
        findings.push("machine: QueryLanguage must be JSONata".into());
    }
    if text(machine, "Comment").is_empty() {
        findings.push("machine: has no Comment".into());
    }
    if machine.get("TimeoutSeconds").and_then(Value::as_u64).is_none() {
        findings.push("machine: has no TimeoutSeconds: a recovery that hangs would never be found".into());
    }
}

/// A field's text; empty where there is none.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A field's list; empty where there is none.
fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A finding for each field that the subset does not have.
fn only(what: &str, value: &Value, known: &[&str], findings: &mut Vec<String>) {
    let fields = value
        .as_object()
        .map(Map::keys)
        .into_iter()
        .flatten()
        .filter(|field| !known.contains(&field.as_str()));
    findings.extend(fields.map(|field| format!("{what}: the field {field} is not in the subset")));
}

#[cfg(test)]
mod tests;
