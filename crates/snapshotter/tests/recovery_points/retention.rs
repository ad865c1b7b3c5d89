//! Each rule of retention, alone.

use crate::scene::{REGION, at, ours, plan};
use plan::{Plan, Span};
use recovery::snapshot::Snapshot;
use snapshotter::retention::{Rule, Verdict, findings, retention};

const NOW: &str = "2026-03-10T12:00:00Z";

fn hours(hours: u64) -> Span {
    Span::from_mins(hours * 60)
}

fn rules(plan: &Plan, inventory: &[Snapshot]) -> Vec<Rule> {
    retention(at(NOW), plan, REGION, inventory).into_iter().map(|verdict| verdict.rule).collect()
}

/// The rule for one snapshot beside a newer one that is good.
fn rule(plan: &Plan, one: Snapshot) -> Rule {
    let newer = ours("orders", NOW);
    rules(plan, &[one, newer])[0]
}

fn generations() -> Plan {
    plan(20, &[("orders", &[("1h", Some("6h")), ("1d", Some("3d")), ("2d", Some("8d"))])])
}

#[test]
fn the_longest_of_the_policies_that_were_due_counts() {
    for (time, expected) in [
        ("2026-03-10T06:01:00Z", Rule::NoPolicy),
        ("2026-03-10T07:00:00Z", Rule::Kept(hours(6))),
        ("2026-03-10T06:00:00Z", Rule::Expired(hours(6))),
        // A few seconds of the scheduler make no tick's difference.
        ("2026-03-10T06:00:30Z", Rule::Expired(hours(6))),
        // The 7th and the 9th are an odd number of days after 1 January 1970, the 6th is an even one.
        ("2026-03-09T00:00:00Z", Rule::Kept(hours(72))),
        ("2026-03-07T00:00:00Z", Rule::Expired(hours(72))),
        ("2026-03-06T00:00:00Z", Rule::Kept(hours(192))),
        ("2026-03-02T00:00:00Z", Rule::Expired(hours(192))),
    ] {
        assert_eq!(rule(&generations(), ours("orders", time)), expected, "{time}");
    }
}

#[test]
fn a_policy_without_an_end_keeps_for_ever_whatever_the_others_say() {
    let plan = plan(20, &[("orders", &[("1h", Some("1h")), ("1d", None), ("2d", Some("1h"))])]);
    assert_eq!(rule(&plan, ours("orders", "2026-03-02T00:00:00Z")), Rule::ForEver);
    assert_eq!(rule(&plan, ours("orders", "2026-03-02T01:00:00Z")), Rule::Expired(hours(1)));
}

#[test]
fn what_is_not_surely_ours_and_whole_stays() {
    let old = || ours("orders", "2026-03-01T01:00:00Z");
    assert_eq!(rule(&generations(), old()), Rule::Expired(hours(6)));
    let changed = |change: fn(&mut Snapshot)| {
        let mut snapshot = old();
        change(&mut snapshot);
        rule(&generations(), snapshot)
    };
    assert_eq!(changed(|s| s.marks.ours = false), Rule::NotOurs);
    assert_eq!(changed(|s| s.kind = "automated".into()), Rule::NotManual);
    assert_eq!(changed(|s| s.kind = "awsbackup".into()), Rule::NotManual);
    for status in ["creating", "copying", "failed", "deleting"] {
        let snapshot = Snapshot { status: status.into(), ..old() };
        assert_eq!(rule(&generations(), snapshot), Rule::NotAvailable, "{status}");
    }
    assert_eq!(changed(|s| s.marks.scheduled = None), Rule::AgeUnknown);
    assert_eq!(changed(|s| s.marks.scheduled = Some(at("2026-03-10T12:00:01Z"))), Rule::AgeUnknown);
    assert_eq!(changed(|s| s.marks.database = None), Rule::NotInThePlan);
    assert_eq!(changed(|s| s.marks.database = Some("users".to_owned())), Rule::NotInThePlan);
    assert_eq!(changed(|s| s.cluster = "users-cluster".to_owned()), Rule::NotInThePlan);
    // RDS does not tell upper case from lower.
    assert_eq!(changed(|s| s.cluster = "Orders-Cluster".to_owned()), Rule::Newest);
}

