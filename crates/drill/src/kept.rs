//! A stage that is left running: how to reach it, and how to end it.

use crate::{error::DrillError, stage::Stage};
use std::collections::BTreeMap;

/// How to reach what `--keep` left, and how to end it.
#[derive(Debug, Clone)]
pub struct LeftRunning {
    /// Lines for people.
    pub lines: Vec<String>,
}

impl Stage {
    /// Leaves everything running, and writes what functions and tools need to reach it into `local.env` in the run's folder.
    ///
    /// # Errors
    /// When something is gone already, or the file cannot be written.
    pub fn keep(self) -> Result<LeftRunning, DrillError> {
        let addresses = self.estate_process.addresses.clone();
        let env_file = self.run_folder.path().join("local.env");
        let variables = self.variables();
        let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(&env_file, lines.concat())
            .map_err(|source| DrillError::File { path: env_file.clone(), source })?;
        let log = self.log();
        self.run_folder.keep();
        let cloud = self.cloud.keep()?;
        let estate_pid = self.estate_process.keep()?;
        let lines = vec![
            format!("The local cloud is left running at {}. To reach it from a shell:", cloud.endpoint),
            format!("  set -a; . {}; set +a", env_file.display()),
            "  cargo drp status".to_owned(),
            format!("  curl {}/_estate/log      # what RDS and ECS were asked", addresses.address),
            "One function under the debugger's eyes, against it:".to_owned(),
            format!("  cargo lambda watch --env-file {}", env_file.display()),
            format!("The log is {}.", log.display()),
            format!("To end it:  kill -- -{} ; kill {estate_pid}", cloud.pid),
        ];
        Ok(LeftRunning { lines })
    }

    /// The environment of the functions and of people's tools on this stage.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, String> {
        let estate = self.estate.address();
        [
            ("AWS_ACCESS_KEY_ID", "123456789012"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_REGION", "ca-central-1"),
            ("AWS_ENDPOINT_URL", &self.cloud.endpoint()),
            ("AWS_ENDPOINT_URL_RDS", estate),
            ("AWS_ENDPOINT_URL_ECS", estate),
            ("MAINSTAY_ALARM_HANDLER", self.stack.id("AlarmHandler")),
            ("MAINSTAY_BUS", "default"),
            ("MAINSTAY_DLQ_URL", self.stack.output("NotifierDlqUrl")),
            ("MAINSTAY_DNS_SERVER", &self.estate_process.addresses.dns),
            ("MAINSTAY_DRILL", "true"),
            ("MAINSTAY_PLAN", &self.plan_path.display().to_string()),
            ("MAINSTAY_STATE_MACHINE_ARN", self.stack.output("StateMachineArn")),
            ("MAINSTAY_TABLE", self.stack.output("TableName")),
            ("MAINSTAY_TOPIC_ARN", self.stack.output("NoticesTopicArn")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}
