//! The state machine and the types of crate `recovery`.

use super::{files, template::Template};
use recovery::{CallError, Entry, Failure, Next, Step, StepError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Names of AWS that the definition may match, and where they come from: the Step Functions developer guide,
/// "Handling errors" and "Invoke an AWS Lambda function" (transient Lambda service exceptions). A function that
/// dies is `Runtime.ExitError` where Lambda names the error, else `Lambda.Unknown`.
const AWS_NAMES: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.ALL",
    "States.Timeout",
];

/// Our errors after which the same step may succeed. All others are for people, at once.
const TRIED_AGAIN: &[&str] = &["Throttled", "Unavailable"];

/// Every step, from an exhaustive match: a new one does not compile until it is listed.
fn steps() -> Vec<Step> {
    let next = |step| match step {
        Step::Confirm => Some(Step::Assess),
        Step::Assess => Some(Step::FailOver),
        Step::FailOver => Some(Step::Promotion),
        Step::Promotion => Some(Step::Endpoint),
        Step::Endpoint => Some(Step::Recycle),
        Step::Recycle => Some(Step::Verify),
        Step::Verify => Some(Step::Close),
        Step::Close => Some(Step::Escalate),
        Step::Escalate => None,
    };
    std::iter::successors(Some(Step::Confirm), |step| next(*step)).collect()
}

/// Every entry, in the same way.
fn entries() -> Vec<Entry> {
    let next = |entry| match entry {
        Entry::Confirm => Some(Entry::Assess),
        Entry::Assess => Some(Entry::Promotion),
        Entry::Promotion => Some(Entry::Endpoint),
        Entry::Endpoint => Some(Entry::Recycle),
        Entry::Recycle => Some(Entry::Verify),
        Entry::Verify => Some(Entry::Close),
        Entry::Close => None,
    };
    std::iter::successors(Some(Entry::Confirm), |entry| next(*entry)).collect()
}

/// Every error of a step, in the same way.
fn errors() -> Vec<StepError> {
    let call = || CallError::new("RDS", "FailoverDBCluster", Failure::Refused, "it was refused");
    let next = |error: &StepError| match error {
        StepError::Throttled(_) => Some(StepError::Unavailable(call())),
        StepError::Unavailable(_) => Some(StepError::Denied(call())),
        StepError::Denied(_) => Some(StepError::NotFound(call())),
        StepError::NotFound(_) => Some(StepError::Refused(call())),
        StepError::Refused(_) => Some(StepError::MalformedReply(call())),
        StepError::MalformedReply(_) => {
            Some(StepError::Fenced { incident: "orders-1".to_owned(), reason: "it is closed".to_owned() })
        }
        StepError::Fenced { .. } => Some(StepError::MalformedEvent("no `step`".to_owned())),
        StepError::MalformedEvent(_) => Some(StepError::InvalidPlan("no database".to_owned())),
        StepError::InvalidPlan(_) => None,
    };
    std::iter::successors(Some(StepError::Throttled(call())), next).collect()
}

fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn read<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(json!(word)).ok()
}

fn machine() -> Value {
    files::json("infra/recovery.asl.json")
}

fn tasks(machine: &Value) -> Vec<(&str, &Value)> {
    let states = machine["States"].as_object().unwrap().iter();
    states.filter(|(_, s)| s["Type"] == "Task").map(|(name, state)| (name.as_str(), state)).collect()
}

/// The word that a Choice's condition compares `variable` with.
fn compared<'a>(condition: &'a Value, variable: &str) -> &'a str {
    let condition = condition.as_str().unwrap();
    let word = condition.strip_prefix(&format!("{{% {variable} = '")).and_then(|c| c.strip_suffix("' %}"));
    word.unwrap_or_else(|| panic!("`{condition}` does not compare {variable}"))
}

#[test]
fn every_error_is_listed_under_the_name_that_the_state_machine_sees() {
    let errors = errors();
    let names: Vec<&str> = errors.iter().map(StepError::name).collect();
    assert_eq!(names, StepError::NAMES);
    for (error, name) in errors.iter().zip(names) {
        // A name that is not the variant's own would be matched by nothing that people read in the definition.
        assert_eq!(format!("{error:?}").split(['(', ' ']).next(), Some(name), "the variant's own name");
    }
}

#[test]
fn every_error_name_in_the_definition_is_ours_or_awss() {
    let machine = machine();
    let known: BTreeSet<&str> = StepError::NAMES.iter().chain(AWS_NAMES).copied().collect();
    let mut seen = BTreeSet::new();
    for (name, state) in tasks(&machine) {
        for rule in ["Retry", "Catch"].iter().filter_map(|key| state[*key].as_array()).flatten() {
            for error in rule["ErrorEquals"].as_array().unwrap() {
                let error = error.as_str().unwrap();
                assert!(known.contains(error), "{name} matches `{error}`, which nothing is called");
                seen.insert(error);
            }
        }
    }
    let unused: Vec<_> = AWS_NAMES.iter().filter(|name| !seen.contains(*name)).collect();
    assert!(unused.is_empty(), "listed here, but the definition does not match them: {unused:?}");
}

