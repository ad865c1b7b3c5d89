use super::{Limits, lint};
use serde_json::{Value, json};

const LIMITS: Limits = Limits { function_timeout_s: 20 };

fn ours() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/recovery.asl.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The findings after `change` has been made to the true definition.
fn after(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut machine = ours();
    change(&mut machine["States"]);
    lint(&machine.to_string(), LIMITS)
}

fn refused(change: impl FnOnce(&mut Value), expected: &str) {
    let findings = after(change);
    assert!(findings.iter().any(|f| f.contains(expected)), "{expected:?} is not in {findings:#?}");
}

#[test]
fn the_recovery_is_in_the_subset() {
    assert_eq!(after(|_| ()), Vec::<String>::new());
}

#[test]
fn what_is_not_json_is_one_finding() {
    assert!(lint("{", LIMITS)[0].starts_with("not JSON"));
    assert!(lint("[]", LIMITS).iter().any(|f| f == "machine: has no States"));
}

#[test]
fn the_machine_itself_must_end_and_speak_jsonata() {
    let mut machine = ours();
    let fields = machine.as_object_mut().unwrap();
    fields.remove("TimeoutSeconds");
    fields.remove("QueryLanguage");
    let findings = lint(&machine.to_string(), LIMITS);
    assert!(findings.iter().any(|f| f.contains("has no TimeoutSeconds")), "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("must be JSONata")), "{findings:?}");
}

#[test]
fn types_outside_the_subset_are_refused() {
    for kind in ["Parallel", "Map", "Pass", ""] {
        refused(|s| s["Verify"]["Type"] = json!(kind), "is not in the subset");
    }
}

#[test]
fn fields_outside_the_subset_are_refused() {
    refused(|s| s["Verify"]["HeartbeatSeconds"] = json!(5), "Verify: the field HeartbeatSeconds");
    refused(|s| s["Stopped"]["Output"] = json!({}), "Stopped: the field Output");
    refused(|s| s["Verify wait"]["Timestamp"] = json!("x"), "Verify wait: the field Timestamp");
}

#[test]
fn every_state_has_a_comment() {
    for state in ["Enter", "Confirm", "Confirm?", "Confirm wait", "Recovered", "Escalated"] {
        refused(|s| s[state]["Comment"] = json!(""), &format!("{state}: has no Comment"));
    }
}

#[test]
fn only_functions_are_called() {
    refused(
        |s| s["Verify"]["Resource"] = json!("arn:aws:states:::aws-sdk:rds:describeDBClusters"),
        "only lambda:invoke",
    );
    refused(
        |s| s["Verify"]["Arguments"]["FunctionName"] = json!("arn:aws:lambda:x"),
        "must be a substitution",
    );
}

#[test]
fn a_task_outlives_its_function() {
    for seconds in [json!(20), json!(null), json!("{% $after %}")] {
        refused(|s| s["Assess"]["TimeoutSeconds"] = seconds, "Assess: TimeoutSeconds must be above");
    }
}

#[test]
fn what_a_step_gets_and_gives_is_fixed() {
    refused(
        |s| s["Assess"]["Arguments"]["Payload"]["step"] = json!("confirm"),
        "Assess: the Payload must be",
    );
    refused(|s| s["Assess"]["Arguments"]["Payload"]["more"] = json!(1), "Assess: the Payload must be");
    refused(|s| s["Assess"]["Assign"]["after"] = json!(1), "Assess: must Assign");
    refused(|s| s["Assess"]["Output"] = json!("{% $states.result %}"), "Assess: must hand on its input");
    refused(|s| s["Escalate"]["Arguments"]["Payload"]["failed"] = json!({}), "Escalate: the Payload must be");
    refused(|s| s["Escalate"]["Arguments"]["Payload"]["said"] = json!({}), "Escalate: the Payload must be");
    refused(|s| s["Verify"]["Assign"]["said"] = json!({}), "Verify: must Assign");
}

#[test]
fn nothing_that_fails_leads_back_to_acting() {
    // A way back by a Catch would be counted by nobody.
    refused(
        |s| {
            let anew =
                json!({"ErrorEquals": ["Throttled"], "Assign": {"after": 2}, "Next": "Fail over wait"});
            s["Fail over"]["Catch"].as_array_mut().unwrap().insert(0, anew);
        },
        "Fail over: the Catch must be",
    );
    refused(|s| s["Fail over"]["Retry"] = json!([]), "Fail over: must have one Retry");
    refused(
        |s| s["Assess?"]["Choices"][0]["Next"] = json!("Fail over wait"),
        "Assess?: \"Fail over wait\" belongs to",
    );
}

#[test]
fn a_retry_names_harmless_errors_only_and_is_bounded() {
    for error in ["States.ALL", "States.TaskFailed", "Refused", "Fenced"] {
        refused(|s| s["Assess"]["Retry"][0]["ErrorEquals"] = json!([error]), "Assess: the Retry must be for");
    }
    refused(
        |s| {
            s["Assess"]["Retry"][0].as_object_mut().unwrap().remove("MaxAttempts");
        },
        "Assess: the Retry has no MaxAttempts",
    );
    for most in [json!(21), json!("{% $after %}")] {
        refused(|s| s["Fail over"]["Retry"][0]["MaxAttempts"] = most, "Fail over: MaxAttempts must be");
    }
}

#[test]
fn everything_that_fails_is_escalated() {
    refused(|s| s["Assess"]["Catch"][0]["Next"] = json!("Stopped"), "Assess: the Catch must be");
    refused(
        |s| s["Assess"]["Catch"][0]["ErrorEquals"] = json!(["States.Timeout"]),
        "Assess: the Catch must be",
    );
    refused(
        |s| s["Verify"]["Catch"][0]["Assign"]["said"]["step"] = json!("close"),
        "Verify: the Catch must be",
    );
    refused(
        |s| {
            s["Close"].as_object_mut().unwrap().remove("Catch");
        },
        "Close: the Catch must be",
    );
    refused(|s| s["Escalate"]["Next"] = json!("Stopped"), "Escalate: must end in a Fail state");
    refused(|s| s["Assess?"]["Default"] = json!("Stopped"), "must go to Escalate");
}

#[test]
fn a_choice_compares_one_value_with_one_word() {
    for condition in [
        "{% $next = 'done' and $after > 1 %}",
        "{% $next != 'done' %}",
        "{% $next = 'finished' %}",
        "{% $states.result.next = 'done' %}",
        "{% $exists($next) %}",
    ] {
        refused(|s| s["Assess?"]["Choices"][0]["Condition"] = json!(condition), "does not compare one value");
    }
    refused(
        |s| s["Assess?"]["Choices"][0]["Condition"] = json!("{% $next = 'stop' %}"),
        "\"stop\" has two rules",
    );
    refused(
        |s| s["Assess?"]["Choices"][0]["Condition"] = json!("{% $states.input.entry = 'x' %}"),
        "must compare $next",
    );
}

#[test]
fn again_leads_to_the_own_wait_and_back_to_the_own_step() {
    refused(
        |s| s["Assess?"]["Choices"][3]["Next"] = json!("Confirm wait"),
        "\"again\" must lead to the step's own wait",
    );
    refused(
        |s| s["Assess?"]["Choices"][0]["Next"] = json!("Assess wait"),
        "\"done\" must not lead to a wait",
    );
    refused(|s| s["Assess wait"]["Next"] = json!("Fail over"), "Assess wait: a wait is named after its step");
    refused(|s| s["Assess wait"]["Seconds"] = json!(1), "Assess wait: must wait for $after");
    refused(|s| s["Assess"]["Next"] = json!("Confirm?"), "Assess: must lead to its own choice");
}

#[test]
fn every_step_may_look_again() {
    for step in ["Confirm", "Assess", "Fail over", "Promotion", "Endpoint", "Recycle", "Verify", "Close"] {
        let own = format!("{step}?");
        refused(
            |s| {
                let rules = s[&own]["Choices"].as_array_mut().unwrap();
                rules.retain(|rule| rule["Condition"] != "{% $next = 'again' %}");
            },
            &format!("{own}: has no rule for \"again\""),
        );
    }
}

#[test]
fn a_run_begins_with_reading_and_with_its_variables() {
    refused(|s| s["Enter"]["Choices"][1]["Next"] = json!("Fail over"), "must not begin with");
    refused(|s| s["Enter"]["Choices"][1]["Next"] = json!("Verify"), "must bear the name of the step");
    refused(|s| s["Enter"]["Choices"][1]["Assign"] = json!({}), "Enter: every rule");
    refused(
        |s| {
            s["Enter"].as_object_mut().unwrap().remove("Assign");
        },
        "Enter: every rule",
    );
}

#[test]
fn nothing_that_waits_leads_back_to_acting() {
    refused(
        |s| s["Promotion?"]["Choices"][0]["Next"] = json!("Assess"),
        "Promotion: comes after \"Fail over\"",
    );
    refused(|s| s["Verify?"]["Choices"][0]["Next"] = json!("Fail over"), "and leads back to it");
}

#[test]
fn every_state_exists_and_is_reached() {
    refused(
        |s| s["Verify?"]["Choices"][0]["Next"] = json!("Finish"),
        "leads to \"Finish\", which does not exist",
    );
    refused(|s| s["Nowhere"] = json!({"Type": "Succeed", "Comment": "Unused."}), "Nowhere: can't be reached");
}
