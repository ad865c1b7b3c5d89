//! DynamoDB: the incident table.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `database#orders` | `head` | the database's head: its lock and fence |
//! | `incident#ID` | `event#00000001` | an event; the stream carries it to the notifier |
//! | `incident#ID` | `notice#00000001#AUDIENCE` | a notice that was published |
//! | `switch` | `all`, `database#orders` | a kill switch |
//!
//! What Mainstay reads back is one JSON text, [`BODY`]; the other attributes are for conditions, for filters and
//! for people who look at the table.

mod item;

use crate::failure::failed;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{
        AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    },
};
use item::{BODY, Item, text};
use recovery::{
    CallError, Failure, Head, IncidentId, Record,
    notice::Notice,
    ports::{Committed, Incidents, Scope, Switch},
};
use std::time::Duration;

pub use item::BODY as RECORD_ATTRIBUTE;

const DYNAMODB: &str = "DynamoDB";
const TRANSACT: &str = "TransactWriteItems";
/// How often a transaction that met another one is tried again: DynamoDB changed nothing then.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(25);

/// [`Incidents`] in a DynamoDB table.
pub struct IncidentTable {
    client: Client,
    table: String,
}

impl IncidentTable {
    /// The table of this name in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self { client: Client::new(config), table: table.to_owned() }
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.item("database#mainstay-warms-up", "head").await;
    }

    async fn item(&self, pk: &str, sk: &str) -> Result<Option<Item>, CallError> {
        let call = self.client.get_item().table_name(&self.table).consistent_read(true);
        let call = call.key("pk", text(pk)).key("sk", text(sk));
        let reply = call.send().await.map_err(|e| failed(DYNAMODB, "GetItem", &e))?;
        Ok(reply.item)
    }

    /// All items of `pk` whose `sk` begins with `prefix`, in the order of `sk`.
    async fn items(&self, pk: &str, prefix: &str) -> Result<Vec<Item>, CallError> {
        let call = self.client.query().table_name(&self.table).consistent_read(true);
        let call = if prefix.is_empty() {
            call.key_condition_expression("pk = :pk")
        } else {
            call.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix))
        };
        let pages = call.expression_attribute_values(":pk", text(pk)).into_paginator();
        let items = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        items.map_err(|e| failed(DYNAMODB, "Query", &e))
    }

    fn put(
        &self,
        item: Item,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<TransactWriteItem, CallError> {
        let mut put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let put = put
            .build()
            .map_err(|e| CallError::new(DYNAMODB, TRANSACT, Failure::Malformed, &e.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn head_put(&self, before: Option<&Head>, after: &Head) -> Result<TransactWriteItem, CallError> {
        let item = item::of_head(after)?;
        match before {
            None => self.put(item, "attribute_not_exists(pk)", Vec::new()),
            Some(before) => self.put(
                item,
                "incident = :incident AND fence = :fence AND sequence_number = :sequence",
                vec![
                    (":incident", text(before.incident.as_str())),
                    (":fence", AttributeValue::N(before.fence.to_string())),
                    (":sequence", AttributeValue::N(before.sequence.to_string())),
                ],
            ),
        }
    }
}

#[async_trait]
impl Incidents for IncidentTable {
    async fn head(&self, database: &str) -> Result<Option<Head>, CallError> {
        let found = self.item(&item::database_key(database), item::HEAD).await?;
        found.map(|i| item::body(&i, "GetItem", "head")).transpose()
    }

    async fn records(&self, incident: &IncidentId) -> Result<Vec<Record>, CallError> {
        let items = self.items(&item::incident_key(incident), item::EVENTS).await?;
        let records = items.iter().map(|i| item::body(i, "Query", "event"));
        let records = records.collect::<Result<Vec<Record>, _>>()?;
        let gap = records.iter().zip(1..).find(|(record, number)| record.sequence != *number);
        if let Some((_, number)) = gap {
            let message = format!("incident {incident} has no event {number}, but later ones");
            return Err(CallError::new(DYNAMODB, "Query", Failure::Malformed, &message));
        }
        Ok(records)
    }

    async fn commit(
        &self,
        before: Option<&Head>,
        record: &Record,
        after: &Head,
    ) -> Result<Committed, CallError> {
        let head = self.head_put(before, after)?;
        let event = self.put(item::of_record(record)?, "attribute_not_exists(pk)", Vec::new())?;
        for attempt in 1..=TRIES {
            let call = self.client.transact_write_items();
            let call = call.transact_items(head.clone()).transact_items(event.clone());
            let Err(error) = call.send().await else {
                return Ok(Committed::Yes);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(failed(DYNAMODB, TRANSACT, &error));
            };
            match verdict(cancelled.cancellation_reasons(), record)? {
                Verdict::Settled(committed) => return Ok(committed),
                Verdict::MetAnother => tokio::time::sleep(PAUSE * attempt).await,
                Verdict::Failed(failure, message) => {
                    return Err(CallError::new(DYNAMODB, TRANSACT, failure, &message));
                }
            }
        }
        let message = "other writes to the same incident were under way each time";
        Err(CallError::new(DYNAMODB, TRANSACT, Failure::Throttled, message))
    }

    async fn switches(&self, database: &str) -> Result<Vec<Switch>, CallError> {
        let keys = [item::switch_key(&Scope::All), item::switch_key(&Scope::Database(database.to_owned()))];
        let items = self.items(item::SWITCH, "").await?;
        let set = items.iter().filter(|i| !i.contains_key(item::LIFTED));
        let ours =
            set.filter(|i| i.get("sk").and_then(|v| v.as_s().ok()).is_some_and(|sk| keys.contains(sk)));
        ours.map(|i| item::body(i, "Query", "switch")).collect()
    }

    async fn pause(&self, switch: &Switch) -> Result<(), CallError> {
        let call = self.client.put_item().table_name(&self.table);
        let call = call.set_item(Some(item::of_switch(switch)?));
        call.send().await.map_err(|e| failed(DYNAMODB, "PutItem", &e))?;
        Ok(())
    }

    async fn resume(&self, scope: &Scope) -> Result<bool, CallError> {
        // Marked, not deleted: who had set it stays readable, and no role needs leave to delete.
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(item::SWITCH))
            .key("sk", text(&item::switch_key(scope)))
            .update_expression(format!("SET {} = :yes", item::LIFTED))
            .condition_expression(format!("attribute_exists(pk) AND attribute_not_exists({})", item::LIFTED))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(e)
                if e.as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(e) => Err(failed(DYNAMODB, "UpdateItem", &e)),
        }
    }

    async fn published(
        &self,
        incident: &IncidentId,
        sequence: u64,
        audience: &str,
    ) -> Result<bool, CallError> {
        let sk = item::notice_key(sequence, audience);
        Ok(self.item(&item::incident_key(incident), &sk).await?.is_some())
    }

    async fn record_published(&self, notice: &Notice, message_id: &str) -> Result<(), CallError> {
        let call = self.client.put_item().table_name(&self.table);
        let call = call.set_item(Some(item::of_notice(notice, message_id)));
        call.send().await.map_err(|e| failed(DYNAMODB, "PutItem", &e))?;
        Ok(())
    }
}

/// What a cancelled transaction means.
#[expect(clippy::large_enum_variant, reason = "looked at once and dropped, never kept in a list")]
enum Verdict {
    Settled(Committed),
    /// Another transaction held one of the items: nothing was changed.
    MetAnother,
    Failed(Failure, String),
}

/// Reads the reasons of the two writes, head first. The item that stood in the way comes with them: an event that
/// is ours to the letter means that this very write, or a repeat of it, succeeded before.
fn verdict(reasons: &[CancellationReason], record: &Record) -> Result<Verdict, CallError> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let conditional = |reason: &&CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let head = reasons.first().filter(conditional);
    let event = reasons.get(1).filter(conditional);
    let standing = event.and_then(CancellationReason::item);
    let standing = standing.map(|i| item::body::<Record>(i, TRANSACT, "event")).transpose()?;
    if standing.is_some_and(|found| found == *record) {
        return Ok(Verdict::Settled(Committed::Yes));
    }
    if let Some(head) = head {
        let found = head.item().filter(|i| i.contains_key(BODY));
        let found = found.map(|i| item::body(i, TRANSACT, "head")).transpose()?;
        return Ok(Verdict::Settled(Committed::Conflict(found)));
    }
    if event.is_some() {
        let message = format!("incident {} has an event {} already", record.incident, record.sequence);
        return Ok(Verdict::Failed(Failure::WrongState, message));
    }
    let other = reasons.iter().find(|r| code(r) != "None");
    Ok(match other.map(&code).as_deref() {
        Some("TransactionConflict") => Verdict::MetAnother,
        Some("ThrottlingError" | "ProvisionedThroughputExceeded") => {
            Verdict::Failed(Failure::Throttled, "the table's throughput is used up".to_owned())
        }
        Some(code) => {
            let message = other.and_then(CancellationReason::message).unwrap_or_default();
            Verdict::Failed(Failure::Refused, format!("{code}: {message}"))
        }
        None => {
            Verdict::Failed(Failure::Malformed, "the transaction was cancelled without a reason".to_owned())
        }
    })
}
