//! What can go wrong, and what to do about it.

use std::path::PathBuf;

use crate::OLDEST_PYTHON;

/// Why there is no environment. Each message ends with what to do.
#[derive(Debug)]
pub enum VenvError {
    /// None of the programs that were tried is a Python that starts.
    NoPython {
        /// The programs that were tried.
        tried: Vec<String>,
    },
    /// A Python was found, but every one is older than [`OLDEST_PYTHON`].
    TooOld {
        /// Program and version of each that was found.
        found: Vec<(String, String)>,
    },
    /// The Python has no `venv` or no `ensurepip`, as on Debian without its package for it.
    NoVenv {
        /// The program.
        python: String,
        /// Its version, such as `3.11.7`.
        version: String,
    },
    /// pip could not reach a package index.
    NoNetwork,
    /// pip, or the making of the environment, failed for another reason.
    Install {
        /// The last lines that it printed.
        last_lines: String,
    },
    /// Another process has been making the same environment for too long.
    Busy {
        /// The lock file, which names the process.
        lock: PathBuf,
    },
    /// A file or folder could not be read or written.
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl std::fmt::Display for VenvError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor) = OLDEST_PYTHON;
        match self {
            Self::NoPython { tried } => write!(
                f,
                "no Python was found (tried {}). Install Python {major}.{minor} or later, with its venv module, \
                 and run this again.",
                tried.join(", ")
            ),
            Self::TooOld { found } => {
                let list: Vec<String> =
                    found.iter().map(|(program, version)| format!("{program} is {version}")).collect();
                write!(
                    f,
                    "the Python here is too old: {}. Install Python {major}.{minor} or later and run this again.",
                    list.join(", ")
                )
            }
            Self::NoVenv { python, version } => write!(
                f,
                "{python} ({version}) has no `venv` or `ensurepip` module. Install it (on Debian and Ubuntu: \
                 apt-get install python3-venv) and run this again."
            ),
            Self::NoNetwork => write!(
                f,
                "pip could not reach its package index. Check the network, or the proxy or index that pip is \
                 configured with (`python3 -m pip config list`), and run this again; what was installed before \
                 keeps working without a network."
            ),
            Self::Install { last_lines } => write!(
                f,
                "the Python environment could not be made. The last lines were:\n{last_lines}\n\
                 Mend what they name and run this again: a half-made environment is made anew."
            ),
            Self::Busy { lock } => write!(
                f,
                "another process has been making the same Python environment for very long. End it (its id is in \
                 {}) and run this again.",
                lock.display()
            ),
            Self::Folder { path, source } => write!(
                f,
                "{}: {source}. Check that the disk has room and that the folder may be written to.",
                path.display()
            ),
        }
    }
}

impl std::error::Error for VenvError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder { source, .. } => Some(source),
            Self::NoPython { .. }
            | Self::TooOld { .. }
            | Self::NoVenv { .. }
            | Self::NoNetwork
            | Self::Install { .. }
            | Self::Busy { .. } => None,
        }
    }
}
