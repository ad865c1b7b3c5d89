//! Clusters restored from snapshots and to points in time, their instances, and their end.

use super::*;

const KEY: &str = "arn:aws:kms:ca-central-1:123456789012:key/1";

/// Beside the demo's cluster an encrypted one with settings of its own, and a snapshot of it.
fn with_users(settings: Settings) -> Estate {
    let mut estate = estate_with(settings);
    let users = ClusterSeed {
        identifier: "users".into(),
        port: 6432,
        kms_key: Some(KEY.into()),
        parameter_group: Some("users".into()),
        subnet_group: "private".into(),
        security_groups: vec!["sg-users".into()],
        tags: Tags::from([("mainstay".into(), "users".into())]),
        instances: vec![InstanceSeed {
            identifier: "users-1".into(),
            writer: true,
            ..InstanceSeed::default()
        }],
        ..ClusterSeed::default()
    };
    let noon = SnapshotSeed { identifier: "noon".into(), cluster: "users".into(), ..SnapshotSeed::default() };
    estate.seed(at(0.0), &Seed { clusters: vec![users], snapshots: vec![noon], ..Seed::default() }).unwrap();
    estate.advance(at(0.0));
    estate
}

fn from_snapshot(snapshot: &str) -> RestoreFrom {
    let engine = "aurora-postgresql".into();
    RestoreFrom::Snapshot { snapshot: snapshot.into(), engine, engine_version: None }
}

fn to_point(cluster: &str, to: Option<Timestamp>) -> RestoreFrom {
    RestoreFrom::PointInTime { cluster: cluster.into(), to, latest: to.is_none(), kind: None }
}

fn asked(cluster: &str, from: RestoreFrom) -> RestoreRequest {
    RestoreRequest {
        cluster: cluster.into(),
        from,
        port: None,
        key: None,
        parameter_group: None,
        subnet_group: None,
        security_groups: Vec::new(),
        deletion_protection: false,
        copy_tags_to_snapshot: false,
        backup_days: None,
        tags: Tags::new(),
    }
}

fn restore(estate: &mut Estate, seconds: f64, asked: RestoreRequest) -> Answer {
    ask(estate, seconds, Api::Rds, "RestoreDBCluster", Call::RestoreCluster(Box::new(asked)))
}

fn create(estate: &mut Estate, seconds: f64, instance: &str, cluster: &str) -> Answer {
    let asked = NewInstance {
        instance: instance.into(),
        cluster: Some(cluster.into()),
        class: "db.r6g.large".into(),
        engine: "aurora-postgresql".into(),
        ..NewInstance::default()
    };
    ask(estate, seconds, Api::Rds, "CreateDBInstance", Call::CreateInstance(asked))
}

fn last(name: Option<&str>) -> FinalSnapshot {
    FinalSnapshot { skip: name.is_none(), name: name.map(str::to_owned) }
}

fn delete_instance(estate: &mut Estate, seconds: f64, instance: &str) -> Answer {
    let call = Call::DeleteInstance { instance: instance.into(), last: last(None) };
    ask(estate, seconds, Api::Rds, "DeleteDBInstance", call)
}

fn delete_cluster(estate: &mut Estate, seconds: f64, cluster: &str, last: FinalSnapshot) -> Answer {
    ask(estate, seconds, Api::Rds, "DeleteDBCluster", Call::DeleteCluster { cluster: cluster.into(), last })
}

fn cluster(estate: &mut Estate, seconds: f64, id: &str) -> Option<Cluster> {
    estate.catch_up(at(seconds));
    estate.state().clusters.into_iter().find(|cluster| cluster.key.id == id)
}

fn instance(estate: &mut Estate, seconds: f64, id: &str) -> Option<Instance> {
    estate.catch_up(at(seconds));
    estate.state().instances.into_iter().find(|instance| instance.key.id == id)
}

