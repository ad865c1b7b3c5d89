//! Promotion and endpoint: they wait, and never call.

use super::scene::{Scene, said};
use plan::Span;
use recovery::{
    CallError, Closing, Entry, Failure, Guard, Next, Step,
    incident::Event,
    signal::{AlarmValue, DatabaseNews},
    twins::{
        MemoryIncidents,
        fixture::{self, ENDPOINT, at, instance_endpoint},
    },
};
use std::sync::Arc;

async fn called() -> Scene {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess, Step::FailOver] {
        assert_eq!(scene.once(step, 30).await.unwrap().next, Next::Done);
    }
    scene
}

async fn promoted() -> Scene {
    let scene = called().await;
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 40).await.next, Next::Done);
    scene
}

fn leads(scene: &Scene, instance: &str) {
    scene.names.set(ENDPOINT, Ok(Some(format!("{}.", instance_endpoint(instance).to_uppercase()))));
}

#[tokio::test]
async fn promotion_waits_for_the_writer_and_for_everything_to_be_available() {
    let scene = called().await;
    let mut cluster = fixture::cluster("orders-1");
    cluster.status = "failing-over".to_owned();
    scene.cluster(cluster);
    assert_eq!(scene.twice(Step::Promotion, 31).await.after_s, 1);
    let mut cluster = fixture::cluster("orders-2");
    cluster.status = "failing-over".to_owned();
    scene.cluster(cluster);
    assert_eq!(scene.twice(Step::Promotion, 65).await.after_s, 2);
    let mut cluster = fixture::cluster("orders-2");
    cluster.members[1].status = Some("configuring".to_owned());
    scene.cluster(cluster);
    assert_eq!(scene.twice(Step::Promotion, 100).await.after_s, 5);
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 105).await.next, Next::Done);
    assert!(matches!(
        scene.last().await,
        Event::Promoted { from: Some(f), writer, .. } if f == "orders-1" && writer == "orders-2"
    ));
    assert_eq!(scene.head().await.writer.as_deref(), Some("orders-2"));
}

#[tokio::test]
async fn a_writer_that_stays_or_comes_back_is_escalated_and_never_called_again() {
    let scene = called().await;
    assert_eq!(scene.twice(Step::Promotion, 329).await.next, Next::Again);
    assert_eq!(said(&scene.twice(Step::Promotion, 330).await), (Next::Escalate, Guard::TookTooLong));
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn a_read_that_fails_for_a_while_is_waited_out_and_a_denied_one_is_not() {
    let scene = called().await;
    let throttled = CallError::new("RDS", "DescribeDBClusters", Failure::Throttled, "Rate exceeded");
    scene.databases.script(|s| s.failures.push(throttled));
    assert_eq!(scene.once(Step::Promotion, 31).await.unwrap().next, Next::Again);
    let denied = CallError::new("RDS", "DescribeDBClusters", Failure::Denied, "no");
    scene.databases.script(|s| s.failures.push(denied));
    assert_eq!(scene.once(Step::Promotion, 32).await.unwrap_err().name(), "Denied");
}

#[tokio::test]
async fn aws_own_failover_is_followed_to_the_instance_that_it_names() {
    let scene = Scene::with(fixture::slice(), fixture::aws_trigger(Some("orders-3")), Entry::Promotion).await;
    assert_eq!(scene.twice(Step::Promotion, 1).await.next, Next::Again, "still the old writer");
    scene.writer("orders-3");
    assert_eq!(scene.twice(Step::Promotion, 5).await.next, Next::Done);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn the_writer_seen_last_may_be_out_of_date() {
    // Mainstay saw orders-1 last; unseen, it became orders-2; now AWS promotes orders-1 again.
    let scene = Scene::with(fixture::slice(), fixture::aws_trigger(Some("orders-1")), Entry::Promotion).await;
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 1).await.next, Next::Again);
    scene.writer("orders-1");
    assert_eq!(scene.twice(Step::Promotion, 5).await.next, Next::Done);
}

