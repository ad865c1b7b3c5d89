//! Items of the incident table.

use super::DYNAMODB;
use aws_sdk_dynamodb::types::AttributeValue;
use recovery::{
    CallError, Failure, Head, IncidentId, Record, Status,
    notice::Notice,
    ports::{Scope, Switch},
    text::wire_name,
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The attribute that holds a record, a head or a switch as JSON text. The notifier reads it from the stream.
pub const BODY: &str = "record";
/// `sk` of a head.
pub(super) const HEAD: &str = "head";
/// How the `sk` of events begins; the notifier's stream filter looks for it.
pub(super) const EVENTS: &str = "event#";
/// `pk` of the switches.
pub(super) const SWITCH: &str = "switch";
/// Marks a switch that is off again.
pub(super) const LIFTED: &str = "lifted";
/// DynamoDB takes items of 400 KB; what comes near is refused here, with a message that says what it is.
const MOST_BYTES: usize = 300_000;

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn database_key(database: &str) -> String {
    format!("database#{database}")
}

pub(super) fn incident_key(incident: &IncidentId) -> String {
    format!("incident#{incident}")
}

pub(super) fn switch_key(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Database(name) => database_key(name),
    }
}

pub(super) fn notice_key(sequence: u64, audience: &str) -> String {
    format!("notice#{sequence:08}#{audience}")
}

pub(super) fn of_head(head: &Head) -> Result<Item, CallError> {
    let status = match head.status {
        Status::Claimed => "claimed".to_owned(),
        Status::Started => "started".to_owned(),
        Status::Closed(closing) => wire_name(&closing),
    };
    Ok(item([
        ("pk", text(&database_key(&head.database))),
        ("sk", text(HEAD)),
        ("database", text(&head.database)),
        ("incident", text(head.incident.as_str())),
        ("fence", number(head.fence)),
        // `sequence` alone is a word that expressions reserve.
        ("sequence_number", number(head.sequence)),
        ("status", text(&status)),
        (BODY, json(head, "head of", &head.database)?),
    ]))
}

pub(super) fn of_record(record: &Record) -> Result<Item, CallError> {
    let kind = serde_json::to_value(&record.event).ok();
    let kind = kind.as_ref().and_then(|v| v.get("type")?.as_str()).unwrap_or("unknown");
    let mut event = item([
        ("pk", text(&incident_key(&record.incident))),
        ("sk", text(&format!("{EVENTS}{:08}", record.sequence))),
        ("database", text(&record.database)),
        ("incident", text(record.incident.as_str())),
        ("fence", number(record.fence)),
        ("sequence_number", number(record.sequence)),
        ("at", text(&record.at.to_string())),
        ("event", text(kind)),
        (BODY, json(record, &format!("event {} of incident", record.sequence), record.incident.as_str())?),
    ]);
    let owes: Vec<String> = record.owes.iter().map(wire_name).collect();
    if !owes.is_empty() {
        event.insert("owes".to_owned(), text(&owes.join(" ")));
    }
    Ok(event)
}

pub(super) fn of_switch(switch: &Switch) -> Result<Item, CallError> {
    let key = switch_key(&switch.scope);
    Ok(item([
        ("pk", text(SWITCH)),
        ("sk", text(&key)),
        ("by", text(&switch.by)),
        ("at", text(&switch.at.to_string())),
        ("reason", text(&switch.reason)),
        (BODY, json(switch, "switch for", &key)?),
    ]))
}

pub(super) fn of_notice(notice: &Notice, message_id: &str) -> Item {
    item([
        ("pk", text(&incident_key(&notice.incident))),
        ("sk", text(&notice_key(notice.sequence, &notice.audience))),
        ("notice", text(&notice.id)),
        ("subject", text(&notice.subject)),
        ("message_id", text(message_id)),
    ])
}

/// What the item's JSON text says; `what` names it in the error.
pub(super) fn body<T: DeserializeOwned>(
    found: &Item,
    action: &'static str,
    what: &str,
) -> Result<T, CallError> {
    let broken = |why: &str| {
        let key = |name| found.get(name).and_then(|v| v.as_s().ok()).map_or("?", String::as_str);
        let message = format!("{what} {} {}: attribute `{BODY}` {why}", key("pk"), key("sk"));
        CallError::new(DYNAMODB, action, Failure::Malformed, &message)
    };
    let json =
        found.get(BODY).and_then(|v| v.as_s().ok()).ok_or_else(|| broken("is missing or not a text"))?;
    serde_json::from_str(json).map_err(|e| broken(&format!("cannot be read: {e}")))
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn json(value: &impl Serialize, what: &str, name: &str) -> Result<AttributeValue, CallError> {
    let refused = |failure, message: &str| CallError::new(DYNAMODB, "PutItem", failure, message);
    let json = serde_json::to_string(value).map_err(|e| refused(Failure::Malformed, &e.to_string()))?;
    if json.len() > MOST_BYTES {
        let message =
            format!("{what} {name} has {} bytes; at most {MOST_BYTES} fit into the table", json.len());
        return Err(refused(Failure::Refused, &message));
    }
    Ok(AttributeValue::S(json))
}
