//! One ruling, carried out under the database's lock.

use super::{Context, Done, Ports, Trouble, again, follow, in_time, look, repeat};
use crate::{
    State,
    decide::{Act, Opening, Ruling, decide},
};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{CallError, Event, Failure, Head, Record, Verdict, ports::Committed, signal::Signal};

/// How often a decision is taken anew because somebody else wrote in between.
const TRIES: usize = 5;
/// The first attempt of an incident.
pub(super) const FIRST: u64 = 1;

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
            Act::Start | Act::Look | Act::Resume | Act::Escalate => {
                return follow::up(now, ruling, head, ports).await;
            }
            Act::Note { alarm_at, ref owes } => {
                head.as_ref().map(|h| noted(now, h, &ruling.verdict, alarm_at, owes))
            }
            Act::Open(ref opening) => opened(now, name, opening, head.as_ref(), &ruling.verdict, context),
        };
        let Some(record) = record else {
            // Not reachable: a note has a head, an opening a database of the plan.
            return Ok(Done::only(ruling.verdict));
        };
        let after = Head::after(head.as_ref(), &record);
        let commit = ports.incidents.commit(head.as_ref(), &record, &after);
        let committed = match in_time(context, "TransactWriteItems", commit).await {
            // The number is taken: an incident of this name was opened, and closed, before the newest one.
            Err(Trouble::Store(error)) if error.failure == Failure::WrongState => {
                return Ok(Done::only(repeat(ruling.verdict, &record.incident).verdict));
            }
            other => other?,
        };
        match committed {
            Committed::Yes => {
                let started = matches!(ruling.act, Act::Open(_)) && after.open();
                let mut done = Done::only(ruling.verdict);
                done.incident = Some((after.incident.clone(), after.fence));
                if started {
                    follow::begin(now, record, ports, &mut done).await;
                }
                return Ok(done);
            }
            Committed::Conflict(_) => {
                let fresh = look(signal, &[name.to_owned()], ports, context).await?;
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
    pub(super) fn only(verdict: Verdict) -> Self {
        Self { verdict, incident: None, execution: None, not_started: None }
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
        event: Event::Noted { verdict: verdict.clone(), alarm_at },
        owes: owes.to_vec(),
    }
}
