//! Whether clients hold on to the old writer: watched during `verify`, told, and never in the way.

use super::scene::Scene;
use crate::connections;
use plan::NoticeKind;
use recovery::{
    CallError, Closing, Failure, Incident, Next, Step,
    incident::Event,
    notice::{Severity, render},
    pools::Pools,
    signal::AlarmValue,
    twins::fixture::{ENDPOINT, at, instance_endpoint},
};

/// The fault at -120, the endpoint confirmed at 100, every service recycled at 150, all well since 160.
async fn recycled() -> Scene {
    let scene = Scene::open().await;
    scene.writer("orders-2");
    let (from, writer, zone) = (Some("orders-1".to_owned()), "orders-2".to_owned(), None);
    scene.write(40, Event::Promoted { from, writer, zone }).await;
    let (endpoint, leads_to) = (ENDPOINT.to_owned(), instance_endpoint("orders-2"));
    scene
        .write(
            100,
            Event::EndpointMoved {
                endpoint,
                leads_to,
                seen_at: at(95),
                proof: recovery::probes::Proof::Name,
            },
        )
        .await;
    scene.write(150, Event::Recycled { recycled: 0, failed: Vec::new() }).await;
    scene.alarm(AlarmValue::Ok, at(160));
    scene
}

/// Verifies until health has held, and closes.
async fn closed(scene: &Scene) -> Incident {
    assert_eq!(scene.twice(Step::Verify, 165).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 225).await.next, Next::Done);
    assert_eq!(scene.twice(Step::Close, 226).await.next, Next::Done);
    assert_eq!(scene.closed().await, Some(Closing::Recovered), "evidence blocks no all-clear");
    scene.incident().await
}

/// The all-clear for people on call.
fn all_clear(incident: &Incident) -> (Severity, String) {
    let last = incident.records.last().unwrap();
    assert_eq!(last.owes, [NoticeKind::AllClear]);
    let letter = render(incident, last).into_iter().find(|n| n.audience == "on-call").unwrap();
    (letter.severity, letter.body)
}

#[tokio::test]
async fn connections_that_stay_are_told_in_the_all_clear() {
    let scene = recycled().await;
    for (instance, seconds, count) in
        [("orders-1", -180, 44.0), ("orders-1", 180, 42.0), ("orders-2", -180, 2.0), ("orders-2", 180, 3.0)]
    {
        scene.alarms.connected(instance, at(seconds), count);
    }
    let incident = closed(&scene).await;
    assert!(incident.pools().is_some_and(Pools::stuck));
    let (severity, body) = all_clear(&incident);
    assert_eq!(severity, Severity::Warning);
    assert!(body.contains("But connections to the old writer stay, see the evidence."), "{body}");
    let evidence =
        "connections to the old writer: orders-1 is no longer the writer and still has 42 (44 before)";
    assert!(body.contains(evidence), "{body}");
    let health =
        incident.latest(|r| if let Event::Health { reason, .. } = &r.event { Some(reason) } else { None });
    assert!(health.unwrap().contains("still has 42 (44 before)"), "{health:?}");
}

#[tokio::test]
async fn connections_that_moved_are_told_without_alarm() {
    let scene = recycled().await;
    for (instance, seconds, count) in
        [("orders-1", -180, 44.0), ("orders-1", 180, 0.0), ("orders-2", 180, 40.0)]
    {
        scene.alarms.connected(instance, at(seconds), count);
    }
    let (severity, body) = all_clear(&closed(&scene).await);
    assert_eq!(severity, Severity::Info);
    assert!(body.contains("connections to the old writer: orders-1 has 0 (44 before)"), "{body}");
    assert!(!body.contains("stay, see"), "{body}");
}

#[tokio::test]
async fn counts_that_are_missing_or_refused_are_not_known_and_block_nothing() {
    for failure in [None, Some(Failure::Denied), Some(Failure::Throttled)] {
        let scene = recycled().await;
        let error = failure.map(|f| CallError::new("CloudWatch", "GetMetricData", f, "no"));
        scene.alarms.fail_metrics_with(error);
        let incident = closed(&scene).await;
        assert!(matches!(incident.pools(), Some(Pools::Unknown { .. })), "{failure:?}");
        let (severity, body) = all_clear(&incident);
        assert_eq!(severity, Severity::Info);
        assert!(body.contains("connections to the old writer: not known: "), "{failure:?}: {body}");
    }
}

#[tokio::test]
async fn a_cloudwatch_that_never_answers_delays_nothing() {
    let scene = recycled().await;
    let (head, incident) = (scene.head().await, scene.incident().await);
    let case = crate::Case { plan: &scene.run.plan.database, head: &head, incident: &incident };
    let mut ports = scene.ports.clone();
    ports.alarms = std::sync::Arc::new(super::anew::Silent);
    let patience = std::time::Duration::from_millis(20);
    let look = connections::look_within(patience, &case, &ports);
    let pools = tokio::time::timeout(std::time::Duration::from_secs(2), look)
        .await
        .expect("it does not wait for ever");
    assert!(pools.words().contains("no answer within"), "{pools:?}");
}
