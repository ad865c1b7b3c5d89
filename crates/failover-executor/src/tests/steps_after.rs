//! Verify, close and escalate, over twins.

use super::scene::{Scene, said};
use crate::{
    Case,
    health::{View, judge},
};
use plan::NoticeKind;
use recovery::{
    CallError, Closing, Decision, Entry, Failure, Guard, Next, Step, StepError, Verdict,
    incident::{Event, ServiceNews, ServiceState},
    signal::AlarmValue,
    twins::fixture::{self, ENDPOINT, at, instance_endpoint},
};
use serde_json::json;

fn news(name: &str, state: ServiceState) -> ServiceNews {
    ServiceNews {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        state,
        deployment: None,
        started_at: None,
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: "as the test says".to_owned(),
    }
}

/// Endpoint confirmed at 100, services recycled at 150.
pub(super) async fn recycled(state: ServiceState) -> Scene {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess, Step::FailOver] {
        scene.once(step, 30).await.unwrap();
    }
    scene.writer("orders-2");
    scene.once(Step::Promotion, 40).await.unwrap();
    scene.names.set(ENDPOINT, Ok(Some(instance_endpoint("orders-2"))));
    scene.once(Step::Endpoint, 95).await.unwrap();
    assert_eq!(scene.once(Step::Endpoint, 100).await.unwrap().next, Next::Done);
    let services = vec![news("orders-api", ServiceState::Recycled), news("orders-worker", state)];
    scene.write(150, Event::Services { news: services }).await;
    let failed = if state == ServiceState::Recycled { Vec::new() } else { vec!["orders-worker".to_owned()] };
    let event = Event::Recycled { recycled: 2 - failed.len(), failed };
    scene.write(150, event).await;
    for name in ["orders-api", "orders-worker"] {
        scene.services.script(|s| s.services.push(fixture::service(name)));
    }
    scene
}

#[tokio::test]
async fn all_clear_after_health_has_held() {
    let scene = recycled(ServiceState::Recycled).await;
    assert_eq!(scene.twice(Step::Verify, 151).await.next, Next::Again, "still in ALARM");
    scene.alarm(AlarmValue::Ok, at(160));
    assert_eq!(scene.twice(Step::Verify, 165).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 224).await.after_s, 1);
    assert_eq!(scene.twice(Step::Verify, 225).await.next, Next::Done);
    assert_eq!(scene.incident().await.healthy_since(), Some(at(165)));
    let healths = scene.events().await.into_iter().filter(|e| matches!(e, Event::Health { .. })).count();
    assert_eq!(healths, 2, "on change only");
    assert_eq!(scene.twice(Step::Close, 226).await.next, Next::Done);
    assert_eq!(scene.closed().await, Some(Closing::Recovered));
    assert_eq!(scene.owed().await, [NoticeKind::Interruption, NoticeKind::AllClear]);
}

#[tokio::test]
async fn a_broken_window_begins_again() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.alarm(AlarmValue::Ok, at(160));
    scene.twice(Step::Verify, 165).await;
    scene.services.script(|s| s.services[0].running = 1);
    assert_eq!(scene.twice(Step::Verify, 200).await.next, Next::Again);
    scene.services.script(|s| s.services[0].running = 2);
    assert_eq!(scene.twice(Step::Verify, 210).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 269).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 270).await.next, Next::Done);
    assert_eq!(scene.incident().await.healthy_since(), Some(at(210)));
}

#[tokio::test]
async fn what_does_not_count_as_healthy() {
    type Break = fn(&Scene);
    let table: Vec<(&str, Break)> = vec![
        ("no data", |s| s.alarm(AlarmValue::InsufficientData, at(160))),
        ("OK on data older than the endpoint's move", |s| {
            s.alarm(AlarmValue::Ok, at(90));
        }),
        ("alarms that can't be read", |s| {
            let lost = CallError::new("CloudWatch", "DescribeAlarms", Failure::Throttled, "Rate exceeded");
            s.alarms.fail_with(Some(lost));
        }),
        ("services that can't be read", |s| {
            s.alarm(AlarmValue::Ok, at(160));
            let lost = CallError::new("ECS", "DescribeServices", Failure::Throttled, "Rate exceeded");
            s.services.script(|s| s.failures.push(lost));
        }),
        ("a pending task", |s| {
            s.alarm(AlarmValue::Ok, at(160));
            s.services.script(|s| s.services[1].pending = 1);
        }),
        ("a service that is gone", |s| {
            s.alarm(AlarmValue::Ok, at(160));
            s.services.script(|s| s.services.truncate(1));
        }),
        ("a cluster at work", |s| {
            s.alarm(AlarmValue::Ok, at(160));
            let mut cluster = fixture::cluster("orders-2");
            cluster.status = "modifying".to_owned();
            s.cluster(cluster);
        }),
    ];
    for (name, break_it) in table {
        let scene = recycled(ServiceState::Recycled).await;
        break_it(&scene);
        scene.once(Step::Verify, 170).await.unwrap();
        let last = scene.last().await;
        assert!(matches!(last, Event::Health { healthy: false, .. }), "{name}: {last:?}");
    }
}

#[tokio::test]
async fn an_alarm_that_is_gone_is_not_ok() {
    let scene = recycled(ServiceState::Recycled).await;
    let (incident, head) = (scene.incident().await, scene.head().await);
    let case = Case { plan: &scene.run.plan.database, head: &head, incident: &incident };
    let services = ["orders-api", "orders-worker"].map(fixture::service).to_vec();
    let mut view = View {
        alarms: Ok(vec![fixture::alarm(fixture::ALARM, AlarmValue::Ok, at(160))]),
        services: Ok(services),
        cluster: Ok(fixture::cluster("orders-2")),
    };
    assert!(judge(at(170), &case, &view).healthy);
    view.alarms = Ok(Vec::new());
    let health = judge(at(170), &case, &view);
    assert!(!health.healthy && health.reason.contains("orders-writer-down does not exist"));
}

