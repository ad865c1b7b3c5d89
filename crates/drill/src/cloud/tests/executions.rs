//! State machines: the whole machine's time limit, the same start twice, definitions by path.

use serde_json::{Value, json};

use super::stand::{Stand, shared, until};
use crate::cloud::ApiError;

async fn ended(stand: &Stand, arn: &str) -> Value {
    let api = stand.cloud.api();
    until(arn, async || {
        let shown = api.execution(arn).await.unwrap();
        (shown["status"] != "RUNNING").then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_definition_by_path_runs_its_function() {
    let stand = shared();
    let api = stand.cloud.api();
    let machine = stand.stack.id("Machine");
    let arn = api.start_execution(machine, "by-path", &json!({ "a": 1 })).await.unwrap();
    assert_eq!(ended(&stand, &arn).await["status"], "SUCCEEDED");
    stand.recorded_one("the machine's call", |e| e["asked"] == json!({ "a": 1 })).await;
    let listed = api.executions(machine).await.unwrap();
    assert!(listed.iter().any(|one| one.name == "by-path" && one.status == "SUCCEEDED"));
    let kinds: Vec<Value> = api.history(&arn).await.unwrap().iter().map(|e| e["type"].clone()).collect();
    assert!(kinds.contains(&json!("TaskStateEntered")) && kinds.contains(&json!("ExecutionSucceeded")));
}

#[tokio::test]
async fn a_machine_over_its_time_limit_is_timed_out_and_stays_so() {
    let stand = shared();
    let api = stand.cloud.api();
    let arn = api.start_execution(stand.stack.id("SlowMachine"), "slow", &json!({})).await.unwrap();
    assert_eq!(ended(&stand, &arn).await["status"], "TIMED_OUT");
    // The wait that was under way ends after four seconds and must not turn the end into a success.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(api.execution(&arn).await.unwrap()["status"], "TIMED_OUT");
    let history = api.history(&arn).await.unwrap();
    assert!(history.iter().any(|event| event["type"] == "ExecutionTimedOut"));
}

#[tokio::test]
async fn the_same_start_twice_is_one_execution_and_another_input_is_refused() {
    let stand = shared();
    let api = stand.cloud.api();
    let machine = stand.stack.id("SlowMachine");
    let first = api.start_execution(machine, "twice", &json!({ "n": 1 })).await.unwrap();
    let again = api.start_execution(machine, "twice", &json!({ "n": 1 })).await.unwrap();
    assert_eq!(first, again);
    let other = api.start_execution(machine, "twice", &json!({ "n": 2 })).await.unwrap_err();
    assert!(
        matches!(&other, ApiError::Refused { body, .. } if body.contains("ExecutionAlreadyExists")),
        "{other}"
    );
    ended(&stand, &first).await;
    let late = api.start_execution(machine, "twice", &json!({ "n": 1 })).await.unwrap_err();
    assert!(
        matches!(&late, ApiError::Refused { body, .. } if body.contains("ExecutionAlreadyExists")),
        "{late}"
    );
}
