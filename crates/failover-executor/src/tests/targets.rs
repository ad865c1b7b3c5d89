//! The choice of the reader.

use crate::target::{Lags, choose};
use plan::Kind;
use recovery::{Guard, topology::Cluster, twins::fixture};

fn lags(pairs: &[(&str, f64)]) -> Lags {
    pairs.iter().map(|(name, ms)| ((*name).to_owned(), Some(*ms))).collect()
}

fn chosen(change: impl FnOnce(&mut Cluster), lags: &Lags) -> String {
    let mut cluster = fixture::cluster("orders-1");
    change(&mut cluster);
    let choice = choose(&fixture::slice().database, &cluster, lags, false).unwrap();
    assert!(choice.reason.starts_with(&choice.target.instance));
    choice.target.instance
}

#[test]
fn the_rules_win_in_their_order() {
    let none = Lags::new();
    assert_eq!(chosen(|_| {}, &none), "orders-2", "by name");
    assert_eq!(chosen(|_| {}, &lags(&[("orders-2", 90.0), ("orders-3", 10.0)])), "orders-3", "by lag");
    assert_eq!(chosen(|_| {}, &lags(&[("orders-3", 900.0)])), "orders-3", "an unknown lag is not zero");
    let small = |c: &mut Cluster| c.members[1].class = Some("db.r6g.medium".to_owned());
    assert_eq!(chosen(small, &lags(&[("orders-3", 900.0)])), "orders-3", "class before lag");
    let tiers = |c: &mut Cluster| {
        c.members[2].tier = Some(0);
        c.members[2].class = Some("db.t4g.medium".to_owned());
    };
    assert_eq!(chosen(tiers, &none), "orders-3", "tier before class");
    let zones = |c: &mut Cluster| {
        c.members[1].zone = Some("ca-central-1a".to_owned());
        c.members[1].tier = Some(0);
    };
    assert_eq!(chosen(zones, &none), "orders-3", "another zone before tier");
    let down = |c: &mut Cluster| c.members[1].status = Some("rebooting".to_owned());
    assert_eq!(chosen(down, &none), "orders-3", "available before all");
    let unknown = |c: &mut Cluster| c.members[1].status = None;
    assert_eq!(chosen(unknown, &none), "orders-3", "not described is not available");
    let larger = |c: &mut Cluster| {
        c.members[1].class = Some("db.r6g.4xlarge".to_owned());
        c.members[2].class = Some("db.serverless".to_owned());
    };
    assert_eq!(chosen(larger, &none), "orders-2", "larger and unknown classes are no drawback");
}

#[test]
fn without_an_available_reader_there_is_a_reason() {
    let plan = fixture::slice().database;
    let mut cluster = fixture::cluster("orders-1");
    cluster.members[1].status = Some("rebooting".to_owned());
    cluster.members[2].status = None;
    let none = choose(&plan, &cluster, &Lags::new(), true).unwrap_err();
    assert_eq!(none.guard, Guard::NoReader);
    let reason = none.reason;
    assert!(reason.contains("orders-2 is `rebooting`") && reason.contains("orders-3 is `not described`"));
    cluster.members.truncate(1);
    assert!(choose(&plan, &cluster, &Lags::new(), true).is_err());
}

#[test]
fn lag_is_lost_data_only_where_storage_is_not_shared() {
    let mut plan = fixture::slice().database;
    let cluster = fixture::cluster("orders-1");
    let late = lags(&[("orders-2", 6000.0)]);
    let name = |plan: &plan::Database, lags: &Lags, accepted| {
        choose(plan, &cluster, lags, accepted).map(|c| c.target.instance)
    };
    assert_eq!(name(&plan, &late, false).unwrap(), "orders-2");
    plan.kind = Kind::MultiAzCluster;
    let none = name(&plan, &late, false).unwrap_err();
    assert_eq!(none.guard, Guard::LagAboveRpo);
    assert_eq!(
        none.reason,
        "No reader is within the RPO of 5s: replica lag of orders-2: 6000 ms, orders-3: not known. Only a person may \
         lose what has not reached them: drp failover orders --accept-data-loss --reason \"why\""
    );
    assert_eq!(name(&plan, &late, true).unwrap(), "orders-2", "a person takes the loss");
    let one = lags(&[("orders-2", 6000.0), ("orders-3", 5000.0)]);
    assert_eq!(name(&plan, &one, false).unwrap(), "orders-3");
}
