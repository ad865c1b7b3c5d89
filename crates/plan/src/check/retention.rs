//! What all policies keep together in a region, against the account's quota; and whether deleting keeps up with taking.

use std::collections::BTreeMap;

use crate::draft::{DatabaseDraft, PlanDraft};
use crate::finding::{At, Findings};
use crate::span::DAY;
use crate::{Span, text};

use super::snapshots::TICK;

/// How many databases a message names: the largest.
const NAMED: usize = 3;

/// A policy that says how long it keeps.
#[derive(Debug, Clone, Copy)]
struct Keeps<'d> {
    every: u64,
    keep: u64,
    at: &'d At<Span>,
}

/// What one database holds of the quota.
#[derive(Debug)]
struct Held<'d> {
    name: &'d str,
    /// By policy: how many it adds.
    by_policy: Vec<(Keeps<'d>, u64)>,
}

impl Held<'_> {
    /// Beside what the policies keep there are these for a moment: a snapshot is taken before the oldest goes.
    fn just_taken(&self) -> u64 {
        self.rhythms().map(|_| 1).sum()
    }

    fn most(&self) -> u64 {
        self.by_policy.iter().map(|(_, count)| count).sum::<u64>().saturating_add(self.just_taken())
    }

    /// The policies whose snapshots no finer policy takes too.
    fn rhythms(&self) -> impl Iterator<Item = &Keeps<'_>> {
        let all = || self.by_policy.iter().map(|(policy, _)| policy);
        all().filter(move |policy| !all().any(|other| other.takes_all_of(policy)))
    }
}

impl Keeps<'_> {
    /// Whether this is a finer policy, which takes every snapshot that `other` takes.
    fn takes_all_of(&self, other: &Keeps<'_>) -> bool {
        self.every < other.every && other.every.is_multiple_of(self.every)
    }
}

pub(super) fn check(plan: &PlanDraft, findings: &mut Findings<'_>) {
    let mut regions: BTreeMap<&str, Vec<Held<'_>>> = BTreeMap::new();
    for database in &plan.databases {
        let by_policy = added(&policies(database));
        if let Some(region) = database.region.as_ref().filter(|_| !by_policy.is_empty()) {
            let name = database.name.as_ref().map_or("a database", |name| name.value.as_str());
            regions.entry(&region.value).or_default().push(Held { name, by_policy });
        }
    }
    for (region, mut held) in regions {
        held.sort_by_key(|held| std::cmp::Reverse(held.most()));
        quota(plan, region, &held, findings);
        pace(plan, region, &held, findings);
    }
}

fn policies(database: &DatabaseDraft) -> Vec<Keeps<'_>> {
    let keeps = database.snapshots.iter().filter_map(|policy| {
        let (every, keep) = (policy.every.as_ref()?, policy.keep.here()?);
        Some(Keeps { every: every.value.as_secs(), keep: keep.value.as_secs(), at: keep })
    });
    keeps.filter(|policy| policy.every > 0).collect()
}

/// How many snapshots each policy adds to those of the others, at most.
///
/// A snapshot is kept as long as the longest of the policies that want it. Where one interval is a multiple of a finer
/// one, both want the same snapshots, and the coarser policy adds only those that are older than what the finer one
/// keeps. Two intervals neither of which is a multiple of the other are counted as if they never met: an upper bound.
fn added<'d>(policies: &[Keeps<'d>]) -> Vec<(Keeps<'d>, u64)> {
    let finer = |of: &Keeps<'_>| {
        policies.iter().filter(|it| it.takes_all_of(of)).map(|it| it.keep).max().unwrap_or(0)
    };
    policies.iter().map(|it| (*it, it.keep.saturating_sub(finer(it)).div_ceil(it.every))).collect()
}

fn quota(plan: &PlanDraft, region: &str, held: &[Held<'_>], findings: &mut Findings<'_>) {
    let Some(quota) = &plan.snapshot_quota else { return };
    let most: u64 = held.iter().map(Held::most).sum();
    if most <= u64::from(quota.value) {
        return;
    }
    let all = held.iter().flat_map(|held| &held.by_policy);
    let Some((largest, _)) = all.min_by_key(|(_, count)| std::cmp::Reverse(*count)) else { return };
    let mut sums: Vec<String> = held.iter().take(NAMED).map(sum).collect();
    if let Some((_, rest)) = held.split_at_checked(NAMED).filter(|(_, rest)| !rest.is_empty()) {
        let more: u64 = rest.iter().map(Held::most).sum();
        sums.push(format!("{more} of {} more databases", rest.len()));
    }
    let message = format!(
        "the policies keep up to {most} manual snapshots in `{region}` at once, but the quota is {}: {}",
        quota.value,
        sums.join("; ")
    );
    let mend = "for short intervals use automated backups, which restore to any second of up to 35 days and count \
                against no quota of snapshots, and keep manual snapshots for copies and for long; if AWS has granted \
                more, write `snapshot_quota`";
    findings.error(&largest.at.place, message, mend);
}

/// `orders keeps 93 = 48 of every 1h for 2d + 33 of every 1d for 35d + …`
fn sum(held: &Held<'_>) -> String {
    let part = |(policy, count): &(Keeps<'_>, u64)| {
        format!("{count} of every {} for {}", Span::from_secs(policy.every), policy.at.value)
    };
    let parts: Vec<String> = held.by_policy.iter().map(part).collect();
    let (name, sum, new) = (text::quoted(held.name), parts.join(" + "), held.just_taken());
    format!("{name} keeps {} = {sum} + {new} new", held.most())
}

/// In the long run as many go as are taken. Who has written no number yet deletes none, and has been told so.
fn pace(plan: &PlanDraft, region: &str, held: &[Held<'_>], findings: &mut Findings<'_>) {
    let Some(at_most) = plan.prune_at_most.as_ref().filter(|_| plan.prunes) else { return };
    let a_day: u64 = held.iter().flat_map(Held::rhythms).map(|policy| DAY.div_ceil(policy.every)).sum();
    let runs = DAY / TICK.as_secs();
    let room = u64::from(at_most.value).saturating_mul(runs);
    if a_day <= room {
        return;
    }
    let message = format!(
        "up to {a_day} snapshots a day come to their end in `{region}`, but {} in each of the {runs} runs of a day \
         delete only {room}: the others stay",
        at_most.value
    );
    findings.warning(
        &at_most.place,
        message,
        format!("write `prune_at_most = {}` or more", a_day.div_ceil(runs)),
    );
}
