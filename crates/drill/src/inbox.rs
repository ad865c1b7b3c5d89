//! The subscribers: one queue for each audience, filtered by the message attribute as a real subscription is.

use crate::{
    cloud::{Api, Message},
    error::DrillError,
    evidence::{DeadLetter, Letter},
};
use serde_json::{Value, json};

/// A queue that stands for an audience's inbox.
#[derive(Debug, Clone)]
pub struct Inbox {
    url: String,
}

impl Inbox {
    /// Makes the queue and subscribes it to the notices of one audience.
    ///
    /// # Errors
    /// When the local cloud refuses.
    pub async fn subscribe(api: &Api, topic_arn: &str, audience: &str) -> Result<Self, DrillError> {
        let url = api.create_queue(&format!("inbox-{audience}")).await?;
        let subscription = api.subscribe_queue(topic_arn, &api.queue_arn(&url)).await?;
        let filter = json!({ "audience": [audience] }).to_string();
        let form = [
            ("Version", "2010-03-31"),
            ("SubscriptionArn", subscription.as_str()),
            ("AttributeName", "FilterPolicy"),
            ("AttributeValue", filter.as_str()),
        ];
        api.query("sns", "SetSubscriptionAttributes", &form).await?;
        Ok(Self { url })
    }

    /// Takes out what has arrived.
    ///
    /// # Errors
    /// When the local cloud does not answer.
    pub async fn drain(&self, api: &Api) -> Result<Vec<Letter>, DrillError> {
        Ok(api.drain(&self.url).await?.iter().filter_map(letter).collect())
    }
}

/// Takes out what any dead-letter queue holds.
///
/// # Errors
/// When the local cloud does not answer.
pub async fn dead_letters(api: &Api, queues: &[String]) -> Result<Vec<DeadLetter>, DrillError> {
    let mut all = Vec::new();
    for url in queues {
        let queue = url.rsplit('/').next().unwrap_or(url).to_owned();
        for message in api.drain(url).await? {
            all.push(DeadLetter { queue: queue.clone(), body: message.body });
        }
    }
    Ok(all)
}

/// A letter from SNS's envelope; none when it is something else.
fn letter(message: &Message) -> Option<Letter> {
    let envelope: Value = serde_json::from_str(&message.body).ok()?;
    let attribute = |name: &str| {
        envelope
            .pointer(&format!("/MessageAttributes/{name}/Value"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let text = |name: &str| envelope.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Letter {
        kind: attribute("kind")?,
        audience: attribute("audience")?,
        subject: text("Subject")?,
        body: text("Message")?,
        sequence: attribute("sequence")?.parse().ok()?,
        incident: attribute("incident")?,
        drill: attribute("drill").as_deref() == Some("true"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_from_the_envelope() {
        let attributes = json!({
            "kind": { "Type": "String", "Value": "interruption" },
            "audience": { "Type": "String", "Value": "stakeholders" },
            "sequence": { "Type": "Number", "Value": "3" },
            "incident": { "Type": "String", "Value": "orders-1" },
            "drill": { "Type": "String", "Value": "true" },
        });
        let body = json!({ "Subject": "s", "Message": "m", "MessageAttributes": attributes }).to_string();
        let message = Message { body, receipt_handle: String::new(), attributes: Value::Null };
        let letter = letter(&message).unwrap();
        assert_eq!((letter.sequence, letter.drill, letter.audience.as_str()), (3, true, "stakeholders"));
    }
}
