//! What follows when there is an incident: its execution is started or looked at, or people take over.

use super::{Done, Ports, Trouble, act::FIRST};
use crate::decide::{Act, Ruling};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    Closing, Decision, Entry, Event, Guard, Head, Incident, IncidentId, Record, Run, StepError, Verdict,
    log::Log,
};

/// Starts the execution of an incident that was just opened. A failure leaves it claimed: the repeated event
/// or the sweep starts it.
pub(super) async fn begin(now: Timestamp, record: Record, ports: &Ports<'_>, done: &mut Done) {
    let (id, database) = (record.incident.clone(), record.database.clone());
    let run = Incident::replay(vec![record]).and_then(|incident| run_of(&incident, FIRST));
    let Some(run) = run else {
        return;
    };
    match start(now, &run, &id, &database, ports).await {
        Ok(arn) => done.execution = Some(arn),
        Err(error) => {
            tracing::error!(error = error.name(), incident = id.as_str(), "not started: {error}");
            done.not_started = Some(error);
        }
    }
}

/// What follows when there is an incident already.
pub(super) async fn up(
    now: Timestamp,
    ruling: Ruling,
    head: Option<Head>,
    ports: &Ports<'_>,
) -> Result<Done, Trouble> {
    let mut done = Done::only(ruling.verdict);
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
    match ruling.act {
        Act::Start => match start(now, &run, &head.incident, &head.database, ports).await {
            Ok(arn) => done.execution = Some(arn),
            Err(error) => done.not_started = Some(error),
        },
        Act::Look => {
            let found = ports.executions.find(&run).await.map_err(|e| Trouble::Step(e.into()))?;
            match found {
                Some(execution) if execution.status == "RUNNING" => done.execution = Some(execution.arn),
                other => {
                    let status = other.map_or_else(|| "gone".to_owned(), |e| e.status);
                    done.verdict = died(&head, &status);
                    escalate(now, &mut log, &done.verdict).await?;
                }
            }
        }
        Act::Escalate => escalate(now, &mut log, &done.verdict).await?,
        Act::Nothing | Act::Answer | Act::Note { .. } | Act::Open(_) => {}
    }
    Ok(done)
}

/// Starts the run and writes that down. What is under that name already and has ended is a death.
async fn start(
    now: Timestamp,
    run: &Run,
    incident: &IncidentId,
    database: &str,
    ports: &Ports<'_>,
) -> Result<String, StepError> {
    let execution = ports.executions.start(run).await?;
    let loaded = Log::load(ports.incidents, database, incident, run.fence).await;
    let mut log = match loaded {
        Ok(log) => log,
        // It runs; that it does is written by the next sweep.
        Err(error) => {
            tracing::warn!(
                error = error.name(),
                incident = incident.as_str(),
                "started, not written: {error}"
            );
            return Ok(execution.arn);
        }
    };
    if execution.status != "RUNNING" {
        let verdict = died(&log.head, &execution.status);
        log.append(now, closed(&verdict), &[NoticeKind::Escalation]).await?;
        return Ok(execution.arn);
    }
    let event = Event::Started { execution: execution.arn.clone() };
    let fence = run.fence;
    let written = log.append_when(now, event, &[], |i| !has_started(i, fence)).await;
    if let Err(error) = written {
        tracing::warn!(error = error.name(), incident = incident.as_str(), "started, not written: {error}");
    }
    Ok(execution.arn)
}

async fn escalate(now: Timestamp, log: &mut Log<'_>, verdict: &Verdict) -> Result<(), Trouble> {
    let appended = log.append(now, closed(verdict), &[NoticeKind::Escalation]).await;
    still_ours(appended).map(|_| ())
}

/// An incident that was closed or taken over in the meantime needs nothing more.
fn still_ours<T>(result: Result<T, StepError>) -> Result<Option<T>, Trouble> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StepError::Fenced { .. }) => Ok(None),
        Err(error) => Err(Trouble::Step(error)),
    }
}

fn closed(verdict: &Verdict) -> Event {
    Event::Closed { closing: Closing::Escalated, step: None, verdict: verdict.clone() }
}

fn died(head: &Head, status: &str) -> Verdict {
    let reason = format!(
        "The recovery of {} is {status} and its incident is open: people must take over.",
        head.database
    );
    Verdict::new(Decision::Refuse, Guard::ExecutionDied, reason)
        .about(&head.database)
        .seeing("incident", head.incident.to_string())
        .unless("If the recovery ran, or the incident were closed, nothing would be done.")
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
