//! The experiment: in the same outage, services that are recycled and their twins that are not.
//!
//! It proves or disproves what Mainstay rests on: that tasks which were connected to the old writer must be restarted.

use crate::{
    artifacts, checks,
    clients::{Clients, Outage},
    error::DrillError,
    pace::Pace,
    play,
    real::{self, TWIN, pool},
    scenario::{self, Scenario},
    stage::Stage,
    view::View,
};
use jiff::Timestamp;
use std::{collections::BTreeSet, path::Path, time::Duration};

/// How long after the fault a service may take to come back; later is never.
pub const CAP: Duration = Duration::from_mins(3);
/// Between these lines of a file the table is written.
const MARKS: (&str, &str) = ("<!-- experiment: begin -->", "<!-- experiment: end -->");

/// What the experiment found so far.
#[derive(Debug, Default)]
struct Found {
    runs: Vec<felt::Run>,
    courses: Vec<felt::Course>,
    databases: BTreeSet<String>,
    /// Outages that could not be played, and why.
    missing: Vec<String>,
}

/// Plays every scenario of the experiment `rounds` times, and returns the tables in Markdown. What is found is written
/// to `so_far` after each outage: it takes hours.
///
/// # Errors
/// When nothing could be played at all. One outage that could not be is named above the table; one whose checks failed is
/// in it like any other.
pub async fn run(stage: &Stage, rounds: u32, so_far: &Path, view: &mut View) -> Result<String, DrillError> {
    let rows: Vec<Scenario> =
        scenario::all().map_err(DrillError::Scenario)?.into_iter().filter(Scenario::in_experiment).collect();
    let mut found = Found::default();
    let mut text = String::new();
    for round in 1..=rounds {
        for row in &rows {
            view.say(&format!("round {round} of {rounds}: {}", row.name));
            match outage(stage, row, view).await {
                Ok(played) => found.add(round, row, played),
                Err(error @ DrillError::Unreal(_)) => return Err(error),
                Err(error) => {
                    view.say(&format!("{} could not be played: {error}", row.name));
                    found.missing.push(format!("round {round} of {}: {error}", row.name));
                }
            }
            text = found.tables(rounds, stage.pace)?;
            std::fs::write(so_far, &text)
                .map_err(|source| DrillError::File { path: so_far.to_owned(), source })?;
        }
    }
    match found.missing.first() {
        Some(why) if found.runs.is_empty() => Err(DrillError::NotReady(why.clone())),
        _ => Ok(text),
    }
}

impl Found {
    /// Adds an outage, unless it was another one than its row says.
    fn add(&mut self, round: u32, row: &Scenario, played: Played) {
        let Played { clients, unfit } = played;
        if !unfit.is_empty() {
            self.missing.push(format!("round {round} of {}: {}", row.name, unfit.join("; ")));
            return;
        }
        let recycled = |service: &str| !service.ends_with(TWIN) && service != real::BYSTANDER;
        let of = |share: fn(&Outage) -> Option<felt::Share>| {
            let recycled = clients.rto.iter().filter(|(service, _)| recycled(service));
            recycled.filter_map(|(_, outage)| share(outage)).collect()
        };
        let (own, work) = (of(|outage| outage.own_share), of(|outage| outage.at_work));
        self.courses.push(felt::Course {
            fault: row.name.clone(),
            phases: clients.picture.phases.clone(),
            own,
            work,
        });
        self.databases.insert(clients.database);
        for (service, outage) in clients.rto.into_iter().filter(|(service, _)| service != real::BYSTANDER) {
            self.runs.push(felt::Run {
                fault: row.name.clone(),
                pool: pool(&service).to_owned(),
                recycled: recycled(&service),
                recovery: outage.recovery,
                loss: clients.rpo.get(&service).copied(),
            });
        }
    }

    fn tables(&self, rounds: u32, pace: Pace) -> Result<String, DrillError> {
        let cap_s = u32::try_from(CAP.as_secs()).unwrap_or(u32::MAX);
        let mut heading = heading(&self.databases, rounds, pace)?;
        heading.extend(self.missing.iter().map(|why| format!("not in the table: {why}")));
        Ok(format!("{}\n{}", felt::markdown(&heading, &self.runs, cap_s), felt::courses(&self.courses)))
    }
}

/// An outage of the experiment.
#[derive(Debug)]
struct Played {
    clients: Clients,
    /// What did not come about without which it is another outage, or no recovery at all.
    unfit: Vec<String>,
}

