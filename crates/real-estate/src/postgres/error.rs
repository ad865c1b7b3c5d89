//! What can go wrong with the servers.

use std::path::PathBuf;

/// Why a server, or PostgreSQL itself, could not be had or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The path that was given holds no usable PostgreSQL.
    #[error("{}: {why}", path.display())]
    Unusable {
        /// The path.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no PostgreSQL on this machine, and none could be installed.
    #[error("no usable PostgreSQL was found ({looked}), and none could be installed: {source}")]
    NotFound {
        /// Where it was looked for, and what was wrong there.
        looked: String,
        /// Why it could not be installed.
        source: Box<PostgresError>,
    },
    /// Python, or pip, is missing or failed.
    #[error(transparent)]
    Python(#[from] venv::VenvError),
    /// This is not Linux.
    #[error("the drill's servers need Linux: their processes are found through /proc")]
    NotLinux,
    /// The names of the instances are not usable.
    #[error("instances {0:?}: give at least one, each once, of letters, digits, `-` and `_`")]
    Instances(Vec<String>),
    /// There is no server of that name.
    #[error("there is no instance `{0}`")]
    Unknown(String),
    /// Another process that lives runs servers in that folder.
    #[error("{}: another process runs servers there", .0.display())]
    InUse(PathBuf),
    /// PostgreSQL refuses to be root, and the account that runs it instead cannot come to what it needs.
    #[error("root cannot run PostgreSQL, and uid {uid}, which runs it instead, cannot reach {what}")]
    Unreachable {
        /// The account's.
        uid: u32,
        /// What it needs.
        what: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} for `{instance}` failed: {said}")]
    Program {
        /// The program.
        program: &'static str,
        /// The instance.
        instance: String,
        /// The last lines that it wrote.
        said: String,
    },
    /// A server refused what was asked.
    #[error("`{instance}` refused: {source}")]
    Refused {
        /// The instance.
        instance: String,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// A server did not come to a state in time.
    #[error("`{instance}` did not {what} in {seconds} s")]
    Late {
        /// The instance.
        instance: String,
        /// What it was to do.
        what: &'static str,
        /// How long it had.
        seconds: u64,
    },
    /// The servers were stopped meanwhile.
    #[error("the servers were stopped")]
    Stopped,
}

impl PostgresError {
    /// For `map_err` of what was done to `path`.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
