//! What holds in any history of ticks, faults and plans. Histories are drawn from a seed, and each tick is checked
//! against an account of its own of what may happen.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use plan::Plan;
use recovery::{
    CallError, Failure,
    ports::Snapshots,
    snapshot::{
        ClusterSnapshotId, Marks, Snapshot, SnapshotAnswer, SnapshotKind, SnapshotRequest, SnapshotStatus,
    },
};
use snapshotter::handle;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use crate::scene::{Policy, REGION, at, id, plan, tick};

/// Small and repeatable: a failing history is named by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// RDS as it may be: slow, failing, used by people too.
struct Region {
    state: Mutex<State>,
}

struct State {
    chance: Chance,
    /// One in so many calls fails; none: all succeed.
    trouble: Option<u64>,
    snapshots: BTreeMap<ClusterSnapshotId, Snapshot>,
    /// What was read last.
    listed: BTreeMap<ClusterSnapshotId, Snapshot>,
    taken: Vec<ClusterSnapshotId>,
    deleted: Vec<ClusterSnapshotId>,
    lists: usize,
    list_failed: bool,
}

impl State {
    fn trouble(&mut self, action: &'static str) -> Result<(), CallError> {
        match self.trouble {
            Some(many) if self.chance.one_in(many) => {
                Err(CallError::new("RDS", action, Failure::Throttled, "Rate exceeded"))
            }
            _ => Ok(()),
        }
    }

    /// What RDS does between two ticks.
    fn time_passes(&mut self) {
        for snapshot in self.snapshots.values_mut() {
            if snapshot.status == SnapshotStatus::Creating {
                snapshot.status = match self.chance.below(8) {
                    0 => SnapshotStatus::Failed,
                    1 => SnapshotStatus::Creating,
                    _ => SnapshotStatus::Available,
                };
            } else if self.chance.one_in(200) {
                snapshot.status = SnapshotStatus::Other("copying-elsewhere".to_owned());
            } else if snapshot.status == SnapshotStatus::Other("copying-elsewhere".to_owned()) {
                snapshot.status = SnapshotStatus::Available;
            }
        }
    }

    /// A person takes a snapshot, perhaps of a cluster that hands its tags on, or touches one of ours.
    fn people(&mut self, now: Timestamp) {
        let number = self.chance.below(1_000_000);
        let database = self.chance.of(&["a", "b", "c"]);
        let mut marks = Marks { ours: false, database: Some(database.to_owned()), scheduled: Some(now) };
        if self.chance.one_in(2) {
            marks = Marks::default();
        }
        let id = id(&format!("mainstay-{database}-by-hand-{number}"));
        let cluster = format!("{database}-cluster");
        let (status, kind) = (SnapshotStatus::Available, SnapshotKind::Manual);
        let theirs = Snapshot { id: id.clone(), cluster, status, kind, marks, size_gib: None, key: None };
        self.snapshots.insert(id, theirs);
        if self.chance.one_in(4) {
            let all: Vec<ClusterSnapshotId> = self.snapshots.keys().cloned().collect();
            let some = usize::try_from(self.chance.below(all.len() as u64)).unwrap();
            match self.chance.below(3) {
                0 => drop(self.snapshots.remove(&all[some])),
                1 => self.snapshots.get_mut(&all[some]).unwrap().marks.scheduled = None,
                _ => self.snapshots.get_mut(&all[some]).unwrap().marks.ours = false,
            }
        }
    }
}

#[async_trait]
impl Snapshots for Region {
    async fn take(&self, request: &SnapshotRequest) -> Result<SnapshotAnswer, CallError> {
        let mut state = self.state.lock().unwrap();
        let before = state.trouble("CreateDBClusterSnapshot");
        // Half of what fails has taken effect.
        if before.is_err() && state.chance.one_in(2) {
            return before.map(|()| SnapshotAnswer::Creating);
        }
        if state.snapshots.contains_key(&request.snapshot) {
            return before.map(|()| SnapshotAnswer::Exists);
        }
        let tags = request.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let made = Snapshot {
            id: request.snapshot.clone(),
            cluster: request.cluster.clone(),
            status: SnapshotStatus::Creating,
            kind: SnapshotKind::Manual,
            marks: Marks::read(&request.snapshot, &tags),
            size_gib: None,
            key: None,
        };
        state.snapshots.insert(request.snapshot.clone(), made);
        state.taken.push(request.snapshot.clone());
        before.map(|()| SnapshotAnswer::Creating)
    }

    async fn manual(&self) -> Result<Vec<Snapshot>, CallError> {
        let mut state = self.state.lock().unwrap();
        state.lists += 1;
        let listed = state.trouble("DescribeDBClusterSnapshots");
        state.list_failed |= listed.is_err();
        listed?;
        state.listed = state.snapshots.clone();
        let mut all: Vec<Snapshot> = state.snapshots.values().cloned().collect();
        // In any order.
        for place in (1..all.len()).rev() {
            let other = usize::try_from(state.chance.below(place as u64 + 1)).unwrap();
            all.swap(place, other);
        }
        // What was decided on the first reading may be wrong by the second.
        if state.trouble.is_some() && state.chance.one_in(3) {
            state.time_passes();
        }
        Ok(all)
    }

