//! SNS: a subscriber that stands for the stakeholders' inbox.

use super::Api;
use crate::cloud::ApiError;

impl Api {
    /// Subscribes a queue to a topic. Each message of the queue is SNS's own envelope: JSON with `Subject`,
    /// `Message` and `MessageAttributes`. Returns the subscription's ARN.
    pub async fn subscribe_queue(&self, topic_arn: &str, queue_arn: &str) -> Result<String, ApiError> {
        self.subscribe(topic_arn, "sqs", queue_arn).await
    }

    /// Subscribes by any protocol, such as `http` with an address on loopback.
    pub async fn subscribe(
        &self,
        topic_arn: &str,
        protocol: &str,
        endpoint: &str,
    ) -> Result<String, ApiError> {
        let form = [
            ("Version", "2010-03-31"),
            ("TopicArn", topic_arn),
            ("Protocol", protocol),
            ("Endpoint", endpoint),
            ("ReturnSubscriptionArn", "true"),
        ];
        let xml = self.query("sns", "Subscribe", &form).await?;
        between(&xml, "<SubscriptionArn>", "</SubscriptionArn>")
            .ok_or_else(|| ApiError::Incomplete { action: "Subscribe".to_owned(), what: "SubscriptionArn" })
    }

    /// Publishes a text, as a person or an alarm would.
    pub async fn publish(&self, topic_arn: &str, message: &str) -> Result<(), ApiError> {
        let form = [("Version", "2010-03-31"), ("TopicArn", topic_arn), ("Message", message)];
        self.query("sns", "Publish", &form).await.map(drop)
    }
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner.trim().to_owned())
}
