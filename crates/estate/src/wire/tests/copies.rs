//! Copies of snapshots, asked by the real SDK in the region of the copy.

use aws_sdk_rds::config::Region;
use aws_sdk_rds::types::Tag;

use super::fixture;
use crate::model::{Delays, Seed, SnapshotSeed, Span};

#[tokio::test]
async fn a_copy_is_asked_for_in_its_own_region() {
    let f = fixture(Delays { copy: Span::fixed(3600.0), ..Delays::none() }).await;
    let snapshots =
        vec![SnapshotSeed { identifier: "noon".into(), cluster: "orders".into(), ..SnapshotSeed::default() }];
    f.server.estate().seed(&Seed { snapshots, ..Seed::default() }).unwrap();
    let west = f.rds.config().to_builder().region(Region::new("ca-west-1")).build();
    let west = aws_sdk_rds::Client::from_conf(west);
    let source = "arn:aws:rds:ca-central-1:123456789012:cluster-snapshot:noon";
    let copy = |name: &str| {
        let call = west.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(source);
        call.target_db_cluster_snapshot_identifier(name)
            .tags(Tag::builder().key("mainstay").value(name).build())
    };
    let begun = copy("west").send().await.unwrap();
    let begun = begun.db_cluster_snapshot().unwrap();
    assert_eq!((begun.status(), begun.percent_progress()), (Some("copying"), Some(0)));
    assert_eq!(begun.source_db_cluster_snapshot_arn(), Some(source));
    assert_eq!((begun.db_cluster_identifier(), begun.snapshot_type()), (Some("orders"), Some("manual")));
    assert_eq!(begun.tag_list()[0].value(), Some("west"));
    let here = f.rds.describe_db_cluster_snapshots().send().await.unwrap();
    assert_eq!(here.db_cluster_snapshots().len(), 1, "the copy is in the other region");
    assert_eq!(here.db_cluster_snapshots()[0].source_db_cluster_snapshot_arn(), None);

    let again = copy("west").send().await.unwrap_err().into_service_error();
    assert!(again.is_db_cluster_snapshot_already_exists_fault());
    let keyed = copy("keyed").kms_key_id("alias/west").send().await.unwrap_err().into_service_error();
    assert_eq!(keyed.meta().code(), Some("InvalidParameterCombination"));
    let of_a_copy = f
        .rds
        .copy_db_cluster_snapshot()
        .source_db_cluster_snapshot_identifier("arn:aws:rds:ca-west-1:123456789012:cluster-snapshot:west");
    let early = of_a_copy.target_db_cluster_snapshot_identifier("back").send().await.unwrap_err();
    assert!(early.into_service_error().is_invalid_db_cluster_snapshot_state_fault());
    for name in ["b", "c", "d", "e"] {
        copy(name).send().await.unwrap();
    }
    assert!(copy("f").send().await.unwrap_err().into_service_error().is_snapshot_quota_exceeded_fault());
    let log = f.server.estate().log();
    let call = log.iter().find(|entry| entry.action == "CopyDBClusterSnapshot").unwrap();
    assert_eq!((call.region.as_str(), call.status), ("ca-west-1", Some(200)));
    assert_eq!(call.parameters["SourceDBClusterSnapshotIdentifier"], source);
    west.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("west").send().await.unwrap();
}
