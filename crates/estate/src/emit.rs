//! Sends what the estate produced to a local cloud: metrics by CloudWatch's `PutMetricData`, RDS and ECS
//! events by EventBridge's `PutEvents`, each in AWS's own shape.
//!
//! On AWS nobody may put events with a source of `aws.…`, and the local cloud refuses them too, unless an
//! entry's `TraceHeader` holds the secret token that both were started with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Datapoint, Effect};

mod shape;

pub use self::shape::{ecs_entry, metric_form, rds_entry};

/// `PutEvents` takes so many entries at once.
const EVENTS_AT_ONCE: usize = 10;
/// Datapoints in one `PutMetricData`: fewer than AWS's limit, so that a request stays small.
const DATAPOINTS_AT_ONCE: usize = 50;

/// Where metrics and events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emission {
    /// The URL of the local cloud.
    pub endpoint: String,
    /// The token that lets events with a source of `aws.…` in; events are not sent without one.
    #[serde(default)]
    pub event_token: Option<String>,
}

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// No answer.
    #[error("no answer from the local cloud: {0}")]
    Transport(#[from] reqwest::Error),
    /// A refusal.
    #[error("the local cloud refused {action} with status {status}: {body}")]
    Refused {
        /// The action.
        action: &'static str,
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer.
        body: String,
    },
}

/// Sends effects.
#[derive(Clone, Debug)]
pub struct Emitter {
    emission: Emission,
    account: String,
    client: reqwest::Client,
}

impl Emitter {
    /// An emitter for an account.
    pub fn new(emission: Emission, account: String) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { emission, account, client })
    }

    /// Sends the metrics and events among the effects; the others are not for the cloud. Everything is tried;
    /// the first error is returned.
    pub async fn emit(&self, effects: &[Effect]) -> Result<(), EmitError> {
        let mut outcome = Ok(());
        for (region, datapoints) in datapoints(effects) {
            for chunk in datapoints.chunks(DATAPOINTS_AT_ONCE) {
                outcome = outcome.and(self.put_metrics(&region, chunk).await);
            }
        }
        let Some(token) = &self.emission.event_token else {
            return outcome;
        };
        for (region, entries) in entries(effects, token) {
            for chunk in entries.chunks(EVENTS_AT_ONCE) {
                outcome = outcome.and(self.put_events(&region, chunk).await);
            }
        }
        outcome
    }

    async fn put_metrics(&self, region: &str, datapoints: &[&Datapoint]) -> Result<(), EmitError> {
        let request = self.request(region, "monitoring").form(&metric_form(datapoints));
        self.check("PutMetricData", request).await.map(|_| ())
    }

    async fn put_events(&self, region: &str, entries: &[Value]) -> Result<(), EmitError> {
        let request = self
            .request(region, "events")
            .header("X-Amz-Target", "AWSEvents.PutEvents")
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(json!({ "Entries": entries }).to_string());
        let answer = self.check("PutEvents", request).await?;
        let failed = serde_json::from_str::<Value>(&answer)
            .ok()
            .and_then(|value| value.get("FailedEntryCount").and_then(Value::as_u64));
        match failed {
            None | Some(0) => Ok(()),
            Some(_) => Err(EmitError::Refused { action: "PutEvents", status: 200, body: beginning(&answer) }),
        }
    }

    /// A request with the credential scope that names account, region and service. Its signature is not one:
    /// local clouds don't check it, and AWS would refuse it, which is right.
    fn request(&self, region: &str, service: &str) -> reqwest::RequestBuilder {
        let scope = format!("{}/20260101/{region}/{service}/aws4_request", self.account);
        self.client.post(&self.emission.endpoint).header(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
    }

    async fn check(
        &self,
        action: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<String, EmitError> {
        let response = request.send().await?;
        let status = response.status();
        let body = response.text().await?;
        if status.is_success() {
            return Ok(body);
        }
        Err(EmitError::Refused { action, status: status.as_u16(), body: beginning(&body) })
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(500).collect()
}

fn datapoints(effects: &[Effect]) -> BTreeMap<String, Vec<&Datapoint>> {
    let mut found: BTreeMap<String, Vec<&Datapoint>> = BTreeMap::new();
    for effect in effects {
        if let Effect::Metric(datapoint) = effect {
            found.entry(datapoint.region.clone()).or_default().push(datapoint);
        }
    }
    found
}

fn entries(effects: &[Effect], token: &str) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for effect in effects {
        if let Effect::RdsEvent(event) = effect {
            found.entry(event.region.clone()).or_default().push(rds_entry(event, token));
        } else if let Effect::EcsEvent(event) = effect {
            found.entry(event.region.clone()).or_default().push(ecs_entry(event, token));
        }
    }
    found
}

#[cfg(test)]
mod tests;
