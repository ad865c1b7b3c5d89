//! The experiment's table: fault × pool × recycled or not, over several runs.

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
    /// Its lost rows.
    pub loss: Loss,
}

/// The table in Markdown, below one line for each text in `heading` (date, versions, machine).
///
/// Runs of the same fault, pool and treatment are one row: the median and, in brackets, the lowest and highest.
/// A service that did not come back within `cap_s` seconds counts as longer than any that did. A run that says
/// nothing is left out of the medians and named. Rows stand in the order in which they first occur.
#[must_use]
pub fn markdown(heading: &[String], runs: &[Run], cap_s: u32) -> String {
    let mut groups: Vec<Vec<&Run>> = Vec::new();
    for run in runs {
        let same = |group: &&mut Vec<&Run>| {
            group.first().is_some_and(|first| {
                (&first.fault, &first.pool, first.recycled) == (&run.fault, &run.pool, run.recycled)
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    let mut text = String::new();
    for line in heading {
        text.extend(["- ", &cell(line), "\n"]);
    }
    if !heading.is_empty() {
        text.push('\n');
    }
    text.push_str(
        "| Fault | Pool | Recycled | Runs | RTO, sustained | Acknowledged rows lost | \
         Rows on the old writer | End rate |\n|---|---|---|--:|---|---|---|---|\n",
    );
    text.extend(groups.iter().map(|group| row(group, cap_s)));
    text
}

fn row(group: &[&Run], cap_s: u32) -> String {
    let Some(first) = group.first() else { return String::new() };
    let (told, silent): (Vec<&Run>, Vec<&Run>) =
        group.iter().partition(|run| !matches!(run.recovery.outcome, Outcome::Unmeasured(_)));
    let numbers = |of: fn(&Run) -> f64| told.iter().map(|run| of(run)).collect::<Vec<f64>>();
    let lost = numbers(|run| number(run.loss.rows_lost));
    let on_old = numbers(|run| number(run.loss.rows_on_old_writer));
    let end = numbers(|run| run.recovery.end_rate);
    let normal = numbers(|run| run.recovery.normal_rate);
    let runs = match silent.len() {
        0 => told.len().to_string(),
        some => format!("{} ({some} not measured)", told.len()),
    };
    let end_rate = match median(&sorted(&normal)) {
        Some(normal) => spread(&end, whole, &format!(" of {}/s", whole(normal))),
        None => "–".to_owned(),
    };
    format!(
        "| {} | {} | {} | {runs} | {} | {} | {} | {end_rate} |\n",
        cell(&first.fault),
        cell(&first.pool),
        if first.recycled { "yes" } else { "no" },
        outage(&told, cap_s),
        spread(&lost, whole, ""),
        spread(&on_old, whole, ""),
    )
}

fn outage(told: &[&Run], cap_s: u32) -> String {
    let felt: Vec<f64> = told.iter().map(|run| run.recovery.seconds().unwrap_or(f64::INFINITY)).collect();
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