#[test]
fn the_newest_recovery_point_stays_and_what_is_none_does_not_count_as_one() {
    let (old, older) = (ours("orders", "2026-03-01T02:00:00Z"), ours("orders", "2026-03-01T01:00:00Z"));
    let newest = |newer: Snapshot| rules(&generations(), &[older.clone(), newer, old.clone()]);
    let good = ours("orders", "2026-03-01T03:00:00Z");
    let expired = Rule::Expired(hours(6));
    assert_eq!(newest(good.clone()), [expired, Rule::Newest, expired]);
    for status in ["creating", "failed", "copying"] {
        let broken = Snapshot { status: status.into(), ..good.clone() };
        assert_eq!(newest(broken), [expired, Rule::NotAvailable, Rule::Newest], "{status}");
    }
    let mut persons = good.clone();
    persons.marks.ours = false;
    assert_eq!(newest(persons), [expired, Rule::NotOurs, Rule::Newest]);
    // From the future: a wrong clock took it.
    assert_eq!(newest(ours("orders", "2027-03-01T03:00:00Z")), [expired, Rule::AgeUnknown, Rule::Newest]);
    // Another database's is no replacement.
    let two = plan(20, &[("orders", &[("1h", Some("6h"))]), ("users", &[("1h", Some("6h"))])]);
    let users = ours("users", NOW);
    assert_eq!(rules(&two, &[old, users]), [Rule::Newest, Rule::Kept(hours(6))]);
}

#[test]
fn the_oldest_go_first_and_no_more_than_the_cap() {
    let inventory: Vec<Snapshot> = ["04", "02", "05", "03", "06"]
        .map(|hour| ours("orders", &format!("2026-03-01T{hour}:00:00Z")))
        .into();
    let plan = |at_most| plan(at_most, &[("orders", &[("1h", Some("6h"))])]);
    let (gone, waits) = (Rule::Expired(hours(6)), Rule::OverTheCap(hours(6)));
    assert_eq!(rules(&plan(2), &inventory), [waits, gone, waits, gone, Rule::Newest]);
    assert_eq!(rules(&plan(0), &inventory), [waits, waits, waits, waits, Rule::Newest]);
    assert_eq!(rules(&plan(4), &inventory), [gone, gone, gone, gone, Rule::Newest]);
}

#[test]
fn another_regions_database_is_not_in_the_plan_here() {
    let inventory = [ours("orders", "2026-03-01T01:00:00Z"), ours("orders", NOW)];
    let verdicts = retention(at(NOW), &generations(), "ca-west-1", &inventory);
    assert!(verdicts.iter().all(|verdict| verdict.rule == Rule::NotInThePlan), "{verdicts:?}");
}

#[test]
fn every_rule_has_a_reason_and_what_piles_up_is_a_finding() {
    let mut failed = ours("orders", "2026-03-10T11:00:00Z");
    failed.status = "failed".into();
    let mut ageless = ours("orders", "2026-03-10T10:00:00Z");
    ageless.marks.scheduled = None;
    let inventory = [
        failed,
        ageless,
        ours("left", "2026-03-01T01:00:00Z"),
        ours("orders", "2026-03-01T01:30:00Z"),
        ours("orders", "2026-03-01T01:00:00Z"),
        ours("orders", NOW),
    ];
    let plan = plan(0, &[("orders", &[("1h", Some("6h"))])]);
    let verdicts = retention(at(NOW), &plan, REGION, &inventory);
    let reasons: std::collections::BTreeSet<String> = verdicts.iter().map(Verdict::reason).collect();
    assert_eq!(reasons.len(), 6, "{reasons:#?}");
    assert_eq!(
        findings(&verdicts),
        [
            "1 snapshots of orders-cluster failed and are no recovery points; RDS keeps them until a person deletes them",
            "1 snapshots of left-cluster are of no database of this plan; nothing of them is ever deleted",
            "1 snapshots of orders-cluster fit no policy of their database any more; nothing of them is ever deleted",
            "1 snapshots of orders-cluster do not say how old they are; they are no recovery points and are never deleted",
            "1 snapshots of orders-cluster are due, and are left for now because of `prune_at_most`",
        ]
    );
}
