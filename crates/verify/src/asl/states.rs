//! Each state by itself.

use super::{ESCALATE, LAMBDA_RETRIED_ERRORS, Limits, MOST_RETRIES, OUR_RETRIED_ERRORS, list, only, text};
use serde_json::{Map, Value, json};

/// The words that a step may answer with.
const WORDS: [&str; 4] = ["done", "again", "recycle", "stop"];

pub(super) fn check(
    name: &str,
    state: &Value,
    states: &Map<String, Value>,
    limits: Limits,
    findings: &mut Vec<String>,
) {
    if text(state, "Comment").is_empty() {
        findings.push(format!("{name}: has no Comment, and the run book is made from them"));
    }
    match text(state, "Type") {
        "Task" => task(name, state, states, limits, findings),
        "Choice" => choice(name, state, findings),
        "Wait" => wait(name, state, states, findings),
        "Succeed" => only(name, state, &["Type", "Comment"], findings),
        "Fail" => only(name, state, &["Type", "Comment", "Error", "Cause"], findings),
        other => findings.push(format!("{name}: the type {other:?} is not in the subset")),
    }
}

fn task(name: &str, state: &Value, states: &Map<String, Value>, limits: Limits, findings: &mut Vec<String>) {
    let known = [
        "Type",
        "Comment",
        "Resource",
        "Arguments",
        "Assign",
        "Output",
        "TimeoutSeconds",
        "Retry",
        "Catch",
        "Next",
    ];
    only(name, state, &known, findings);
    if text(state, "Resource") != "arn:aws:states:::lambda:invoke" {
        findings
            .push(format!("{name}: only lambda:invoke is in the subset, RDS and ECS are called from Rust"));
    }
    if text(state, "Output") != "{% $states.input %}" {
        findings.push(format!("{name}: must hand on its input, so that no result is carried along"));
    }
    let outlives = |seconds: u64| seconds > limits.function_timeout_s;
    if !state.get("TimeoutSeconds").and_then(Value::as_u64).is_some_and(outlives) {
        let least = limits.function_timeout_s;
        findings.push(format!(
            "{name}: TimeoutSeconds must be above the function's own {least} s, or it runs on unseen"
        ));
    }
    payload(name, state, findings);
    retry(name, state, findings);
    catch(name, state, states, findings);
}

fn payload(name: &str, state: &Value, findings: &mut Vec<String>) {
    let arguments = state.get("Arguments").unwrap_or(&Value::Null);
    only(name, arguments, &["FunctionName", "Payload"], findings);
    let function = text(arguments, "FunctionName");
    if !(function.starts_with("${") && function.ends_with("Arn}")) {
        findings
            .push(format!("{name}: FunctionName must be a substitution such as ${{FailoverExecutorArn}}"));
    }
    let step = step_of(name);
    let expected = if name == ESCALATE {
        json!({"step": step, "run": "{% $run %}", "failed": "{% $failed %}", "said": "{% $said %}"})
    } else {
        json!({"step": step, "run": "{% $run %}"})
    };
    if arguments.get("Payload") != Some(&expected) {
        findings.push(format!("{name}: the Payload must be {expected}"));
    }
    // The outcome is what the escalation tells people, where this answer leads to it.
    let expected = json!({
        "next": "{% $states.result.Payload.next %}",
        "after": "{% $states.result.Payload.after_s %}",
        "said": "{% $states.result.Payload.outcome %}",
    });
    if name != ESCALATE && state.get("Assign") != Some(&expected) {
        findings.push(format!("{name}: must Assign {expected}"));
    }
}

