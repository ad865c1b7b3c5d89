//! One outage on the stage: strike, watch, wait for the end, collect what was seen.

use crate::{
    error::DrillError,
    estate_client::{self, Present},
    evidence::{DeadLetter, Evidence, Felt, Letter, Move},
    inbox,
    scenario::{Moment, PersonAsks, Scenario},
    stage::{ALARM, DATABASE, RealRun, Stage},
    view::View,
};
use jiff::Timestamp;
use real_estate::fault::Struck;
use recovery::Incident;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the stage is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long is written before the fault: ten seconds give the normal rate, the first ones warm the pools.
const NORMAL_RATE: Duration = Duration::from_secs(13);
/// How long is written on after the end: a recovery is a normal rate that holds for ten seconds.
const SUSTAINED: Duration = Duration::from_secs(11);
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
    if let Some(real) = &real {
        view.say("writing through the services, to know their normal rate");
        tokio::time::sleep(NORMAL_RATE.saturating_sub(real.probed_since.elapsed())).await;
    }
    let before = stage.estate.present(DATABASE).await?;
    let poison = format!("poison-{}", Timestamp::now().as_nanosecond());
    send_poison(stage, &poison).await?;

    let fault_at = Timestamp::now();
    view.say(&format!("the fault: {}", scenario.title));
    for fault in &scenario.faults {
        stage.estate.fault(fault).await?;
    }
    let struck = match (&real, &scenario.real) {
        (Some(real), Some(outage)) => Some(real.client.strike(&outage.faults).await?),
        _ => None,
    };
    let mut watch = Watch { stage, view, fault_at, present: before.clone(), moves: Vec::new() };
    let gave_up = watch.until_closed(scenario).await?;
    let moves = watch.moves;
    view.end();
    let felt = match (real, struck) {
        (Some(real), Some(struck)) => {
            view.say("writing on, to see whether the normal rate holds");
            tokio::time::sleep(SUSTAINED).await;
            Some(felt(real, struck, scenario).await?)
        }
        _ => None,
    };

    let (letters, dead_letters) = gather(stage, scenario, &poison).await?;
    let after = stage.estate.present(DATABASE).await?;
    let incidents = stage.incidents().await?;
    Ok(Evidence {
        fault_at,
        requests: stage.estate.requests(fault_at).await?,
        moves,
        writer_before: before.writer.clone(),
        writer_after: after.writer.clone(),
        services: estate_client::side_by_side(&before, &after),
        inbox: letters,
        dead_letters,
        poison,
        executions: executions(stage, &incidents).await?,
        incidents,
        felt,
        gave_up,
    })
}

/// Ends the probe, and collects what it saw and what the servers hold.
async fn felt(real: RealRun, struck: Struck, scenario: &Scenario) -> Result<Felt, DrillError> {
    real.client.end_probe().await?;
    let file = |source| DrillError::File { path: real.attempts.clone(), source };
    let text = std::fs::read_to_string(&real.attempts).map_err(file)?;
    let attempts = felt::read_lines(&text).map_err(|e| DrillError::Real(e.to_string()))?;
    let rows = real.client.rows().await?;
    let synchronous = scenario.real.as_ref().is_some_and(|outage| outage.synchronous);
    Ok(Felt { attempts, rows, made: real.made, struck, synchronous })
}

struct Watch<'a> {
    stage: &'a Stage,
    view: &'a mut View,
    fault_at: Timestamp,
    present: Present,
    moves: Vec<Move>,
}

impl Watch<'_> {
    /// Watches until the incident is closed and its execution has ended; a reason when that takes too long.
    async fn until_closed(&mut self, scenario: &Scenario) -> Result<Option<String>, DrillError> {
        let within = Duration::from_secs(scenario.within.as_secs() * self.stage.pace.patience());
        let since = Instant::now();
        let mut people: Vec<&PersonAsks> = scenario.people.iter().collect();
        loop {
            self.see(self.stage.estate.present(DATABASE).await?);
            let incidents = self.stage.incidents().await?;
            self.view.follow(incidents.last(), self.fault_at);
            if !people.is_empty() && self.alarm_speaks().await? {
                ask_together(self.stage, &std::mem::take(&mut people)).await?;
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

    fn see(&mut self, present: Present) {
        let pairs = [
            ("the writer", &self.present.writer, &present.writer),
            ("the endpoint", &self.present.endpoint_target, &present.endpoint_target),
        ];
        for (what, before, now) in pairs {
            if before != now {
                self.moves.push(Move { at: Timestamp::now(), what, to: now.clone() });
            }
        }
        self.present = present;
    }

    async fn alarm_speaks(&self) -> Result<bool, DrillError> {
        let alarm = self.stage.api.alarm(ALARM).await?;
        Ok(alarm.get("StateValue").and_then(Value::as_str) == Some("ALARM"))
    }
}

/// Several people in the same moment.
async fn ask_together(stage: &Stage, people: &[&PersonAsks]) -> Result<(), DrillError> {
    let mut asked = tokio::task::JoinSet::new();
    for person in people {
        let Moment::Alarm = person.when;
        let (api, function) = (stage.api.clone(), stage.stack.id("AlarmHandler").to_owned());
        let request = person.request.clone();
        asked.spawn(async move { api.invoke(&function, &request).await });
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
