//! Lambda: a person's request at the only door, and the poisoned event.

use serde_json::Value;

use super::{Api, parsed, send};
use crate::cloud::ApiError;

impl Api {
    /// Invokes a function and waits for its answer. An answer with a function error is an error here.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, ApiError> {
        let action = format!("Invoke {function}");
        let call = self.invocation(function, "RequestResponse").body(event.to_string());
        let answer =
            call.send().await.map_err(|source| ApiError::NoAnswer { action: action.clone(), source })?;
        let status = answer.status();
        let failed = answer.headers().contains_key("x-amz-function-error");
        let body =
            answer.text().await.map_err(|source| ApiError::NoAnswer { action: action.clone(), source })?;
        if failed || !status.is_success() {
            return Err(ApiError::Refused { action, status: status.as_u16(), body });
        }
        if body.is_empty() { Ok(Value::Null) } else { parsed(&action, &body) }
    }

    /// Hands a function an event as AWS's own services do: at once, with retries, then its dead-letter queue.
    /// `event` is sent as it is, so that it may be damaged.
    pub async fn invoke_later(&self, function: &str, event: &str) -> Result<(), ApiError> {
        let call = self.invocation(function, "Event").body(event.to_owned());
        send(&format!("Invoke {function}"), call).await.map(drop)
    }

    /// Makes the function start anew, as a change of its configuration does, so that it reads its files again.
    pub async fn restart_function(&self, function: &str) -> Result<(), ApiError> {
        let url = format!("{}/2015-03-31/functions/{function}/configuration", self.endpoint);
        let shown = self.client.get(&url).header("authorization", self.authorization("lambda"));
        let shown = parsed("GetFunctionConfiguration", &send("GetFunctionConfiguration", shown).await?)?;
        // The same value, but one on which the running processes depend: a new description would not end them.
        let same = serde_json::json!({ "MemorySize": shown.get("MemorySize") });
        let call = self.client.put(&url).header("authorization", self.authorization("lambda")).json(&same);
        send(&format!("UpdateFunctionConfiguration {function}"), call).await.map(drop)
    }

    fn invocation(&self, function: &str, kind: &str) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint))
            .header("authorization", self.authorization("lambda"))
            .header("content-type", "application/json")
            .header("x-amz-invocation-type", kind)
    }
}
