//! Whole ticks: what is called, in which order, and what becomes of failures.

use crate::scene::{REGION, at, ours, plan, tick};
use plan::Plan;
use recovery::{
    CallError, Failure,
    snapshot::{Snapshot, SnapshotAnswer, SnapshotStatus},
    twins::ScriptedSnapshots,
};
use serde_json::{Value, json};
use snapshotter::{Summary, handle};

const TEN: &str = "2026-03-01T10:00:00Z";
const NAMES: [&str; 3] = ["orders", "users", "stock"];

fn three(at_most: u32) -> Plan {
    plan(at_most, &NAMES.map(|name| (name, &[("1h", Some("2h"))][..])))
}

async fn run(event: &Value, plan: &Plan, rds: &ScriptedSnapshots) -> Result<Summary, (String, String)> {
    let done = handle(event, at("2026-03-01T10:00:20Z"), plan, REGION, rds, &|_| ()).await;
    done.map_err(|error| (error.name().to_owned(), error.to_string()))
}

fn taken(rds: &ScriptedSnapshots) -> Vec<String> {
    rds.script(|s| s.taken.iter().map(|s| s.snapshot.to_string()).collect())
}

fn deleted(rds: &ScriptedSnapshots) -> Vec<String> {
    rds.script(|s| s.deleted.iter().map(ToString::to_string).collect())
}

fn fails(action: &'static str, failure: Failure, message: &str) -> CallError {
    CallError::new("RDS", action, failure, message)
}

/// Hours of 1 March of each database, available.
fn with(hours: &[&str]) -> ScriptedSnapshots {
    let rds = ScriptedSnapshots::default();
    let all = NAMES.iter().flat_map(|name| hours.iter().map(move |hour| (name, hour)));
    let all: Vec<Snapshot> =
        all.map(|(name, hour)| ours(name, &format!("2026-03-01T{hour}:00:00Z"))).collect();
    rds.script(|s| s.manual = all);
    rds
}

#[tokio::test]
async fn a_repeated_tick_takes_nothing_twice() {
    let rds = ScriptedSnapshots::default();
    for answer in [SnapshotAnswer::Creating, SnapshotAnswer::Exists] {
        let done = run(&tick(TEN), &three(20), &rds).await.unwrap();
        let answers: Vec<_> = done.snapshots.iter().map(|it| it.answer).collect();
        assert_eq!(answers, [answer; 3]);
        assert_eq!(taken(&rds), NAMES.map(|name| format!("mainstay-{name}-202603011000")));
    }
    let calls = rds.script(|s| s.calls.clone());
    let count = |action: &str| calls.iter().filter(|call| **call == action).count();
    // The inventory says whose the names are that were there already: no call for each.
    assert_eq!((count("CreateDBClusterSnapshot"), count("DescribeDBClusterSnapshots")), (6, 2));
    assert_eq!((count("DeleteDBClusterSnapshot"), count("DescribeAccountAttributes")), (0, 2));
}

#[tokio::test]
async fn a_name_that_is_another_ones_is_a_failure() {
    let rds = with(&[]);
    let mut persons = ours("users", TEN);
    persons.marks.ours = false;
    rds.script(|s| s.manual.push(persons));
    let (name, text) = run(&tick(TEN), &three(20), &rds).await.unwrap_err();
    assert_eq!(name, "Refused");
    assert!(text.contains("1 calls failed: users: ") && text.contains("does not bear our tag"), "{text}");
    assert_eq!(taken(&rds).len(), 2);
}

#[tokio::test]
async fn failed_databases_stop_no_other_one_and_no_deletion_and_are_all_named() {
    let rds = with(&["07", "08", "09"]);
    rds.script(|s| {
        let action = "CreateDBClusterSnapshot";
        s.failures.push(fails(action, Failure::WrongState, "the cluster is not available"));
        s.failures.push(fails(action, Failure::Throttled, "Rate exceeded"));
        s.failures.push(fails("DeleteDBClusterSnapshot", Failure::Denied, "not authorized"));
    });
    let (name, text) = run(&tick(TEN), &three(20), &rds).await.unwrap_err();
    assert_eq!(name, "Refused", "the first one's");
    for says in [
        "3 calls failed: ",
        "orders: CreateDBClusterSnapshot the cluster is not available",
        "users: CreateDBClusterSnapshot Rate exceeded",
        "DeleteDBClusterSnapshot not authorized",
    ] {
        assert!(text.contains(says), "{text}");
    }
    assert_eq!(taken(&rds), ["mainstay-stock-202603011000"]);
    assert_eq!(deleted(&rds).len(), 5, "six were due, one was refused");
    // The tick is tried again: what is missing is done.
    assert!(run(&tick(TEN), &three(20), &rds).await.is_ok());
    assert_eq!((taken(&rds).len(), deleted(&rds).len()), (3, 6));
}

