//! How a writer moves.

use super::*;

#[test]
fn a_failover_has_its_timeline_and_the_endpoint_moves_last() {
    let mut estate = estate();
    let Answer::Reply(Reply::Cluster(reply)) = fail_over(&mut estate, 100.0, Some("orders-3")) else {
        panic!()
    };
    assert_eq!(reply.cluster.status, "available", "the failover does not show at once");
    assert_eq!(orders(&mut estate, 100.9), seen("available", "orders-1", "orders-1"));
    assert_eq!(orders(&mut estate, 101.0), seen("failing-over", "orders-1", "orders-1"));
    assert_eq!(orders(&mut estate, 110.9), seen("failing-over", "orders-1", "orders-1"));
    assert_eq!(orders(&mut estate, 111.0), seen("failing-over", "orders-3", "orders-1"));
    assert_eq!(orders(&mut estate, 112.0), seen("available", "orders-3", "orders-1"));
    assert_eq!(orders(&mut estate, 116.9), seen("available", "orders-3", "orders-1"));
    assert_eq!(orders(&mut estate, 117.0), seen("available", "orders-3", "orders-3"));
    assert_eq!(estate.state().instances[0].status, "rebooting");
    estate.catch_up(at(141.0));
    assert_eq!(estate.state().instances[0].status, "available");
    assert_eq!(estate.state().instances[0].health, Health::Serving);
    let moves: Vec<(Moving, Timestamp, String)> =
        estate.state().moves.into_iter().map(|m| (m.what, m.at, m.to)).collect();
    let to = "orders-3".to_owned();
    assert_eq!(moves, [(Moving::Writer, at(111.0), to.clone()), (Moving::Endpoint, at(117.0), to)]);

    let effects = estate.advance(at(141.0));
    assert_eq!(
        rds_ids(&effects),
        ["RDS-EVENT-0073", "RDS-EVENT-0071", "RDS-EVENT-0004", "RDS-EVENT-0385", "RDS-EVENT-0006"]
    );
    let order: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Fence { instance, .. } => Some(("fence", instance)),
            Effect::Promote { instance, .. } => Some(("promote", instance)),
            Effect::Repoint { instance, .. } => Some(("re-point", instance)),
            Effect::MoveEndpoint { instance, .. } => Some(("endpoint", instance)),
            _ => None,
        })
        .map(|(what, _)| what)
        .collect();
    assert_eq!(order, ["fence", "promote", "re-point", "re-point", "endpoint"]);
}

#[test]
fn names_follow_the_endpoint_not_the_writer() {
    let mut estate = estate();
    let endpoint = estate.state().clusters[0].endpoint.clone();
    let reader_endpoint = estate.state().clusters[0].reader_endpoint.clone();
    let instance = |estate: &Estate, nth: usize| estate.state().instances[nth].endpoint.clone();
    let alias = |estate: &Estate, name: &str| match estate.resolve(name) {
        Some(Resolved::Alias(to, _)) => to,
        other => panic!("{other:?}"),
    };
    assert_eq!(alias(&estate, &endpoint), instance(&estate, 0));
    assert_eq!(alias(&estate, &reader_endpoint), instance(&estate, 1));
    fail_over(&mut estate, 0.0, Some("orders-2"));
    estate.catch_up(at(16.0));
    assert_eq!(alias(&estate, &endpoint), instance(&estate, 0), "promoted at 11 s, but the name is behind");
    assert_eq!(alias(&estate, &reader_endpoint), instance(&estate, 2), "orders-1 restarts, orders-2 writes");
    estate.catch_up(at(17.0));
    assert_eq!(alias(&estate, &format!("{}.", endpoint.to_uppercase())), instance(&estate, 1));
    assert!(matches!(estate.resolve(&instance(&estate, 0)), Some(Resolved::Address(_))));
    assert_eq!(estate.resolve("elsewhere.example.com"), None);
}

#[test]
fn without_a_target_the_lowest_tier_among_available_readers_is_chosen() {
    let mut estate = estate();
    estate
        .fault(
            at(0.0),
            Fault::SetStatus {
                cluster: "orders".into(),
                region: None,
                instance: Some("orders-2".into()),
                status: "rebooting".into(),
                seconds: None,
            },
        )
        .unwrap();
    fail_over(&mut estate, 0.0, None);
    assert_eq!(orders(&mut estate, 60.0).1, "orders-3");
}

