//! A cluster restored, given an instance and deleted, with the real SDK.

use aws_sdk_rds::types::Tag;

use super::{fixture, until};
use crate::model::{Delays, Seed, SnapshotSeed, Span};

#[tokio::test]
async fn a_snapshot_is_restored_used_and_cleaned_up() {
    let soon = Span::fixed(0.1);
    let f = fixture(Delays { restore: soon, instance: soon, deletion: soon, ..Delays::none() }).await;
    let noon =
        SnapshotSeed { identifier: "noon".into(), cluster: "orders".into(), ..SnapshotSeed::default() };
    f.server.estate().seed(&Seed { snapshots: vec![noon], ..Seed::default() }).unwrap();
    let restore = |name: &str, engine: &str| {
        let call = f.rds.restore_db_cluster_from_snapshot().db_cluster_identifier(name).engine(engine);
        call.snapshot_identifier("noon")
    };
    let call = restore("check", "aurora-postgresql").db_subnet_group_name("isolated").port(6432);
    let call = call.vpc_security_group_ids("sg-1").vpc_security_group_ids("sg-2").backup_retention_period(1);
    let call = call.tags(Tag::builder().key("mainstay-check").value("1").build());
    let begun = call.send().await.unwrap();
    let begun = begun.db_cluster().unwrap();
    assert_eq!((begun.status(), begun.db_cluster_members().len()), (Some("creating"), 0));
    assert_eq!((begun.db_subnet_group(), begun.port()), (Some("isolated"), Some(6432)));
    assert_eq!(begun.db_cluster_parameter_group(), Some("default.aurora-postgresql16"));
    let groups: Vec<_> =
        begun.vpc_security_groups().iter().filter_map(|g| g.vpc_security_group_id()).collect();
    assert_eq!(groups, ["sg-1", "sg-2"]);
    assert_eq!((begun.deletion_protection(), begun.backup_retention_period()), (Some(false), Some(1)));
    assert!(begun.endpoint().is_some() && begun.latest_restorable_time().is_none());
    assert_eq!(begun.tag_list()[0].value(), Some("1"));
    let again = restore("check", "aurora-postgresql").send().await.unwrap_err().into_service_error();
    assert!(again.is_db_cluster_already_exists_fault());
    let mysql = restore("mysql", "aurora-mysql").send().await.unwrap_err().into_service_error();
    assert_eq!(mysql.meta().code(), Some("InvalidParameterCombination"));

    let create = || {
        let call = f.rds.create_db_instance().db_instance_identifier("check-1").engine("aurora-postgresql");
        call.db_cluster_identifier("check").db_instance_class("db.t4g.medium").promotion_tier(3)
    };
    assert!(create().send().await.unwrap_err().into_service_error().is_invalid_db_cluster_state_fault());
    let describe = || f.rds.describe_db_clusters().db_cluster_identifier("check").send();
    until(|| async {
        let reply = describe().await.unwrap();
        (reply.db_clusters()[0].status() == Some("available")).then_some(())
    })
    .await;
    let made = create().send().await.unwrap();
    let made = made.db_instance().unwrap();
    assert_eq!(
        (made.db_instance_status(), made.db_instance_class()),
        (Some("creating"), Some("db.t4g.medium"))
    );
    assert!(made.endpoint().is_none(), "it has no address yet");
    assert_eq!(made.db_parameter_groups()[0].db_parameter_group_name(), Some("default.aurora-postgresql16"));
    assert!(create().send().await.unwrap_err().into_service_error().is_db_instance_already_exists_fault());
    let instances = || f.rds.describe_db_instances().db_instance_identifier("check-1").send();
    until(|| async {
        let reply = instances().await.unwrap();
        (reply.db_instances()[0].db_instance_status() == Some("available")).then_some(())
    })
    .await;
    assert_eq!(
        describe().await.unwrap().db_clusters()[0].db_cluster_members()[0].is_cluster_writer(),
        Some(true)
    );

    let delete = || f.rds.delete_db_cluster().db_cluster_identifier("check").skip_final_snapshot(true).send();
    assert!(delete().await.unwrap_err().into_service_error().is_invalid_db_cluster_state_fault());
    let gone = f.rds.delete_db_instance().db_instance_identifier("check-1").skip_final_snapshot(true).send();
    assert_eq!(gone.await.unwrap().db_instance().unwrap().db_instance_status(), Some("deleting"));
    assert_eq!(delete().await.unwrap().db_cluster().unwrap().status(), Some("deleting"));
    until(|| async {
        describe().await.err().filter(|e| e.as_service_error().unwrap().is_db_cluster_not_found_fault())
    })
    .await;
    let log = f.server.estate().log();
    let effects: Vec<_> = log.iter().filter_map(|entry| entry.effect.as_deref()).collect();
    assert!(effects[0].starts_with("cluster check restored from arn:aws:rds:ca-central-1:"), "{effects:?}");
    assert_eq!(
        effects[1..],
        ["instance check-1 of check", "deletion of instance check-1", "deletion of cluster check"]
    );
}

#[tokio::test]
async fn a_point_in_time_is_told_and_restored() {
    let f = fixture(Delays { backup_lag: Span::fixed(60.0), ..Delays::none() }).await;
    let reply = f.rds.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
    let orders = &reply.db_clusters()[0];
    let (earliest, latest) =
        (orders.earliest_restorable_time().unwrap(), *orders.latest_restorable_time().unwrap());
    assert!(*earliest < latest);
    let restore = |name: &str| {
        let call = f.rds.restore_db_cluster_to_point_in_time().db_cluster_identifier(name);
        call.source_db_cluster_identifier("orders")
    };
    restore("latest").use_latest_restorable_time(true).restore_type("full-copy").send().await.unwrap();
    restore("chosen").restore_to_time(latest).send().await.unwrap();
    let both = restore("both").restore_to_time(latest).use_latest_restorable_time(true);
    assert_eq!(
        both.send().await.unwrap_err().into_service_error().meta().code(),
        Some("InvalidParameterCombination")
    );
    let state = f.server.estate().state();
    let chosen = state.clusters.iter().find(|cluster| cluster.key.id == "chosen").unwrap();
    let as_of = chosen.restored_from.as_ref().unwrap().as_of;
    assert_eq!(as_of.as_millisecond(), latest.to_millis().unwrap());
}