/// Checks without which an outage says nothing of its row: the fault struck, the model's decisions were carried out, the
/// services of the plan were recycled, rows were counted, and it ended.
const FIT: [&str; 6] = [
    "faults-struck",
    "the-models-decisions-carried-out",
    "incident-recovered",
    "tasks-started-after-endpoint",
    "rows-counted",
    "ended-in-time",
];

async fn outage(stage: &Stage, row: &Scenario, view: &mut View) -> Result<Played, DrillError> {
    let mut scenario = row.clone();
    if let Some(real) = &mut scenario.real {
        real.twins = true;
    }
    let prepared = stage.prepare(&scenario).await?;
    let seen = play::play(stage, &scenario, prepared.real, view).await?;
    let clients =
        seen.clients().ok_or_else(|| DrillError::Scenario(format!("{} has no real servers", row.name)))?;
    let failed = checks::all(&seen, &row.expect).into_iter().filter(|c| !c.passed && FIT.contains(&c.name));
    Ok(Played { clients, unfit: failed.map(|c| format!("{}: {}", c.name, c.detail)).collect() })
}

fn heading(databases: &BTreeSet<String>, runs: u32, pace: Pace) -> Result<Vec<String>, DrillError> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let databases: Vec<&str> = databases.iter().map(String::as_str).collect();
    let lock = artifacts::repository().join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).map_err(|source| DrillError::File { path: lock, source })?;
    let version = |name| locked(&lock, name).unwrap_or_else(|| "of an unknown version".to_owned());
    Ok(vec![
        format!(
            "{}, {cores} cores, {} on {}",
            Timestamp::now().strftime("%Y-%m-%d"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
        format!(
            "{}; pools: sqlx {} and deadpool-postgres {} with their defaults, and `recommended`, which is deadpool-postgres \
             with the settings of crates/shop",
            databases.join(" and "),
            version("sqlx"),
            version("deadpool-postgres"),
        ),
        format!(
            "median and, in brackets, the lowest and highest of {runs} runs; where a cell has two parts, the first is of the \
             services that were recycled, the second of their twins that were not"
        ),
        format!(
            "a write every 20 ms through each service; a client waits {} s for an answer, one that took longer than {} s \
             does not count towards the rate",
            real_estate::probe::TIMEOUT.as_secs(),
            felt::PATIENCE.as_secs()
        ),
        pace.told().to_owned(),
    ])
}

/// The version of a package in a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let lock: toml::Table = toml::from_str(lock).ok()?;
    let packages = lock.get("package")?.as_array()?;
    let found = packages.iter().find(|p| p.get("name").and_then(toml::Value::as_str) == Some(name))?;
    Some(found.get("version")?.as_str()?.to_owned())
}

/// Writes the table into a file, between the marks of the experiment.
///
/// # Errors
/// When the file cannot be read or written, or has no marks.
pub fn write_into(file: &Path, table: &str) -> Result<(), DrillError> {
    let failed = |source| DrillError::File { path: file.to_owned(), source };
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let text = between(&text, table).ok_or_else(|| {
        DrillError::Scenario(format!("{} has no lines `{}` and `{}`", file.display(), MARKS.0, MARKS.1))
    })?;
    std::fs::write(file, text).map_err(failed)
}

fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{}\n{}{after}", MARKS.0, table.trim_end(), MARKS.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_replaces_the_one_before_and_nothing_else() {
        let text = format!("a\n{}\nold\n{}\nb\n", MARKS.0, MARKS.1);
        let once = between(&text, "new\n").unwrap();
        assert_eq!(once, format!("a\n{}\nnew\n{}\nb\n", MARKS.0, MARKS.1));
        assert_eq!(between(&once, "new\n").unwrap(), once);
        assert_eq!(between("no marks", "new"), None);
    }

    #[test]
    fn the_pools_versions_are_the_locked_ones() {
        let lock = include_str!("../../../Cargo.lock");
        for name in ["sqlx", "deadpool-postgres"] {
            assert!(locked(lock, name).unwrap().contains('.'), "{name}");
        }
        assert_eq!(locked(lock, "no-such-package"), None);
    }

    #[test]
    fn the_experiment_has_rows_and_they_have_real_servers() {
        let rows: Vec<Scenario> =
            scenario::all().unwrap().into_iter().filter(Scenario::in_experiment).collect();
        assert!(rows.len() >= 4);
        assert!(rows.iter().all(|row| row.real.is_some()));
    }
}
