//! Step Functions: the executions of the recovery.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Service, members, text};
use crate::cloud::ApiError;

/// One execution, as `ListExecutions` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// Its ARN.
    pub execution_arn: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
}

impl Api {
    /// Starts an execution. Returns its ARN.
    pub async fn start_execution(
        &self,
        machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<String, ApiError> {
        let request = json!({ "stateMachineArn": machine_arn, "name": name, "input": input.to_string() });
        let reply = self.json(Service::StepFunctions, "StartExecution", &request).await?;
        Ok(text("StartExecution", &reply, "executionArn")?.to_owned())
    }

    /// The latest hundred executions of a state machine, newest first.
    pub async fn executions(&self, machine_arn: &str) -> Result<Vec<Execution>, ApiError> {
        let request = json!({ "stateMachineArn": machine_arn, "maxResults": 100 });
        let reply = self.json(Service::StepFunctions, "ListExecutions", &request).await?;
        Ok(members(&reply, "executions").iter().filter_map(|one| Execution::deserialize(one).ok()).collect())
    }

    /// `DescribeExecution`: `status`, `input`, `output`, `error`, `cause`.
    pub async fn execution(&self, execution_arn: &str) -> Result<Value, ApiError> {
        let request = json!({ "executionArn": execution_arn });
        self.json(Service::StepFunctions, "DescribeExecution", &request).await
    }

    /// The events of an execution, oldest first.
    pub async fn history(&self, execution_arn: &str) -> Result<Vec<Value>, ApiError> {
        let mut all = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut request = json!({ "executionArn": execution_arn, "maxResults": 1000 });
            if let (Some(request), false) = (request.as_object_mut(), next.is_null()) {
                request.insert("nextToken".to_owned(), next);
            }
            let reply = self.json(Service::StepFunctions, "GetExecutionHistory", &request).await?;
            all.extend_from_slice(members(&reply, "events"));
            next = reply.get("nextToken").cloned().unwrap_or(Value::Null);
            if next.is_null() {
                return Ok(all);
            }
        }
    }
}
