//! Lambda, from people's side: requests to alarm-handler, the only door.

use crate::{
    failure::{failed, missing},
    sdk,
};
use aws_config::SdkConfig;
use aws_sdk_lambda::{Client, primitives::Blob, types::InvocationType};
use recovery::{CallError, Failure, signal::Request};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

const LAMBDA: &str = "Lambda";
const INVOKE: &str = "Invoke";
/// Longer than the function's own timeout, so that the function's answer is heard and not our impatience.
const PATIENCE: Duration = Duration::from_secs(30);

/// The function that takes people's requests.
pub struct Door {
    client: Client,
    function: String,
}

/// How Lambda tells that a function failed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_type: Option<String>,
    error_message: Option<String>,
}

impl Door {
    /// The door behind `function`, a name or an ARN, in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, function: &str) -> Self {
        Self {
            // Once: a person who asks twice should know it.
            client: Client::new(&sdk::once(config, PATIENCE)),
            function: function.to_owned(),
        }
    }

    /// Sends a request and returns the function's answer.
    ///
    /// # Errors
    /// The function's own failure as `Refused`, with its `errorType` as code and its message; Lambda's failures;
    /// `Malformed` when the answer is not JSON.
    pub async fn ask(&self, request: &Request) -> Result<Value, CallError> {
        let broken = |message: &str| CallError::new(LAMBDA, INVOKE, Failure::Malformed, message);
        let payload = serde_json::to_vec(request).map_err(|e| broken(&e.to_string()))?;
        let call = self.client.invoke().function_name(&self.function);
        let call = call.invocation_type(InvocationType::RequestResponse).payload(Blob::new(payload));
        let reply = call.send().await.map_err(|e| failed(LAMBDA, INVOKE, &e))?;
        let payload = reply.payload().ok_or_else(|| missing(LAMBDA, INVOKE, "Payload"))?.as_ref();
        if let Some(kind) = reply.function_error() {
            return Err(function_error(kind, payload));
        }
        serde_json::from_slice(payload).map_err(|e| broken(&format!("the answer is not JSON: {e}")))
    }
}

fn function_error(kind: &str, payload: &[u8]) -> CallError {
    let told: Option<FunctionError> = serde_json::from_slice(payload).ok();
    let (code, message) = told.map_or((None, None), |t| (t.error_type, t.error_message));
    let message = message.unwrap_or_else(|| format!("the function failed ({kind}) and did not say why"));
    CallError {
        code: code.map(|c| recovery::text::plain(&c, 100)),
        ..CallError::new(LAMBDA, INVOKE, Failure::Refused, &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_failure_keeps_its_type_and_message() {
        let payload = br#"{"errorType":"InvalidPlan","errorMessage":"the plan is not valid: line 3"}"#;
        let error = function_error("Unhandled", payload);
        assert_eq!(error.code.as_deref(), Some("InvalidPlan"));
        assert_eq!(error.message, "the plan is not valid: line 3");
        let error = function_error("Unhandled", b"<html>");
        assert_eq!(error.message, "the function failed (Unhandled) and did not say why");
    }
}