#[test]
fn what_cannot_be_failed_over_is_refused_with_the_aws_code() {
    let mut estate = estate();
    assert_eq!(code(&fail_over(&mut estate, 0.0, Some("orders-9"))), "DBInstanceNotFound");
    assert_eq!(code(&fail_over(&mut estate, 0.0, Some("orders-1"))), "InvalidDBInstanceState");
    let nowhere = Call::FailoverCluster { cluster: "nope".into(), target: None };
    let nowhere = ask(&mut estate, 0.0, Api::Rds, "FailoverDBCluster", nowhere);
    assert_eq!(code(&nowhere), "DBClusterNotFoundFault");

    let lose = Fault::LoseReaders { cluster: "orders".into(), region: None, status: "failed".into() };
    estate.fault(at(1.0), lose).unwrap();
    assert_eq!(code(&fail_over(&mut estate, 1.0, None)), "InvalidDBClusterStateFault");
    assert_eq!(code(&fail_over(&mut estate, 1.0, Some("orders-2"))), "InvalidDBInstanceState");
    estate.fault(at(2.0), Fault::Heal { cluster: Some("orders".into()), region: None }).unwrap();

    let upgrading = Fault::SetStatus {
        cluster: "orders".into(),
        region: None,
        instance: None,
        status: "upgrading".into(),
        seconds: Some(10.0),
    };
    estate.fault(at(3.0), upgrading).unwrap();
    assert_eq!(code(&fail_over(&mut estate, 12.9, None)), "InvalidDBClusterStateFault");
    assert_eq!(code(&fail_over(&mut estate, 13.0, None)), "reply");
    assert_eq!(code(&fail_over(&mut estate, 13.0, None)), "InvalidDBClusterStateFault", "one is under way");
    assert_eq!(orders(&mut estate, 60.0).1, "orders-2");
}

#[test]
fn a_target_that_writes_already_is_answered_as_the_settings_say() {
    for (setting, expected) in [
        (TargetIsWriter::RefuseInstance, "InvalidDBInstanceState"),
        (TargetIsWriter::RefuseCluster, "InvalidDBClusterStateFault"),
        (TargetIsWriter::Accept, "reply"),
    ] {
        let mut estate = estate_with(Settings { target_is_writer: setting, ..Settings::default() });
        assert_eq!(code(&fail_over(&mut estate, 0.0, Some("orders-1"))), expected);
        estate.catch_up(at(60.0));
        assert_eq!(estate.state().clusters[0].generation, 0, "nothing moved");
    }
}

#[test]
fn a_crashed_writer_stays_down_until_somebody_fails_over() {
    let mut estate = estate();
    estate.fault(at(0.0), Fault::CrashWriter { cluster: "orders".into(), region: None }).unwrap();
    assert_eq!(orders(&mut estate, 3600.0), seen("available", "orders-1", "orders-1"));
    fail_over(&mut estate, 3600.0, Some("orders-2"));
    assert_eq!(orders(&mut estate, 3700.0), seen("available", "orders-2", "orders-2"));
    assert_eq!(estate.state().instances[0].health, Health::Serving, "the old writer is back as a reader");
}

#[test]
fn aws_fails_over_by_itself_when_the_settings_say_so() {
    let after = Some(Span::fixed(15.0));
    let mut estate = estate_with(Settings { aws_failover_after: after, ..Settings::default() });
    estate.fault(at(0.0), Fault::CrashWriter { cluster: "orders".into(), region: None }).unwrap();
    assert_eq!(orders(&mut estate, 14.9).0, "available");
    assert_eq!(orders(&mut estate, 15.0).0, "failing-over");
    assert_eq!(orders(&mut estate, 26.0).1, "orders-2");

    let mut estate = estate_with(Settings { aws_failover_after: after, ..Settings::default() });
    estate.fault(at(0.0), Fault::CrashWriter { cluster: "orders".into(), region: None }).unwrap();
    fail_over(&mut estate, 5.0, Some("orders-3"));
    assert_eq!(orders(&mut estate, 60.0).1, "orders-3", "somebody was faster, so AWS does nothing");
}

#[test]
fn aws_fails_over_with_or_without_events() {
    for events in [true, false] {
        let mut estate = estate();
        let failover = Fault::AwsFailover {
            cluster: "orders".into(),
            region: None,
            target: None,
            events,
            promotion: Some(2.0),
        };
        estate.fault(at(0.0), failover).unwrap();
        assert_eq!(orders(&mut estate, 2.0).1, "orders-2");
        let told = rds_ids(&estate.advance(at(2.0)));
        assert_eq!(told.contains(&"RDS-EVENT-0071".to_owned()), events);
        assert_eq!(told.is_empty(), !events);
    }
}

