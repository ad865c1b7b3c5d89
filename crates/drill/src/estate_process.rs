//! The estate as a process of its own: `drill estate`, held by a lifeline.
//!
//! The process ends when its standard input closes, so nothing is left behind however the drill ends.

use crate::{error::DrillError, pace::Pace};
use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// What `drill estate` prints first, as one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Addresses {
    /// RDS, ECS and the control interface, as a URL.
    pub address: String,
    /// DNS, as `host:port`.
    pub dns: String,
    /// Where real servers and processes are steered, as `host:port`; none without a folder for them.
    #[serde(default)]
    pub real: Option<String>,
    /// Where the checks of the services are asked, as `host:port`; none without a folder for real tasks.
    #[serde(default)]
    pub front: Option<String>,
}

/// The file in the folder of the real servers that holds the database's password, for the prober.
pub const PASSWORD_FILE: &str = "database-password";
/// The file in that folder that holds the root of the front's certificate, for task-recycler.
pub const ROOT_FILE: &str = "front-root.pem";
/// How long it may take to end: real servers are stopped in order.
const ENDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);
/// What is written to the lifeline so that its end does not end the process.
pub const KEEP: &str = "keep";

/// A running estate.
#[derive(Debug)]
pub struct EstateProcess {
    child: Child,
    lifeline: Option<ChildStdin>,
    /// Where it is reached.
    pub addresses: Addresses,
}

impl EstateProcess {
    /// Starts it on free ports and waits for its addresses.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it says where it is.
    pub fn start(
        binary: &Path,
        folder: &Path,
        pace: Pace,
        endpoint_port: u16,
        emit_to: &str,
        event_token: &str,
    ) -> Result<Self, DrillError> {
        let wrong = |what: String| DrillError::Estate(what);
        let mut child = Command::new(binary)
            .args(["estate", "--lifeline", "--port", "0", "--dns-port", "0"])
            .args(["--metric-period", &pace.period_s().to_string()])
            .args((pace == Pace::Quick).then_some("--quick"))
            .args(["--emit-to", emit_to])
            .arg("--real-in")
            .arg(folder)
            .args(["--endpoint-port", &endpoint_port.to_string()])
            .env("MAINSTAY_EVENT_TOKEN", event_token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C at a terminal goes to a whole group: this one ends by its lifeline, in order.
            .process_group(0)
            .spawn()
            .map_err(|e| wrong(format!("{} could not be started: {e}", binary.display())))?;
        let lifeline = child.stdin.take();
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| wrong(e.to_string()))?;
        }
        if let Ok(addresses) = serde_json::from_str(&line) {
            return Ok(Self { child, lifeline, addresses });
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(wrong("it ended before it said where it is (see its message above)".to_owned()))
    }

    /// Leaves it running, and returns its process id.
    ///
    /// # Errors
    /// When it is gone.
    pub fn keep(mut self) -> Result<u32, DrillError> {
        let gone = |why: String| DrillError::Estate(format!("it is gone: {why}"));
        let mut lifeline = self.lifeline.take().ok_or_else(|| gone("no lifeline".to_owned()))?;
        writeln!(lifeline, "{KEEP}").map_err(|e| gone(e.to_string()))?;
        Ok(self.child.id())
    }
}

impl Drop for EstateProcess {
    fn drop(&mut self) {
        // Kept: nothing to end.
        if self.lifeline.take().is_none() {
            return;
        }
        let since = std::time::Instant::now();
        while since.elapsed() < ENDS_WITHIN {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
