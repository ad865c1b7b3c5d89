//! What can go wrong before, during and after a drill, and what to do about it.

use crate::cloud::{ApiError, CloudError};
use thiserror::Error;

/// A drill that could not be run. (A drill that ran and failed its checks is a report, not an error.)
#[derive(Debug, Error)]
pub enum DrillError {
    /// The functions could not be built.
    #[error("{what}")]
    Cargo {
        /// What went wrong and what to do.
        what: String,
    },
    /// The local cloud could not be started or deployed to.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// A call to the local cloud failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The estate could not be started or seeded.
    #[error("the estate: {0}")]
    Estate(String),
    /// PostgreSQL was neither found nor installed.
    #[error("no real database: {0}")]
    Unreal(String),
    /// The real servers and processes.
    #[error("the real estate: {0}")]
    Real(String),
    /// The scenario table or the plan could not be used.
    #[error("{0}")]
    Scenario(String),
    /// A file of the run could not be written.
    #[error("cannot write {path}: {source}. Is there room on the disk?")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The stage did not come to rest.
    #[error("{0}")]
    NotReady(String),
}