#[test]
fn aws_moves_the_writer_back_while_a_failover_runs() {
    let mut estate = estate();
    let planned: Planned = serde_json::from_value(json!({
        "fault": "move_writer", "cluster": "orders", "to": "orders-1", "promotion": 2,
        "when": { "on": "FailoverDBCluster", "after": 5 },
    }))
    .unwrap();
    estate.fault(at(0.0), planned).unwrap();
    fail_over(&mut estate, 0.0, Some("orders-2"));
    assert_eq!(orders(&mut estate, 8.0), seen("available", "orders-1", "orders-1"));
    assert_eq!(
        orders(&mut estate, 100.0),
        seen("available", "orders-1", "orders-1"),
        "the first move is void"
    );
    assert_eq!(rds_ids(&estate.advance(at(100.0)))[1], "RDS-EVENT-0070");
    assert_eq!(estate.state().instances[0].health, Health::Serving);
}

#[test]
fn the_endpoint_can_be_held_back() {
    let mut estate = estate();
    let hold = |seconds, from_promotion| Fault::HoldEndpoint {
        cluster: "orders".into(),
        region: None,
        seconds,
        from_promotion,
    };
    let hold_from_promotion = hold(30.0, true);
    let hold = hold(40.0, false);
    estate.fault(at(0.0), hold).unwrap();
    fail_over(&mut estate, 0.0, Some("orders-2"));
    assert_eq!(orders(&mut estate, 39.9), seen("available", "orders-2", "orders-1"));
    assert_eq!(orders(&mut estate, 40.0), seen("available", "orders-2", "orders-2"));

    estate.fault(at(100.0), hold_from_promotion).unwrap();
    fail_over(&mut estate, 100.0, Some("orders-1"));
    let promoted = (1000..2000).map(|tenth| f64::from(tenth) / 10.0);
    let promoted = promoted.into_iter().find(|t| orders(&mut estate, *t).1 == "orders-1").unwrap();
    assert_eq!(orders(&mut estate, promoted + 29.8).2, "orders-2");
    assert_eq!(orders(&mut estate, promoted + 30.0).2, "orders-1");
}

#[test]
fn what_is_seen_outside_changes_the_model() {
    let mut estate = estate();
    let orders_2 = Key::new("ca-central-1", "orders-2");
    fail_over(&mut estate, 0.0, Some("orders-2"));
    estate.catch_up(at(1.0));
    estate.observe(at(3.0), &Observation::Promoted { instance: orders_2.clone() });
    assert_eq!(orders(&mut estate, 3.0).1, "orders-2", "earlier than the model had planned");
    assert_eq!(orders(&mut estate, 60.0), seen("available", "orders-2", "orders-2"));
    estate.advance(at(60.0));
    assert_eq!(estate.state().clusters[0].generation, 1, "and only once");

    estate.observe(at(61.0), &Observation::ServerDied { instance: orders_2.clone() });
    assert_eq!(code(&fail_over(&mut estate, 61.0, Some("orders-3"))), "reply");
    let froze = Observation::ServerFroze { instance: Key::new("ca-central-1", "orders-1") };
    estate.observe(at(62.0), &froze);
    assert_eq!(estate.state().instances[0].health, Health::Silent);
}

#[test]
fn a_multi_az_instance_swaps_its_zones_and_its_address() {
    let mut estate = estate();
    let seed: Seed = serde_json::from_value(json!({ "instances": [{
        "identifier": "legacy", "availability_zone": "ca-central-1a", "secondary_availability_zone": "ca-central-1b",
    }] }))
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    let endpoint = |estate: &Estate| {
        let instance = estate.state().instances[0].clone();
        (instance.availability_zone.clone(), instance.status.clone(), estate.resolve(&instance.endpoint))
    };
    let before = endpoint(&estate);
    let reboot =
        |instance: &str, force_failover| Call::RebootInstance { instance: instance.into(), force_failover };
    let alone = ask(&mut estate, 0.0, Api::Rds, "RebootDBInstance", reboot("orders-2", true));
    assert_eq!(code(&alone), "InvalidParameterCombination", "a cluster's instance has no standby");
    assert_eq!(code(&ask(&mut estate, 0.0, Api::Rds, "RebootDBInstance", reboot("legacy", true))), "reply");
    assert_eq!(
        code(&ask(&mut estate, 1.0, Api::Rds, "RebootDBInstance", reboot("legacy", true))),
        "InvalidDBInstanceState"
    );
    estate.catch_up(at(10.0));
    let promoted = endpoint(&estate);
    assert_eq!((promoted.0.as_str(), promoted.1.as_str()), ("ca-central-1b", "available"));
    assert_eq!(promoted.2, before.2, "the name is behind");
    estate.catch_up(at(16.0));
    assert_ne!(endpoint(&estate).2, before.2);
    assert_eq!(rds_ids(&estate.advance(at(16.0))), ["RDS-EVENT-0013", "RDS-EVENT-0049"]);
}

