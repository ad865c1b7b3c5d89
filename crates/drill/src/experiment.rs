//! The experiment: in the same outage, services that are recycled and their twins that are not.
//!
//! It proves or disproves what Mainstay rests on: that tasks which were connected to the old writer must be restarted.

mod written;

pub use self::written::write_into;

use crate::{
    checks,
    clients::{Clients, Outage},
    error::DrillError,
    pace::Pace,
    play,
    real::{self, TWIN, pool},
    scenario::{self, Scenario},
    stage::Stage,
    view::View,
};
use std::{collections::BTreeSet, path::Path, time::Duration};

/// How long after the fault a service may take to come back; later is never.
pub const CAP: Duration = Duration::from_mins(3);

/// What the experiment found so far.
#[derive(Debug, Default)]
struct Found {
    runs: Vec<felt::Run>,
    courses: Vec<felt::Course>,
    databases: BTreeSet<String>,
    /// Outages that could not be played, and why.
    missing: Vec<String>,
}

/// The rows of the experiment, or the one of this name.
///
/// # Errors
/// When there is none of this name.
pub fn rows(name: Option<&str>) -> Result<Vec<Scenario>, DrillError> {
    let all = scenario::all().map_err(DrillError::Scenario)?.into_iter().filter(Scenario::in_experiment);
    let Some(name) = name else { return Ok(all.collect()) };
    let (mut found, others): (Vec<Scenario>, Vec<Scenario>) = all.partition(|row| row.name == name);
    found.pop().map(|row| vec![row]).ok_or_else(|| {
        let names: Vec<&str> = others.iter().map(|row| row.name.as_str()).collect();
        DrillError::Scenario(format!(
            "`{name}` is no row of the experiment. There are: {}.",
            names.join(", ")
        ))
    })
}

/// Plays these scenarios `rounds` times, and returns the tables in Markdown. What is found is written
/// to `so_far` after each outage: it takes hours.
///
/// # Errors
/// When nothing could be played at all. One outage that could not be, or was another one than its row says, is named
/// above the table.
pub async fn run(
    stage: &Stage,
    rows: &[Scenario],
    rounds: u32,
    so_far: &Path,
    view: &mut View,
) -> Result<String, DrillError> {
    let mut found = Found::default();
    let mut text = String::new();
    for round in 1..=rounds {
        for row in rows {
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
        let mut heading = written::heading(&self.databases, rounds, pace)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_experiment_has_rows_and_they_have_real_servers() {
        let all = rows(None).unwrap();
        assert!(all.len() >= 4 && all.iter().all(|row| row.real.is_some()));
        assert_eq!(rows(Some("crash")).unwrap().len(), 1);
        assert!(rows(Some("writer-silent")).unwrap_err().to_string().contains("freeze-then-thaw"));
    }
}
