//! The experiment's tables: fault × pool × recycled or not, and the recoveries' phases, over several runs.

use crate::phases::{Share, Span};
use crate::rpo::Loss;
use crate::rto::{Outcome, Recovery};

/// What one service felt in one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The fault that struck.
    pub fault: String,
    /// The connection pool of the service.
    pub pool: String,
    /// Whether its tasks were recycled.
    pub recycled: bool,
    /// Its outage.
    pub recovery: Recovery,
    /// Its lost rows; none: they could not be counted.
    pub loss: Option<Loss>,
}

/// How the recovery went in one run, and how much of it was Mainstay's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The fault that struck.
    pub fault: String,
    /// The recovery's phases, in order.
    pub phases: Vec<Span>,
    /// For each recycled service that came back: what of its outage was neither the promotion, the endpoint's lag nor its
    /// tasks' own start.
    pub own: Vec<Share>,
    /// The same without what the plan's user chooses: Mainstay's own work.
    pub work: Vec<Share>,
}

/// The table in Markdown, below one line for each text in `heading` (date, versions, machine).
///
/// Runs of the same fault and pool are one row; a cell has the median and, in brackets, the lowest and highest, or two of
/// these: with the tasks recycled, and not. A service that did not come back within `cap_s` seconds counts as longer
/// than any that did. A run that says nothing is left out of the medians and named. Rows stand in the order in which
/// they first occur.
#[must_use]
pub fn markdown(heading: &[String], runs: &[Run], cap_s: u32) -> String {
    let mut text = String::new();
    for line in heading {
        text.extend(["- ", &cell(line), "\n"]);
    }
    if !heading.is_empty() {
        text.push('\n');
    }
    text.push_str(
        "| Fault | Pool | RTO, recycled | RTO, not recycled | Acknowledged rows lost | Rows on the old writer | \
         Writes a second at the end |\n|---|---|---|---|---|---|---|\n",
    );
    let groups = grouped(runs, |run| (run.fault.as_str(), run.pool.as_str()));
    text.extend(groups.iter().map(|group| row(group, cap_s)));
    text
}

/// The table of the recoveries' phases in Markdown: the median and, in brackets, the lowest and highest, in seconds.
#[must_use]
pub fn courses(all: &[Course]) -> String {
    let names: Vec<&str> = all
        .iter()
        .max_by_key(|c| c.phases.len())
        .iter()
        .flat_map(|c| &c.phases)
        .map(|p| p.name.as_str())
        .collect();
    let mut text = format!(
        "| Fault | Runs | {} | In a service's RTO: neither promotion, endpoint nor tasks' start | of it Mainstay's own work |\n",
        names.join(" | ")
    );
    text.extend(["|---|--:|", &"---|".repeat(names.len()), "---|---|\n"]);
    for group in grouped(all, |course| course.fault.as_str()) {
        let Some(first) = group.first() else { continue };
        text.extend(["| ", &cell(&first.fault), " | ", &group.len().to_string(), " |"]);
        for name in &names {
            let of = group.iter().flat_map(|c| &c.phases).filter(|p| p.name == *name);
            text.extend([" ", &spread(&of.map(Span::seconds).collect::<Vec<_>>(), tenth, " s"), " |"]);
        }
        text.extend([" ", &shares(group.iter().flat_map(|c| &c.own)), " |"]);
        text.extend([" ", &shares(group.iter().flat_map(|c| &c.work)), " |\n"]);
    }
    text
}
/// Median and range of shares, in seconds and as a part of the outage.
fn shares<'a>(of: impl Iterator<Item = &'a Share>) -> String {
    let (seconds, percent): (Vec<f64>, Vec<Option<f64>>) =
        of.map(|share| (share.own, share.fraction)).unzip();
    let percent: Vec<f64> = percent.into_iter().flatten().map(|part| part * 100.0).collect();
    if seconds.is_empty() {
        return "–".to_owned();
    }
    format!("{}, {}", spread(&seconds, tenth, " s"), spread(&percent, whole, " %"))
}

