//! Starting, stopping, keeping, and failing to start or to deploy.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::stand::{RunDir, Stand, deployment, shared};
use crate::cloud::{Cloud, CloudError};

fn is_running(pid: u32) -> bool {
    // A process that has ended but was not collected yet counts as ended.
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[tokio::test]
async fn the_functions_reach_rds_and_ecs_at_their_own_addresses_and_end_with_the_cloud() {
    let stand = Stand::start("whole").await;
    let api = stand.cloud.api();
    let recorder = stand.stack.id("Recorder");
    let shown =
        async |name: &str| api.invoke(recorder, &json!({ "show": name })).await.unwrap()["shown"].clone();
    assert_eq!(shown("AWS_ENDPOINT_URL_RDS").await, "http://127.0.0.1:1/rds");
    assert_eq!(shown("AWS_ENDPOINT_URL_ECS").await, "http://127.0.0.1:1/ecs");
    assert_eq!(shown("AWS_ENDPOINT_URL").await, stand.cloud.endpoint());
    assert_eq!(shown("MAINSTAY_EVENT_TOKEN").await, json!(null), "functions must not speak for AWS");
    assert_eq!(shown("AWS_REGION").await, "ca-central-1");
    let pid = stand.cloud.pid();
    let functions = children(pid);
    assert!(!functions.is_empty());
    drop(stand);
    assert!(!is_running(pid));
    for function in functions {
        assert!(!is_running(function), "the function {function} outlived its cloud");
    }
}

/// The processes that `pid` started.
fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn two_clouds_at_once_share_nothing() {
    let (left, right) = (RunDir::new("left"), RunDir::new("right"));
    let (left, right) = tokio::join!(Cloud::start(left.settings()), Cloud::start(right.settings()));
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_ne!(left.endpoint(), right.endpoint());
    left.api().create_queue("only-left").await.unwrap();
    let queue = json!({ "QueueName": "only-left" });
    let look =
        async |cloud: &Cloud| cloud.api().json(crate::cloud::Service::Sqs, "GetQueueUrl", &queue).await;
    assert!(look(&left).await.is_ok());
    assert!(look(&right).await.is_err());
    left.stop();
    right.api().create_queue("still-here").await.unwrap();
}

#[tokio::test]
async fn a_kept_cloud_lives_on_until_its_group_is_killed() {
    let run_dir = RunDir::new("kept");
    let cloud = Cloud::start(run_dir.settings()).await.unwrap();
    let (api, kept) = (cloud.api(), cloud.keep().unwrap());
    api.create_queue("kept").await.unwrap();
    let killed = Command::new("kill").args(["-KILL", "--", &format!("-{}", kept.pid)]).status().unwrap();
    assert!(killed.success());
    assert!(api.create_queue("gone").await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let run_dir = RunDir::new("taken");
    let mut settings = run_dir.settings();
    settings.port = Some(port);
    let error = Cloud::start(settings).await.unwrap_err();
    assert!(matches!(error, CloudError::PortTaken(taken) if taken == port), "{error}");
}

#[tokio::test]
async fn a_python_that_dies_shows_its_last_lines() {
    let run_dir = RunDir::new("died");
    let mut settings = run_dir.settings();
    settings.environment.insert("PYTHONHOME".to_owned(), "/nowhere".to_owned());
    let error = Cloud::start(settings).await.unwrap_err();
    assert!(
        matches!(&error, CloudError::Died { last_lines, .. } if last_lines.contains("encodings")),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_binary_and_a_refused_resource_are_named() {
    let stand = shared();
    let mut nothing_built = deployment(Path::new("/nowhere"));
    nothing_built.artifacts.clear();
    nothing_built.stack = "unbuilt".to_owned();
    let error = stand.cloud.deploy(nothing_built).await.unwrap_err().to_string();
    assert!(error.contains("build the functions first") && error.contains("Recorder"), "{error}");

    let run_dir = RunDir::new("refused");
    let mut refused = deployment(Path::new("/nowhere"));
    refused.template = run_dir.0.join("template.yaml");
    refused.stack = "refused".to_owned();
    let text = "Resources:\n  Bad:\n    Type: AWS::CloudWatch::Alarm\n    Properties: { AlarmName: bad }\n";
    std::fs::write(&refused.template, text).unwrap();
    refused.parameters.clear();
    let error = stand.cloud.deploy(refused).await.unwrap_err().to_string();
    assert!(error.contains("Bad (AWS::CloudWatch::Alarm)") && error.contains("required"), "{error}");
}

/// Unlike a rule's or a topic's, the failure of this one would only be seen in a disaster.
#[tokio::test]
async fn a_functions_reserved_concurrency_comes_from_the_template() {
    let stand = shared();
    let url =
        format!("{}/2019-09-30/functions/{}/concurrency", stand.cloud.endpoint(), stand.stack.id("Recorder"));
    let scope = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/ca-central-1/lambda/aws4_request";
    let call = reqwest::Client::new().get(url).header("authorization", scope);
    let shown: serde_json::Value = call.send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["ReservedConcurrentExecutions"], 7);
}

#[tokio::test]
async fn a_restarted_function_is_another_process() {
    // A stand of its own: other tests would keep more than one process busy.
    let stand = Stand::start("restart").await;
    let (api, recorder) = (stand.cloud.api(), stand.stack.id("Recorder"));
    // Whatever the deployment itself set off has to be over.
    stand.recorded_one("the tick", |event| event.get("tick").is_some()).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let process = async || api.invoke(recorder, &json!({})).await.unwrap()["process"].clone();
    let before: Vec<_> = vec![process().await, process().await];
    assert_eq!(before.first(), before.last());
    api.restart_function(recorder).await.unwrap();
    assert_ne!(before.first(), Some(&process().await));
}

#[tokio::test]
async fn deploying_again_changes_nothing() {
    let stand = shared();
    let record = stand.cloud.settings().run_dir.join("record.jsonl");
    let again = stand.cloud.deploy(deployment(&record)).await.unwrap();
    assert_eq!(again.resources, stand.stack.resources);
}