#[tokio::test]
async fn what_is_over_is_deleted_after_taking_with_the_inventory_read_twice() {
    let rds = with(&["07", "08", "09"]);
    let done = run(&tick(TEN), &three(20), &rds).await.unwrap();
    let mut expected: Vec<String> =
        NAMES.iter().flat_map(|n| ["07", "08"].map(|h| format!("mainstay-{n}-20260301{h}00"))).collect();
    expected.sort();
    let mut told: Vec<String> = done.deleted.iter().map(|it| it.snapshot.to_string()).collect();
    told.sort();
    assert_eq!(told, expected);
    assert!(done.deleted.iter().all(|it| it.reason == "its 2h are over, and a newer one is there"));
    assert_eq!(json!(done.kept), json!({"kept": 3, "not-available": 3}));
    assert_eq!(json!(done.quota), json!({"used": 6, "limit": 100}));
    assert_eq!((done.findings, done.judged), (vec![], None));
    let calls = rds.script(|s| s.calls.clone());
    let order = |action: &str| calls.iter().filter(|call| **call == action).count();
    assert_eq!(order("DescribeDBClusterSnapshots"), 2);
    assert!(
        calls.starts_with(&["CreateDBClusterSnapshot"; 3])
            && calls[3..5] == ["DescribeDBClusterSnapshots"; 2]
    );
}

#[tokio::test]
async fn without_the_whole_inventory_nothing_is_deleted() {
    // The first reading fails, or the second: the one before the first deletion.
    for before in [0, 1] {
        let rds = with(&["07", "08", "09"]);
        let error = || fails("DescribeDBClusterSnapshots", Failure::Throttled, "Rate exceeded");
        if before == 0 {
            rds.script(|s| s.failures.push(error()));
        } else {
            let late = LateFailure { rds: &rds, error: error() };
            let failed = handle(&tick(TEN), at(TEN), &three(20), REGION, &late, &|_| ()).await.unwrap_err();
            assert_eq!(failed.name(), "Throttled");
            assert_eq!((taken(&rds).len(), deleted(&rds)), (3, vec![]));
            continue;
        }
        let (name, text) = run(&tick(TEN), &three(20), &rds).await.unwrap_err();
        assert!(name == "Throttled" && text.contains("the inventory: "), "{text}");
        assert_eq!((taken(&rds).len(), deleted(&rds)), (3, vec![]));
    }
}

/// Fails the second reading of the inventory.
struct LateFailure<'r> {
    rds: &'r ScriptedSnapshots,
    error: CallError,
}

#[async_trait::async_trait]
impl recovery::ports::Snapshots for LateFailure<'_> {
    async fn take(&self, request: &recovery::snapshot::SnapshotRequest) -> Result<SnapshotAnswer, CallError> {
        self.rds.take(request).await
    }

    async fn manual(&self) -> Result<Vec<Snapshot>, CallError> {
        let again = self.rds.script(|s| s.calls.contains(&"DescribeDBClusterSnapshots"));
        if again { Err(self.error.clone()) } else { self.rds.manual().await }
    }

    async fn delete(&self, id: &recovery::snapshot::ClusterSnapshotId) -> Result<(), CallError> {
        self.rds.delete(id).await
    }

    async fn quota(&self) -> Result<u64, CallError> {
        self.rds.quota().await
    }
}

/// Between the two readings the newest one fails: what was to go is then all there is.
struct Turned<'r>(&'r ScriptedSnapshots);

#[async_trait::async_trait]
impl recovery::ports::Snapshots for Turned<'_> {
    async fn take(&self, request: &recovery::snapshot::SnapshotRequest) -> Result<SnapshotAnswer, CallError> {
        self.0.take(request).await
    }

    async fn manual(&self) -> Result<Vec<Snapshot>, CallError> {
        let all = self.0.manual().await;
        let turn = |s: &mut Snapshot| s.status = SnapshotStatus::Other("incompatible".to_owned());
        self.0.script(|s| s.manual.iter_mut().filter(|s| s.id.as_str().ends_with("0900")).for_each(turn));
        all
    }

    async fn delete(&self, id: &recovery::snapshot::ClusterSnapshotId) -> Result<(), CallError> {
        self.0.delete(id).await
    }

    async fn quota(&self) -> Result<u64, CallError> {
        self.0.quota().await
    }
}

#[tokio::test]
async fn what_changed_since_the_decision_is_decided_again() {
    let rds = with(&["08", "09"]);
    let done = handle(&tick(TEN), at(TEN), &three(20), REGION, &Turned(&rds), &|_| ()).await.unwrap();
    assert_eq!((done.deleted, deleted(&rds)), (vec![], vec![]), "8 o'clock is the newest good one by now");
    assert_eq!(done.kept["newest"], 3);
}

