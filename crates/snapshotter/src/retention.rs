//! Which snapshots come to their end, decided from the plan, the inventory and a moment alone.
//!
//! A snapshot is deleted only if every rule allows it; the first rule that does not is its reason. What nobody can
//! tell (its age, its policy, its database) is a reason to keep.

use jiff::Timestamp;
use plan::{Database, Plan, Span};
use recovery::snapshot::{Snapshot, SnapshotKind, SnapshotStatus};
use serde::Serialize;
use std::collections::HashMap;

use crate::due::{divides, minute};

/// What becomes of one snapshot, and the rule that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'i> {
    /// The snapshot.
    pub snapshot: &'i Snapshot,
    /// The rule.
    pub rule: Rule,
}

/// The rules, in the order in which they are asked. Only the last one deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Its tag does not hold its own id: it belongs to people, or to another tool.
    NotOurs,
    /// RDS took it, or another service.
    NotManual,
    /// RDS deletes only what is available.
    NotAvailable,
    /// It does not say for which moment it was taken, or the moment is yet to come.
    AgeUnknown,
    /// Its database is not in this plan, or no longer under its name and cluster.
    NotInThePlan,
    /// No policy of its database takes a snapshot at its moment (any more).
    NoPolicy,
    /// A policy that took it says nothing about an end.
    ForEver,
    /// Its time is not over.
    Kept(Span),
    /// It is the newest recovery point of its database here.
    Newest,
    /// It is due, and the run has deleted as many as it may.
    OverTheCap(Span),
    /// It is due.
    Expired(Span),
}

impl Rule {
    /// The rule's name in the summary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotOurs => "not-ours",
            Self::NotManual => "not-manual",
            Self::NotAvailable => "not-available",
            Self::AgeUnknown => "age-unknown",
            Self::NotInThePlan => "not-in-the-plan",
            Self::NoPolicy => "no-policy",
            Self::ForEver => "for-ever",
            Self::Kept(_) => "kept",
            Self::Newest => "newest",
            Self::OverTheCap(_) => "over-the-cap",
            Self::Expired(_) => "expired",
        }
    }

    /// Whether it lets the snapshot be deleted.
    #[must_use]
    pub const fn deletes(self) -> bool {
        matches!(self, Self::Expired(_))
    }
}

impl Verdict<'_> {
    /// The rule as a sentence about this snapshot.
    #[must_use]
    pub fn reason(&self) -> String {
        let Snapshot { cluster, status, kind, .. } = self.snapshot;
        match self.rule {
            Rule::NotOurs => "its tag `mainstay` does not hold its own id".to_owned(),
            Rule::NotManual => format!("it is {kind}, not manual"),
            Rule::NotAvailable => format!("it is {status}, not available"),
            Rule::AgeUnknown => "its tag `mainstay:scheduled` holds no moment that has passed".to_owned(),
            Rule::NotInThePlan => {
                format!("cluster `{cluster}` is not in this plan under the name of its tag")
            }
            Rule::NoPolicy => "no policy of the plan takes a snapshot at its moment".to_owned(),
            Rule::ForEver => "a policy that takes it has no `keep`".to_owned(),
            Rule::Kept(keep) => format!("the plan keeps it for {keep}"),
            Rule::Newest => "it is the newest recovery point of its database here".to_owned(),
            Rule::OverTheCap(keep) => {
                format!("its {keep} are over, but this run deletes no more (`prune_at_most`)")
            }
            Rule::Expired(keep) => format!("its {keep} are over, and a newer one is there"),
        }
    }
}

/// A verdict on each snapshot of a region's inventory as of `now`, in its order.
#[must_use]
pub fn retention<'i>(
    now: Timestamp,
    plan: &Plan,
    region: &str,
    inventory: &'i [Snapshot],
) -> Vec<Verdict<'i>> {
    let here = plan.databases.iter().filter(|database| database.region == region);
    let here: HashMap<String, &Database> = here.map(|it| (it.identifier.to_lowercase(), it)).collect();
    let newest = newest(now, inventory);
    let mut verdicts: Vec<Verdict<'i>> = inventory
        .iter()
        .map(|snapshot| Verdict { snapshot, rule: rule(now, &here, &newest, snapshot) })
        .collect();
    cap(plan.prune_at_most, &mut verdicts);
    verdicts
}

/// A database's recovery points: those of its cluster that bear its name.
type Series<'i> = (&'i str, Option<&'i str>);

fn series(snapshot: &Snapshot) -> Series<'_> {
    (&snapshot.cluster, snapshot.marks.database.as_deref())
}