#[test]
fn what_may_pass_is_tried_again_by_every_step_and_everything_ends_with_people() {
    for name in TRIED_AGAIN {
        assert!(StepError::NAMES.contains(name), "{name} is not one of ours");
    }
    let machine = machine();
    for (name, state) in tasks(&machine) {
        let matches = |rule: &Value, error: &str| {
            let named = rule["ErrorEquals"].as_array().unwrap();
            named.contains(&json!(error)) || named.contains(&json!("States.ALL"))
        };
        let retry = state["Retry"].as_array().map_or(&[][..], Vec::as_slice);
        let ours: Vec<&str> =
            StepError::NAMES.into_iter().filter(|e| retry.iter().any(|r| matches(r, e))).collect();
        assert_eq!(ours, TRIED_AGAIN, "{name}");
        let people = if name == "Escalate" { "Escalated" } else { "Escalate" };
        for error in StepError::NAMES.iter().chain(AWS_NAMES) {
            // However often a function dies before it can say anything, the definition itself counts.
            let tries =
                retry.iter().find(|r| matches(r, error)).map_or(Some(0), |r| r["MaxAttempts"].as_u64());
            assert!(
                tries.is_some_and(|tries| tries <= 20),
                "{name} tries again after {error} without an end"
            );
            let caught = state["Catch"].as_array().unwrap().iter().find(|c| matches(c, error)).unwrap();
            assert_eq!(caught["Next"], people, "{name} after {error}");
        }
    }
}

#[test]
fn the_call_reckons_with_the_functions_own_time() {
    let template = Template::read();
    assert_eq!(template.at("/Globals/Function/Timeout"), failover_executor::fail_over::FUNCTION_S);
    let own = &template.properties("FailoverExecutor")["Timeout"];
    assert!(own.is_null(), "it would win over the common one: {own}");
}

#[test]
fn every_step_of_the_definition_is_one_of_ours_and_the_other_way_round() {
    let machine = machine();
    let sent: Vec<Step> = tasks(&machine)
        .into_iter()
        .map(|(name, state)| {
            let step = state["Arguments"]["Payload"]["step"].as_str().unwrap();
            let step: Step = read(step).unwrap_or_else(|| panic!("{name} sends `{step}`, which is no step"));
            // The state's name is the step's name as people write it.
            assert_eq!(name.to_lowercase().replace(' ', "-"), word(step));
            step
        })
        .collect();
    for step in steps() {
        assert_eq!(sent.iter().filter(|s| **s == step).count(), 1, "states that send {step:?}");
    }
    assert_eq!(sent.len(), steps().len());
}

#[test]
fn every_entry_leads_to_its_own_step() {
    let machine = machine();
    let rules = machine["States"]["Enter"]["Choices"].as_array().unwrap();
    let named: Vec<Entry> = rules
        .iter()
        .map(|rule| {
            let entry = compared(&rule["Condition"], "$states.input.entry");
            let step = rule["Next"].as_str().unwrap();
            assert_eq!(step.to_lowercase(), entry, "the entry {entry} leads to {step}");
            assert_ne!(step, "Fail over", "no run may begin with the call");
            read(entry).unwrap_or_else(|| panic!("`{entry}` is no entry"))
        })
        .collect();
    assert_eq!(named, entries());
}

#[test]
fn every_answer_that_a_choice_knows_is_one_of_ours() {
    let machine = machine();
    let mut seen = BTreeSet::new();
    for (name, state) in machine["States"].as_object().unwrap() {
        if state["Type"] != "Choice" || name == "Enter" {
            continue;
        }
        for rule in state["Choices"].as_array().unwrap() {
            let answer = compared(&rule["Condition"], "$next");
            let next: Next =
                read(answer).unwrap_or_else(|| panic!("{name} knows `{answer}`: no answer of ours"));
            assert_ne!(next, Next::Escalate, "{name}: escalating is the default");
            seen.insert(answer);
        }
        assert_eq!(state["Default"], "Escalate", "{name}");
    }
    let all = [Next::Again, Next::Done, Next::Recycle, Next::Stop].map(word);
    assert_eq!(seen, all.iter().map(String::as_str).collect());
}

#[test]
fn the_template_fills_in_every_function_that_the_definition_names() {
    let machine = machine();
    let template = Template::read();
    let filled = template.properties("Recovery")["DefinitionSubstitutions"].as_object().unwrap();
    let named: BTreeSet<&str> = tasks(&machine)
        .into_iter()
        .map(|(_, state)| state["Arguments"]["FunctionName"].as_str().unwrap())
        .map(|name| name.strip_prefix("${").and_then(|n| n.strip_suffix('}')).unwrap())
        .collect();
    assert_eq!(named, filled.keys().map(String::as_str).collect());
    for (name, value) in filled {
        let function = name.strip_suffix("Arn").unwrap();
        assert_eq!(value, &json!({"Fn::GetAtt": format!("{function}.Arn")}), "{name}");
    }
}
