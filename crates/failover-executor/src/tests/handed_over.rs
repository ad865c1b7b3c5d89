//! People hear why a step could not go on, and which one it was: as the step said it, not as the incident suggests.

use super::{
    scene::{Scene, said},
    steps_after::recycled,
};
use recovery::{
    CallError, Failure, Guard, Incident, Next, Step, StepReply, StepRequest, Verdict,
    incident::{Event, ServiceState},
    notice,
    twins::fixture::{self, at},
};
use serde_json::{Value, json};

/// What the state machine sends after an answer that no rule expects.
fn after(scene: &Scene, reply: &StepReply) -> StepRequest {
    handed_over(scene, &json!({}), &json!(reply.outcome))
}

fn handed_over(scene: &Scene, failed: &Value, said: &Value) -> StepRequest {
    let request = json!({"step": "escalate", "run": scene.run, "failed": failed, "said": said});
    serde_json::from_value(request).unwrap()
}

async fn escalate(scene: &Scene, seconds: i64, request: StepRequest) -> (Option<Step>, Verdict) {
    crate::handle(at(seconds), request, &scene.ports).await.unwrap();
    let Event::Closed { step, verdict, .. } = scene.last().await else { panic!("not closed") };
    (step, verdict)
}

fn letter(incident: &Incident) -> String {
    let record = incident.records.last().unwrap();
    let notices = notice::render(incident, record);
    notices.into_iter().find(|n| n.audience == "on-call").unwrap().body
}

#[tokio::test]
async fn a_writer_that_moved_again_is_named_and_every_service_is_to_be_restarted() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.writer("orders-3");
    let reply = scene.twice(Step::Verify, 160).await;
    assert_eq!(said(&reply), (Next::Escalate, Guard::WriterChanged));
    let (step, verdict) = escalate(&scene, 161, after(&scene, &reply)).await;
    assert_eq!((step, verdict.guard), (Some(Step::Verify), Guard::WriterChanged));
    assert!(verdict.reason.contains("from orders-2 to orders-3"), "{}", verdict.reason);
    let restart = |name: &str| format!("--service {name} --force-new-deployment");
    let letter = letter(&scene.incident().await);
    for name in ["orders-api", "orders-worker"] {
        assert!(verdict.would_change.contains(&restart(name)), "{}", verdict.would_change);
        assert!(letter.contains(&restart(name)), "it holds connections to the old writer: {letter}");
    }
    assert!(letter.contains("at the step verify"), "{letter}");
    assert!(!letter.contains("aws rds failover-db-cluster"), "the writer has moved already: {letter}");
}

#[tokio::test]
async fn the_reason_of_the_step_wins_over_what_the_incident_suggests() {
    let scene = recycled(ServiceState::Recycled).await;
    let reply = scene.twice(Step::Verify, 1110).await;
    let (step, verdict) = escalate(&scene, 1111, after(&scene, &reply)).await;
    assert_eq!((step, verdict.guard), (Some(Step::Verify), Guard::TookTooLong));
    assert!(verdict.reason.contains("alarm orders-writer-down says ALARM"), "{}", verdict.reason);
    assert!(verdict.would_change.contains("drp ack"), "{}", verdict.would_change);
    assert!(verdict.evidence.iter().any(|e| e.name == "services restarted"));
}

#[tokio::test]
async fn an_error_is_told_with_the_step_that_it_ended() {
    let scene = Scene::open().await;
    let denied = CallError::new("RDS", "DescribeDBClusters", Failure::Denied, "no");
    scene.databases.script(|s| s.failures.push(denied));
    let error = scene.once(Step::Assess, 30).await.unwrap_err();
    let cause = json!({"errorType": error.name(), "errorMessage": error.to_string()}).to_string();
    let request = handed_over(
        &scene,
        &json!({"Error": error.name(), "Cause": cause}),
        // What was said before the error is not about it: the definition puts the step alone in its place.
        &json!({"step": "assess"}),
    );
    let (step, verdict) = escalate(&scene, 31, request).await;
    assert_eq!((step, verdict.guard), (Some(Step::Assess), Guard::ExecutionDied));
    assert!(verdict.reason.contains("Denied: RDS DescribeDBClusters failed"), "{}", verdict.reason);
}

#[tokio::test]
async fn what_is_not_understood_keeps_nobody_from_taking_over() {
    for said in [json!({}), json!(null), json!("?"), json!({"step": "dance", "verdict": 7})] {
        let scene = Scene::open().await;
        let (step, verdict) = escalate(&scene, 5, handed_over(&scene, &json!({}), &said)).await;
        assert_eq!((step, verdict.guard), (None, Guard::TookTooLong), "{said}");
    }
    let scene = Scene::open().await;
    let (step, _) = escalate(&scene, 5, fixture::request(&scene.run, Step::Escalate)).await;
    assert_eq!(step, None);
}