fn newest(now: Timestamp, inventory: &[Snapshot]) -> HashMap<Series<'_>, Timestamp> {
    let mut newest: HashMap<Series<'_>, Timestamp> = HashMap::new();
    for snapshot in inventory {
        if let Some(at) = snapshot.recovery_point().filter(|at| *at <= now) {
            let known = newest.entry(series(snapshot)).or_insert(at);
            *known = at.max(*known);
        }
    }
    newest
}

fn rule(
    now: Timestamp,
    here: &HashMap<String, &Database>,
    newest: &HashMap<Series<'_>, Timestamp>,
    snapshot: &Snapshot,
) -> Rule {
    if !snapshot.marks.ours {
        return Rule::NotOurs;
    }
    if snapshot.kind != SnapshotKind::Manual {
        return Rule::NotManual;
    }
    if snapshot.status != SnapshotStatus::Available {
        return Rule::NotAvailable;
    }
    let Some(at) = snapshot.marks.scheduled.filter(|at| *at <= now) else {
        return Rule::AgeUnknown;
    };
    let database = here.get(&snapshot.cluster.to_lowercase());
    let Some(database) = database.filter(|it| snapshot.marks.database.as_ref() == Some(&it.name)) else {
        return Rule::NotInThePlan;
    };
    let keep = match longest(database, at) {
        Longest::NoPolicy => return Rule::NoPolicy,
        Longest::ForEver => return Rule::ForEver,
        Longest::Span(keep) => keep,
    };
    // In whole minutes, as ticks are: a second more or less in a tick's time would keep it for one tick more.
    let age = minute(now).saturating_sub(minute(at));
    if u64::try_from(age).is_ok_and(|age| age < keep.as_secs()) {
        return Rule::Kept(keep);
    }
    if newest.get(&series(snapshot)).is_none_or(|newest| at >= *newest) {
        return Rule::Newest;
    }
    Rule::Expired(keep)
}

enum Longest {
    NoPolicy,
    ForEver,
    Span(Span),
}

/// How long the policies that were due at a moment keep what they took, at most.
fn longest(database: &Database, at: Timestamp) -> Longest {
    let due = database.snapshots.iter().filter(|policy| divides(policy.every, at));
    due.fold(Longest::NoPolicy, |longest, policy| match (longest, policy.keep) {
        (Longest::ForEver, _) | (_, None) => Longest::ForEver,
        (Longest::NoPolicy, Some(keep)) => Longest::Span(keep),
        (Longest::Span(longest), Some(keep)) => Longest::Span(longest.max(keep)),
    })
}

/// Lets only the oldest so many go.
fn cap(at_most: u32, verdicts: &mut [Verdict<'_>]) {
    let mut due: Vec<&mut Verdict<'_>> = verdicts.iter_mut().filter(|it| it.rule.deletes()).collect();
    due.sort_by(|one, other| {
        let age = |it: &Verdict<'_>| it.snapshot.marks.scheduled;
        (age(one), &one.snapshot.id).cmp(&(age(other), &other.snapshot.id))
    });
    for verdict in due.into_iter().skip(usize::try_from(at_most).unwrap_or(usize::MAX)) {
        if let Rule::Expired(keep) = verdict.rule {
            verdict.rule = Rule::OverTheCap(keep);
        }
    }
}

/// What people should look at, in words.
#[must_use]
pub fn findings(verdicts: &[Verdict<'_>]) -> Vec<String> {
    let of = |rule: &str| verdicts.iter().filter(|it| it.rule.name() == rule).collect::<Vec<_>>();
    let named = |of: &[&Verdict<'_>]| {
        let mut clusters: Vec<&str> = of.iter().map(|it| it.snapshot.cluster.as_str()).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let more = clusters.len().saturating_sub(NAMED);
        let names = clusters.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        if more == 0 { names } else { format!("{names} and {more} more") }
    };
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|it| it.snapshot.marks.ours && it.snapshot.status == SnapshotStatus::Failed)
        .collect();
    let table: [(Vec<&Verdict<'_>>, &str); 5] = [
        (failed, "failed and are no recovery points; RDS keeps them until a person deletes them"),
        (of("not-in-the-plan"), "are of no database of this plan; nothing of them is ever deleted"),
        (of("no-policy"), "fit no policy of their database any more; nothing of them is ever deleted"),
        (of("age-unknown"), "do not say how old they are; they are no recovery points and are never deleted"),
        (of("over-the-cap"), "are due, and are left for now because of `prune_at_most`"),
    ];
    let some = table.into_iter().filter(|(of, _)| !of.is_empty());
    some.map(|(of, what)| format!("{} snapshots of {} {what}", of.len(), named(&of))).collect()
}

/// How many clusters a finding names.
const NAMED: usize = 5;
