//! What CloudWatch says of an alarm on the default bus: a rule and a queue of the drill's own, beside the production
//! rule. It is the witness for how often the alarm spoke, and keeps the event so that it can be delivered again.

use crate::{
    cloud::{Api, Message, Service},
    error::DrillError,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// Name of the rule and of its queue.
const NAME: &str = "drill-hears-the-alarm";
/// As CloudWatch sends it.
const SOURCE: &str = "aws.cloudwatch";
const DETAIL_TYPE: &str = "CloudWatch Alarm State Change";

/// A listener of one alarm's state changes.
#[derive(Debug, Clone)]
pub struct Listener {
    queue: String,
}

/// A state change of an alarm, as it was on the bus.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AlarmEvent {
    /// When it was put.
    pub time: Timestamp,
    /// The alarm's ARN.
    pub resources: Vec<String>,
    /// What CloudWatch says.
    pub detail: Value,
}

impl AlarmEvent {
    /// The state that the alarm went to.
    #[must_use]
    pub fn state(&self) -> &str {
        self.detail.pointer("/state/value").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the local cloud refuses.
    pub async fn start(api: &Api, alarm: &str) -> Result<Self, DrillError> {
        let queue = api.create_queue(NAME).await?;
        let pattern = json!({
            "source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": { "alarmName": [alarm] },
        });
        let rule = json!({ "Name": NAME, "EventPattern": pattern.to_string() });
        api.json(Service::EventBridge, "PutRule", &rule).await?;
        let target = json!({ "Rule": NAME, "Targets": [{ "Id": "queue", "Arn": api.queue_arn(&queue) }] });
        api.json(Service::EventBridge, "PutTargets", &target).await?;
        Ok(Self { queue })
    }

    /// Takes out what was heard since the last time.
    ///
    /// # Errors
    /// When the local cloud does not answer.
    pub async fn drain(&self, api: &Api) -> Result<Vec<AlarmEvent>, DrillError> {
        Ok(api.drain(&self.queue).await?.iter().filter_map(heard).collect())
    }

    /// Delivers an event once more, as EventBridge may: at least once is its promise.
    ///
    /// # Errors
    /// When the local cloud refuses.
    pub async fn repeat(&self, api: &Api, event: &AlarmEvent) -> Result<(), DrillError> {
        let at = std::time::Duration::from_secs(u64::try_from(event.time.as_second()).unwrap_or_default());
        let sent =
            api.put_aws_event(SOURCE, DETAIL_TYPE, &event.resources, &event.detail, Some(at.as_secs_f64()));
        sent.await.map_err(DrillError::from)
    }
}

/// The event; none when the message is something else, such as the poisoned event of a drill.
fn heard(message: &Message) -> Option<AlarmEvent> {
    let event: AlarmEvent = serde_json::from_str(&message.body).ok()?;
    (!event.state().is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarms_event_is_read_from_the_bus_and_anything_else_is_not_one() {
        let sample = include_str!("../../../events/alarm-writer-down.json");
        let read = |body: &str| {
            heard(&Message { body: body.to_owned(), receipt_handle: String::new(), attributes: Value::Null })
        };
        let event = read(sample).unwrap();
        assert_eq!(event.state(), "ALARM");
        assert_eq!(event.resources.len(), 1);
        assert_eq!(event.time.to_string(), "2026-03-01T10:02:31Z");
        assert_eq!(read(&sample.replace("\"value\": \"ALARM\"", "\"value\": 1")), None);
        assert_eq!(read("{}"), None);
    }
}
