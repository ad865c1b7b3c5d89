//! `.github/workflows/failover.yml`: the step itself is taken from the file and run by bash with the AWS CLI.

use crate::{
    programs::{self, Ended},
    scene::{as_new, failovers, incidents, requests, scratch},
};
use drill::{artifacts, stage::Stage};
use jiff::Timestamp;
use recovery::{Closing, Event, incident::Trigger};
use serde_norway::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::task::JoinHandle;
use venv::Environment;

/// The script's variable for how long to follow.
const FOLLOW: &str = "FOLLOW_SECONDS";

/// A run of the workflow's step.
pub(crate) struct Running {
    process: JoinHandle<Ended>,
    summary: PathBuf,
}

/// A run that has ended.
pub(crate) struct Run {
    /// How the step ended.
    pub(crate) ended: Ended,
    /// What it wrote into the run's summary.
    pub(crate) summary: String,
}

impl Running {
    pub(crate) async fn ended(self) -> Run {
        let ended = self.process.await.expect("it ends");
        let summary = fs::read_to_string(&self.summary).unwrap_or_default();
        Run { ended, summary }
    }
}

/// Starts the step with these inputs.
pub(crate) async fn start(stage: &Stage, database: &str, dry_run: bool, reason: &str) -> Running {
    with(stage, |given| {
        given.insert("inputs.database", database.to_owned());
        given.insert("inputs.dry_run", dry_run.to_string());
        given.insert("inputs.reason", reason.to_owned());
    })
    .await
}

pub(crate) async fn what_is_missing_or_wrong_ends_without_a_request(stage: &Stage) {
    as_new(stage).await;
    let unset = with(stage, |given| {
        given.insert("vars.MAINSTAY_FUNCTION", String::new());
    });
    let unset = unset.await.ended().await.ended.with(2);
    assert!(unset.err.contains("MAINSTAY_FUNCTION is not set"), "{}", unset.err);
    let unknown = start(stage, "invoices", false, "x").await.ended().await;
    unknown.ended.with(1).says("No recovery was started");
    let blank = start(stage, "orders", false, " \n").await.ended().await;
    blank.ended.with(1).says("Mainstay could not do it: cannot read the event: `$.reason` is empty");
    let nobody = with(stage, |given| {
        given.insert("vars.MAINSTAY_FUNCTION", "no-such-function".to_owned());
    });
    nobody.await.ended().await.ended.with(1).says("The request was not answered");
    assert!(incidents(stage).await.is_empty());
}

pub(crate) async fn a_dry_run_says_what_would_be_done(stage: &Stage) {
    as_new(stage).await;
    let since = Timestamp::now();
    let run = start(stage, "orders", true, "does it work?").await.ended().await;
    run.ended.with(0).says("Dry run: Mainstay would go ahead");
    assert!(run.summary.contains("### Dry run of orders"), "{}", run.summary);
    start(stage, "invoices", true, "x").await.ended().await.ended.with(1).says("would not go ahead");
    assert!(incidents(stage).await.is_empty());
    assert_eq!(requests(stage, since).await, [], "a request at RDS or ECS");
}

pub(crate) async fn a_recovery_is_followed_and_summarised(stage: &Stage) {
    as_new(stage).await;
    let since = Timestamp::now();
    // What would be commands, markup and workflow commands if anything read it as such.
    let reason = "\"down\" `id` $(exit 9) ${HOME}\n::error::hello\n| <b>é</b>";
    let impatient = with(stage, |given| {
        given.insert("inputs.dry_run", "false".to_owned());
        given.insert("inputs.reason", reason.to_owned());
        given.insert(FOLLOW, "0".to_owned());
    });
    impatient.await.ended().await.ended.with(1).says("it is only not followed any more");
    // Asked again, the same incident is followed to its end.
    let run = start(stage, "orders", false, reason).await.ended().await;
    let all = incidents(stage).await;
    let [incident] = &all[..] else { panic!("{all:?}") };
    run.ended.with(0).says(&format!("Incident {} is closed: the database and its services", incident.id));
    assert_eq!(incident.closed().map(|(closing, _)| closing), Some(Closing::Recovered));
    assert_eq!(failovers(stage, since).await, 1);
    let Event::Opened { trigger: Trigger::Person { by, reason: told, .. }, .. } = &incident.records[0].event
    else {
        panic!("{:?}", incident.records[0])
    };
    assert_eq!(by, "octo-dana");
    assert!(told.starts_with("\"down\" `id` $(exit 9) ${HOME}"), "{told}");
    assert!(!run.summary.contains("<b>") && !run.summary.contains("`id`"), "{}", run.summary);
    let rows = run.summary.lines().filter(|l| l.starts_with("| ")).count();
    assert_eq!(rows, incident.records.len() + 2, "one row for each event:\n{}", run.summary);
}

