//! `drp`, the command line that people use. It reads files and speaks to alarm-handler, the only door; it touches
//! no database, table or service itself.

mod ask;
pub mod cli;
mod offline;
mod show;

use cli::{Cli, Command};
use recovery::{CallError, Failure, signal::Request};
use thiserror::Error;

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It did what was asked. Exit code 0.
    Yes,
    /// It could be asked, and the answer is no. Exit code 1.
    No,
}

/// A command that could not be carried out. Exit code 2.
#[derive(Debug, Error)]
pub enum DrpError {
    /// A file that cannot be read.
    #[error("cannot read {path}: {cause}")]
    File {
        /// Which.
        path: String,
        /// Why, and what to do.
        cause: String,
    },
    /// The event cannot be read.
    #[error("{0}")]
    Event(#[from] recovery::StepError),
    /// The plan has errors.
    #[error("{path} is not valid ({errors} errors). `drp validate {path}` names them.")]
    Plan {
        /// The file.
        path: String,
        /// How many.
        errors: usize,
    },
    /// It is not known whom to ask.
    #[error("{missing} is not known. {mend}")]
    Whom {
        /// What is missing.
        missing: &'static str,
        /// How to give it.
        mend: &'static str,
    },
    /// alarm-handler could not be asked, or failed.
    #[error("{0}.{advice}", advice = advice(.0))]
    Door(#[from] CallError),
    /// alarm-handler answered something that this version does not know.
    #[error("the answer of alarm-handler cannot be read ({0}). Are drp and the stack of the same version?")]
    Answer(String),
    /// Standard output is gone.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// What a person does about a request that was not answered.
fn advice(error: &CallError) -> &'static str {
    match error.failure {
        Failure::NotFound => " Is the function's name right (--function), and the region?",
        Failure::Denied => " Do these AWS credentials allow lambda:InvokeFunction on alarm-handler?",
        Failure::Unreachable => " Nothing was sent. Is there a way to AWS, and are there credentials?",
        Failure::Doubtful => " It may have arrived: look with `drp status` before asking again.",
        Failure::Throttled => " Nothing was done. Ask again in a moment.",
        // The message says what is wrong with the request, or with the function.
        Failure::WrongState | Failure::Refused | Failure::Malformed => "",
    }
}

/// Carries a command out and writes what it says to `out`.
///
/// # Errors
/// What could not be read or reached, and what to do.
pub async fn run(cli: Cli, out: &mut (dyn std::io::Write + Send)) -> Result<Done, DrpError> {
    match cli.command {
        Command::Validate { plan, json } => offline::validate(&plan, json, out),
        Command::Explain { event, plan, state, json } => {
            offline::explain(&event, &plan, state.as_deref(), json, out)
        }
        Command::Failover { ask, no_follow, at } => {
            let follow = !no_follow && !ask.dry_run;
            ask::failover(&at, &ask.request(&at.by), follow, out).await
        }
        Command::Status { database, incident, at } => {
            ask::status(&at, &Request::Status { database, incident }, out).await
        }
        Command::Ack { incident, reason, at } => {
            let by = at.by.clone();
            ask::plain(&at, &Request::Ack { incident, by, reason }, out).await
        }
        Command::Pause { database, reason, at } => {
            let by = at.by.clone();
            ask::plain(&at, &Request::Pause { database, by, reason }, out).await
        }
        Command::Resume { database, reason, at } => {
            let by = at.by.clone();
            ask::plain(&at, &Request::Resume { database, by, reason }, out).await
        }
    }
}