#[tokio::test]
async fn a_writer_seen_long_ago_does_not_make_the_one_that_is_left_a_new_one() {
    // Mainstay saw orders-1 long ago; unseen, it became orders-2; now AWS promotes orders-3.
    let incidents = Arc::new(MemoryIncidents::default());
    fixture::earlier_seen(incidents.as_ref(), "orders-1", at(-80_000)).await.unwrap();
    let trigger = fixture::aws_trigger(Some("orders-3"));
    let scene = Scene::on(incidents, fixture::slice(), trigger, Entry::Promotion).await;
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 1).await.next, Next::Again);
    scene.writer("orders-3");
    assert_eq!(scene.twice(Step::Promotion, 5).await.next, Next::Done);
}

#[tokio::test]
async fn a_failover_that_aws_gave_up_stands_down_once_all_is_well() {
    let scene = Scene::with(fixture::slice(), fixture::aws_trigger(Some("orders-3")), Entry::Promotion).await;
    let failed = fixture::database_event("RDS-EVENT-0069", DatabaseNews::FailoverFailed, None, at(20));
    scene.databases.script(|s| s.events.push(failed));
    assert_eq!(scene.twice(Step::Promotion, 25).await.next, Next::Again, "the alarm still speaks");
    scene.alarm(AlarmValue::Ok, at(30));
    assert_eq!(scene.twice(Step::Promotion, 35).await.next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::StoodDown));
}

#[tokio::test]
async fn the_endpoint_counts_after_it_has_led_there_for_one_ttl() {
    let scene = promoted().await;
    leads(&scene, "orders-1");
    assert_eq!(scene.twice(Step::Endpoint, 41).await.next, Next::Again);
    leads(&scene, "orders-2");
    let seen = scene.twice(Step::Endpoint, 60).await;
    assert_eq!((seen.next, seen.after_s), (Next::Again, 5));
    assert_eq!(scene.twice(Step::Endpoint, 64).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Endpoint, 65).await.next, Next::Done);
    assert!(matches!(scene.last().await, Event::EndpointMoved { seen_at, .. } if seen_at == at(60)));
    assert_eq!(scene.incident().await.endpoint_confirmed_at(), Some(at(65)));
}

#[tokio::test]
async fn an_endpoint_that_flips_back_starts_settling_anew() {
    let scene = promoted().await;
    leads(&scene, "orders-2");
    scene.twice(Step::Endpoint, 60).await;
    leads(&scene, "orders-1");
    assert_eq!(scene.twice(Step::Endpoint, 63).await.next, Next::Again);
    leads(&scene, "orders-2");
    assert_eq!(scene.twice(Step::Endpoint, 66).await.next, Next::Again, "not by the first sight");
    assert_eq!(scene.twice(Step::Endpoint, 71).await.next, Next::Done);
}

#[tokio::test]
async fn a_writer_that_moves_again_is_waited_for_in_its_turn() {
    let scene = promoted().await;
    leads(&scene, "orders-2");
    scene.twice(Step::Endpoint, 60).await;
    scene.writer("orders-3");
    assert_eq!(scene.twice(Step::Endpoint, 65).await.next, Next::Again);
    assert_eq!(scene.incident().await.promoted().unwrap().0, "orders-3");
    leads(&scene, "orders-3");
    assert_eq!(scene.twice(Step::Endpoint, 70).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Endpoint, 75).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1, "no second call");
}

#[tokio::test]
async fn an_endpoint_without_a_cname_or_an_answer_is_no_proof_and_ends_in_an_escalation() {
    let scene = promoted().await;
    assert_eq!(scene.twice(Step::Endpoint, 41).await.next, Next::Again, "no CNAME");
    let lost = CallError::new("DNS", "CNAME", Failure::Doubtful, "timed out");
    scene.names.set(ENDPOINT, Err(lost));
    assert_eq!(scene.twice(Step::Endpoint, 100).await.next, Next::Again);
    let reply = scene.twice(Step::Endpoint, 340).await;
    assert_eq!(said(&reply), (Next::Escalate, Guard::TookTooLong));
}

#[tokio::test]
async fn no_time_to_settle_means_one_look() {
    let mut plan = fixture::slice();
    plan.database.settle = Span::ZERO;
    let scene = Scene::with(plan, fixture::aws_trigger(Some("orders-2")), Entry::Promotion).await;
    scene.writer("orders-2");
    scene.once(Step::Promotion, 1).await.unwrap();
    leads(&scene, "orders-2");
    assert_eq!(scene.twice(Step::Endpoint, 2).await.next, Next::Done);
}
