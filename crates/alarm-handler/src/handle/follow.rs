//! What follows when there is an incident: its execution is started, looked at or followed by the next attempt, or
//! people take over.

use super::{Done, Ports, Trouble, act::FIRST};
use crate::decide::{Act, Ruling, afterwards};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{Closing, Entry, Event, Head, Incident, Record, Run, StepError, log::Log};

/// Starts the execution of an incident that was just opened. A failure leaves it claimed: the repeated event
/// or the sweep starts it.
pub(super) async fn begin(now: Timestamp, record: Record, ports: &Ports<'_>, done: &mut Done) {
    let run = Incident::replay(vec![record]).and_then(|incident| run_of(&incident, FIRST));
    let Some(run) = run else {
        return;
    };
    start_or_leave(now, run, ports, done).await;
}

/// What follows when there is an incident already.
pub(super) async fn up(
    now: Timestamp,
    ruling: Ruling,
    head: Option<Head>,
    ports: &Ports<'_>,
) -> Result<Done, Trouble> {
    let mut done = Done::only(ruling.verdict.clone());
    let Some(head) = head else {
        return Ok(done);
    };
    done.incident = Some((head.incident.clone(), head.fence));
    let loaded = Log::load(ports.incidents, &head.database, &head.incident, head.fence).await;
    let Some(mut log) = still_ours(loaded)? else {
        return Ok(done);
    };
    let Some(run) = run_of(&log.incident, head.fence) else {
        return Ok(done);
    };
    let next = match ruling.act {
        Act::Start => Some(run),
        Act::Look => {
            let found = ports.executions.find(&run).await.map_err(|e| Trouble::Step(e.into()))?;
            match found {
                Some(execution) if runs(&execution.status) => {
                    done.execution = Some(execution.arn);
                    None
                }
                other => {
                    let status = other.map_or_else(|| "gone".to_owned(), |e| e.status);
                    after_death(now, &mut log, afterwards(&head, &status), &mut done).await?
                }
            }
        }
        Act::Resume | Act::Escalate => after_death(now, &mut log, ruling, &mut done).await?,
        Act::Nothing | Act::Answer | Act::Note { .. } | Act::Open(_) => None,
    };
    if let Some(run) = next {
        start_or_leave(now, run, ports, &mut done).await;
    }
    Ok(done)
}

/// Starts a run. If that fails, the incident stays claimed.
async fn start_or_leave(now: Timestamp, run: Run, ports: &Ports<'_>, done: &mut Done) {
    let incident = run.incident.clone();
    if let Err(error) = start(now, run, ports, done).await {
        tracing::error!(error = error.name(), incident = incident.as_str(), "not started: {error}");
        done.not_started = Some(error);
    }
}

/// Starts the run and writes that down. What is under that name already and has ended is a death, which the next
/// attempt follows; so this ends after the last attempt at the latest.
async fn start(now: Timestamp, run: Run, ports: &Ports<'_>, done: &mut Done) -> Result<(), StepError> {
    let mut next = Some(run);
    while let Some(run) = next.take() {
        let execution = ports.executions.start(&run).await?;
        done.execution = Some(execution.arn.clone());
        let (incident, fence) = (run.incident.as_str(), run.fence);
        let loaded = Log::load(ports.incidents, run.database(), &run.incident, fence).await;
        let mut log = match loaded {
            Ok(log) => log,
            // It runs; that it does is written by the next sweep.
            Err(error) => {
                tracing::warn!(error = error.name(), incident, "started, not written: {error}");
                return Ok(());
            }
        };
        if !runs(&execution.status) {
            let ruling = afterwards(&log.head, &execution.status);
            next = after_death(now, &mut log, ruling, done).await?;
            continue;
        }
        let event = Event::Started { execution: execution.arn };
        let written = log.append_when(now, event, &[], |i| !has_started(i, fence)).await;
        if let Err(error) = written {
            tracing::warn!(error = error.name(), incident, "started, not written: {error}");
        }
    }
    Ok(())
}

/// Takes the incident over for the next attempt, whose run is returned, or hands it over to people. An incident
/// that was closed or taken over in the meantime needs nothing more.
async fn after_death(
    now: Timestamp,
    log: &mut Log<'_>,
    ruling: Ruling,
    done: &mut Done,
) -> Result<Option<Run>, StepError> {
    done.verdict = ruling.verdict;
    let reason = done.verdict.reason.clone();
    if let (Act::Resume, Some(entry)) = (ruling.act, log.incident.goes_on_at()) {
        let resumed = still_ours(log.resume(now, entry, reason).await)?;
        done.incident = Some((log.head.incident.clone(), log.head.fence));
        return Ok(resumed.and_then(|()| run_of(&log.incident, log.head.fence)));
    }
    let event = Event::Closed { closing: Closing::Escalated, step: None, verdict: done.verdict.clone() };
    still_ours(log.append(now, event, &[NoticeKind::Escalation]).await)?;
    Ok(None)
}

fn still_ours<T>(result: Result<T, StepError>) -> Result<Option<T>, StepError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StepError::Fenced { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an execution works still, as Step Functions calls its status.
fn runs(status: &str) -> bool {
    matches!(status, "RUNNING" | "PENDING_REDRIVE")
}

fn has_started(incident: &Incident, fence: u64) -> bool {
    let started = |r: &Record| (r.fence == fence && matches!(r.event, Event::Started { .. })).then_some(());
    incident.latest(started).is_some()
}

/// The input of the attempt `fence` of an incident.
fn run_of(incident: &Incident, fence: u64) -> Option<Run> {
    let entry: Entry = incident.latest(|r| {
        if let Event::Opened { entry, .. } | Event::Resumed { entry, .. } = &r.event {
            Some(*entry)
        } else {
            None
        }
    })?;
    Some(Run {
        entry,
        incident: incident.id.clone(),
        fence,
        drill: incident.drill(),
        opened_at: incident.opened_at()?,
        plan: incident.plan()?.clone(),
    })
}
