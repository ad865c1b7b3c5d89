//! notifier: fed by the incident table's stream, it tells people (SNS) and programs (EventBridge).
//!
//! What is owed was written together with what happened, so nothing is decided here: load the incident, render,
//! publish what is not published yet, remember it. A batch that comes late or again is harmless. A second copy
//! of a letter exists only if this function ends between publishing and remembering, and bears the same id.

pub mod batch;
pub mod settings;
#[cfg(test)]
mod tests;

pub use batch::{BatchReply, ItemFailure};
pub use settings::{MissingSetting, Settings};

use jiff::Timestamp;
use recovery::{
    CallError, Failure, Incident, IncidentId, Record, StepError, notice,
    ports::{Bus, Incidents, Topic},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long the bus is tried for an event, in seconds since the event. The letters of later events wait behind
/// an item that is tried again, and people come before programs.
const BUS_PATIENCE_S: i64 = 30;

/// What the function reaches.
pub struct Ports<'a> {
    /// The incident table.
    pub incidents: &'a dyn Incidents,
    /// The topic that people listen to.
    pub topic: &'a dyn Topic,
    /// The bus that programs listen to.
    pub bus: &'a dyn Bus,
}

/// Tells what the items of a batch owe. An item that fails, for whatever reason, stops no other one.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the event is no batch, or when an item failed that has no sequence number
/// by which Lambda could be told; the other items have been dealt with by then.
pub async fn handle(now: Timestamp, event: &Value, ports: &Ports<'_>) -> Result<BatchReply, StepError> {
    let mut failed = Vec::new();
    let mut ours = Vec::new();
    for item in batch::items(event)? {
        match item.record {
            Ok(Some(record)) => ours.push((item.place, record)),
            Ok(None) => {}
            Err(reason) => failed.push((item.place, reason)),
        }
    }
    // The stream keeps the order of one incident; this holds if it ever does not.
    ours.sort_by(|(_, a), (_, b)| (&a.incident, a.sequence).cmp(&(&b.incident, b.sequence)));
    let mut loaded = BTreeMap::new();
    for (place, record) in ours {
        if let Err(reason) = tell(now, &record, ports, &mut loaded).await {
            failed.push((place, reason));
        }
    }
    reply(failed)
}

/// Tells what one record owes, on both channels, whatever becomes of the other.
async fn tell(
    now: Timestamp,
    record: &Record,
    ports: &Ports<'_>,
    loaded: &mut BTreeMap<IncidentId, Incident>,
) -> Result<(), String> {
    let people = tell_people(record, ports, loaded).await;
    let programs = ports.bus.put(record).await;
    match (people, programs) {
        (Ok(()), Ok(())) => Ok(()),
        (Ok(()), Err(error)) if now.duration_since(record.at).as_secs() >= BUS_PATIENCE_S => {
            tracing::error!(incident = %record.incident, sequence = record.sequence,
                "given up: the event did not reach the bus: {error}");
            Ok(())
        }
        (Ok(()), Err(error)) | (Err(error), Ok(())) => Err(error.to_string()),
        (Err(people), Err(programs)) => Err(format!("{people}; {programs}")),
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

fn reply(failed: Vec<(Option<String>, String)>) -> Result<BatchReply, StepError> {
    let mut reply = BatchReply::default();
    let mut nameless = None;
    for (place, reason) in failed {
        tracing::error!(item = place, "not told: {reason}");
        match place {
            Some(item) => reply.failures.push(ItemFailure { item }),
            None => nameless = Some(reason),
        }
    }
    match nameless {
        Some(reason) => {
            Err(StepError::MalformedEvent(format!("an item without a sequence number: {reason}")))
        }
        None => Ok(reply),
    }
}
