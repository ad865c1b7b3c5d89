//! Copies of snapshots: where, under which key, and how many at once.

use super::*;

const HERE: &str = "ca-central-1";
const THERE: &str = "ca-west-1";

fn key(region: &str) -> String {
    format!("arn:aws:kms:{region}:123456789012:key/1")
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:rds:{region}:123456789012:cluster-snapshot:{id}")
}

/// An encrypted cluster with a snapshot `noon` and an automated one, beside the demo's cluster with `plain`.
fn with_snapshots(settings: Settings) -> Estate {
    let mut estate = estate_with(settings);
    let snapshot = |identifier: &str, cluster: &str, kind: &str| SnapshotSeed {
        identifier: identifier.into(),
        cluster: cluster.into(),
        kind: kind.into(),
        tags: Tags::from([("mainstay".into(), identifier.into())]),
        ..SnapshotSeed::default()
    };
    let writer = InstanceSeed { identifier: "users-1".into(), writer: true, ..InstanceSeed::default() };
    let users = ClusterSeed {
        identifier: "users".into(),
        kms_key: Some(key(HERE)),
        instances: vec![writer],
        ..ClusterSeed::default()
    };
    let snapshots = vec![
        snapshot("noon", "users", "manual"),
        snapshot("rds:users-2026", "users", "automated"),
        snapshot("plain", "orders", "manual"),
    ];
    let seed = Seed { clusters: vec![users], snapshots, ..Seed::default() };
    estate.seed(at(0.0), &seed).unwrap();
    estate
}

fn copy(estate: &mut Estate, seconds: f64, region: &str, asked: CopyRequest) -> Answer {
    let request = Request {
        service: Api::Rds,
        action: "CopyDBClusterSnapshot".into(),
        region: region.into(),
        caller: "snapshotter".into(),
        parameters: json!({}),
        call: Ok(Call::CopySnapshot(asked)),
    };
    estate.call(at(seconds), &request)
}

fn asked(source: &str, target: &str) -> CopyRequest {
    CopyRequest { source: source.into(), target: target.into(), ..CopyRequest::default() }
}

fn found(estate: &mut Estate, seconds: f64, region: &str, id: &str) -> Snapshot {
    estate.catch_up(at(seconds));
    let mut all = estate.state().snapshots.into_iter();
    all.find(|snapshot| snapshot.key == Key::new(region, id)).unwrap()
}

fn delete(estate: &mut Estate, seconds: f64, snapshot: &str) -> Answer {
    let call = Call::DeleteSnapshot { of_cluster: true, snapshot: snapshot.into() };
    ask(estate, seconds, Api::Rds, "DeleteDBClusterSnapshot", call)
}

#[test]
fn a_copy_within_its_region_keeps_the_key_and_takes_time() {
    let mut estate = with_snapshots(Settings::default());
    estate.advance(at(0.0));
    let Answer::Reply(Reply::Snapshot(begun)) =
        copy(&mut estate, 1.0, HERE, CopyRequest { copy_tags: true, ..asked("noon", "Noon-Copy") })
    else {
        panic!("no reply");
    };
    assert_eq!((begun.status.as_str(), begun.percent, begun.kind.as_str()), ("copying", 0, "manual"));
    assert_eq!(found(&mut estate, 101.0, HERE, "noon-copy").percent, 50);
    let done = found(&mut estate, 201.0, HERE, "noon-copy");
    assert_eq!((done.status.as_str(), done.percent, done.created), ("available", 100, at(1.0)));
    assert_eq!(done.copy_of, Some(arn(HERE, "noon")));
    assert_eq!(
        (done.source.as_str(), done.kms_key, done.tags["mainstay"].as_str()),
        ("users", Some(key(HERE)), "noon")
    );
    assert!(rds_ids(&estate.advance(at(300.0))).is_empty(), "no event tells of a copy");
    let log = estate.log().last().unwrap();
    assert_eq!(log.effect.as_deref(), Some("copy noon-copy of snapshot noon in ca-central-1"));
}

#[test]
fn own_tags_silence_copied_ones_and_none_are_copied_unasked() {
    let mut estate = with_snapshots(Settings::default());
    let own = Tags::from([("mainstay".into(), "mine".into())]);
    copy(&mut estate, 1.0, HERE, CopyRequest { copy_tags: true, tags: own.clone(), ..asked("noon", "own") });
    copy(&mut estate, 1.0, HERE, asked("noon", "bare"));
    assert_eq!(found(&mut estate, 1.0, HERE, "own").tags, own);
    assert!(found(&mut estate, 1.0, HERE, "bare").tags.is_empty());
}