/// Starts the step as a runner does: expressions replaced by what is given, the environment, the shell. Region and
/// credentials are there as `configure-aws-credentials` leaves them.
async fn with(stage: &Stage, change: impl FnOnce(&mut BTreeMap<&str, String>)) -> Running {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut given: BTreeMap<&str, String> = [
        ("vars.MAINSTAY_FUNCTION", stage.stack.id("AlarmHandler")),
        ("inputs.database", "orders"),
        ("inputs.dry_run", "true"),
        ("inputs.reason", "x"),
        ("github.actor", "octo-dana"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    change(&mut given);
    let follow = given.remove(FOLLOW);
    let root = artifacts::repository();
    let step = step(&root);
    let environment = step["env"].as_mapping().expect("the step's environment");
    let variables: BTreeMap<&str, String> = environment
        .iter()
        .map(|(name, value)| (name.as_str().unwrap(), filled_in(value.as_str().unwrap(), &given)))
        .collect();

    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let script = scratch(&format!("{number}.sh"));
    let summary = scratch(&format!("{number}.md"));
    fs::write(&script, step["run"].as_str().expect("the step's command")).unwrap();
    fs::write(&summary, "").unwrap();
    let aws = stage.variables().into_iter().filter(|(name, _)| name.starts_with("AWS_"));
    let mut path = cli().await.into_os_string();
    path.push(":/usr/local/bin:/usr/bin:/bin");
    // GitHub: `bash -e {0}` where a step names no shell.
    let mut command = Command::new("bash");
    command
        .arg("-e")
        .arg(&script)
        .current_dir(&root)
        .env_clear()
        .envs(aws)
        .env("AWS_DEFAULT_REGION", stage.variables().remove("AWS_REGION").expect("a region"))
        .envs([("LANG", "C.UTF-8"), ("POLL_SECONDS", "1")])
        .envs(follow.map(|seconds| (FOLLOW, seconds)))
        .env("PATH", path)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .envs(variables);
    let process = programs::start(command);
    Running { process, summary }
}

/// The folder of the AWS CLI.
async fn cli() -> PathBuf {
    let made = tokio::task::spawn_blocking(|| {
        Environment::ensure("aws-cli", include_str!("requirements.txt"), &artifacts::repository())
    });
    let environment = made.await.unwrap().unwrap_or_else(|e| panic!("{e}"));
    environment.dir().join("bin")
}

/// The one step of the workflow that runs a command.
fn step(root: &Path) -> Value {
    let text = fs::read_to_string(root.join(".github/workflows/failover.yml")).unwrap();
    let workflow: Value = serde_norway::from_str(&text).unwrap();
    let steps = workflow["jobs"]["failover"]["steps"].as_sequence().expect("steps");
    let mut commands = steps.iter().filter(|s| s.get("run").is_some());
    let step = commands.next().expect("a step that runs a command").clone();
    assert!(commands.next().is_none(), "another step runs a command, and is not tested");
    step
}

/// `${{ name }}` with what is given.
fn filled_in(value: &str, given: &BTreeMap<&str, String>) -> String {
    let name = value.strip_prefix("${{ ").and_then(|v| v.strip_suffix(" }}"));
    let name = name.unwrap_or_else(|| panic!("`{value}` is not one expression"));
    given.get(name).cloned().unwrap_or_else(|| panic!("nothing is given for `{name}`"))
}