#[test]
fn a_restored_cluster_has_no_instances_and_awss_defaults() {
    let mut estate = with_users(Settings::default());
    assert_eq!(code(&restore(&mut estate, 10.0, asked("Check", from_snapshot("noon")))), "reply");
    let begun = cluster(&mut estate, 10.0, "check").unwrap();
    assert_eq!((begun.status.as_str(), begun.members.len(), begun.writer.as_str()), ("creating", 0, ""));
    assert!(begun.endpoint.starts_with("check.cluster-"), "endpoints exist at once");
    assert_eq!(
        (begun.parameter_group.as_str(), begun.subnet_group.as_str()),
        ("default.aurora-postgresql16", "default")
    );
    assert_eq!(begun.security_groups, ["sg-default"]);
    assert!(!begun.deletion_protection && begun.tags.is_empty() && !begun.copy_tags_to_snapshot);
    assert_eq!((begun.port, begun.kms_key.as_deref(), begun.backup_days), (6432, Some(KEY), 7));
    assert_eq!(begun.restored_from.unwrap().as_of, at(0.0));
    assert_eq!(code(&create(&mut estate, 100.0, "check-1", "check")), "InvalidDBClusterStateFault");
    estate.advance(at(409.0));
    assert_eq!(cluster(&mut estate, 409.0, "check").unwrap().status, "creating");
    assert_eq!(cluster(&mut estate, 410.0, "check").unwrap().status, "available");
    assert!(rds_ids(&estate.advance(at(410.0))).contains(&"RDS-EVENT-0170".into()));
}

#[test]
fn what_is_asked_for_counts_more_than_defaults() {
    let mut estate =
        with_users(Settings { default_engine_version: Some("17.1".into()), ..Settings::default() });
    let tags = Tags::from([("mainstay-check".into(), "1".into())]);
    let wanted = RestoreRequest {
        port: Some(7432),
        key: Some("2".into()),
        parameter_group: Some("users".into()),
        subnet_group: Some("isolated".into()),
        security_groups: vec!["sg-1".into(), "sg-2".into()],
        deletion_protection: true,
        copy_tags_to_snapshot: true,
        backup_days: Some(1),
        tags: tags.clone(),
        ..asked("check", from_snapshot("noon"))
    };
    restore(&mut estate, 1.0, wanted);
    let found = cluster(&mut estate, 1.0, "check").unwrap();
    assert_eq!((found.port, found.backup_days, found.engine_version.as_str()), (7432, 1, "17.1"));
    assert_eq!(found.kms_key.as_deref(), Some("arn:aws:kms:ca-central-1:123456789012:key/2"));
    assert_eq!((found.parameter_group.as_str(), found.subnet_group.as_str()), ("users", "isolated"));
    assert_eq!((found.security_groups, found.tags), (vec!["sg-1".to_owned(), "sg-2".into()], tags));
    assert!(found.deletion_protection && found.copy_tags_to_snapshot);
}

#[test]
fn a_restore_is_refused_for_its_name_source_engine_and_quota() {
    let mut estate = with_users(Settings { cluster_quota: 3, ..Settings::default() });
    let snapshot = Call::CreateSnapshot {
        of_cluster: true,
        source: "users".into(),
        snapshot: "young".into(),
        tags: Tags::new(),
    };
    ask(&mut estate, 1.0, Api::Rds, "CreateDBClusterSnapshot", snapshot);
    let mut code_of = |request| code(&restore(&mut estate, 2.0, request)).to_owned();
    assert_eq!(code_of(asked("users", from_snapshot("noon"))), "DBClusterAlreadyExistsFault");
    assert_eq!(code_of(asked("a--b", from_snapshot("noon"))), "InvalidParameterValue");
    assert_eq!(code_of(asked("check", from_snapshot("nowhere"))), "DBClusterSnapshotNotFoundFault");
    let elsewhere = "arn:aws:rds:ca-west-1:123456789012:cluster-snapshot:noon";
    assert_eq!(code_of(asked("check", from_snapshot(elsewhere))), "DBClusterSnapshotNotFoundFault");
    assert_eq!(code_of(asked("check", from_snapshot("young"))), "InvalidDBClusterSnapshotStateFault");
    let mysql = RestoreFrom::Snapshot {
        snapshot: "noon".into(),
        engine: "aurora-mysql".into(),
        engine_version: None,
    };
    assert_eq!(code_of(asked("check", mysql)), "InvalidParameterCombination");
    let west = RestoreRequest {
        key: Some("arn:aws:kms:ca-west-1:123456789012:key/1".into()),
        ..asked("check", from_snapshot("noon"))
    };
    assert_eq!(code_of(west), "KMSKeyNotAccessibleFault");
    assert_eq!(code_of(asked("check", from_snapshot("noon"))), "reply");
    assert_eq!(code_of(asked("more", from_snapshot("noon"))), "DBClusterQuotaExceededFault");
}

