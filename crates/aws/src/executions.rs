//! Step Functions: the executions of the state machine `recovery`.

use crate::failure::{failed, missing};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sfn::{Client, operation::start_execution::StartExecutionError};
use recovery::{
    CallError, Failure, Run,
    ports::{Execution, Executions},
};

const SFN: &str = "Step Functions";

/// [`Executions`] of one state machine.
pub struct StateMachine {
    client: Client,
    arn: String,
    /// The ARN of its executions up to their name.
    executions: String,
}

impl StateMachine {
    /// The state machine of this ARN, whose executions have ARNs made from it.
    ///
    /// # Errors
    /// `arn` is not the ARN of a state machine.
    pub fn new(config: &SdkConfig, arn: &str) -> Result<Self, CallError> {
        let executions = executions_of(arn).ok_or_else(|| {
            let message = format!("MAINSTAY_STATE_MACHINE_ARN is not the ARN of a state machine: {arn}");
            CallError::new(SFN, "configuration", Failure::Refused, &message)
        })?;
        Ok(Self { client: Client::new(config), arn: arn.to_owned(), executions })
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.describe("mainstay-warms-up").await;
    }

    async fn describe(&self, name: &str) -> Result<Execution, CallError> {
        let action = "DescribeExecution";
        let arn = format!("{}:{name}", self.executions);
        let call = self.client.describe_execution().execution_arn(&arn);
        let reply = call.send().await.map_err(|e| failed(SFN, action, &e))?;
        Ok(Execution { arn, status: reply.status().as_str().to_owned() })
    }
}

#[async_trait]
impl Executions for StateMachine {
    async fn start(&self, run: &Run) -> Result<Execution, CallError> {
        let action = "StartExecution";
        let name = run.execution_name();
        let input = serde_json::to_string(run)
            .map_err(|e| CallError::new(SFN, action, Failure::Malformed, &e.to_string()))?;
        let call = self.client.start_execution().state_machine_arn(&self.arn).name(&name).input(input);
        match call.send().await {
            Ok(reply) if reply.execution_arn().is_empty() => Err(missing(SFN, action, "executionArn")),
            Ok(reply) => {
                Ok(Execution { arn: reply.execution_arn().to_owned(), status: "RUNNING".to_owned() })
            }
            // Running with the same input, or ended: only a look tells which.
            Err(error)
                if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) =>
            {
                self.describe(&name).await
            }
            Err(error) => Err(failed(SFN, action, &error)),
        }
    }

    async fn find(&self, run: &Run) -> Result<Option<Execution>, CallError> {
        match self.describe(&run.execution_name()).await {
            Err(error) if error.failure == Failure::NotFound => Ok(None),
            other => other.map(Some),
        }
    }
}

/// `arn:aws:states:R:A:stateMachine:NAME` (a version or alias may follow) → `arn:aws:states:R:A:execution:NAME`.
fn executions_of(arn: &str) -> Option<String> {
    let (before, after) = arn.split_once(":stateMachine:")?;
    let name = after.split(':').next().filter(|n| !n.is_empty())?;
    before.starts_with("arn:").then(|| format!("{before}:execution:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executions_arn_comes_from_the_state_machines() {
        let expected = Some("arn:aws:states:ca-central-1:123456789012:execution:recovery".to_owned());
        let arn = "arn:aws:states:ca-central-1:123456789012:stateMachine:recovery";
        assert_eq!(executions_of(arn), expected);
        assert_eq!(executions_of(&format!("{arn}:live")), expected);
        assert_eq!(executions_of("arn:aws:states:ca-central-1:123456789012:stateMachine:"), None);
        assert_eq!(executions_of("recovery"), None);
    }
}
