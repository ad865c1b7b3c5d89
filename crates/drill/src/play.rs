//! One outage on the stage: strike, watch, wait for the end, collect what was seen.

use crate::{
    clients,
    error::DrillError,
    estate_client,
    evidence::{DeadLetter, Evidence, Felt, Letter, PlannedFault},
    experiment, footprint, inbox,
    listener::AlarmEvent,
    probe_file::ProbeFile,
    scenario::{Moment, PersonAsks, Scenario},
    stage::{DATABASE, RealRun, Stage},
    view::View,
};
use jiff::Timestamp;
use real_estate::fault::{Fate, Struck};
use recovery::Incident;
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How often the stage is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long is written before the fault: ten seconds give the normal rate, the first ones warm the pools.
const NORMAL_RATE: Duration = Duration::from_secs(15);
/// How long after the incident's end the normal rate may take to be back, and to hold for the ten seconds that make it
/// a recovery. A twin that nobody recycles has the experiment's time.
const BACK_WITHIN: Duration = Duration::from_secs(40);
/// How long is still written after that.
const SETTLE: Duration = Duration::from_secs(3);
/// How long notices and dead letters may take after the incident has closed.
const AFTERWARDS: Duration = Duration::from_secs(20);

/// Plays a scenario on a stage that was prepared for it.
///
/// # Errors
/// When something does not answer. What does not come about is a failed check, not an error.
pub async fn play(
    stage: &Stage,
    scenario: &Scenario,
    real: Option<RealRun>,
    view: &mut View,
) -> Result<Evidence, DrillError> {
    let footprint = footprint::Watching::start(folders(stage, real.as_ref()));
    if let Some(real) = &real {
        view.say("writing through the services, to know their normal rate");
        tokio::time::sleep(NORMAL_RATE.saturating_sub(real.probed_since.elapsed())).await;
    }
    let before = stage.estate.present(DATABASE).await?;
    let poison = format!("poison-{}", Timestamp::now().as_nanosecond());
    send_poison(stage, &poison).await?;

    let asked_at = Timestamp::now();
    view.say(&format!("the fault: {}", scenario.title));
    for fault in &scenario.faults {
        stage.estate.fault(fault).await?;
    }
    let struck = match (&real, &scenario.real) {
        (Some(real), Some(outage)) => Some(real.client.strike(&outage.faults).await?),
        _ => None,
    };
    let mut watch = Watch { stage, view, asked_at, alarm: Vec::new() };
    let gave_up = watch.until_closed(scenario).await?;
    let mut alarm_events = watch.alarm;
    view.end();
    let mut faults = Vec::new();
    let felt = match (real, struck) {
        (Some(real), Some(struck)) => {
            view.say("writing on, to see whether the normal rate holds");
            until_back(stage, &real, scenario, (asked_at, &before.writer)).await?;
            faults.extend(real.client.blows().await?.into_iter().map(PlannedFault::from));
            Some(felt(real, struck, scenario).await?)
        }
        _ => None,
    };

    let (letters, dead_letters) = gather(stage, scenario, &poison).await?;
    alarm_events.extend(stage.listener.drain(&stage.api).await?);
    let after = stage.estate.present(DATABASE).await?;
    let incidents = stage.incidents().await?;
    faults.extend(stage.estate.planned_faults().await?);
    Ok(Evidence {
        fault_at: scenario.struck_at(&faults).unwrap_or(asked_at),
        faults,
        alarm_events,
        requests: stage.estate.requests(asked_at).await?,
        moves: after.moves.iter().filter(|m| m.at >= asked_at).cloned().collect(),
        writer_before: before.writer.clone(),
        writer_after: after.writer.clone(),
        services: estate_client::side_by_side(&before, &after),
        inbox: letters,
        dead_letters,
        poison,
        executions: executions(stage, &incidents).await?,
        incidents,
        felt,
        footprint: footprint.end().await,
        gave_up,
    })
}

/// What the drill writes to.
fn folders(stage: &Stage, real: Option<&RealRun>) -> Vec<(&'static str, PathBuf)> {
    let run = ("run", stage.run_folder.path().to_owned());
    let data = real.map(|real| ("servers", real.made.data.clone()));
    [run].into_iter().chain(data).collect()
}

