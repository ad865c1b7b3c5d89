//! What a valid plan becomes, how it travels, and how it is asked.

use plan::{Agree, Audience, EndpointProof, Kind, Mode, NoticeKind, Plan, Slice, Span, Strategy, parse};

const EXAMPLE: &str = include_str!("../../../plan.toml");

fn example() -> Option<Plan> {
    parse(EXAMPLE, "plan.toml").plan
}

#[test]
fn the_example_is_the_demo_estate() {
    let plan = example().unwrap();
    let orders = plan.database("orders").unwrap();
    assert_eq!(orders.identifier, "orders");
    assert_eq!((orders.kind, orders.strategy), (Kind::AuroraCluster, Strategy::WarmStandby));
    assert_eq!(orders.region, "ca-central-1");
    assert_eq!(orders.allowed_regions, ["ca-central-1", "ca-west-1"]);
    assert_eq!((orders.rpo, orders.rto), (Span::from_secs(60), Span::from_secs(300)));
    assert_eq!(orders.mode, Mode::Automatic);
    assert_eq!(orders.detection.agree, Agree::All);
    assert_eq!(orders.detection.alarm("orders-writer-down").unwrap().speaks_for, Span::from_secs(15));
    let services: Vec<_> =
        orders.services.iter().map(|it| (it.cluster.as_str(), it.name.as_str(), it.wave)).collect();
    assert_eq!(services, [("shop", "orders-api", 1), ("shop", "orders-worker", 2)]);
    let worker = orders.services.last().unwrap();
    assert_eq!(worker.after, ["orders-api"]);
    assert_eq!(worker.count_after_recovery, Some(4));
    let snapshots: Vec<_> = orders.snapshots.iter().map(|it| (it.every, it.keep)).collect();
    let (hour, day) = (Span::from_mins(60), Span::from_mins(24 * 60));
    let days = |days: u64| Some(Span::from_mins(days * 24 * 60));
    assert_eq!(snapshots, [(hour, days(1)), (day, days(14))]);
    assert_eq!(
        (plan.prune_at_most, plan.snapshot_quota),
        (20, 100),
        "the one is written, the other the default"
    );
    assert_eq!(plan.audiences, [Audience::stakeholders(), Audience::on_call()]);
}

#[test]
fn a_plan_and_a_slice_survive_json() {
    let plan = example().unwrap();
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    let slice = plan.slice("orders").unwrap();
    let json = serde_json::to_value(&slice).unwrap();
    assert_eq!(json["database"]["kind"], "aurora-cluster");
    assert_eq!(json["database"]["detection"]["alarms"][0]["speaks_for"], "15s");
    assert_eq!(json["audiences"][1]["notices"][3], "all-clear");
    assert_eq!(serde_json::from_value::<Slice>(json).unwrap(), slice);
}

/// What has its default is not carried, so that a slice is the one that an older version would have frozen.
#[test]
fn the_proof_of_the_endpoint_travels_only_where_it_is_asked_for() {
    let mut slice = example().unwrap().slice("orders").unwrap();
    assert_eq!(slice.database.endpoint_proof, EndpointProof::Name);
    assert_eq!(serde_json::to_value(&slice).unwrap()["database"].get("endpoint_proof"), None);
    slice.database.endpoint_proof = EndpointProof::Prober;
    let json = serde_json::to_value(&slice).unwrap();
    assert_eq!(json["database"]["endpoint_proof"], "prober");
    assert_eq!(serde_json::from_value::<Slice>(json).unwrap(), slice);
}

#[test]
fn a_slice_that_an_older_version_froze_takes_the_defaults() {
    let json = r#"{"database":{"name":"a","identifier":"a","kind":"aurora-cluster","region":"ca-central-1",
        "allowed_regions":["ca-central-1"],"strategy":"active-active","rpo":"1m","rto":"5m"},"audiences":[]}"#;
    let slice: Slice = serde_json::from_str(json).unwrap();
    let toml = "version = 1\n[[database]]\nname = \"a\"\nidentifier = \"a\"\nkind = \"aurora-cluster\"\n\
                region = \"ca-central-1\"\nstrategy = \"active-active\"\nrpo = \"1m\"\nrto = \"5m\"\n";
    assert_eq!(slice.database, *parse(toml, "plan.toml").plan.unwrap().database("a").unwrap());
    assert_eq!(slice.database.mode, Mode::Observe);
}

#[test]
fn databases_are_found_by_name_identifier_and_alarm() {
    let plan = example().unwrap();
    assert_eq!(plan.by_identifier("ORDERS"), plan.database("orders"));
    assert_eq!(plan.by_identifier("orders-1"), None);
    assert_eq!(plan.slice("nobody"), None);
    let names = |alarm| plan.speaking(alarm).iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names("orders-writer-down"), ["orders"]);
    assert_eq!(names("Orders-writer-down"), Vec::<&str>::new());
    assert_eq!(plan.database("orders").unwrap().detection.names(), ["orders-writer-down"]);
}

#[test]
fn one_alarm_may_speak_for_two_databases() {
    let (head, rest) = EXAMPLE.split_once("[[database]]").unwrap();
    let second = rest.replace("\"orders\"", "\"invoices\"");
    let (second, _) = second.split_once("[[audience]]").unwrap();
    let text = format!("{head}[[database]]{second}[[database]]{rest}");
    let plan = parse(&text, "plan.toml").plan.unwrap();
    let names: Vec<_> = plan.speaking("orders-writer-down").iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["invoices", "orders"]);
}

#[test]
fn without_audiences_there_are_two() {
    let (text, _) = EXAMPLE.split_once("[[audience]]").unwrap();
    let plan = parse(text, "plan.toml").plan.unwrap();
    assert_eq!(plan.audiences, [Audience::stakeholders(), Audience::on_call()]);
    assert!(NoticeKind::ALL.iter().all(|kind| Audience::on_call().hears(*kind)));
    assert!(!Audience::stakeholders().hears(NoticeKind::Escalation));
}
