//! The stream's batch on the wire, read item by item.
//!
//! Own types, because a batch must not be lost for one item: each item is parsed alone, and an item that cannot
//! be read still tells its sequence number, and is kept as it came.

use jiff::{SignedDuration, Timestamp};
use recovery::{Record, StepError, text::plain};
use serde::Serialize;
use serde_json::Value;

/// The attribute of an event item that holds the record as JSON text.
const BODY: &str = "record";

/// One item of the batch: its place in the stream, and what it holds.
#[derive(Debug)]
pub struct Item<'a> {
    /// The item as it came.
    pub wire: &'a Value,
    /// `dynamodb.SequenceNumber`: the stream's own number, not the incident's. None when it is missing.
    pub place: Option<String>,
    /// `dynamodb.ApproximateCreationDateTime`: when it was written, to the second. None when it is missing.
    pub written_at: Option<Timestamp>,
    /// The record; none when the item is none of ours (a head, a notice, a change of an old item); an error
    /// with the reason when it is ours and cannot be read.
    pub record: Result<Option<Record>, String>,
}

/// What Lambda is told: the items that failed. It tries again from the first of them on.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchReply {
    /// The items that failed; empty when all went well.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<ItemFailure>,
}

/// One item that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ItemFailure {
    /// The item's `SequenceNumber`.
    #[serde(rename = "itemIdentifier")]
    pub item: String,
}

/// The items of a batch, in the order of the stream.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the event is no batch of a stream at all.
pub fn items(event: &Value) -> Result<Vec<Item<'_>>, StepError> {
    let records = event.get("Records").and_then(Value::as_array).ok_or_else(|| {
        StepError::MalformedEvent("no list `Records`: this is not a batch of a DynamoDB stream".to_owned())
    })?;
    Ok(records.iter().map(item).collect())
}

fn item(wire: &Value) -> Item<'_> {
    let change = wire.get("dynamodb");
    let place = change.and_then(|c| c.get("SequenceNumber")).and_then(Value::as_str);
    let place = place.map(|place| plain(place, 100)).filter(|place| !place.is_empty());
    let seconds = change.and_then(|c| c.get("ApproximateCreationDateTime")).and_then(Value::as_f64);
    let written_at = seconds
        .and_then(|s| SignedDuration::try_from_secs_f64(s).ok())
        .and_then(|since| Timestamp::from_duration(since).ok());
    Item { wire, place, written_at, record: record(wire, change) }
}

fn record(wire: &Value, change: Option<&Value>) -> Result<Option<Record>, String> {
    let change = change.ok_or("`dynamodb` is missing")?;
    if wire.get("eventName").and_then(Value::as_str) != Some("INSERT") {
        return Ok(None);
    }
    let key = text(change, "Keys", "sk").ok_or("`dynamodb.Keys.sk.S` is missing")?;
    if !key.starts_with("event#") {
        return Ok(None);
    }
    let json =
        text(change, "NewImage", BODY).ok_or_else(|| format!("`dynamodb.NewImage.{BODY}.S` is missing"))?;
    serde_json::from_str(json)
        .map(Some)
        .map_err(|e| plain(&format!("the record in `dynamodb.NewImage`: {e}"), 300))
}

/// The string attribute of an item's image.
fn text<'a>(change: &'a Value, image: &str, attribute: &str) -> Option<&'a str> {
    change.get(image)?.get(attribute)?.get("S")?.as_str()
}
