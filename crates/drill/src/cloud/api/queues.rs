//! SQS: dead-letter queues, and the queue that stands for the stakeholders' inbox.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Service, members, text};
use crate::cloud::ApiError;

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Message {
    /// Its text.
    #[serde(rename = "Body")]
    pub body: String,
    /// What deletes it.
    #[serde(rename = "ReceiptHandle")]
    pub receipt_handle: String,
    /// Message attributes, as on the wire: name → `{"DataType", "StringValue"}`.
    #[serde(rename = "MessageAttributes", default)]
    pub attributes: Value,
}

impl Api {
    /// Makes a queue, or finds the one of that name. Returns its URL.
    pub async fn create_queue(&self, name: &str) -> Result<String, ApiError> {
        let reply = self.json(Service::Sqs, "CreateQueue", &json!({ "QueueName": name })).await?;
        Ok(text("CreateQueue", &reply, "QueueUrl")?.to_owned())
    }

    /// The ARN of a queue of this account and region, from its URL.
    #[must_use]
    pub fn queue_arn(&self, url: &str) -> String {
        let name = url.rsplit('/').next().unwrap_or(url);
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.account)
    }

    /// Up to ten messages. They stay in the queue and are hidden for `hide_s` seconds; 0 only looks.
    pub async fn receive(&self, url: &str, hide_s: u32) -> Result<Vec<Message>, ApiError> {
        let request = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": hide_s,
            "MessageAttributeNames": ["All"],
        });
        let reply = self.json(Service::Sqs, "ReceiveMessage", &request).await?;
        Ok(members(&reply, "Messages")
            .iter()
            .filter_map(|message| Message::deserialize(message).ok())
            .collect())
    }

    /// All messages that are visible now, taken out of the queue.
    pub async fn drain(&self, url: &str) -> Result<Vec<Message>, ApiError> {
        let mut all = Vec::new();
        loop {
            let batch = self.receive(url, 30).await?;
            if batch.is_empty() {
                return Ok(all);
            }
            for message in &batch {
                let request = json!({ "QueueUrl": url, "ReceiptHandle": message.receipt_handle });
                self.json(Service::Sqs, "DeleteMessage", &request).await?;
            }
            all.extend(batch);
        }
    }
}
