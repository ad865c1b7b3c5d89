//! Many snapshots, their tags and quotas, asked by the real SDK.

use aws_sdk_rds::types::Tag;

use super::{fixture, until};
use crate::model::{ClusterSeed, Delays, Fault, InstanceSeed, Seed, SnapshotSeed, Span, Tags};

fn many(count: usize, kind: &str) -> Seed {
    let snapshot = |number| SnapshotSeed {
        identifier: format!("{kind}-{number:04}"),
        cluster: "orders".into(),
        kind: kind.into(),
        created: "2026-01-01T00:00:00Z".parse().ok(),
        ..SnapshotSeed::default()
    };
    Seed { snapshots: (0..count).map(snapshot).collect(), ..Seed::default() }
}

#[tokio::test]
async fn lists_come_in_pages_of_20_to_100_by_their_type() {
    let f = fixture(Delays::none()).await;
    f.server.estate().seed(&many(250, "manual")).unwrap();
    f.server.estate().seed(&many(3, "automated")).unwrap();
    let list = || f.rds.describe_db_cluster_snapshots();
    let first = list().send().await.unwrap();
    assert_eq!((first.db_cluster_snapshots().len(), first.marker().is_some()), (100, true));
    let all = list().snapshot_type("manual").max_records(20).into_paginator().items().send();
    let all: Vec<_> = all.collect::<Result<_, _>>().await.unwrap();
    let mut names: Vec<_> = all.iter().filter_map(|s| s.db_cluster_snapshot_identifier()).collect();
    names.dedup();
    assert_eq!(names.len(), 250);
    let pages = f.server.estate().log().iter().filter(|e| e.parameters["MaxRecords"] == "20").count();
    assert_eq!(pages, 13);
    let automated = list().snapshot_type("automated").send().await.unwrap();
    assert_eq!(automated.db_cluster_snapshots().len(), 3);
    for most in [19, 101] {
        assert!(list().max_records(most).send().await.is_err(), "{most}");
    }
    assert!(list().marker("after-noon").send().await.is_err());
    assert!(list().snapshot_type("mine").send().await.is_err());

    let delete = |name: &str| f.rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(name).send();
    let refused = delete("automated-0000").await.unwrap_err().into_service_error();
    assert!(refused.is_invalid_db_cluster_snapshot_state_fault());
    delete("manual-0000").await.unwrap();
    let quotas = f.rds.describe_account_attributes().send().await.unwrap();
    let quota = |name| quotas.account_quotas().iter().find(|q| q.account_quota_name() == Some(name)).unwrap();
    let manual = quota("ManualClusterSnapshots");
    assert_eq!((manual.used(), manual.max()), (Some(249), Some(100)), "automated ones don't count");
    assert_eq!(quota("ManualSnapshots").used(), Some(0));
    let create = f.rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
    let full = create.db_cluster_snapshot_identifier("one-more").send().await.unwrap_err();
    assert!(full.into_service_error().is_snapshot_quota_exceeded_fault());
}

#[tokio::test]
async fn a_cluster_hands_its_tags_on_and_the_callers_count_more() {
    let f = fixture(Delays::none()).await;
    let tags = [("mainstay", "users"), ("team", "blue")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let cluster = ClusterSeed {
        identifier: "users".into(),
        copy_tags_to_snapshot: true,
        storage_gib: 40,
        kms_key: Some("arn:aws:kms:ca-central-1:123456789012:key/1".into()),
        tags: Tags::from(tags),
        instances: vec![InstanceSeed {
            identifier: "users-1".into(),
            writer: true,
            ..InstanceSeed::default()
        }],
        ..ClusterSeed::default()
    };
    f.server.estate().seed(&Seed { clusters: vec![cluster], ..Seed::default() }).unwrap();
    let create = |cluster: &str, name: &str| {
        let call = f.rds.create_db_cluster_snapshot().db_cluster_identifier(cluster);
        call.db_cluster_snapshot_identifier(name)
    };
    create("users", "by-hand").send().await.unwrap();
    let own = Tag::builder().key("mainstay").value("ours").build();
    create("users", "ours").tags(own).send().await.unwrap();
    create("orders", "plain").send().await.unwrap();
    let reply = f.rds.describe_db_cluster_snapshots().send().await.unwrap();
    let told: Vec<_> = reply
        .db_cluster_snapshots()
        .iter()
        .map(|s| {
            let tag = |t: &Tag| format!("{}={}", t.key().unwrap(), t.value().unwrap());
            let tags: Vec<_> = s.tag_list().iter().map(tag).collect();
            (
                s.db_cluster_snapshot_identifier().unwrap(),
                tags.join(" "),
                s.allocated_storage(),
                s.storage_encrypted(),
            )
        })
        .collect();
    let expected = [
        ("by-hand", "mainstay=users team=blue".to_owned(), Some(40), Some(true)),
        ("ours", "mainstay=ours team=blue".to_owned(), Some(40), Some(true)),
        ("plain", String::new(), Some(1), Some(false)),
    ];
    assert_eq!(told, expected);
    assert!(reply.db_cluster_snapshots()[0].kms_key_id().unwrap().ends_with(":key/1"));
}

#[tokio::test]
async fn a_snapshot_that_fails_says_so_by_its_status_alone() {
    let f = fixture(Delays { snapshot: Span::fixed(0.1), ..Delays::none() }).await;
    let fail = Fault::FailSnapshots { cluster: "orders".into(), region: None };
    f.server.estate().fault(fail).unwrap();
    let create = f.rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
    create.db_cluster_snapshot_identifier("unlucky").send().await.unwrap();
    until(|| async {
        let reply = f.rds.describe_db_cluster_snapshots().send().await.unwrap();
        reply.db_cluster_snapshots().iter().find(|s| s.status() == Some("failed")).map(|_| ())
    })
    .await;
    let delete = f.rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("unlucky");
    assert!(
        delete.send().await.unwrap_err().into_service_error().is_invalid_db_cluster_snapshot_state_fault()
    );
    let told: Vec<_> = f.server.estate().state().rds_events.iter().map(|e| e.id.clone()).collect();
    assert_eq!(told, ["RDS-EVENT-0074"], "created, and never a word more");
}
