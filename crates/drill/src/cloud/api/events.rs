//! EventBridge: what the estate's RDS and ECS say.

use serde_json::{Value, json};

use super::{Api, Service};
use crate::cloud::ApiError;

impl Api {
    /// Sends an event to the default bus as AWS itself would: `source` may be `aws.rds` or `aws.ecs`. `at` is the
    /// event's time in seconds since 1970; none means now.
    pub async fn put_aws_event(
        &self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &Value,
        at: Option<f64>,
    ) -> Result<(), ApiError> {
        let mut entry = json!({
            "Source": source, "DetailType": detail_type, "Resources": resources, "Detail": detail.to_string(),
            "TraceHeader": self.event_token,
        });
        if let (Some(at), Some(entry)) = (at, entry.as_object_mut()) {
            entry.insert("Time".to_owned(), json!(at));
        }
        self.put_event(&entry).await
    }

    /// Sends one entry as any user of the account would.
    pub async fn put_event(&self, entry: &Value) -> Result<(), ApiError> {
        let reply = self.json(Service::EventBridge, "PutEvents", &json!({ "Entries": [entry] })).await?;
        if reply.get("FailedEntryCount").and_then(Value::as_u64) == Some(0) {
            return Ok(());
        }
        Err(ApiError::Refused { action: "PutEvents".to_owned(), status: 200, body: reply.to_string() })
    }
}
