//! The few AWS calls that a drill makes by itself: to watch, to break, to read the inbox.

mod alarms;
mod events;
mod executions;
mod functions;
mod queues;
mod table;
mod topics;

use std::time::Duration;

use serde_json::Value;

pub use alarms::Datapoint;
pub use executions::Execution;
pub use queues::Message;

use super::ApiError;

/// How long one call may take. A function that is invoked and waited for may take its whole timeout.
const CALL_WITHIN: Duration = Duration::from_mins(1);
/// How much of an error's body is kept.
const BODY_CHARACTERS: usize = 2000;

/// A client of the local cloud, on AWS's own wire formats. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    endpoint: String,
    region: String,
    account: String,
    event_token: String,
}

/// A service that speaks JSON with `X-Amz-Target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// CloudWatch.
    CloudWatch,
    /// DynamoDB.
    DynamoDb,
    /// EventBridge.
    EventBridge,
    /// CloudWatch Logs.
    Logs,
    /// SQS.
    Sqs,
    /// Step Functions.
    StepFunctions,
}

impl Service {
    /// Name in the credential scope, and prefix of the target header.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::CloudWatch => ("monitoring", "GraniteServiceVersion20100801"),
            Self::DynamoDb => ("dynamodb", "DynamoDB_20120810"),
            Self::EventBridge => ("events", "AWSEvents"),
            Self::Logs => ("logs", "Logs_20140328"),
            Self::Sqs => ("sqs", "AmazonSQS"),
            Self::StepFunctions => ("states", "AWSStepFunctions"),
        }
    }
}

impl Api {
    /// A client of the local cloud at `endpoint`, for one account and region. `event_token` is the secret by which
    /// its events may have an `aws.*` source.
    #[must_use]
    pub fn new(endpoint: &str, region: &str, account: &str, event_token: &str) -> Self {
        Self {
            // Loopback only: a proxy of the caller's must not see these calls.
            client: reqwest::Client::builder().no_proxy().timeout(CALL_WITHIN).build().unwrap_or_default(),
            endpoint: endpoint.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            event_token: event_token.to_owned(),
        }
    }

    /// Any action of a JSON service, with its request and its answer as they are on the wire.
    pub async fn json(&self, service: Service, action: &str, request: &Value) -> Result<Value, ApiError> {
        let (name, prefix) = service.names();
        let call = self
            .client
            .post(&self.endpoint)
            .header("authorization", self.authorization(name))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("{prefix}.{action}"))
            .body(request.to_string());
        let text = send(action, call).await?;
        Ok(if text.is_empty() { Value::Null } else { parsed(action, &text)? })
    }

    /// Any action of a service that speaks the Query protocol; the answer is XML.
    pub async fn query(
        &self,
        service: &str,
        action: &str,
        form: &[(&str, &str)],
    ) -> Result<String, ApiError> {
        let mut fields = vec![("Action", action)];
        fields.extend_from_slice(form);
        let call = self
            .client
            .post(&self.endpoint)
            .header("authorization", self.authorization(service))
            .form(&fields);
        send(action, call).await
    }

    /// The signature is not looked at; account, region and service are read from the credential.
    fn authorization(&self, service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.account, self.region
        )
    }
}

async fn send(action: &str, call: reqwest::RequestBuilder) -> Result<String, ApiError> {
    let no_answer = |source| ApiError::NoAnswer { action: action.to_owned(), source };
    let answer = call.send().await.map_err(no_answer)?;
    let status = answer.status();
    let body = answer.text().await.map_err(no_answer)?;
    if status.is_success() {
        return Ok(body);
    }
    let body = body.chars().take(BODY_CHARACTERS).collect();
    Err(ApiError::Refused { action: action.to_owned(), status: status.as_u16(), body })
}

fn parsed(action: &str, text: &str) -> Result<Value, ApiError> {
    serde_json::from_str(text)
        .map_err(|_| ApiError::Incomplete { action: action.to_owned(), what: "a JSON document" })
}

/// The text at a path of an answer.
fn text<'v>(action: &str, value: &'v Value, key: &'static str) -> Result<&'v str, ApiError> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::Incomplete { action: action.to_owned(), what: key })
}

/// The members of a list in an answer; none if there is no list.
fn members<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