/// Items with the same key, in the order in which they first occur.
fn grouped<'a, T, K: PartialEq>(all: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<Vec<&'a T>> {
    let mut groups: Vec<(K, Vec<&T>)> = Vec::new();
    for item in all {
        let of = key(item);
        match groups.iter_mut().find(|(known, _)| *known == of) {
            Some((_, group)) => group.push(item),
            None => groups.push((of, vec![item])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn row(group: &[&Run], cap_s: u32) -> String {
    let Some(first) = group.first() else { return String::new() };
    let (recycled, not): (Vec<&Run>, Vec<&Run>) = group.iter().partition(|run| run.recycled);
    let both = |of: fn(&[&Run]) -> String| format!("{} · {}", of(&recycled), of(&not));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        cell(&first.fault),
        cell(&first.pool),
        outage(&recycled, cap_s),
        outage(&not, cap_s),
        both(lost),
        both(|of| spread(&losses(of, |loss| number(loss.rows_on_old_writer)), whole, "")),
        both(end_rate),
    )
}

fn measured<'a>(of: &[&'a Run]) -> Vec<&'a Run> {
    of.iter().copied().filter(|run| !matches!(run.recovery.outcome, Outcome::Unmeasured(_))).collect()
}

fn numbers(of: &[&Run], pick: fn(&Run) -> f64) -> Vec<f64> {
    measured(of).into_iter().map(pick).collect()
}

/// Where rows could be counted.
fn losses(of: &[&Run], pick: fn(&Loss) -> f64) -> Vec<f64> {
    measured(of).into_iter().filter_map(|run| run.loss.as_ref()).map(pick).collect()
}

/// How many rows, and the seconds that they span.
fn lost(of: &[&Run]) -> String {
    let rows = spread(&losses(of, |loss| number(loss.rows_lost)), whole, "");
    match median(&sorted(&losses(of, |loss| loss.seconds))) {
        Some(seconds) if seconds > 0.0 => format!("{rows}, over {seconds:.2} s"),
        _ => rows,
    }
}

fn end_rate(of: &[&Run]) -> String {
    match median(&sorted(&numbers(of, |run| run.recovery.normal_rate))) {
        Some(normal) => {
            spread(&numbers(of, |run| run.recovery.end_rate), whole, &format!(" of {}", whole(normal)))
        }
        None => "–".to_owned(),
    }
}

fn outage(of: &[&Run], cap_s: u32) -> String {
    let told = duration(of, cap_s);
    match of.len() - measured(of).len() {
        0 => told,
        some => format!("{told} ({some} not measured)"),
    }
}

fn duration(of: &[&Run], cap_s: u32) -> String {
    let felt = numbers(of, |run| run.recovery.seconds().unwrap_or(f64::INFINITY));
    let back: Vec<f64> = felt.iter().copied().filter(|seconds| seconds.is_finite()).collect();
    if felt.is_empty() {
        return "–".to_owned();
    }
    let never = format!("never (cap {cap_s} s)");
    if back.is_empty() {
        return never;
    }
    if back.len() == felt.len() {
        return if felt.iter().all(|seconds| *seconds == 0.0) {
            "not interrupted".to_owned()
        } else {
            spread(&felt, tenth, " s")
        };
    }
    let lost = felt.len() - back.len();
    match median(&sorted(&felt)).filter(|median| median.is_finite()) {
        Some(median) => {
            let fastest = back.iter().copied().fold(f64::INFINITY, f64::min);
            format!("{} s ({} to {never})", tenth(median), tenth(fastest))
        }
        None => format!("{never} in {lost} of {}, else {}", felt.len(), spread(&back, tenth, " s")),
    }
}

/// The median with its unit, and the range when there is one.
fn spread(values: &[f64], show: fn(f64) -> String, unit: &str) -> String {
    let values = sorted(values);
    let (Some(median), Some(low), Some(high)) = (median(&values), values.first(), values.last()) else {
        return "–".to_owned();
    };
    let (low, high) = (show(*low), show(*high));
    let median = show(median);
    if low == high { format!("{median}{unit}") } else { format!("{median}{unit} ({low}–{high})") }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

/// Of sorted values; of an even number, the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

fn tenth(value: f64) -> String {
    format!("{value:.1}")
}

/// With thousands apart: `4,400`.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn number(rows: usize) -> f64 {
    crate::window::count(rows)
}

/// Text that stays within one cell, and is text.
fn cell(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}
