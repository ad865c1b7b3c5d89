//! Which reader is promoted, and why that one.

use plan::Database;
use recovery::{
    Guard,
    notice::commands,
    topology::{Cluster, Member},
};
use std::{cmp::Ordering, collections::BTreeMap};

/// Replica lag by instance, in milliseconds. An instance without an entry, or with none, is not known.
pub type Lags = BTreeMap<String, Option<f64>>;

/// The reader that is to be promoted.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The reader.
    pub target: Member,
    /// Its replica lag in milliseconds; none: not known.
    pub lag_ms: Option<f64>,
    /// Why this one, for people.
    pub reason: String,
}

/// Why no reader is promoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTarget {
    /// [`Guard::NoReader`], or [`Guard::LagAboveRpo`] when one could be promoted at the price of data.
    pub guard: Guard,
    /// In words, for people.
    pub reason: String,
}

/// Chooses the reader: available, in another zone than the writer, of the lowest promotion tier, of at least
/// the writer's class, with the least lag; then by name, so that the same cluster gives the same answer.
///
/// Aurora's readers share the writer's storage: there, lag loses no data and only orders the readers. A reader
/// of a Multi-AZ DB cluster has a copy of its own: one that lags more than the RPO, or whose lag is not known,
/// is not chosen unless `accepted` says that a person takes the loss.
///
/// # Errors
/// Why there is none to promote.
pub fn choose(plan: &Database, cluster: &Cluster, lags: &Lags, accepted: bool) -> Result<Choice, NoTarget> {
    let writer = cluster.writer();
    let lag_of = |m: &Member| lags.get(&m.instance).copied().flatten();
    let readers: Vec<&Member> = cluster.members.iter().filter(|m| !m.writer).collect();
    let available: Vec<&Member> = readers.iter().copied().filter(|m| m.available()).collect();
    if available.is_empty() {
        return Err(NoTarget { guard: Guard::NoReader, reason: nobody(&readers) });
    }
    let bound = bound_ms(plan).filter(|_| !accepted);
    let fresh = |m: &&Member| bound.is_none_or(|most| lag_of(m).is_some_and(|lag| lag <= most));
    let mut candidates: Vec<&Member> = available.iter().copied().filter(fresh).collect();
    candidates.sort_by(|a, b| {
        rank(a, writer)
            .cmp(&rank(b, writer))
            .then_with(|| by_lag(lag_of(a), lag_of(b)))
            .then_with(|| a.instance.cmp(&b.instance))
    });
    let Some(target) = candidates.first() else {
        return Err(NoTarget { guard: Guard::LagAboveRpo, reason: too_late(plan, &available, lags) });
    };
    let lag_ms = lag_of(target);
    Ok(Choice { target: (*target).clone(), lag_ms, reason: why(target, writer, lag_ms, candidates.len()) })
}

/// The most lag that the plan accepts, for the kinds of database on which lag is lost data.
#[expect(clippy::cast_precision_loss, reason = "a span of at most 366 days fits a float exactly")]
pub(crate) fn bound_ms(plan: &Database) -> Option<f64> {
    (!plan.kind.shares_storage()).then(|| plan.rpo.as_secs() as f64 * 1000.0)
}

/// Same zone last, then the promotion tier, then smaller classes last.
fn rank(reader: &Member, writer: Option<&Member>) -> (bool, i32, bool) {
    let elsewhere = other_zone(reader, writer);
    let tier = reader.tier.unwrap_or(i32::MAX);
    (!elsewhere, tier, smaller(reader, writer))
}

/// Whether the reader is in another zone for certain.
fn other_zone(reader: &Member, writer: Option<&Member>) -> bool {
    match (reader.zone.as_deref(), writer.and_then(|w| w.zone.as_deref())) {
        (Some(here), Some(there)) => here != there,
        _ => false,
    }
}

/// Whether the reader's class is smaller than the writer's for certain.
fn smaller(reader: &Member, writer: Option<&Member>) -> bool {
    let size = |m: &Member| m.class.as_deref().and_then(size);
    match (size(reader), writer.and_then(size)) {
        (Some(here), Some(there)) => here < there,
        _ => false,
    }
}

/// The size of a class such as `db.r6g.2xlarge` on RDS's ladder; none for `db.serverless` and unknown ones.
fn size(class: &str) -> Option<u32> {
    let size = class.rsplit('.').next()?;
    match size {
        "micro" => Some(1),
        "small" => Some(2),
        "medium" => Some(3),
        "large" => Some(4),
        "xlarge" => Some(8),
        _ => size.strip_suffix("xlarge")?.parse::<u32>().ok()?.checked_mul(8),
    }
}

/// Less lag first; not known last, for it is never read as zero.
fn by_lag(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn why(target: &Member, writer: Option<&Member>, lag_ms: Option<f64>, of: usize) -> String {
    let zone = match (target.zone.as_deref(), other_zone(target, writer)) {
        (Some(zone), true) => format!("in another zone ({zone})"),
        (Some(zone), false) => format!("in the writer's own zone or one that can't be compared ({zone})"),
        (None, _) => "in an unknown zone".to_owned(),
    };
    let tier = target.tier.map_or("no promotion tier".to_owned(), |t| format!("promotion tier {t}"));
    let class = target.class.as_deref().unwrap_or("unknown class");
    let small = if smaller(target, writer) { ", smaller than the writer" } else { "" };
    let lag = lag_ms.map_or("lag not known".to_owned(), |l| format!("lag {l:.0} ms"));
    let name = &target.instance;
    format!("{name}: available, {zone}, {tier}, {class}{small}, {lag}; best of {of}.")
}

fn nobody(readers: &[&Member]) -> String {
    if readers.is_empty() {
        return "The cluster has no reader to promote.".to_owned();
    }
    let list: Vec<String> = readers
        .iter()
        .map(|m| format!("{} is `{}`", m.instance, m.status.as_deref().unwrap_or("not described")))
        .collect();
    format!("No reader is available: {}.", list.join(", "))
}

fn too_late(plan: &Database, available: &[&Member], lags: &Lags) -> String {
    let list: Vec<String> = available
        .iter()
        .map(|m| {
            let lag = lags.get(&m.instance).copied().flatten();
            let lag = lag.map_or("not known".to_owned(), |l| format!("{l:.0} ms"));
            format!("{}: {lag}", m.instance)
        })
        .collect();
    format!(
        "No reader is within the RPO of {}: replica lag of {}. Only a person may lose what has not reached them: {}",
        plan.rpo,
        list.join(", "),
        commands::fail_over_accepting_loss(plan)
    )
}