#[tokio::test]
async fn a_run_deletes_no_more_than_the_plan_lets_it() {
    let rds = with(&["06", "07", "08", "09"]);
    for (expected, waiting) in [(4, 5), (8, 1), (9, 0), (9, 0)] {
        let done = run(&tick(TEN), &three(4), &rds).await.unwrap();
        assert_eq!(deleted(&rds).len(), expected);
        assert_eq!(done.kept.get("over-the-cap").copied().unwrap_or(0), waiting);
        assert_eq!(done.findings.iter().any(|it| it.contains("`prune_at_most`")), waiting > 0);
    }
    assert!(deleted(&rds)[..3].iter().all(|id| id.ends_with("0600")), "the oldest first");
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_changes_nothing() {
    let rds = with(&["08", "09"]);
    let event = json!({"mainstay": "snapshot", "scheduled_time": TEN, "prune": "dry-run"});
    let done = run(&event, &three(2), &rds).await.unwrap();
    let judged = done.judged.unwrap();
    let shown: Vec<_> = judged.iter().map(|it| (it.deleted, it.rule)).collect();
    let expected =
        [(true, "expired"), (true, "expired"), (false, "kept"), (false, "kept"), (false, "over-the-cap")];
    assert_eq!(shown[..2], expected[..2], "what would go comes first");
    assert_eq!(shown.iter().filter(|it| it.1 == "over-the-cap").count(), 1);
    assert!(judged.iter().all(|it| !it.reason.is_empty() && it.size_gib == Some(10)));
    assert_eq!((taken(&rds), deleted(&rds)), (vec![], vec![]));
    assert_eq!(rds.script(|s| s.calls.clone()), ["DescribeDBClusterSnapshots"]);
}

#[tokio::test]
async fn an_event_with_a_wrong_time_makes_nothing_older_than_it_is() {
    let rds = with(&["09"]);
    rds.script(|s| s.manual.push(ours("orders", "2026-03-01T09:30:00Z")));
    let half = plan(20, &[("orders", &[("30m", Some("2h"))])]);
    let done = run(&tick("2030-01-01T00:00:00Z"), &half, &rds).await.unwrap();
    assert_eq!((done.deleted, deleted(&rds)), (vec![], vec![]), "both are less than two hours old");
}

#[tokio::test]
async fn the_quota_counts_everybodys_snapshots_and_its_silence_stops_nothing() {
    let rds = with(&["09"]);
    let mut persons = ours("users", "2026-03-01T01:00:00Z");
    persons.marks.ours = false;
    rds.script(|s| {
        s.manual.push(persons);
        s.quota = Some(8);
    });
    let done = run(&tick(TEN), &three(20), &rds).await.unwrap();
    let quota = done.quota.unwrap();
    assert_eq!((quota.used, quota.limit), (7, 8), "3 old, 3 new, 1 of a person");
    assert!(done.findings[0].contains("7 of 8 manual snapshots"), "{:?}", done.findings);
    // The metric is printed although something has failed: a full quota may be why.
    let lines = std::sync::Mutex::new(Vec::new());
    let print = |line: &str| lines.lock().unwrap().push(line.to_owned());
    rds.script(|s| {
        s.failures.push(fails("CreateDBClusterSnapshot", Failure::Refused, "SnapshotQuotaExceeded"));
    });
    assert!(handle(&tick(TEN), at(TEN), &three(20), REGION, &rds, &print).await.is_err());
    let lines = lines.into_inner().unwrap();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(r#""SnapshotQuotaUsed":87"#) && lines[0].contains(REGION), "{lines:?}");
    rds.script(|s| s.failures.push(fails("DescribeAccountAttributes", Failure::Denied, "not authorized")));
    let done = run(&tick(TEN), &three(20), &rds).await.unwrap();
    assert_eq!(done.quota, None);
    assert!(done.findings[0].contains("quota cannot be read"), "{:?}", done.findings);
}

#[tokio::test]
async fn nothing_is_due_between_the_hours_or_elsewhere_and_a_bad_tick_does_nothing() {
    let rds = ScriptedSnapshots::default();
    let early = run(&tick("2026-03-01T10:37:00Z"), &three(20), &rds).await.unwrap();
    assert!(early.snapshots.is_empty());
    let elsewhere = handle(&tick(TEN), at(TEN), &three(20), "ca-west-1", &rds, &|_| ()).await.unwrap();
    assert!(elsewhere.snapshots.is_empty());
    rds.script(|s| s.calls.clear());
    let (name, _) = run(&json!({}), &three(20), &rds).await.unwrap_err();
    assert_eq!(name, "MalformedEvent");
    assert!(taken(&rds).is_empty() && rds.script(|s| s.calls.is_empty()));
}
