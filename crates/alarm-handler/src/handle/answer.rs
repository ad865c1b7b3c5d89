//! Answers to people: status, ack, pause, resume.

use super::{Context, Ports, Trouble, in_time, json, look, status};
use crate::{
    State,
    decide::Ack,
    reply::{AckReply, Answer, SwitchReply},
};
use jiff::Timestamp;
use recovery::{
    Closing, Event, Guard, Head, Incident, IncidentId,
    log::Log,
    ports::{Scope, Switch},
    signal::Request,
};
use serde_json::Value;

/// The answer to a request that is no failover.
pub(super) async fn to(
    now: Timestamp,
    request: &Request,
    state: &State,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<Value, Trouble> {
    match request {
        Request::Status { database, incident } => {
            json(&status::reply(database.as_deref(), incident.as_deref(), state, ports, context).await?)
        }
        Request::Ack { incident, by, reason } => json(&ack(now, incident, by, reason, state, ports).await?),
        Request::Pause { database, by, reason } => {
            let switch =
                Switch { scope: scope(database.as_deref()), by: by.clone(), reason: reason.clone(), at: now };
            json(&pause(switch, database.as_deref(), ports, context).await?)
        }
        Request::Resume { database, .. } => json(&resume(database.as_deref(), ports, context).await?),
        // Answered where it is acted upon.
        Request::Failover { .. } => Ok(Value::Null),
    }
}

async fn ack(
    now: Timestamp,
    named: &str,
    by: &str,
    reason: &str,
    state: &State,
    ports: &Ports<'_>,
) -> Result<AckReply, Trouble> {
    let incident = IncidentId::named(named);
    let reply = |answer, acknowledged| AckReply { answer, incident: incident.clone(), acknowledged };
    match crate::decide::ack(named, state) {
        Ack::Nothing(why) => Ok(reply(Answer::refused(Guard::UnknownDatabase, why), false)),
        Ack::Done => {
            let said = format!("Incident {incident} had been acknowledged already.");
            Ok(reply(Answer::done(said), true))
        }
        Ack::Awaited(head) => {
            if !acknowledge(now, head, by, reason, ports).await? {
                let why =
                    format!("{} was handed over again meanwhile: look, and acknowledge that.", head.database);
                return Ok(reply(Answer::refused(Guard::EscalationUnacknowledged, why), false));
            }
            let said = format!(
                "{by} acknowledged incident {incident}: automatic action for {} is allowed again.",
                head.database
            );
            Ok(reply(Answer::done(said), true))
        }
    }
}

/// Writes it down; false if another escalation waits by now, which nobody has looked at.
async fn acknowledge(
    now: Timestamp,
    head: &Head,
    by: &str,
    reason: &str,
    ports: &Ports<'_>,
) -> Result<bool, Trouble> {
    let mut log = Log::load(ports.incidents, &head.database, &head.incident, head.fence)
        .await
        .map_err(Trouble::Step)?;
    let event = Event::Acknowledged { by: by.to_owned(), reason: reason.to_owned() };
    // Only by closing as escalated does the newest incident take the place of the escalation that was read.
    let still = |newest: &Incident| {
        head.escalated.as_ref() == Some(&newest.id)
            || !matches!(newest.closed(), Some((Closing::Escalated, _)))
    };
    log.append_when(now, event, &[], still).await.map_err(Trouble::Step)
}

async fn pause(
    switch: Switch,
    database: Option<&str>,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<SwitchReply, Trouble> {
    if let Some(reply) = unknown(database, context) {
        return Ok(reply);
    }
    in_time(context, "PutItem", ports.incidents.pause(&switch)).await?;
    let what = database.unwrap_or("all databases");
    let answer = Answer::done(format!(
        "Automatic action for {what} is paused until somebody resumes it. Open recoveries see it before they fail over; people may still ask for a failover."
    ));
    standing(answer, database, ports, context).await
}

async fn resume(
    database: Option<&str>,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<SwitchReply, Trouble> {
    if let Some(reply) = unknown(database, context) {
        return Ok(reply);
    }
    let was = in_time(context, "UpdateItem", ports.incidents.resume(&scope(database))).await?;
    let what = database.unwrap_or("all databases");
    let mut reply = standing(Answer::done(String::new()), database, ports, context).await?;
    let said = if was { "is no longer paused" } else { "was not paused" };
    reply.answer.reason = match reply.switches.first() {
        None => format!("Automatic action for {what} {said}."),
        Some(other) => {
            format!("The pause for {what} {said}, but another one stands, by {}: {}", other.by, other.reason)
        }
    };
    Ok(reply)
}

fn unknown(database: Option<&str>, context: &Context) -> Option<SwitchReply> {
    let name = database.filter(|name| context.plan.database(name).is_none())?;
    Some(SwitchReply {
        answer: Answer::refused(Guard::UnknownDatabase, format!("The plan has no database `{name}`.")),
        database: Some(name.to_owned()),
        paused: false,
        switches: Vec::new(),
    })
}

/// The answer with the switches as they stand now.
async fn standing(
    answer: Answer,
    database: Option<&str>,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<SwitchReply, Trouble> {
    let names = match database {
        Some(name) => vec![name.to_owned()],
        None => context.plan.databases.iter().map(|d| d.name.clone()).collect(),
    };
    let state = look(&recovery::signal::Signal::Sweep, &names, ports, context).await?;
    Ok(SwitchReply {
        answer,
        database: database.map(str::to_owned),
        paused: !state.switches.is_empty(),
        switches: state.switches,
    })
}

fn scope(database: Option<&str>) -> Scope {
    database.map_or(Scope::All, |name| Scope::Database(name.to_owned()))
}
