//! Interference, triggers, the log, seeds.

use super::*;

fn calls(action: &str, times: Option<u32>) -> Calls {
    Calls { action: Some(action.into()), caller: None, times }
}

#[test]
fn a_throttled_action_passes_after_so_many_times() {
    let mut estate = estate();
    estate.fault(at(0.0), Fault::Throttle(calls("FailoverDBCluster", Some(2)))).unwrap();
    assert_eq!(code(&describe(&mut estate, 0.0)), "reply");
    assert_eq!(code(&fail_over(&mut estate, 0.0, None)), "Throttling");
    assert_eq!(code(&fail_over(&mut estate, 0.0, None)), "Throttling");
    assert_eq!(orders(&mut estate, 60.0).1, "orders-1", "a throttled call has no effect");
    assert_eq!(code(&fail_over(&mut estate, 60.0, None)), "reply");
    let statuses: Vec<_> = estate.log().iter().map(|entry| (entry.sequence, entry.status)).collect();
    assert_eq!(statuses, [(1, Some(200)), (2, Some(400)), (3, Some(400)), (4, Some(200))]);
}

#[test]
fn a_lost_reply_had_its_effect() {
    let mut estate = estate();
    estate.fault(at(0.0), Fault::LoseReply(calls("FailoverDBCluster", Some(1)))).unwrap();
    assert_eq!(code(&fail_over(&mut estate, 0.0, Some("orders-2"))), "lost");
    assert_eq!(orders(&mut estate, 60.0).1, "orders-2");
    let entry = &estate.log()[0];
    assert_eq!((entry.status, entry.error.as_deref()), (None, None));
    assert!(entry.effect.as_deref().unwrap().contains("to orders-2 (the reply was lost)"));
}

#[test]
fn what_is_denied_is_denied_to_its_caller_until_healed() {
    let mut estate = estate();
    let deny = Calls { caller: Some("failover-executor".into()), ..calls("FailoverDBCluster", None) };
    estate.fault(at(0.0), Fault::Deny(deny)).unwrap();
    for _ in 0..3 {
        assert_eq!(code(&fail_over(&mut estate, 0.0, None)), "AccessDenied");
    }
    let elsewhere = Calls { caller: Some("somebody".into()), ..calls("DescribeDBClusters", None) };
    estate.fault(at(0.0), Fault::Deny(elsewhere)).unwrap();
    assert_eq!(code(&describe(&mut estate, 0.0)), "reply");
    estate.fault(at(1.0), Fault::Heal { cluster: None, region: None }).unwrap();
    assert_eq!(code(&fail_over(&mut estate, 1.0, None)), "reply");
}

#[test]
fn a_fault_waits_for_the_call_that_its_plan_names() {
    let mut estate = estate();
    let planned: Planned = serde_json::from_value(json!({
        "fault": "set_status", "cluster": "orders", "status": "upgrading",
        "when": { "on": "DescribeDBClusters", "caller": "failover-executor", "of": "orders-api", "call": 2, "after": 1 },
    }))
    .unwrap();
    estate.fault(at(0.0), planned).unwrap();
    describe(&mut estate, 1.0);
    assert_eq!(orders(&mut estate, 5.0).0, "available");
    describe(&mut estate, 5.0);
    assert_eq!(orders(&mut estate, 5.9).0, "available");
    assert_eq!(orders(&mut estate, 6.0).0, "upgrading");
    estate.fault(at(6.0), Fault::Heal { cluster: Some("orders".into()), region: None }).unwrap();
    describe(&mut estate, 7.0);
    assert_eq!(orders(&mut estate, 20.0).0, "available", "once is once");
}

#[test]
fn every_planned_fault_tells_whether_it_struck_and_when() {
    let mut estate = estate();
    for line in [
        json!({ "fault": "silence_writer", "cluster": "orders" }),
        json!({ "fault": "set_status", "cluster": "orders", "status": "upgrading", "when": { "after": 5 } }),
        json!({ "fault": "lag_readers", "cluster": "orders", "when": { "on": "FailoverDBCluster", "after": 2 } }),
        json!({ "fault": "lose_reply", "action": "FailoverDBCluster", "times": 2 }),
        json!({ "fault": "heal", "cluster": "orders", "when": { "on": "UpdateService" } }),
        json!({ "fault": "deny", "action": "UpdateService" }),
    ] {
        estate.fault(at(0.0), serde_json::from_value::<Planned>(line).unwrap()).unwrap();
    }
    let seconds = |estate: &Estate| -> Vec<Option<f64>> {
        let since = |moment: Timestamp| moment.duration_since(at(0.0)).as_secs_f64();
        estate.fates().iter().map(|fate| fate.struck_at.map(since)).collect()
    };
    assert_eq!(seconds(&estate), [Some(0.0), None, None, None, None, None]);
    estate.advance(at(6.0));
    fail_over(&mut estate, 7.0, None);
    assert_eq!(seconds(&estate), [Some(0.0), Some(5.0), None, Some(7.0), None, None], "its own time");
    fail_over(&mut estate, 10.0, None);
    assert_eq!(seconds(&estate), [Some(0.0), Some(5.0), Some(9.0), Some(7.0), None, None], "the first time");
    let told = serde_json::to_value(estate.fates()).unwrap();
    assert_eq!((&told[4]["fault"], &told[4]["struck_at"]), (&json!("heal"), &json!(null)));
    assert_eq!(told[4]["when"]["on"], "UpdateService");
    estate.reset(at(11.0));
    assert_eq!(estate.fates(), []);
}