fn retry(name: &str, state: &Value, findings: &mut Vec<String>) {
    if list(state, "Retry").len() != 1 {
        findings.push(format!("{name}: must have one Retry, for what may pass"));
    }
    for retrier in list(state, "Retry") {
        let known = [
            "ErrorEquals",
            "IntervalSeconds",
            "BackoffRate",
            "MaxAttempts",
            "MaxDelaySeconds",
            "JitterStrategy",
        ];
        only(name, retrier, &known, findings);
        findings.extend(
            known
                .iter()
                .filter(|field| retrier.get(**field).is_none())
                .map(|field| format!("{name}: the Retry has no {field}")),
        );
        if retrier.get("MaxAttempts").and_then(Value::as_u64).is_none_or(|most| most > MOST_RETRIES) {
            findings.push(format!(
                "{name}: MaxAttempts must be at most {MOST_RETRIES}: then people must hear of it"
            ));
        }
        let expected = json!(passing());
        if retrier.get("ErrorEquals") != Some(&expected) {
            findings.push(format!("{name}: the Retry must be for {expected}"));
        }
    }
}

fn catch(name: &str, state: &Value, states: &Map<String, Value>, findings: &mut Vec<String>) {
    let expected = if name == ESCALATE {
        let next = text(state, "Next");
        if states.get(next).map(|next| text(next, "Type")) != Some("Fail") {
            findings.push(format!("{name}: must end in a Fail state, so that an escalation is seen as one"));
        }
        json!([{"ErrorEquals": ["States.ALL"], "Next": next}])
    } else {
        // Of a step that failed, what was said before is old: its name alone is handed on.
        let said = json!({"step": step_of(name)});
        let assign = json!({"failed": "{% $states.errorOutput %}", "said": said});
        json!([{"ErrorEquals": ["States.ALL"], "Assign": assign, "Next": ESCALATE}])
    };
    if state.get("Catch") != Some(&expected) {
        findings.push(format!("{name}: the Catch must be {expected}"));
    }
}

/// The step that a task's state is named after.
fn step_of(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// The errors after which the same step may succeed, and after which a repeat is harmless.
fn passing() -> Vec<&'static str> {
    [&OUR_RETRIED_ERRORS[..], &LAMBDA_RETRIED_ERRORS[..]].concat()
}

fn choice(name: &str, state: &Value, findings: &mut Vec<String>) {
    only(name, state, &["Type", "Comment", "Choices", "Default", "Assign"], findings);
    if text(state, "Default") != ESCALATE {
        findings.push(format!("{name}: what no rule expects must go to {ESCALATE}"));
    }
    let mut seen = Vec::new();
    for rule in list(state, "Choices") {
        only(name, rule, &["Condition", "Next", "Assign"], findings);
        let condition = text(rule, "Condition");
        let word = compared(condition, "$next").filter(|word| WORDS.contains(word));
        let Some(word) = word.or_else(|| compared(condition, "$states.input.entry")) else {
            findings.push(format!("{name}: {condition:?} does not compare one value with one known word"));
            continue;
        };
        if seen.contains(&word) {
            findings.push(format!("{name}: {word:?} has two rules"));
        }
        seen.push(word);
    }
}

/// The word that a condition compares `variable` with, if it does that and nothing else.
pub(super) fn compared<'a>(condition: &'a str, variable: &str) -> Option<&'a str> {
    let expression = condition.strip_prefix("{% ")?.strip_suffix(" %}")?;
    let quoted = expression.strip_prefix(variable)?.strip_prefix(" = ")?;
    let word = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
    (!word.is_empty() && word.chars().all(plain)).then_some(word)
}

fn wait(name: &str, state: &Value, states: &Map<String, Value>, findings: &mut Vec<String>) {
    only(name, state, &["Type", "Comment", "Seconds", "Next"], findings);
    if text(state, "Seconds") != "{% $after %}" {
        findings.push(format!("{name}: must wait for $after, the number that the step gave"));
    }
    let step = name.strip_suffix(" wait").unwrap_or_default();
    if text(state, "Next") != step || states.get(step).map(|step| text(step, "Type")) != Some("Task") {
        findings.push(format!("{name}: a wait is named after its step and leads back to it"));
    }
}