#[test]
fn a_point_in_time_lies_between_the_retention_and_a_little_before_now() {
    let mut estate = with_users(Settings::default());
    let restorable = |estate: &mut Estate, seconds| {
        estate.catch_up(at(seconds));
        let found = cluster(estate, seconds, "users").unwrap();
        estate.restorable(&found)
    };
    let week = 7.0 * 24.0 * 3600.0;
    assert_eq!(restorable(&mut estate, 1000.0), Some((at(1000.0 - week), at(880.0))));
    let mut as_of = |name: &str, from: RestoreFrom| {
        let answer = restore(&mut estate, 1000.0, asked(name, from));
        let found = cluster(&mut estate, 1000.0, name).and_then(|cluster| cluster.restored_from);
        (code(&answer).to_owned(), found.map(|from| from.as_of))
    };
    assert_eq!(as_of("latest", to_point("users", None)), ("reply".into(), Some(at(880.0))));
    assert_eq!(as_of("chosen", to_point("users", Some(at(500.0)))), ("reply".into(), Some(at(500.0))));
    for wrong in [at(881.0), at(999.0 - week)] {
        assert_eq!(as_of("wrong", to_point("users", Some(wrong))).0, "InvalidParameterValue");
    }
    let point = |to, latest, kind: Option<&str>| RestoreFrom::PointInTime {
        cluster: "users".into(),
        to,
        latest,
        kind: kind.map(str::to_owned),
    };
    assert_eq!(as_of("wrong", point(None, false, None)).0, "InvalidParameterCombination");
    assert_eq!(as_of("wrong", point(Some(at(500.0)), true, None)).0, "InvalidParameterCombination");
    assert_eq!(
        as_of("wrong", point(Some(at(500.0)), false, Some("copy-on-write"))).0,
        "InvalidParameterCombination"
    );
    assert_eq!(as_of("wrong", point(None, true, Some("half"))).0, "InvalidParameterValue");
    assert_eq!(as_of("clone", point(None, false, Some("copy-on-write"))).1, Some(at(1000.0)));
    assert_eq!(as_of("wrong", to_point("nowhere", None)).0, "DBClusterNotFoundFault");
    // The new cluster has backups of its own from when it is there, and the engine's port.
    assert_eq!(as_of("wrong", to_point("latest", None)).0, "InvalidDBClusterStateFault");
    let there = cluster(&mut estate, 1600.0, "latest").unwrap();
    assert_eq!((estate.restorable(&there), there.port), (Some((at(1400.0), at(1480.0))), 5432));
    // A key for what is not encrypted is refused here, and not for a snapshot.
    let keyed = RestoreRequest { key: Some(KEY.into()), ..asked("keyed", to_point("orders", None)) };
    assert_eq!(code(&restore(&mut estate, 1600.0, keyed)), "InvalidParameterCombination");
    // What a crashed writer did not write can't be restored.
    let crash = Fault::CrashWriter { cluster: "users".into(), region: None };
    estate.fault(at(1700.0), crash).unwrap();
    let users = cluster(&mut estate, 5000.0, "users").unwrap();
    assert_eq!(estate.restorable(&users).unwrap().1, at(1700.0));
}

#[test]
fn the_first_instance_is_the_writer_and_serves_when_it_is_made() {
    let mut estate = with_users(Settings::default());
    restore(&mut estate, 0.0, asked("check", from_snapshot("noon")));
    assert_eq!(code(&create(&mut estate, 400.0, "check-1", "check")), "reply");
    assert_eq!(code(&create(&mut estate, 400.0, "check-2", "check")), "reply");
    let begun = instance(&mut estate, 400.0, "check-1").unwrap();
    assert_eq!((begun.status.as_str(), begun.port, begun.tags.len()), ("creating", 6432, 0));
    let effects = estate.advance(at(699.0));
    assert!(!format!("{effects:?}").contains("check-1"), "no metric before it is there");
    assert_eq!(instance(&mut estate, 700.0, "check-1").unwrap().status, "available");
    assert!(rds_ids(&estate.advance(at(700.0))).contains(&"RDS-EVENT-0005".into()));
    let found = cluster(&mut estate, 700.0, "check").unwrap();
    assert_eq!((found.writer.as_str(), found.endpoint_target.as_str()), ("check-1", "check-1"));
    assert_eq!(found.members, ["check-1", "check-2"]);
    let writer = instance(&mut estate, 700.0, "check-1").unwrap();
    assert_eq!(estate.resolve(&found.endpoint), Some(Resolved::Alias(writer.endpoint, writer.address)));
    let mut code_of = |instance, cluster| code(&create(&mut estate, 700.0, instance, cluster)).to_owned();
    assert_eq!(code_of("check-1", "check"), "DBInstanceAlreadyExists");
    assert_eq!(code_of("check-3", "nowhere"), "DBClusterNotFoundFault");
    assert_eq!(code_of("check--3", "check"), "InvalidParameterValue");
}