#[test]
fn events_are_found_by_source_category_and_time() {
    let mut estate = estate();
    fail_over(&mut estate, 0.0, Some("orders-2"));
    estate.catch_up(at(100.0));
    let mut found = |seconds: f64, select: EventSelect| match ask(
        &mut estate,
        seconds,
        Api::Rds,
        "DescribeEvents",
        Call::DescribeEvents(select),
    ) {
        Answer::Reply(Reply::Events(events, _)) => {
            events.into_iter().map(|event| event.id).collect::<Vec<_>>()
        }
        other => vec![code(&other).to_owned()],
    };
    let of = |source: &str, kind: &str| EventSelect {
        source: Some(source.into()),
        source_type: Some(kind.into()),
        ..EventSelect::default()
    };
    assert_eq!(found(100.0, of("orders", "db-cluster")), ["RDS-EVENT-0073", "RDS-EVENT-0071"]);
    assert_eq!(found(100.0, of("orders-1", "db-instance")), ["RDS-EVENT-0004", "RDS-EVENT-0006"]);
    let untyped = EventSelect { source: Some("orders".into()), ..EventSelect::default() };
    assert_eq!(found(100.0, untyped), ["InvalidParameterCombination"]);
    let castle = EventSelect { source_type: Some("db-castle".into()), ..EventSelect::default() };
    assert_eq!(found(100.0, castle), ["InvalidParameterValue"]);
    let backwards = EventSelect { from: Some(at(9.0)), until: Some(at(5.0)), ..EventSelect::default() };
    assert_eq!(found(100.0, backwards), ["InvalidParameterValue"]);
    let failover = EventSelect { categories: vec!["failover".into()], ..EventSelect::default() };
    assert_eq!(found(100.0, failover.clone()).len(), 2);
    let since = EventSelect { from: Some(at(5.0)), ..failover };
    assert_eq!(found(100.0, since), ["RDS-EVENT-0071"]);
    assert!(found(4000.0, EventSelect::default()).is_empty(), "the last hour when nothing is said");
}

#[test]
fn a_snapshot_needs_an_available_database_and_a_good_name() {
    let mut estate = estate();
    let snapshot = |estate: &mut Estate, seconds, name: &str| {
        let call = Call::CreateSnapshot {
            of_cluster: true,
            source: "orders".into(),
            snapshot: name.into(),
            tags: Tags::new(),
        };
        ask(estate, seconds, Api::Rds, "CreateDBClusterSnapshot", call)
    };
    for bad in ["1st", "two--hyphens", "end-", &"x".repeat(64), ""] {
        assert_eq!(code(&snapshot(&mut estate, 0.0, bad)), "InvalidParameterValue", "{bad}");
    }
    assert_eq!(code(&snapshot(&mut estate, 0.0, "first")), "reply");
    estate.catch_up(at(30.0));
    assert_eq!(
        (estate.state().snapshots[0].percent, estate.state().snapshots[0].status.as_str()),
        (30, "creating")
    );
    let delete = Call::DeleteSnapshot { of_cluster: true, snapshot: "first".into() };
    let early = ask(&mut estate, 30.0, Api::Rds, "DeleteDBClusterSnapshot", delete);
    assert_eq!(code(&early), "InvalidDBClusterSnapshotStateFault");
    estate.catch_up(at(100.0));
    assert_eq!(estate.state().snapshots[0].status, "available");
    assert_eq!(rds_ids(&estate.advance(at(100.0))), ["RDS-EVENT-0074", "RDS-EVENT-0075"]);
    fail_over(&mut estate, 100.0, None);
    assert_eq!(code(&snapshot(&mut estate, 105.0, "second")), "InvalidDBClusterStateFault");

    let mut small = estate_with(Settings { snapshot_quota: 1, ..Settings::default() });
    snapshot(&mut small, 0.0, "one");
    assert_eq!(code(&snapshot(&mut small, 0.0, "two")), "SnapshotQuotaExceeded");
}