/// Waits until every service has its normal rate for long enough, or the time for it is over.
async fn until_back(
    stage: &Stage,
    real: &RealRun,
    scenario: &Scenario,
    (fault_at, writer_before): (Timestamp, &str),
) -> Result<(), DrillError> {
    let present = stage.estate.present(DATABASE).await?;
    let promoted = present.moves.iter().rev().find(|m| m.what == "the writer");
    let promotion = promoted.and_then(|m| real.made.promotion(m.at, writer_before, &m.to));
    let twins = scenario.real.as_ref().is_some_and(|outage| outage.twins);
    let since = Instant::now();
    let mut record = ProbeFile::open(&real.attempts)?;
    loop {
        record.read_on()?;
        let by_service = felt::by_service(&record.attempts);
        let back = by_service.iter().all(|(service, of)| {
            let rule = clients::rule(service, promotion.as_ref());
            felt::rto(of.iter().copied(), fault_at, &rule).seconds().is_some()
        });
        let in_all = Timestamp::now().duration_since(fault_at).unsigned_abs();
        let over = if twins { in_all > experiment::CAP } else { since.elapsed() > BACK_WITHIN };
        if over || (back && !by_service.is_empty() && due(real).await?.is_empty()) {
            // Requests under way have their answers by then; without, they would count as failed.
            tokio::time::sleep(SETTLE).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The blows that have not struck yet.
async fn due(real: &RealRun) -> Result<Vec<Fate>, DrillError> {
    let all = real.client.blows().await?;
    Ok(all.into_iter().filter(|fate| fate.struck_at.is_none()).collect())
}

/// Ends the probe, and collects what it saw and what the servers hold.
async fn felt(real: RealRun, struck: Struck, scenario: &Scenario) -> Result<Felt, DrillError> {
    real.client.end_probe().await?;
    let mut record = ProbeFile::open(&real.attempts)?;
    record.read_on()?;
    let rows = real.client.rows().await?;
    let endpoints = real.client.endpoints().await?;
    let synchronous = scenario.real.as_ref().is_some_and(|outage| outage.synchronous);
    let failures = real.client.failures().await?;
    let asked = real.client.questions().await?;
    Ok(Felt {
        attempts: record.attempts,
        rows,
        endpoints,
        made: real.made,
        struck,
        synchronous,
        failures,
        asked,
    })
}

struct Watch<'a> {
    stage: &'a Stage,
    view: &'a mut View,
    asked_at: Timestamp,
    alarm: Vec<AlarmEvent>,
}

impl Watch<'_> {
    /// Watches until the incident is closed and its execution has ended; a reason when that takes too long.
    async fn until_closed(&mut self, scenario: &Scenario) -> Result<Option<String>, DrillError> {
        let within = Duration::from_secs(scenario.within.as_secs() * self.stage.pace.patience());
        let since = Instant::now();
        let mut people: Vec<&PersonAsks> = scenario.people.iter().collect();
        let mut repeat = scenario.repeat_alarm;
        loop {
            let incidents = self.stage.incidents().await?;
            self.view.follow(incidents.last(), self.asked_at);
            if (repeat || !people.is_empty())
                && let Some(event) = self.alarm_spoke().await?
            {
                let again = std::mem::take(&mut repeat).then_some(event);
                ask_together(self.stage, &std::mem::take(&mut people), again).await?;
            }
            if incidents.last().is_some_and(|i| i.closed().is_some()) {
                let running = executions(self.stage, &incidents).await?;
                if running.iter().all(|(_, status)| status != "RUNNING") {
                    return Ok(None);
                }
            }
            if since.elapsed() > within {
                let state = incidents.last().map_or("no incident was opened".to_owned(), |i| {
                    format!("the incident {} is still open", i.id)
                });
                return Ok(Some(format!("{state} after {} s", within.as_secs())));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The event by which the alarm said that it went to ALARM, once it has.
    async fn alarm_spoke(&mut self) -> Result<Option<AlarmEvent>, DrillError> {
        self.alarm.extend(self.stage.listener.drain(&self.stage.api).await?);
        Ok(self.alarm.iter().find(|event| event.state() == "ALARM").cloned())
    }
}

/// Several people in the same moment, and the alarm's event once more.
async fn ask_together(
    stage: &Stage,
    people: &[&PersonAsks],
    again: Option<AlarmEvent>,
) -> Result<(), DrillError> {
    let mut asked = tokio::task::JoinSet::new();
    if let Some(event) = again {
        let (api, listener) = (stage.api.clone(), stage.listener.clone());
        asked.spawn(async move { listener.repeat(&api, &event).await });
    }
    for person in people {
        let Moment::Alarm = person.when;
        let (api, function) = (stage.api.clone(), stage.stack.id("AlarmHandler").to_owned());
        let request = person.request.clone();
        asked.spawn(async move { api.invoke(&function, &request).await.map(drop).map_err(DrillError::from) });
    }
    while let Some(answer) = asked.join_next().await {
        answer.map_err(|e| DrillError::NotReady(e.to_string()))??;
    }
    Ok(())
}

/// An event that the production rule lets through and no parser can read.
async fn send_poison(stage: &Stage, mark: &str) -> Result<(), DrillError> {
    let detail = json!({ "alarmName": ["not", "a", "name"], "state": mark });
    stage
        .api
        .put_aws_event("aws.cloudwatch", "CloudWatch Alarm State Change", &[], &detail, None)
        .await
        .map_err(DrillError::from)
}

/// Waits for what the expectation says must arrive, and takes whatever else has come by then.
async fn gather(
    stage: &Stage,
    scenario: &Scenario,
    poison: &str,
) -> Result<(Vec<Letter>, Vec<DeadLetter>), DrillError> {
    let expected = scenario.expect.stakeholders.len() + scenario.expect.on_call.len();
    let since = Instant::now();
    let (mut letters, mut dead) = (Vec::new(), Vec::new());
    loop {
        for inbox in &stage.inboxes {
            letters.extend(inbox.drain(&stage.api).await?);
        }
        dead.extend(inbox::dead_letters(&stage.api, &stage.dead_letter_queues).await?);
        let all_here = letters.len() >= expected && dead.iter().any(|d: &DeadLetter| d.body.contains(poison));
        if all_here || since.elapsed() > AFTERWARDS {
            return Ok((letters, dead));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The executions of these incidents.
async fn executions(stage: &Stage, incidents: &[Incident]) -> Result<Vec<(String, String)>, DrillError> {
    let all = stage.api.executions(stage.stack.output("StateMachineArn")).await?;
    Ok(all
        .into_iter()
        .filter(|e| incidents.iter().any(|i| e.name.starts_with(i.id.as_str())))
        .map(|e| (e.name, e.status))
        .collect())
}