#[test]
fn a_copy_to_another_region_needs_a_key_of_that_region() {
    let mut estate = with_snapshots(Settings::default());
    let source = arn(HERE, "noon");
    for wrong in [None, Some(key(HERE))] {
        let answer = copy(&mut estate, 1.0, THERE, CopyRequest { key: wrong, ..asked(&source, "west") });
        assert_eq!(code(&answer), "KMSKeyNotAccessibleFault");
    }
    let rekeyed = CopyRequest { key: Some("alias/west".into()), ..asked(&source, "west") };
    assert_eq!(code(&copy(&mut estate, 1.0, THERE, rekeyed)), "reply");
    let done = found(&mut estate, 201.0, THERE, "west");
    assert_eq!(done.kms_key.as_deref(), Some("arn:aws:kms:ca-west-1:123456789012:alias/west"));
    assert_eq!(
        (done.status.as_str(), done.arn, done.copy_of),
        ("available", arn(THERE, "west"), Some(source))
    );
    // By its bare name it is not in the other region.
    assert_eq!(code(&copy(&mut estate, 201.0, THERE, asked("noon", "x"))), "DBClusterSnapshotNotFoundFault");
    // Without encryption no key is needed, and none may be named.
    assert_eq!(code(&copy(&mut estate, 201.0, THERE, asked(&arn(HERE, "plain"), "bare"))), "reply");
    let keyed = CopyRequest { key: Some(key(THERE)), ..asked(&arn(HERE, "plain"), "keyed") };
    assert_eq!(code(&copy(&mut estate, 201.0, THERE, keyed)), "InvalidParameterCombination");
}

#[test]
fn a_copy_can_be_refused_for_its_source_and_its_name() {
    let mut estate = with_snapshots(Settings::default());
    let mut code_of = |seconds, source: &str, target: &str| {
        code(&copy(&mut estate, seconds, HERE, asked(source, target))).to_owned()
    };
    assert_eq!(code_of(1.0, "nowhere", "a"), "DBClusterSnapshotNotFoundFault");
    let foreign = arn(HERE, "noon").replace("123456789012", "210987654321");
    assert_eq!(code_of(1.0, &foreign, "a"), "DBClusterSnapshotNotFoundFault");
    assert_eq!(code_of(1.0, "noon", "noon"), "DBClusterSnapshotAlreadyExistsFault");
    assert_eq!(code_of(1.0, "noon", "a--b"), "InvalidParameterValue");
    assert_eq!(code_of(1.0, "noon", "a"), "reply");
    assert_eq!(code_of(2.0, "a", "b"), "InvalidDBClusterSnapshotStateFault", "it is copying");
    assert_eq!(code_of(2.0, &arn(HERE, "rds:users-2026"), "manual"), "reply", "a copy of an automated one");
}

#[test]
fn the_quota_is_the_destinations_and_few_copies_come_at_once() {
    let message = |answer: &Answer| match answer {
        Answer::Refused(refusal) if refusal.code == "SnapshotQuotaExceeded" => refusal.message.clone(),
        other => panic!("{other:?}"),
    };
    let settings = Settings { snapshot_quota: 3, copies_at_once: 2, ..Settings::default() };
    let mut estate = with_snapshots(settings);
    let source = arn(HERE, "plain");
    for name in ["one", "two"] {
        assert_eq!(code(&copy(&mut estate, 1.0, THERE, asked(&source, name))), "reply");
    }
    let busy = message(&copy(&mut estate, 2.0, THERE, asked(&source, "three")));
    assert!(busy.contains("in progress"), "{busy}");
    assert_eq!(
        code(&copy(&mut estate, 2.0, THERE, asked(&source, "one"))),
        "DBClusterSnapshotAlreadyExistsFault"
    );
    assert_eq!(code(&copy(&mut estate, 300.0, THERE, asked(&source, "three"))), "reply");
    let full = message(&copy(&mut estate, 600.0, THERE, asked(&source, "four")));
    assert!(full.contains("manual snapshots"), "{full}");
    // The region of the source has two manual ones, and its own copies are not counted as coming from elsewhere.
    assert_eq!(code(&copy(&mut estate, 600.0, HERE, asked("plain", "five"))), "reply");
    assert_eq!(code(&copy(&mut estate, 600.0, HERE, asked("plain", "six"))), "SnapshotQuotaExceeded");
}

#[test]
fn deleting_ends_a_copy_its_own_or_its_sources() {
    let mut estate = with_snapshots(Settings::default());
    copy(&mut estate, 1.0, HERE, asked("noon", "cancelled"));
    assert_eq!(code(&delete(&mut estate, 2.0, "cancelled")), "reply");
    assert!(!estate.state().snapshots.iter().any(|snapshot| snapshot.key.id == "cancelled"));
    // Made again under the same name: what was planned for the first one is void.
    copy(&mut estate, 100.0, HERE, asked("noon", "cancelled"));
    assert_eq!(found(&mut estate, 250.0, HERE, "cancelled").status, "copying");
    copy(&mut estate, 250.0, HERE, asked("noon", "orphan"));
    assert_eq!(found(&mut estate, 301.0, HERE, "cancelled").status, "available");
    assert_eq!(code(&delete(&mut estate, 310.0, "noon")), "reply");
    assert_eq!(found(&mut estate, 600.0, HERE, "orphan").status, "failed");
    assert_eq!(found(&mut estate, 600.0, HERE, "cancelled").status, "available", "complete before");
}

#[test]
fn copies_fail_as_the_snapshots_of_their_cluster_do() {
    let mut estate = with_snapshots(Settings::default());
    copy(&mut estate, 1.0, THERE, CopyRequest { key: Some(key(THERE)), ..asked(&arn(HERE, "noon"), "west") });
    estate.fault(at(2.0), Fault::FailSnapshots { cluster: "users".into(), region: None }).unwrap();
    assert_eq!(found(&mut estate, 300.0, THERE, "west").status, "failed");
}
