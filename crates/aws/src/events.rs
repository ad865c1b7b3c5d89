//! EventBridge: each change of an incident, for programs.

use crate::{
    failure::{failed, missing},
    moment,
};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use recovery::{CallError, Failure, Record, ports::Bus};
use serde_json::Value;

const EVENTBRIDGE: &str = "EventBridge";
const PUT: &str = "PutEvents";

/// [`Bus`] on EventBridge.
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus of this name or ARN, in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self { client: Client::new(config), name: name.to_owned() }
    }
}

#[async_trait]
impl Bus for EventBus {
    async fn put(&self, record: &Record) -> Result<(), CallError> {
        let (kind, detail) = detail(record)?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source("mainstay")
            .detail_type(kind)
            .detail(detail)
            .time(moment::to_sdk(record.at))
            .build();
        let reply = self.client.put_events().entries(entry).send().await;
        let reply = reply.map_err(|e| failed(EVENTBRIDGE, PUT, &e))?;
        let answer = reply.entries().first().ok_or_else(|| missing(EVENTBRIDGE, PUT, "Entries[0]"))?;
        let Some(code) = answer.error_code() else {
            return Ok(());
        };
        // The call as a whole succeeds although its entry failed.
        let failure = match code {
            "ThrottlingException" => Failure::Throttled,
            "InternalFailure" => Failure::Doubtful,
            _ => Failure::Refused,
        };
        let message = answer.error_message().unwrap_or("the entry was not taken");
        Err(CallError {
            code: Some(recovery::text::plain(code, 100)),
            ..CallError::new(EVENTBRIDGE, PUT, failure, message)
        })
    }
}

/// `Incident <event type>`, such as `Incident failover-intended`, and the record as JSON.
fn detail(record: &Record) -> Result<(String, String), CallError> {
    let broken = |message: &str| CallError::new(EVENTBRIDGE, PUT, Failure::Malformed, message);
    let json = serde_json::to_value(record).map_err(|e| broken(&e.to_string()))?;
    let kind = json.pointer("/event/type").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| broken("the record's event has no type"))?;
    Ok((format!("Incident {kind}"), json.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use recovery::{Event, IncidentId};

    #[test]
    fn the_detail_type_names_what_happened() {
        let record = Record {
            incident: IncidentId::named("orders-1"),
            database: "orders".to_owned(),
            sequence: 4,
            fence: 1,
            at: Timestamp::UNIX_EPOCH,
            event: Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() },
            owes: Vec::new(),
        };
        let (kind, detail) = detail(&record).expect("an event");
        assert_eq!(kind, "Incident failover-intended");
        let told: Record = serde_json::from_str(&detail).expect("the record again");
        assert_eq!(told, record);
    }
}