#[test]
fn a_fault_that_found_nothing_to_strike_did_not_strike() {
    let mut estate = estate();
    let lose = Fault::LoseReaders { cluster: "orders".into(), region: None, status: "failed".into() };
    estate.fault(at(0.0), lose).unwrap();
    let by_itself: Planned =
        serde_json::from_value(json!({ "fault": "aws_failover", "cluster": "orders" })).unwrap();
    estate.fault(at(1.0), by_itself).unwrap();
    assert_eq!(estate.fates()[1].struck_at, None, "no reader can be promoted");
}

#[test]
fn a_planned_fault_reads_as_it_is_written() {
    let written = json!({
        "fault": "aws_failover", "cluster": "orders", "region": null, "target": null, "events": false,
        "promotion": null, "when": { "on": null, "of": null, "caller": null, "call": 1, "after": 2.5 },
    });
    let planned: Planned = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(&planned).unwrap(), written);
    for wrong in [
        json!({ "fault": "hold_endpoint", "cluster": "orders" }),
        json!({ "fault": "crash_writer", "cluster": "orders", "seconds": 3 }),
        json!({ "fault": "crash_writer", "cluster": "orders", "when": { "at": 3 } }),
    ] {
        assert!(serde_json::from_value::<Planned>(wrong).is_err());
    }
}

#[test]
fn any_rds_event_can_be_told() {
    let mut estate = estate();
    let late: Planned = serde_json::from_value(json!({
        "fault": "tell_rds_event", "source_type": "cluster", "source": "orders", "event_id": "RDS-EVENT-0071",
        "categories": ["failover"], "message": "Completed failover to DB instance: orders-1.", "when": { "after": 9 },
    }))
    .unwrap();
    estate.fault(at(0.0), late).unwrap();
    let effects = estate.advance(at(9.0));
    let Some(Effect::RdsEvent(event)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!((event.at, event.source_arn.ends_with(":cluster:orders")), (at(9.0), true));
}

#[test]
fn a_seed_that_contradicts_itself_or_the_estate_adds_nothing() {
    let mut estate = estate();
    let seed = |value| serde_json::from_value::<Seed>(value).unwrap();
    let two = seed(json!({ "clusters": [{ "identifier": "a", "instances": [
        { "identifier": "a-1", "writer": true }, { "identifier": "a-2", "writer": true },
    ] }] }));
    assert_eq!(estate.seed(at(0.0), &two), Err(SeedError::Writers { cluster: "a".into(), writers: 2 }));
    let taken = seed(json!({
        "services": [{ "cluster": "shop", "name": "new" }],
        "instances": [{ "identifier": "orders-1" }],
    }));
    assert_eq!(estate.seed(at(0.0), &taken), Err(SeedError::Exists("instance orders-1".into())));
    assert_eq!(estate.seed(at(0.0), &seed(json!({ "services": [{}] }))), Err(SeedError::Nameless("service")));
    assert_eq!(estate.state().services.len(), 3);
    assert!(serde_json::from_value::<Seed>(json!({ "clutsers": [] })).is_err());
}

#[test]
fn the_same_seed_and_calls_make_the_same_estate() {
    let run = |seed| {
        let mut estate = Estate::new(Settings { seed, ..Settings::default() }, at(0.0));
        estate.seed(at(0.0), &Seed::demo()).unwrap();
        fail_over(&mut estate, 10.0, None);
        let effects = estate.advance(at(500.0));
        (serde_json::to_string(&effects).unwrap(), serde_json::to_string(&estate.state()).unwrap())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

#[test]
fn time_never_goes_back() {
    let mut estate = estate();
    fail_over(&mut estate, 100.0, Some("orders-2"));
    assert_eq!(orders(&mut estate, 160.0).1, "orders-2");
    assert_eq!(code(&fail_over(&mut estate, 50.0, Some("orders-3"))), "reply");
    assert_eq!(estate.log()[1].at, at(160.0));
}

#[test]
fn regions_do_not_see_each_other() {
    let mut estate = estate();
    let request = Request {
        service: Api::Rds,
        action: "DescribeDBClusters".into(),
        region: "ca-west-1".into(),
        caller: "test".into(),
        parameters: serde_json::Value::Null,
        call: Ok(Call::DescribeClusters(Select::default())),
    };
    assert_eq!(estate.call(at(0.0), &request), Answer::Reply(Reply::Clusters(Vec::new(), None)));
}