    async fn delete(&self, id: &ClusterSnapshotId) -> Result<(), CallError> {
        let mut state = self.state.lock().unwrap();
        assert_eq!(state.listed[id].status, SnapshotStatus::Available, "{id}: asked in vain");
        let answer = state.trouble("DeleteDBClusterSnapshot");
        if answer.is_err() && state.chance.one_in(2) {
            return answer;
        }
        if state.snapshots.remove(id).is_some() {
            state.deleted.push(id.clone());
        }
        answer
    }

    async fn quota(&self) -> Result<u64, CallError> {
        self.state.lock().unwrap().trouble("DescribeAccountAttributes").map(|()| 100)
    }
}

const PLANS: &[&[(&str, &[Policy<'static>])]] = &[
    &[("a", &[("1h", Some("3h"))]), ("b", &[("1h", Some("2h")), ("6h", Some("1d"))]), ("c", &[("2h", None)])],
    &[("a", &[("2h", Some("1h"))]), ("b", &[("1h", Some("2h"))]), ("c", &[("2h", Some("4h"))])],
    &[("a", &[("1h", Some("3h"))])],
    &[("a", &[("1h", Some("3h")), ("3h", Some("9h")), ("12h", Some("3d"))]), ("b", &[])],
];

/// The newest recovery point of each database's cluster and name.
fn newest(snapshots: &BTreeMap<ClusterSnapshotId, Snapshot>, now: Timestamp) -> BTreeSet<ClusterSnapshotId> {
    let good = |s: &&Snapshot| {
        s.marks.ours
            && s.kind == SnapshotKind::Manual
            && s.status == SnapshotStatus::Available
            && s.marks.scheduled.is_some_and(|at| at <= now)
    };
    let mut newest: BTreeMap<(&str, Option<&str>), &Snapshot> = BTreeMap::new();
    for snapshot in snapshots.values().filter(good) {
        let key = (snapshot.cluster.as_str(), snapshot.marks.database.as_deref());
        let known = newest.entry(key).or_insert(snapshot);
        if snapshot.marks.scheduled > known.marks.scheduled {
            *known = snapshot;
        }
    }
    newest.into_values().map(|snapshot| snapshot.id.clone()).collect()
}

/// Whether a plan lets a snapshot go, by another way than retention's: minute by minute from its moment on.
fn may_go(plan: &Plan, snapshot: &Snapshot, now: Timestamp) -> bool {
    let Some(begin) = snapshot.marks.scheduled else { return false };
    let database = plan.databases.iter().find(|it| Some(&it.name) == snapshot.marks.database.as_ref());
    let Some(database) = database.filter(|it| it.identifier == snapshot.cluster) else { return false };
    let due: Vec<_> = database
        .snapshots
        .iter()
        .filter(|policy| (begin.as_second() / 60).rem_euclid(policy.every.as_secs().cast_signed() / 60) == 0)
        .collect();
    let over = |keep: plan::Span| now - begin >= SignedDuration::from_secs(keep.as_secs().cast_signed());
    !due.is_empty() && due.iter().all(|policy| policy.keep.is_some_and(over))
}

/// How much has happened.
#[derive(Debug, Default)]
struct Tally {
    deleted: usize,
    failed: usize,
    full: usize,
}

/// One tick, and everything that must hold of it.
async fn one(
    seed: u64,
    region: &Region,
    plan: &Plan,
    scheduled: Timestamp,
    now: Timestamp,
    tally: &mut Tally,
) {
    let (before, lists) = {
        let mut state = region.state.lock().unwrap();
        (state.taken, state.deleted, state.list_failed) = (Vec::new(), Vec::new(), false);
        (state.snapshots.clone(), state.lists)
    };
    let done = handle(&tick(&scheduled.to_string()), now, plan, REGION, region, &|_| ()).await;
    let state = region.state.lock().unwrap();
    let until = scheduled.min(now);
    let what = format!("seed {seed}, {scheduled}: {:?}", state.deleted);
    assert!(state.deleted.len() <= plan.prune_at_most as usize, "more than the cap: {what}");
    assert!(state.lists - lists == 2 || state.deleted.is_empty(), "without a second look: {what}");
    for id in newest(&state.listed, until) {
        assert!(!state.deleted.contains(&id), "the newest good one, {id}, by the last look: {what}");
    }
    assert!(!state.list_failed || state.deleted.is_empty(), "without the inventory: {what}");
    for id in newest(&before, until) {
        assert!(state.snapshots.contains_key(&id), "the newest good one, {id}, is gone: {what}");
    }
    for id in &state.deleted {
        let gone = &before[id];
        assert!(gone.marks.ours && gone.kind == SnapshotKind::Manual, "not ours: {what}");
        assert!(may_go(plan, gone, until), "its time is not over: {what}");
        let good = |s: &&Snapshot| s.cluster == gone.cluster && s.marks.database == gone.marks.database;
        assert!(before.values().filter(good).count() > 1, "the only one: {what}");
    }
    if let Ok(summary) = &done {
        let told: BTreeSet<_> = summary.deleted.iter().map(|it| it.snapshot.clone()).collect();
        assert!(state.deleted.iter().all(|id| told.contains(id)), "untold: {what}");
    }
    tally.deleted += state.deleted.len();
    tally.failed += usize::from(done.is_err());
    tally.full +=
        usize::from(!state.deleted.is_empty() && state.deleted.len() == plan.prune_at_most as usize);
}

async fn history(seed: u64, tally: &mut Tally) {
    let chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let region = Region {
        state: Mutex::new(State {
            chance,
            trouble: Some(12),
            snapshots: BTreeMap::new(),
            listed: BTreeMap::new(),
            taken: Vec::new(),
            deleted: Vec::new(),
            lists: 0,
            list_failed: false,
        }),
    };
    let draw = |most| region.state.lock().unwrap().chance.below(most);
    let mut clock = at("2026-03-01T00:00:00Z");
    let mut plan = plan(5, PLANS[0]);
    for _ in 0..60 {
        clock += SignedDuration::from_mins(30 * i64::try_from(draw(4)).unwrap());
        if draw(15) == 0 {
            let of = usize::try_from(draw(PLANS.len() as u64)).unwrap();
            plan = crate::scene::plan(u32::try_from(draw(8)).unwrap(), PLANS[of]);
        }
        // Late, early, on time; from long ago, or from the far future.
        let scheduled = match draw(12) {
            0 => clock - SignedDuration::from_hours(1),
            1 => clock - SignedDuration::from_hours(48),
            2 => clock + SignedDuration::from_hours(24 * 365),
            _ => clock,
        };
        one(seed, &region, &plan, scheduled, clock, tally).await;
        let mut state = region.state.lock().unwrap();
        state.time_passes();
        if state.chance.one_in(5) {
            state.people(clock);
        }
    }
    quiet(seed, &region, &plan, clock, tally).await;
}

/// When all is well again, a repeated tick changes nothing, and what is over does go.
async fn quiet(seed: u64, region: &Region, plan: &Plan, mut clock: Timestamp, tally: &mut Tally) {
    region.state.lock().unwrap().trouble = None;
    let at_most = plan.prune_at_most as usize;
    for _ in 0..30 {
        clock += SignedDuration::from_hours(1);
        for snapshot in region.state.lock().unwrap().snapshots.values_mut() {
            if snapshot.status != SnapshotStatus::Failed {
                snapshot.status = SnapshotStatus::Available;
            }
        }
        one(seed, region, plan, clock, clock, tally).await;
        let (deleted, held) = {
            let state = region.state.lock().unwrap();
            (state.deleted.len(), state.snapshots.clone())
        };
        one(seed, region, plan, clock, clock, tally).await;
        let state = region.state.lock().unwrap();
        assert_eq!(state.taken, [], "seed {seed}, {clock}: taken twice");
        if deleted < at_most {
            assert_eq!((&state.deleted, &state.snapshots), (&Vec::new(), &held), "seed {seed}, {clock}");
            let newest = newest(&held, clock);
            let good = |s: &&Snapshot| s.marks.ours && s.status == SnapshotStatus::Available;
            let over = |s: &&Snapshot| good(s) && may_go(plan, s, clock) && !newest.contains(&s.id);
            assert_eq!(held.values().find(over), None, "seed {seed}, {clock}: it is over and stays");
        }
    }
}

#[tokio::test]
async fn in_any_history_the_newest_stays_and_only_what_is_over_goes() {
    let mut tally = Tally::default();
    for seed in 1..=250 {
        history(seed, &mut tally).await;
    }
    // They are worth something: much goes, much fails, and the cap bites.
    assert!(tally.deleted > 6_000 && tally.failed > 1_200 && tally.full > 600, "{tally:?}");
}

#[test]
fn the_oracle_can_tell_a_wrong_deletion() {
    let snapshot = crate::scene::ours("a", "2026-03-01T10:00:00Z");
    let plan = plan(5, PLANS[0]);
    assert!(!may_go(&plan, &snapshot, at("2026-03-01T12:59:00Z")));
    assert!(may_go(&plan, &snapshot, at("2026-03-01T13:00:00Z")));
    let all = BTreeMap::from([(snapshot.id.clone(), snapshot.clone())]);
    assert_eq!(newest(&all, at("2026-03-02T00:00:00Z")), BTreeSet::from([snapshot.id]));
    assert_eq!(newest(&all, at("2026-03-01T09:00:00Z")), BTreeSet::new());
}
