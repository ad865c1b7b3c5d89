//! notifier: fed by the incident table's stream, it tells people (SNS) and programs (EventBridge).
//!
//! What is owed was written together with what happened, so nothing is decided here: load the incident, render,
//! publish what is not published yet, remember it. A batch that comes late or again is harmless. A second copy
//! of a letter exists only if this function ends between publishing and remembering, and bears the same id.

pub mod batch;
pub mod settings;
mod settled;
#[cfg(test)]
mod tests;

pub use batch::{BatchReply, ItemFailure};
pub use settings::Settings;

use jiff::Timestamp;
use recovery::{
    CallError, Failure, Incident, IncidentId, Record, StepError, notice,
    ports::{Bus, DeadLetters, Incidents, Topic},
};
use serde_json::Value;
use settled::Untold;
use std::collections::BTreeMap;

/// How long is tried what may be beyond help, in seconds since the event: a bus that does not take it (people come
/// before programs), and an incident or a letter that cannot be read. The letters of later events wait behind it.
const PATIENCE_S: i64 = 30;

/// What the function reaches.
pub struct Ports<'a> {
    /// The incident table.
    pub incidents: &'a dyn Incidents,
    /// The topic that people listen to.
    pub topic: &'a dyn Topic,
    /// The bus that programs listen to.
    pub bus: &'a dyn Bus,
    /// Where what can never be told is set aside.
    pub dead_letters: &'a dyn DeadLetters,
}

/// Tells what the items of a batch owe. An item that fails, for whatever reason, stops no other one. One that can
/// never be told is set aside; if that works, it is no failure.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the event is no batch, or when an item failed that has no sequence number
/// by which Lambda could be told; the other items have been dealt with by then.
pub async fn handle(now: Timestamp, event: &Value, ports: &Ports<'_>) -> Result<BatchReply, StepError> {
    let items = batch::items(event)?;
    let mut untold = BTreeMap::new();
    let mut ours = Vec::new();
    for (position, item) in items.iter().enumerate() {
        match &item.record {
            Ok(Some(record)) => ours.push((position, record)),
            Ok(None) => {}
            Err(reason) => {
                // A deployment may be under way, and the version that can read it be here in a moment.
                let fresh = item.written_at.is_some_and(|at| now.duration_since(at).as_secs() < PATIENCE_S);
                let why = if fresh { Untold::Yet } else { Untold::Ever };
                untold.insert(position, why(reason.clone()));
            }
        }
    }
    // The stream keeps the order of one incident; this holds if it ever does not.
    ours.sort_by_key(|(_, record)| (&record.incident, record.sequence));
    let mut loaded = BTreeMap::new();
    for (position, record) in ours {
        if let Err(why) = tell(now, record, ports, &mut loaded).await {
            untold.insert(position, why);
        }
    }
    settled::settle(&items, untold, ports.dead_letters).await
}

/// Tells what one record owes, on both channels, whatever becomes of the other.
async fn tell(
    now: Timestamp,
    record: &Record,
    ports: &Ports<'_>,
    loaded: &mut BTreeMap<IncidentId, Incident>,
) -> Result<(), Untold> {
    let late = now.duration_since(record.at).as_secs() >= PATIENCE_S;
    let people = tell_people(record, ports, loaded).await.map_err(|error| {
        let hopeless = late && error.failure == Failure::Malformed;
        if hopeless { Untold::Ever(error.to_string()) } else { Untold::Yet(error.to_string()) }
    });
    let programs = match (ports.bus.put(record).await, &people) {
        (Err(error), Ok(()) | Err(Untold::Ever(_))) if late => {
            tracing::error!(incident = %record.incident, sequence = record.sequence,
                "given up: the event did not reach the bus: {error}");
            Ok(())
        }
        (answer, _) => answer,
    };
    match (people, programs) {
        (people, Ok(())) => people,
        (Ok(()), Err(programs)) => Err(Untold::Yet(programs.to_string())),
        (Err(Untold::Yet(people) | Untold::Ever(people)), Err(programs)) => {
            Err(Untold::Yet(format!("{people}; {programs}")))
        }
    }
}

async fn tell_people(
    record: &Record,
    ports: &Ports<'_>,
    loaded: &mut BTreeMap<IncidentId, Incident>,
) -> Result<(), CallError> {
    if record.owes.is_empty() {
        return Ok(());
    }
    let known =
        loaded.get(&record.incident).is_some_and(|i| i.records.iter().any(|r| r.sequence >= record.sequence));
    if !known {
        let incident = load(record, ports.incidents).await?;
        loaded.insert(record.incident.clone(), incident);
    }
    let Some(incident) = loaded.get(&record.incident) else {
        return Ok(());
    };
    let mut first_failure = Ok(());
    for letter in notice::render(incident, record) {
        // One audience that cannot be reached keeps no other one waiting.
        let sent = publish(&letter, ports).await;
        first_failure = first_failure.and(sent);
    }
    first_failure
}

async fn load(record: &Record, incidents: &dyn Incidents) -> Result<Incident, CallError> {
    let records = incidents.records(&record.incident).await?;
    Incident::replay(records).ok_or_else(|| {
        let message = format!("incident {} has no opening event", record.incident);
        CallError::new("DynamoDB", "Query", Failure::Malformed, &message)
    })
}

async fn publish(letter: &notice::Notice, ports: &Ports<'_>) -> Result<(), CallError> {
    let told = ports.incidents.published(&letter.incident, letter.sequence, &letter.audience).await?;
    if told {
        tracing::info!(notice = letter.id, "published already");
        return Ok(());
    }
    let message = ports.topic.publish(letter).await?;
    tracing::info!(notice = letter.id, message, "published");
    if let Err(error) = ports.incidents.record_published(letter, &message).await {
        // People have it. To fail here would send it to them once more.
        tracing::warn!(notice = letter.id, "published, but not remembered: {error}");
    }
    Ok(())
}
