//! Programs of people, run as people run them: as processes, with AWS's usual variables.

use drill::{artifacts, stage::Stage};
use serde_json::Value;
use std::process::{Command, Stdio};
use tokio::task::JoinHandle;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

impl Ended {
    /// Itself, if this is the exit code.
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Its standard output, one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out, self.err))
    }

    /// Asserts that it said something.
    pub(crate) fn says(&self, what: &str) {
        assert!(self.out.contains(what), "no `{what}` in:\n{}", self.out);
    }
}

/// Starts a program and collects how it ends.
pub(crate) fn start(mut command: Command) -> JoinHandle<Ended> {
    tokio::task::spawn_blocking(move || {
        let output = command.stdin(Stdio::null()).output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ended {
            code: output.status.code().expect("no signal ended it"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    })
}

/// `drp` with these arguments, from the repository's root, on this stage.
pub(crate) fn drp_command(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = Command::new(artifacts::binary("drp"));
    // The whole environment: nothing of the person who runs the tests.
    command
        .args(arguments)
        .current_dir(artifacts::repository())
        .env_clear()
        .envs(stage.variables())
        .env("USER", "dana");
    command
}

/// Runs `drp` to its end.
pub(crate) async fn drp(stage: &Stage, arguments: &[&str]) -> Ended {
    start(drp_command(stage, arguments)).await.expect("it ends")
}