#[tokio::test]
async fn an_alarm_that_was_ok_all_along_counts_once_it_was_evaluated_on_newer_data() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.alarm(AlarmValue::Ok, at(-9000));
    // Two datapoints of a minute and one more for latecomers, after the endpoint's confirmation at 100.
    scene.once(Step::Verify, 279).await.unwrap();
    assert!(matches!(scene.last().await, Event::Health { healthy: false, .. }));
    scene.once(Step::Verify, 280).await.unwrap();
    assert!(matches!(scene.last().await, Event::Health { healthy: true, .. }));
}

#[tokio::test]
async fn an_alarm_of_two_out_of_five_has_looked_back_over_all_five() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.set_alarm(|a| {
        (a.state, a.since, a.newest_datapoint) = (AlarmValue::Ok, at(-9000), Some(at(-9000)));
        a.evaluation_periods = Some(5);
    });
    scene.once(Step::Verify, 459).await.unwrap();
    assert!(matches!(scene.last().await, Event::Health { healthy: false, .. }));
    scene.once(Step::Verify, 460).await.unwrap();
    assert!(matches!(scene.last().await, Event::Health { healthy: true, .. }));
}

#[tokio::test]
async fn health_that_never_holds_is_escalated() {
    let scene = recycled(ServiceState::Recycled).await;
    assert_eq!(scene.twice(Step::Verify, 1109).await.next, Next::Again);
    assert_eq!(said(&scene.twice(Step::Verify, 1110).await), (Next::Escalate, Guard::TookTooLong));
}

#[tokio::test]
async fn a_writer_that_moves_after_the_recycling_is_escalated() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.writer("orders-3");
    assert_eq!(said(&scene.twice(Step::Verify, 160).await), (Next::Escalate, Guard::WriterChanged));
}

#[tokio::test]
async fn failed_services_leave_no_all_clear() {
    let scene = recycled(ServiceState::Failed).await;
    scene.alarm(AlarmValue::Ok, at(160));
    scene.once(Step::Verify, 165).await.unwrap();
    assert_eq!(scene.once(Step::Verify, 225).await.unwrap().next, Next::Done);
    assert_eq!(said(&scene.twice(Step::Close, 226).await), (Next::Escalate, Guard::ServicesFailed));
    scene.twice(Step::Escalate, 227).await;
    assert_eq!(scene.closed().await, Some(Closing::Escalated));
    let Event::Closed { verdict, .. } = scene.last().await else {
        panic!("not closed");
    };
    assert_eq!(verdict.guard, Guard::ServicesFailed);
    assert!(verdict.reason.contains("orders-worker") && !verdict.reason.contains("orders-api"));
    assert!(verdict.would_change.contains("--service orders-worker --force-new-deployment"));
    assert_eq!(scene.owed().await, [NoticeKind::Interruption, NoticeKind::Escalation]);
}

#[tokio::test]
async fn closing_without_proof_of_health_is_escalated() {
    let scene = Scene::with(fixture::slice(), fixture::alarm_trigger(), Entry::Close).await;
    assert_eq!(said(&scene.twice(Step::Close, 1).await), (Next::Escalate, Guard::EvidenceMissing));
}

#[tokio::test]
async fn an_escalation_says_what_was_caught_and_what_was_not_done() {
    let scene = Scene::open().await;
    let mut request = fixture::request(&scene.run, Step::Escalate);
    let cause = r#"{"errorType":"Denied","errorMessage":"RDS DescribeDBClusters failed\nDenied"}"#;
    request.failed = Some(json!({"Error": "Denied", "Cause": cause}));
    let reply = crate::handle(at(5), request, &scene.ports).await.unwrap();
    let verdict: Verdict = reply.outcome.verdict.unwrap();
    assert_eq!((verdict.decision, verdict.guard), (Decision::Refuse, Guard::ExecutionDied));
    assert!(verdict.reason.contains("Denied: RDS DescribeDBClusters failed Denied"), "{}", verdict.reason);
    assert!(
        verdict.would_change.contains("aws rds failover-db-cluster")
            && verdict.would_change.contains("drp ack")
    );
    assert!(verdict.evidence.iter().any(|e| e.name == "failover call" && e.value == "not done"));
    assert!(scene.head().await.blocked());
}

#[tokio::test]
async fn a_stale_attempt_escalates_nothing() {
    let scene = Scene::open().await;
    let mut request = fixture::request(&scene.run, Step::Escalate);
    request.run.fence += 1;
    let reply = crate::handle(at(5), request, &scene.ports).await.unwrap();
    assert_eq!(reply.next, Next::Stop);
    assert_eq!(scene.closed().await, None);
    let mut request = fixture::request(&scene.run, Step::Escalate);
    request.run.incident = recovery::IncidentId::named("orders-unknown");
    assert_eq!(crate::handle(at(5), request, &scene.ports).await.unwrap().next, Next::Stop);
}

#[tokio::test]
async fn steps_after_the_close_answer_and_change_nothing() {
    let scene = Scene::open().await;
    scene.twice(Step::Escalate, 5).await;
    for step in [Step::Confirm, Step::Assess, Step::FailOver, Step::Promotion, Step::Verify, Step::Close] {
        assert_eq!(scene.twice(step, 6).await.next, Next::Stop, "{step:?}");
    }
    assert!(scene.calls().is_empty());
    let mut stale = fixture::request(&scene.run, Step::Close);
    stale.run.fence += 7;
    let error = crate::handle(at(7), stale, &scene.ports).await.unwrap_err();
    assert!(matches!(error, StepError::Fenced { .. }));
}