#[test]
fn what_is_protected_or_has_instances_is_not_deleted() {
    let mut estate = with_users(Settings::default());
    assert_eq!(code(&delete_cluster(&mut estate, 1.0, "users", last(None))), "InvalidParameterCombination");
    restore(&mut estate, 1.0, asked("check", from_snapshot("noon")));
    assert_eq!(code(&delete_cluster(&mut estate, 2.0, "check", last(None))), "InvalidDBClusterStateFault");
    create(&mut estate, 401.0, "check-1", "check");
    assert_eq!(code(&delete_instance(&mut estate, 402.0, "check-1")), "InvalidDBInstanceState", "creating");
    assert_eq!(code(&delete_cluster(&mut estate, 701.0, "check", last(None))), "InvalidDBClusterStateFault");
    assert_eq!(code(&delete_instance(&mut estate, 701.0, "check-1")), "reply");
    assert_eq!(code(&delete_instance(&mut estate, 701.0, "check-1")), "InvalidDBInstanceState", "deleting");
    for wrong in
        [FinalSnapshot { skip: false, name: None }, FinalSnapshot { skip: true, name: Some("x".into()) }]
    {
        assert_eq!(code(&delete_cluster(&mut estate, 701.0, "check", wrong)), "InvalidParameterCombination");
    }
    assert_eq!(code(&delete_cluster(&mut estate, 701.0, "check", last(None))), "reply");
    assert_eq!(cluster(&mut estate, 701.0, "check").unwrap().status, "deleting");
    assert_eq!(code(&delete_cluster(&mut estate, 702.0, "check", last(None))), "InvalidDBClusterStateFault");
    estate.advance(at(760.0));
    assert!(instance(&mut estate, 761.0, "check-1").is_none());
    assert!(cluster(&mut estate, 763.0, "check").is_none());
    let told = rds_ids(&estate.advance(at(763.0)));
    assert_eq!(told, ["RDS-EVENT-0003", "RDS-EVENT-0171"]);
    assert_eq!(code(&delete_cluster(&mut estate, 764.0, "check", last(None))), "DBClusterNotFoundFault");
    assert_eq!(code(&delete_instance(&mut estate, 764.0, "check-1")), "DBInstanceNotFound");
}

#[test]
fn a_last_snapshot_is_made_before_the_cluster_goes() {
    let mut estate = with_users(Settings::default());
    restore(&mut estate, 0.0, asked("check", from_snapshot("noon")));
    assert_eq!(code(&delete_cluster(&mut estate, 400.0, "check", last(Some("end")))), "reply");
    assert_eq!(cluster(&mut estate, 499.0, "check").unwrap().status, "available");
    assert_eq!(cluster(&mut estate, 500.0, "check").unwrap().status, "deleting");
    assert!(cluster(&mut estate, 560.0, "check").is_none());
    assert!(estate.state().snapshots.iter().any(|it| it.key.id == "end" && it.status == "available"));
    // One that fails keeps its cluster.
    restore(&mut estate, 600.0, asked("kept", from_snapshot("noon")));
    delete_cluster(&mut estate, 1000.0, "kept", last(Some("kept-end")));
    estate.fault(at(1001.0), Fault::FailSnapshots { cluster: "kept".into(), region: None }).unwrap();
    assert_eq!(cluster(&mut estate, 2000.0, "kept").unwrap().status, "available");
}

