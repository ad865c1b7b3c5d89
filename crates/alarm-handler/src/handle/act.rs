//! One ruling, carried out under the database's lock.

use super::{Context, Done, Ports, Trouble, again, in_time, look, repeat};
use crate::{
    State,
    decide::{Act, Opening, Ruling, decide},
};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    CallError, Closing, Decision, Entry, Event, Failure, Guard, Head, Incident, IncidentId, Record, Run,
    StepError, Verdict, log::Log, ports::Committed, signal::Signal,
};

/// How often a decision is taken anew because somebody else wrote in between.
const TRIES: usize = 5;
/// The first attempt of an incident.
const FIRST: u64 = 1;

/// Does what a ruling asks for. Whoever else writes in between wins: the decision is then taken anew.
pub(super) async fn settle(
    now: Timestamp,
    signal: &Signal,
    ruling: Ruling,
    state: &State,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<Done, Trouble> {
    let database = ruling.verdict.database.clone();
    let Some(name) = database.as_deref() else {
        return Ok(Done::only(ruling.verdict));
    };
    let mut ruling = ruling;
    let mut head = state.head(name).cloned();
    for _ in 0..TRIES {
        let record = match ruling.act {
            Act::Nothing | Act::Answer => {
                let mut done = Done::only(ruling.verdict);
                done.incident = head.filter(Head::open).map(|h| (h.incident, h.fence));
                return Ok(done);
            }
            Act::Start | Act::Look | Act::Escalate => {
                return follow(now, ruling, head, ports).await;
            }
            Act::Note { alarm_at, ref owes } => head
                .as_ref()
                .map(|h| noted(now, h, &ruling.verdict, alarm_at, owes)),
            Act::Open(ref opening) => opened(now, name, opening, head.as_ref(), &ruling.verdict, context),
        };
        let Some(record) = record else {
            // Not reachable: a note has a head, an opening a database of the plan.
            return Ok(Done::only(ruling.verdict));
        };
        let after = Head::after(head.as_ref(), &record);
        let commit = ports.incidents.commit(head.as_ref(), &record, &after);
        match in_time("TransactWriteItems", commit).await? {
            Committed::Yes => {
                let started = matches!(ruling.act, Act::Open(_)) && after.open();
                let mut done = Done::only(ruling.verdict);
                done.incident = Some((after.incident.clone(), after.fence));
                if started {
                    begin(now, record, ports, &mut done).await;
                }
                return Ok(done);
            }
            Committed::Conflict(_) => {
                let fresh = look(&[name.to_owned()], ports, context).await?;
                let same = fresh.head(name) == head.as_ref();
                ruling = if same {
                    repeat(ruling.verdict, &record.incident)
                } else {
                    let anew = again(decide(now, signal, &context.plan, &fresh), Some(name));
                    anew.unwrap_or_else(|| repeat(ruling.verdict, &record.incident))
                };
                head = fresh.head(name).cloned();
            }
        }
    }
    let message = "the incident is written to by many at once";
    let error = CallError::new("DynamoDB", "TransactWriteItems", Failure::Throttled, message);
    Err(Trouble::Step(error.into()))
}

impl Done {
    fn only(verdict: Verdict) -> Self {
        Self {
            verdict,
            incident: None,
            execution: None,
            not_started: None,
        }
    }
}

fn opened(
    now: Timestamp,
    database: &str,
    opening: &Opening,
    head: Option<&Head>,
    verdict: &Verdict,
    context: &Context,
) -> Option<Record> {
    let slice = context.plan.slice(database)?;
    Some(Record {
        incident: opening.incident.clone(),
        database: database.to_owned(),
        sequence: 1,
        fence: FIRST,
        at: now,
        event: Event::Opened {
            trigger: opening.trigger.clone(),
            verdict: verdict.clone(),
            entry: opening.entry,
            plan: Box::new(slice),
            drill: context.drill,
            writer: head.and_then(|h| h.writer.clone()),
            closing: opening.closing,
        },
        owes: opening.owes.clone(),
    })
}

fn noted(
    now: Timestamp,
    head: &Head,
    verdict: &Verdict,
    alarm_at: Option<Timestamp>,
    owes: &[NoticeKind],
) -> Record {
    Record {
        incident: head.incident.clone(),
        database: head.database.clone(),
        sequence: head.sequence + 1,
        fence: head.fence,
        at: now,
        event: Event::Noted {
            verdict: verdict.clone(),
            alarm_at,
        },
        owes: owes.to_vec(),
    }
}

/// Starts the execution of an incident that was just opened. A failure leaves it claimed: the repeated event
/// or the sweep starts it.
async fn begin(now: Timestamp, record: Record, ports: &Ports<'_>, done: &mut Done) {
    let (id, database) = (record.incident.clone(), record.database.clone());
    let run = Incident::replay(vec![record]).and_then(|incident| run_of(&incident, FIRST));
    let Some(run) = run else {
        return;
    };
    match start(now, &run, &id, &database, ports).await {
        Ok(arn) => done.execution = Some(arn),
        Err(error) => {
            tracing::error!(
                error = error.name(),
                incident = id.as_str(),
                "not started: {error}"
            );
            done.not_started = Some(error);
        }
    }
}

/// What follows when there is an incident already.
async fn follow(
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
            let found = ports
                .executions
                .find(&run)
                .await
                .map_err(|e| Trouble::Step(e.into()))?;
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
        log.append(now, closed(&verdict), &[NoticeKind::Escalation])
            .await?;
        return Ok(execution.arn);
    }
    let event = Event::Started {
        execution: execution.arn.clone(),
    };
    let fence = run.fence;
    let written = log.append_when(now, event, &[], |i| !has_started(i, fence)).await;
    if let Err(error) = written {
        tracing::warn!(
            error = error.name(),
            incident = incident.as_str(),
            "started, not written: {error}"
        );
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
    Event::Closed {
        closing: Closing::Escalated,
        step: None,
        verdict: verdict.clone(),
    }
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
