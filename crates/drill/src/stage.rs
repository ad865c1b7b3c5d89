//! The stage: a local cloud with the production template deployed, and an estate that it acts on.

mod parts;

use self::parts::{deployment, probing, start_both};
use crate::{
    artifacts,
    cloud::{Api, Cloud, Stack},
    error::DrillError,
    estate_client::EstateClient,
    estate_process::EstateProcess,
    inbox::{self, Inbox},
    listener::Listener,
    pace::Pace,
    real::{self, Made, RealClient, RealOutage},
    run_folder::RunFolder,
    scenario::{self, Scenario},
    view::View,
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The stack's name.
pub const STACK: &str = "mainstay";
/// The cluster of the demo estate, and the database's name in the plan.
pub const DATABASE: &str = "orders";
/// The alarm of the template that the plan trusts.
pub const ALARM: &str = "orders-writer-down";
/// The alarm of the prober.
pub const PROBE_ALARM: &str = "orders-probe-failed";
/// How long the alarm may take to become OK after a new start.
const QUIET_WITHIN: Duration = Duration::from_mins(2);

/// A stage that is ready for an outage.
#[derive(Debug)]
pub struct Prepared {
    /// The scenario's plan.
    pub plan: plan::Plan,
    /// What is real, where the scenario asks for it.
    pub real: Option<RealRun>,
}

/// What is real in an outage, and the probe that writes through it.
#[derive(Debug)]
pub struct RealRun {
    /// The line to it.
    pub client: RealClient,
    /// What was made.
    pub made: Made,
    /// The probe's file.
    pub attempts: PathBuf,
    /// Since when it probes.
    pub probed_since: Instant,
}

/// A running stage.
#[derive(Debug)]
pub struct Stage {
    /// The local cloud's calls.
    pub api: Api,
    /// The estate's control interface.
    pub estate: EstateClient,
    /// What was deployed.
    pub stack: Stack,
    /// What is real, where it is asked for.
    pub real: Option<RealClient>,
    /// Whether the prober is deployed.
    pub prober: bool,
    /// How fast the estate is.
    pub pace: Pace,
    /// The inboxes by audience.
    pub inboxes: Vec<Inbox>,
    /// What hears [`ALARM`]'s state changes beside Mainstay.
    pub listener: Listener,
    /// URLs of every dead-letter queue.
    pub dead_letter_queues: Vec<String>,
    pub(crate) plan_path: PathBuf,
    pub(crate) cloud: Cloud,
    pub(crate) estate_process: EstateProcess,
    /// The last field: removed when nothing runs in it any more.
    pub(crate) run_folder: RunFolder,
}

impl Stage {
    /// Builds, starts and deploys everything.
    ///
    /// # Errors
    /// What could not be built, started or deployed, and what to do.
    pub async fn start(pace: Pace, view: &mut View) -> Result<Self, DrillError> {
        Self::start_with(pace, false, view).await
    }

    /// The same, with the prober or without: it connects each second or ten, whether there is a database or not.
    ///
    /// # Errors
    /// As [`Stage::start`].
    pub async fn start_with(pace: Pace, prober: bool, view: &mut View) -> Result<Self, DrillError> {
        let root = artifacts::repository();
        view.say("building the functions");
        let binaries = tokio::task::spawn_blocking(artifacts::build)
            .await
            .map_err(|e| DrillError::Cargo { what: e.to_string() })??;
        let run_folder = RunFolder::fresh(&root.join(".mainstay/runs"))?;
        let plan_path = run_folder.path().join("plan.toml");

        view.say("starting the estate (RDS, ECS, DNS) and the local cloud on loopback");
        let endpoint_port =
            real_estate::postgres::free_port().map_err(|e| DrillError::NotReady(e.to_string()))?;
        let (cloud, estate_process) = start_both(&root, run_folder.path(), endpoint_port, pace).await?;
        let estate = EstateClient::new(&estate_process.addresses.address);
        let real = estate_process.addresses.real.as_deref().map(RealClient::new);

        // An alarm that treats silence as breaching speaks in the second in which it is made, unless there is data.
        estate.seed_demo().await?;
        tokio::time::sleep(Duration::from_secs(u64::from(pace.period_s()) + 1)).await;

        view.say("deploying infra/template.yaml");
        let text = scenario::plan_text(&checked_in_plan()?, pace, None).map_err(DrillError::Scenario)?;
        write(&plan_path, &text)?;
        let dns = estate_process.addresses.dns.clone();
        let mut deployment = deployment(&root, &plan_path, &dns, pace, binaries);
        if prober {
            deployment.parameters.extend(probing(pace, endpoint_port, run_folder.path()));
        }
        let stack = cloud.deploy(deployment).await?;
        let api = cloud.api();
        let topic = stack.output("NoticesTopicArn").to_owned();
        let mut inboxes = Vec::new();
        for audience in ["stakeholders", "on-call"] {
            inboxes.push(Inbox::subscribe(&api, &topic, audience).await?);
        }
        let listener = Listener::start(&api, ALARM).await?;
        let dead_letter_queues =
            stack.resources.values().filter(|r| r.kind == "AWS::SQS::Queue").map(|r| r.id.clone()).collect();
        Ok(Self {
            api,
            estate,
            stack,
            real,
            prober,
            pace,
            inboxes,
            listener,
            dead_letter_queues,
            plan_path,
            cloud,
            estate_process,
            run_folder,
        })
    }

    /// Makes the stage as new for a scenario: the demo estate, its plan, no incident, the alarm OK.
    ///
    /// # Errors
    /// When something does not answer, or the alarm does not become OK.
    pub async fn prepare(&self, scenario: &Scenario) -> Result<Prepared, DrillError> {
        let text = scenario::plan_text(&checked_in_plan()?, self.pace, Some(scenario))
            .map_err(DrillError::Scenario)?;
        let parsed = plan::parse(&text, "plan.toml");
        let plan = parsed
            .plan
            .ok_or_else(|| DrillError::Scenario(format!("the plan is not valid: {:?}", parsed.findings)))?;
        if let Some(real) = &self.real {
            real.end().await?;
        }
        self.estate.seed(&real::seed(scenario.real.as_ref())).await?;
        let real = match &scenario.real {
            Some(outage) => Some(self.make_real(outage).await?),
            None => None,
        };
        self.api.alarm_actions(ALARM, true).await?;
        self.alarm_becomes("OK", QUIET_WITHIN).await?;
        if scenario.needs_prober() {
            self.becomes(PROBE_ALARM, "OK", QUIET_WITHIN).await?;
        }
        // Only now: the alarm of an earlier outage may still have had something to say.
        self.forget_incidents().await?;
        write(&self.plan_path, &text)?;
        for function in ["AlarmHandler", "Snapshotter"] {
            self.api.restart_function(self.stack.id(function)).await?;
        }
        for inbox in &self.inboxes {
            inbox.drain(&self.api).await?;
        }
        inbox::dead_letters(&self.api, &self.dead_letter_queues).await?;
        self.listener.drain(&self.api).await?;
        for alarm in &scenario.muted {
            self.api.alarm_actions(alarm, false).await?;
        }
        Ok(Prepared { plan, real })
    }

    /// Makes servers and tasks, and starts to write through them: without clients a database has no connections, and
    /// the alarm would speak.
    async fn make_real(&self, outage: &RealOutage) -> Result<RealRun, DrillError> {
        let client =
            self.real.as_ref().ok_or_else(|| DrillError::Unreal("it was not asked for".to_owned()))?;
        let made = client.make(&outage.wanted()).await?;
        let attempts = self.run_folder.path().join("attempts.jsonl");
        client.probe(&outage.services(), &attempts).await?;
        Ok(RealRun { client: client.clone(), made, attempts, probed_since: Instant::now() })
    }

    /// Waits until the alarm is in a state.
    ///
    /// # Errors
    /// When it does not get there in time.
    pub async fn alarm_becomes(&self, state: &str, within: Duration) -> Result<(), DrillError> {
        self.becomes(ALARM, state, within).await
    }

    async fn becomes(&self, name: &str, state: &str, within: Duration) -> Result<(), DrillError> {
        let since = Instant::now();
        loop {
            let alarm = self.api.alarm(name).await?;
            let now = alarm.get("StateValue").and_then(Value::as_str).unwrap_or_default();
            if now == state {
                return Ok(());
            }
            if since.elapsed() > within {
                let reason = alarm.get("StateReason").and_then(Value::as_str).unwrap_or_default();
                return Err(DrillError::NotReady(format!(
                    "the alarm {name} is {now}, not {state}, after {} s: {reason}. The local cloud's log is {}",
                    within.as_secs(),
                    self.log().display()
                )));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A typed request at the only door, as `drp` sends it.
    ///
    /// # Errors
    /// When the function fails.
    pub async fn ask(&self, request: &Value) -> Result<Value, DrillError> {
        Ok(self.api.invoke(self.stack.id("AlarmHandler"), request).await?)
    }

    /// The local cloud's log, with the functions' output.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.cloud.log()
    }

    /// Ends everything and removes the run's files, as dropping it does.
    pub fn stop(self) {
        drop(self);
    }
}

/// The checked-in plan, which each stage and each scenario changes.
fn checked_in_plan() -> Result<String, DrillError> {
    let path = artifacts::repository().join("plan.toml");
    std::fs::read_to_string(&path).map_err(|source| DrillError::File { path, source })
}

fn write(path: &Path, text: &str) -> Result<(), DrillError> {
    std::fs::write(path, text).map_err(|source| DrillError::File { path: path.to_owned(), source })
}
