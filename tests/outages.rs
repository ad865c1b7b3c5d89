//! Every row of `crates/drill/scenarios.toml` on the local cloud: the production template, the real functions.
//!
//! Stages are shared: a few clouds run beside each other (and so show that they don't disturb each other), and each
//! plays one outage after the other.

use drill::{checks, pace::Pace, play, scenario, scenario::Scenario, stage::Stage, view::View};
use libtest_mimic::{Failed, Trial};
use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::runtime::Runtime;

/// Clouds that run beside each other: most of an outage is waiting.
const STAGES: usize = 2;

/// Stages that wait for an outage.
struct Pool {
    runtime: Runtime,
    idle: Mutex<Vec<Stage>>,
    /// Stages are started one after the other: two builds at once would only wait for each other.
    starting: tokio::sync::Mutex<()>,
    /// Real servers at their full rate have the machine's attention one outage at a time.
    real: tokio::sync::Mutex<()>,
}

impl Pool {
    /// A stage that waits and is as the scenario needs it.
    fn idle_stage(&self, scenario: &Scenario) -> Option<Stage> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = idle.iter().position(|stage| stage.prober == scenario.needs_prober())?;
        Some(idle.swap_remove(fits))
    }

    fn play(&self, scenario: &Scenario) -> Result<(), Failed> {
        self.runtime.block_on(async {
            let _one = match &scenario.real {
                Some(_) => Some(self.real.lock().await),
                None => None,
            };
            let idle = self.idle_stage(scenario);
            let stage = if let Some(stage) = idle {
                stage
            } else {
                let _one = self.starting.lock().await;
                // A start is a build and a deployment: not beside an outage that is measured.
                let _quiet = if scenario.real.is_none() { Some(self.real.lock().await) } else { None };
                Stage::start_with(Pace::Quick, scenario.needs_prober(), &mut View::silent()).await?
            };
            let outcome = outage(&stage, scenario).await;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(stage);
            outcome
        })
    }
}

async fn outage(stage: &Stage, scenario: &Scenario) -> Result<(), Failed> {
    let prepared = stage.prepare(scenario).await?;
    let seen = play::play(stage, scenario, prepared.real, &mut View::silent()).await?;
    let failed: Vec<String> = checks::all(&seen, &scenario.expect)
        .into_iter()
        .filter(|c| !c.passed)
        .map(|c| format!("{}: {}", c.name, c.detail))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let timeline: Vec<String> = seen
        .incidents
        .iter()
        .flat_map(|i| &i.records)
        .map(|r| format!("{} #{} {}", r.at, r.sequence, recovery::timeline::line(r)))
        .collect();
    Err(format!("{}\n\n{}", failed.join("\n"), timeline.join("\n")).into())
}

fn main() -> ExitCode {
    let scenarios = match scenario::all() {
        Ok(scenarios) => alternating(scenarios),
        Err(error) => {
            eprintln!("the outages cannot be played: {error}");
            return ExitCode::from(2);
        }
    };
    let pool = |runtime| Pool {
        runtime,
        idle: Mutex::default(),
        starting: tokio::sync::Mutex::default(),
        real: tokio::sync::Mutex::default(),
    };
    let trial = |pool: &Arc<Pool>, scenario: Scenario| {
        let pool = Arc::clone(pool);
        Trial::test(scenario.name.clone(), move || pool.play(&scenario))
    };
    let trials = |pool: &Arc<Pool>| scenarios.into_iter().map(|scenario| trial(pool, scenario)).collect();
    tests::play(STAGES, pool, trials, |pool| {
        for stage in pool.idle.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            stage.stop();
        }
    })
}

/// Rows with real servers and rows of the model in turn, so that both stages always have one to play.
fn alternating(scenarios: Vec<Scenario>) -> Vec<Scenario> {
    let (real, model): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(|s| s.real.is_some());
    let (mut real, mut model) = (real.into_iter(), model.into_iter());
    let mut all = Vec::new();
    loop {
        match (real.next(), model.next()) {
            (None, None) => return all,
            (one, other) => all.extend(one.into_iter().chain(other)),
        }
    }
}
