//! The adapters for RDS, ECS and DNS against the estate: a failover from end to end, as the recovery sees it.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod pointed;

use aws::{Dns, Ecs, Rds, RdsSnapshots};
use estate::{
    model::{Delays, Seed, Settings as ModelSettings},
    server::{Server, Settings, serve},
};
use jiff::Timestamp;
use recovery::{
    Failure,
    ports::{Databases, Names, Services, Snapshots},
    signal::DatabaseNews,
    snapshot::{Snapshot, SnapshotStatus},
    topology::{Cluster, Member, Task},
    twins::conformance,
};
use std::time::Duration;

async fn estate() -> Server {
    let model = ModelSettings { delays: Delays::none(), ..ModelSettings::default() };
    let settings = Settings { model, tick_ms: 10, ..Settings::default() };
    let server = serve(settings).await.expect("a server");
    server.estate().seed(&Seed::demo()).expect("the demo estate");
    server
}

/// Looks until `done`: a deployment of the quick estate may take ten seconds, and a busy machine longer.
async fn until<T: std::fmt::Debug, F: Future<Output = T>>(
    mut look: impl FnMut() -> F,
    done: impl Fn(&T) -> bool,
) -> T {
    let mut last = None;
    for _ in 0..1500 {
        let seen = look().await;
        if done(&seen) {
            return seen;
        }
        last = Some(seen);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen in time: {last:?}");
}

#[tokio::test]
async fn a_failover_moves_writer_endpoint_and_news() {
    let server = estate().await;
    let rds = Rds::new(&pointed::at(&server.url()));
    let dns = Dns::new(&server.dns_address.to_string()).expect("an address");
    let begin = Timestamp::now();

    let before = rds.cluster("orders").await.expect("the cluster");
    assert!(before.settled());
    assert_eq!(before.members.len(), 3);
    assert_eq!(before.writer().map(|m| m.instance.as_str()), Some("orders-1"));
    let reader = before.member("orders-2").expect("a reader");
    assert_eq!(reader.zone.as_deref(), Some("ca-central-1b"));
    assert!(reader.tier.is_some() && reader.class.is_some() && reader.endpoint.is_some());
    let endpoint = before.endpoint.clone().expect("an endpoint");
    let leads_to =
        |cluster: &Cluster, instance: &str| cluster.member(instance).and_then(|m| m.endpoint.clone());
    assert_eq!(dns.cname(&endpoint).await, Ok(leads_to(&before, "orders-1")));
    assert_eq!(rds.switchover(&before).await, Ok(None));

    rds.fail_over("orders", "orders-2").await.expect("accepted");
    let moved = |c: &Cluster| c.settled() && c.writer().is_some_and(|w| w.instance == "orders-2");
    let look = || async { rds.cluster("orders").await.expect("the cluster") };
    let after = until(look, moved).await;
    let look = || async { dns.cname(&endpoint).await.expect("an answer") };
    until(look, |name| *name == leads_to(&after, "orders-2")).await;

    let events = rds.events(&after, begin).await.expect("events");
    let completed =
        events.iter().find(|e| e.meaning == DatabaseNews::FailoverCompleted).expect("it was told");
    assert_eq!(completed.instance.as_deref(), Some("orders-2"));
    assert_eq!(completed.identifier, "orders");
    assert!(completed.cluster);
    assert!(events.is_sorted_by_key(|e| e.at), "oldest first");
    server.stop().await;
}

#[tokio::test]
async fn rds_and_dns_do_what_their_twins_do() {
    let server = estate().await;
    let rds = Rds::new(&pointed::at(&server.url()));
    let dns = Dns::new(&server.dns_address.to_string()).expect("an address");
    let begin = Timestamp::now();

    // Its events: a failover and its way back. Events of another time are the conformance's own matter.
    for writer in ["orders-3", "orders-1"] {
        rds.fail_over("orders", writer).await.expect("accepted");
        let moved = |c: &Cluster| c.settled() && c.writer().is_some_and(|w| w.instance == writer);
        until(|| async { rds.cluster("orders").await.expect("the cluster") }, moved).await;
    }
    let all_back = |c: &Cluster| c.members.iter().all(Member::available);
    until(|| async { rds.cluster("orders").await.expect("the cluster") }, all_back).await;
    let before = conformance::databases(&rds, "orders", begin).await.expect("RDS answers");
    assert_eq!(before.writer().map(|m| m.instance.as_str()), Some("orders-1"));
    let moved = |c: &Cluster| c.settled() && c.writer().is_some_and(|w| w.instance == "orders-2");
    let after = until(|| async { rds.cluster("orders").await.expect("the cluster") }, moved).await;

    let endpoint = after.endpoint.clone().expect("an endpoint");
    let writer = after.writer().and_then(|m| m.endpoint.clone()).expect("an instance's endpoint");
    let leads = |to: &Option<String>| to.as_ref() == Some(&writer);
    until(|| async { dns.cname(&endpoint).await.expect("an answer") }, leads).await;
    conformance::names(&dns, &endpoint, &writer, &writer).await.expect("DNS answers");
    server.stop().await;
}

#[tokio::test]
async fn what_aws_does_not_know_is_not_found() {
    let server = estate().await;
    let config = pointed::at(&server.url());
    let rds = Rds::new(&config);
    let error = rds.cluster("nobody").await.expect_err("no such cluster");
    assert_eq!(error.failure, Failure::NotFound, "{error}");
    let error = rds.fail_over("nobody", "orders-2").await.expect_err("no such cluster");
    assert_eq!(error.failure, Failure::NotFound, "{error}");
    let error = Ecs::new(&config).redeploy("shop", "nobody", None).await.expect_err("no such service");
    assert_eq!(error.failure, Failure::NotFound, "{error}");
    let dns = Dns::new(&server.dns_address.to_string()).expect("an address");
    assert_eq!(dns.cname("nobody.example.com").await, Ok(None));
    server.stop().await;
    let error = dns.cname("nobody.example.com").await.expect_err("nobody answers");
    assert!(matches!(error.failure, Failure::Doubtful | Failure::Unreachable), "{error}");
}

#[tokio::test]
async fn snapshots_do_what_their_twins_do_and_go_when_they_are_deleted() {
    let server = estate().await;
    let rds = RdsSnapshots::new(&pointed::at(&server.url()));
    conformance::snapshots(&rds, "orders", Timestamp::now()).await.expect("RDS answers");
    let whole = |all: &Vec<Snapshot>| {
        all.len() == 2 && all.iter().all(|s| s.status == SnapshotStatus::Available && s.size_gib == Some(1))
    };
    let all = until(|| async { rds.manual().await.expect("the list") }, whole).await;
    assert_eq!(all.iter().filter(|s| s.recovery_point().is_some()).count(), 1, "the person's is none");
    for snapshot in &all {
        rds.delete(&snapshot.id).await.expect("deleted");
        rds.delete(&snapshot.id).await.expect("gone already");
    }
    assert_eq!(rds.manual().await, Ok(vec![]));
    assert_eq!(rds.quota().await, Ok(100));
    server.stop().await;
}

#[tokio::test]
async fn a_redeployment_replaces_every_task() {
    let server = estate().await;
    let ecs = Ecs::new(&pointed::at(&server.url()));
    let names = ["orders-api", "orders-worker", "catalogue"].map(str::to_owned);
    conformance::services(&ecs, "shop", &names).await.expect("the services");

    let old = ecs.tasks("shop", "orders-api").await.expect("tasks");
    assert_eq!(old.len(), 3);
    // ECS tells times to the millisecond, and the quick estate starts a task in less.
    let begin = Timestamp::now().as_millisecond();
    let id = ecs.redeploy("shop", "orders-api", None).await.expect("a deployment");
    let replaced = |tasks: &Vec<Task>| {
        let started = |t: &Task| t.started_at.is_some_and(|at| at.as_millisecond() >= begin);
        tasks.len() == 3 && tasks.iter().all(|t| t.status == "RUNNING" && started(t))
    };
    let look = || async { ecs.tasks("shop", "orders-api").await.expect("tasks") };
    let new = until(look, replaced).await;
    assert!(new.iter().all(|t| old.iter().all(|o| o.arn != t.arn)));
    assert!(new.iter().all(|t| t.started_by.as_deref() == Some(id.as_str())));

    let look = || async { ecs.services("shop", &names[..1]).await.expect("the service").remove(0) };
    let service =
        until(look, |s| s.primary().is_some_and(|d| d.rollout.as_deref() == Some("COMPLETED"))).await;
    assert_eq!(service.primary().map(|d| d.id.clone()), Some(id));
    assert_eq!(service.controller, "ECS");
    conformance::redeployment(&ecs, "shop", "catalogue").await.expect("two deployments");
    server.stop().await;
}
