//! Deploying a SAM template to the local cloud.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::server::blocking;
use super::{Cloud, CloudError};

/// What to deploy.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// The SAM template.
    pub template: PathBuf,
    /// The stack's name.
    pub stack: String,
    /// Values of the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Logical id → the built binary of a function (it becomes `bootstrap`), or the content of a layer (a file or
    /// a folder). A layer or a state machine without an entry is taken from the path in the template.
    pub artifacts: BTreeMap<String, PathBuf>,
}

/// A deployed stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Stack {
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// What was made, by logical id (after SAM's expansion).
    pub resources: BTreeMap<String, Resource>,
}

/// One resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Resource {
    /// The physical id: a name, an ARN or a URL, by type.
    pub id: String,
    /// As `AWS::SQS::Queue`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Stack {
    /// The physical id of a resource, empty if there is no such one.
    #[must_use]
    pub fn id(&self, logical_id: &str) -> &str {
        self.resources.get(logical_id).map_or("", |resource| resource.id.as_str())
    }

    /// An output, empty if there is no such one.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

/// How long a stack may take.
const WITHIN: Duration = Duration::from_mins(3);

#[derive(Deserialize)]
#[serde(untagged)]
enum Reply {
    Done(Stack),
    Refused { error: String, reasons: Vec<String> },
}

impl Cloud {
    /// Uploads functions, layers and definitions, creates or updates the stack, and waits until it is complete.
    ///
    /// On failure the error names each resource that failed and why.
    pub async fn deploy(&self, deployment: Deployment) -> Result<Stack, CloudError> {
        let settings = self.settings();
        let request = json!({
            "endpoint": self.endpoint(),
            "region": settings.region,
            "account": settings.account,
            "template": deployment.template,
            "stack": deployment.stack,
            "parameters": deployment.parameters,
            "artifacts": deployment.artifacts,
            "deadline_s": WITHIN.as_secs(),
        });
        let mut command = Command::new(self.python());
        command
            .arg(settings.run_dir.join("deploy.py"))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", &settings.run_dir)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let program = self.python();
        blocking(move || run(command, &program, &request)).await
    }
}

fn run(
    mut command: Command,
    program: &std::path::Path,
    request: &serde_json::Value,
) -> Result<Stack, CloudError> {
    let failed = |source| CloudError::Spawn { program: program.to_owned(), source };
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(request.to_string().as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    match serde_json::from_slice::<Reply>(&output.stdout) {
        Ok(Reply::Done(stack)) => Ok(stack),
        Ok(Reply::Refused { error, reasons }) => Err(CloudError::Deploy { what: error, reasons }),
        Err(_) => Err(CloudError::Deploy {
            what: "the deploying script failed".to_owned(),
            reasons: String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect(),
        }),
    }
}