#[test]
fn a_reader_follows_a_writer_that_is_deleted() {
    let mut estate = estate();
    assert_eq!(code(&delete_instance(&mut estate, 1.0, "orders-1")), "reply");
    assert_eq!(orders(&mut estate, 12.0), seen("available", "orders-2", "orders-1"));
    assert_eq!(instance(&mut estate, 60.0, "orders-1").unwrap().status, "deleting", "it does not come back");
    assert!(instance(&mut estate, 62.0, "orders-1").is_none());
    assert_eq!(orders(&mut estate, 62.0), seen("available", "orders-2", "orders-2"));
    assert_eq!(cluster(&mut estate, 62.0, "orders").unwrap().members, ["orders-2", "orders-3"]);
    for gone in ["orders-2", "orders-3"] {
        delete_instance(&mut estate, 100.0, gone);
    }
    assert_eq!(orders(&mut estate, 300.0), seen("available", "", ""), "a cluster without instances");
    assert_eq!(code(&create(&mut estate, 300.0, "orders-4", "orders")), "reply");
    assert_eq!(orders(&mut estate, 600.0), seen("available", "orders-4", "orders-4"));
}

#[test]
fn restores_fail_are_slow_and_lack_their_key_by_faults() {
    let mut estate = with_users(Settings::default());
    let fault = |estate: &mut Estate, seconds, fault: serde_json::Value| {
        estate.fault(at(seconds), serde_json::from_value::<Planned>(fault).unwrap())
    };
    fault(&mut estate, 0.0, json!({ "fault": "fail_restores", "cluster": "users" })).unwrap();
    fault(&mut estate, 0.0, json!({ "fault": "slow_restores", "cluster": "users", "seconds": 1000.0 }))
        .unwrap();
    fault(&mut estate, 0.0, json!({ "fault": "refuse_key", "key": KEY })).unwrap();
    let nowhere = fault(&mut estate, 0.0, json!({ "fault": "fail_restores", "cluster": "nowhere" }));
    assert_eq!(nowhere.unwrap_err().name, "nowhere");
    assert!(estate.fates().iter().all(|fate| fate.struck_at.is_none()), "nothing met them yet");
    let refused = restore(&mut estate, 1.0, asked("check", from_snapshot("noon")));
    assert_eq!(code(&refused), "KMSKeyNotAccessibleFault");
    let copy = CopyRequest { source: "noon".into(), target: "two".into(), ..CopyRequest::default() };
    let refused = ask(&mut estate, 1.0, Api::Rds, "CopyDBClusterSnapshot", Call::CopySnapshot(copy));
    assert_eq!(code(&refused), "KMSKeyNotAccessibleFault");
    estate.fault(at(2.0), Fault::Heal { cluster: None, region: None }).unwrap();
    fault(&mut estate, 2.0, json!({ "fault": "fail_restores", "cluster": "users" })).unwrap();
    fault(&mut estate, 2.0, json!({ "fault": "slow_restores", "cluster": "users", "seconds": 1000.0 }))
        .unwrap();
    restore(&mut estate, 10.0, asked("check", from_snapshot("noon")));
    restore(&mut estate, 10.0, asked("other", to_point("orders", None)));
    assert_eq!(cluster(&mut estate, 410.0, "other").unwrap().status, "available");
    assert_eq!(cluster(&mut estate, 1009.0, "check").unwrap().status, "creating");
    let failed = cluster(&mut estate, 1010.0, "check").unwrap();
    assert_eq!(failed.status, "inaccessible-encryption-credentials");
    let struck: Vec<bool> = estate.fates().iter().map(|fate| fate.struck_at.is_some()).collect();
    assert_eq!(struck, [false, false, true, true, true, true], "healed before they met anything: two");
    assert_eq!(code(&create(&mut estate, 1011.0, "check-1", "check")), "InvalidDBClusterStateFault");
    assert_eq!(
        code(&delete_cluster(&mut estate, 1012.0, "check", last(None))),
        "reply",
        "it can be cleaned up"
    );
    estate.fault(at(1013.0), Fault::Heal { cluster: Some("users".into()), region: None }).unwrap();
    restore(&mut estate, 1100.0, asked("again", from_snapshot("noon")));
    assert_eq!(cluster(&mut estate, 1500.0, "again").unwrap().status, "available");
}
