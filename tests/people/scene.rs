//! What the tests do to the stage, and what they wait for.

use drill::{
    evidence::{Letter, Request},
    scenario,
    scenario::Scenario,
    stage::{DATABASE, Stage},
};
use jiff::Timestamp;
use recovery::{Closing, Event, Guard, Incident};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long anything may take on the quick pace.
const WITHIN: Duration = Duration::from_mins(2);

/// Where a file of this run goes: two runs at once do not share it.
pub(crate) fn scratch(file: &str) -> PathBuf {
    let folder = scratch_folder();
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder.join(file)
}

/// The folder of this run's files.
pub(crate) fn scratch_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("people-{}", std::process::id()))
}

/// The demo estate as new, the plan as checked in, no incident.
pub(crate) async fn as_new(stage: &Stage) {
    prepare(stage, &named("writer-silent")).await;
}

/// As new for a scenario.
pub(crate) async fn prepare(stage: &Stage, scenario: &Scenario) {
    stage.prepare(scenario).await.expect("the stage comes to rest");
}

/// A row of the table of scenarios.
pub(crate) fn named(name: &str) -> Scenario {
    scenario::named(name).expect("a row of the table")
}

/// The writer is cut off.
pub(crate) async fn silence_writer(stage: &Stage) {
    let fault = estate::model::Fault::SilenceWriter { cluster: DATABASE.to_owned(), region: None };
    stage.estate.fault(&fault.into()).await.expect("it is struck");
}

/// Everything is well again, and the alarm has seen it.
pub(crate) async fn heal(stage: &Stage) {
    let fault = estate::model::Fault::Heal { cluster: None, region: None };
    stage.estate.fault(&fault.into()).await.expect("it is healed");
    stage.alarm_becomes("OK", WITHIN).await.expect("the alarm is OK");
}

/// Every incident, oldest first.
pub(crate) async fn incidents(stage: &Stage) -> Vec<Incident> {
    stage.incidents().await.expect("the table answers")
}

/// Waits until the newest incident is as wanted.
pub(crate) async fn until(stage: &Stage, what: &str, wanted: impl Fn(&Incident) -> bool) -> Incident {
    let since = Instant::now();
    loop {
        let newest = incidents(stage).await.pop();
        match newest {
            Some(incident) if wanted(&incident) => return incident,
            other => assert!(
                since.elapsed() < WITHIN,
                "not seen: {what}. The newest incident is {:#?}. The log is {}",
                other.map(|i| i.records.iter().map(recovery::timeline::line).collect::<Vec<_>>()),
                stage.log().display()
            ),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How an incident ended.
pub(crate) fn closing(incident: &Incident) -> Option<Closing> {
    incident.closed().map(|(closing, _)| closing)
}

/// Whether a decision that was written down was by this guard.
pub(crate) fn by(incident: &Incident, wanted: Guard) -> bool {
    let guard = |event: &Event| {
        if let Event::Opened { verdict, .. } | Event::Noted { verdict, .. } = event {
            return Some(verdict.guard);
        }
        None
    };
    incident.records.iter().any(|r| guard(&r.event) == Some(wanted))
}

/// What the estate's RDS was asked to change, from a moment on.
pub(crate) async fn failovers(stage: &Stage, since: Timestamp) -> usize {
    let calls = requests(stage, since).await;
    calls.iter().filter(|r| r.action == "FailoverDBCluster").count()
}

/// Everything that Mainstay asked of RDS and ECS to deal with an incident, from a moment on.
pub(crate) async fn requests(stage: &Stage, since: Timestamp) -> Vec<Request> {
    let mut all = stage.estate.requests(since).await.expect("the estate answers");
    // Its schedule has nothing to do with incidents.
    all.retain(|r| r.caller != "Snapshotter");
    all
}

/// Waits for the letter of this kind to an audience.
pub(crate) async fn letter(stage: &Stage, audience: &str, kind: &str) -> Letter {
    let since = Instant::now();
    let mut others = Vec::new();
    while since.elapsed() < WITHIN {
        for inbox in &stage.inboxes {
            for letter in inbox.drain(&stage.api).await.expect("the inbox answers") {
                if letter.audience == audience && letter.kind == kind {
                    return letter;
                }
                others.push(letter.subject);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("no letter `{kind}` to {audience}, only {others:?}");
}
