//! What can go wrong with the local cloud. Each message says what to do.

use std::path::PathBuf;

/// Why the local cloud did not start, or a template was not deployed.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// There is no Python environment for it.
    #[error("the local cloud needs a Python environment: {0}")]
    Python(#[from] venv::VenvError),
    /// Something else listens on the port that was asked for.
    #[error("port {0} of 127.0.0.1 is taken. Ask for another one, or leave the port out to get a free one.")]
    PortTaken(u16),
    /// No free port could be had.
    #[error("no free port on 127.0.0.1: {0}. Close other programs that listen, and run this again.")]
    NoPort(std::io::Error),
    /// The program could not be started.
    #[error("{program}: {source}. Remove the folder .mainstay/venv and run this again to make it anew.", program = program.display())]
    Spawn {
        /// Which program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("the local cloud ended before it was ready. The whole log is {log}; its last lines:\n{last_lines}", log = log.display())]
    Died {
        /// The whole log.
        log: PathBuf,
        /// The end of it.
        last_lines: String,
    },
    /// It was not ready in time.
    #[error("the local cloud was not ready after {waited_s} s. Is the machine very busy? The whole log is {log}; its last lines:\n{last_lines}", log = log.display())]
    Slow {
        /// How long we waited, in seconds.
        waited_s: u64,
        /// The whole log.
        log: PathBuf,
        /// The end of it.
        last_lines: String,
    },
    /// The template was refused, or a resource of it could not be made.
    #[error("the template was not deployed: {what}{}", list(reasons))]
    Deploy {
        /// What happened.
        what: String,
        /// One line for each resource that failed.
        reasons: Vec<String>,
    },
    /// A file or folder of the run could not be read or written.
    #[error("{}: {source}. Check that the disk has room and that the folder may be written to.", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The drill itself was interrupted while it waited.
    #[error("the work was cut short: {0}")]
    Interrupted(String),
}

/// Why a call to the local cloud failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error("{action}: the local cloud does not answer: {source}")]
    NoAnswer {
        /// The call.
        action: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that says no.
    #[error("{action}: the local cloud answered {status}: {body}")]
    Refused {
        /// The call.
        action: String,
        /// HTTP status.
        status: u16,
        /// The answer, at most 2,000 characters.
        body: String,
    },
    /// An answer that lacks what it should have.
    #[error("{action}: the answer lacks {what}")]
    Incomplete {
        /// The call.
        action: String,
        /// What it lacks.
        what: &'static str,
    },
}

fn list(reasons: &[String]) -> String {
    reasons.iter().fold(String::new(), |list, reason| list + "\n  - " + reason)
}
