//! Ticks of a whole fleet through the real adapter, against the estate over loopback: how many calls, and what becomes
//! of throttling and lost answers.

use aws::RdsSnapshots;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use estate::{
    model::{
        Calls, ClusterSeed, Delays, Fault, InstanceSeed, Seed, Settings as Model, SnapshotSeed, Span, Tags,
    },
    server::{Server, Settings, serve},
};
use jiff::SignedDuration;
use plan::Plan;
use recovery::snapshot::{DATABASE, OURS, SCHEDULED};
use snapshotter::{due::snapshot_id, handle};
use std::collections::BTreeMap;

use crate::scene::{Policy, REGION, at, plan, tick};

const NOW: &str = "2026-03-01T10:00:00Z";
const POLICY: &[Policy<'static>] = &[("1h", Some("2h"))];

fn names(databases: usize) -> Vec<String> {
    (0..databases).map(|number| format!("d{number:03}")).collect()
}

/// Each database with a snapshot that stays and one whose time is over, and as many of people's.
async fn fleet(databases: usize) -> (Server, Plan, RdsSnapshots) {
    let delays = Delays { snapshot: Span::fixed(3600.0), ..Delays::none() };
    let model = Model { delays, metric_period: 3600.0, snapshot_quota: 10_000, ..Model::default() };
    let server = serve(Settings { model, ..Settings::default() }).await.unwrap();
    let cluster = |name: &String| ClusterSeed {
        identifier: format!("{name}-cluster"),
        instances: vec![InstanceSeed {
            identifier: format!("{name}-1"),
            writer: true,
            ..InstanceSeed::default()
        }],
        ..ClusterSeed::default()
    };
    let snapshot = |name: &String, hours: i64| {
        let time = at(NOW) - SignedDuration::from_hours(hours);
        let identifier = snapshot_id(name, time);
        let tags = [(OURS, identifier.clone()), (DATABASE, name.clone()), (SCHEDULED, time.to_string())];
        let mut tags = Tags::from(tags.map(|(key, value)| (key.to_owned(), value)));
        // One that a person took; the cluster handed another's tag down.
        if hours == 3 {
            tags.insert(OURS.to_owned(), format!("mainstay-{name}"));
        }
        SnapshotSeed { identifier, cluster: format!("{name}-cluster"), tags, ..SnapshotSeed::default() }
    };
    let names = names(databases);
    let seed = Seed {
        clusters: names.iter().map(cluster).collect(),
        snapshots: names.iter().flat_map(|name| [1, 2, 3].map(|hours| snapshot(name, hours))).collect(),
        ..Seed::default()
    };
    server.estate().seed(&seed).unwrap();
    let databases: Vec<(&str, &[Policy<'_>])> = names.iter().map(|name| (name.as_str(), POLICY)).collect();
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(server.url())
        .build();
    let plan = plan(10_000, &databases);
    (server, plan, RdsSnapshots::new(&config))
}

fn calls(server: &Server) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for entry in server.estate().log() {
        *calls.entry(entry.action).or_default() += 1;
    }
    calls
}

fn counts(all: [(&str, usize); 4]) -> BTreeMap<String, usize> {
    all.into_iter().map(|(action, count)| (action.to_owned(), count)).collect()
}

#[tokio::test]
async fn a_tick_makes_the_calls_that_it_must_and_hardly_more() {
    let (server, plan, rds) = fleet(110).await;
    let done = handle(&tick(NOW), at(NOW), &plan, REGION, &rds, &|_| ()).await.unwrap();
    assert_eq!((done.snapshots.len(), done.deleted.len()), (110, 110));
    assert!(done.deleted.iter().all(|it| it.snapshot.as_str().ends_with("0800")), "{:?}", done.deleted);
    assert_eq!(done.kept, BTreeMap::from([("kept", 110), ("not-available", 110), ("not-ours", 110)]));
    // 440 snapshots are five pages, read twice.
    let expected = counts([
        ("CreateDBClusterSnapshot", 110),
        ("DeleteDBClusterSnapshot", 110),
        ("DescribeDBClusterSnapshots", 10),
        ("DescribeAccountAttributes", 1),
    ]);
    assert_eq!(calls(&server), expected);
    let left: Vec<String> = server.estate().state().snapshots.into_iter().map(|s| s.key.id).collect();
    handle(&tick(NOW), at(NOW), &plan, REGION, &rds, &|_| ()).await.unwrap();
    let again: Vec<String> = server.estate().state().snapshots.into_iter().map(|s| s.key.id).collect();
    assert_eq!(again, left, "a repeated tick changes nothing");
    server.stop().await;
}

#[tokio::test]
async fn throttling_and_lost_answers_are_lived_through() {
    let (server, plan, rds) = fleet(8).await;
    let some =
        |action: &str, times| Calls { action: Some(action.to_owned()), caller: None, times: Some(times) };
    for fault in [
        Fault::Throttle(some("CreateDBClusterSnapshot", 1)),
        Fault::LoseReply(some("CreateDBClusterSnapshot", 2)),
        Fault::LoseReply(some("DeleteDBClusterSnapshot", 2)),
        Fault::ServerError(some("DescribeDBClusterSnapshots", 1)),
    ] {
        server.estate().fault(fault).unwrap();
    }
    let done = handle(&tick(NOW), at(NOW), &plan, REGION, &rds, &|_| ()).await.unwrap();
    assert_eq!((done.snapshots.len(), done.deleted.len()), (8, 8));
    let expected = counts([
        ("CreateDBClusterSnapshot", 11),
        ("DeleteDBClusterSnapshot", 10),
        ("DescribeDBClusterSnapshots", 3),
        ("DescribeAccountAttributes", 1),
    ]);
    assert_eq!(calls(&server), expected, "each fault has struck, and cost a repeat");
    let ids: Vec<String> = server.estate().state().snapshots.into_iter().map(|s| s.key.id).collect();
    assert_eq!(ids.iter().filter(|id| id.ends_with("1000")).count(), 8);
    assert!(ids.iter().all(|id| !id.ends_with("0800")), "{ids:?}");
    server.stop().await;
}
