//! Finding a Python that can make environments.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{OLDEST_PYTHON, VenvError};

/// A Python that is new enough and can make environments.
#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) program: String,
    /// As `3.11.7`.
    pub(crate) version: String,
}

/// Prints the version, then `yes` if environments can be made.
const PROBE: &str = "import sys\n\
    print('.'.join(map(str, sys.version_info[:3])))\n\
    try:\n import venv, ensurepip\n print('yes')\n\
    except ImportError:\n print('no')\n";

/// The first of `candidates` that will do. A candidate that is absent, or is a shim that doesn't start, is
/// passed over; one that is too old or lacks a module is remembered for the error.
pub(crate) fn find(candidates: &[String]) -> Result<Python, VenvError> {
    let mut too_old = Vec::new();
    let mut without_venv = None;
    for program in candidates {
        let Some((version, can_make)) = probe(program) else {
            continue;
        };
        if !is_new_enough(&version) {
            too_old.push((program.clone(), version));
        } else if can_make {
            return Ok(Python { program: program.clone(), version });
        } else if without_venv.is_none() {
            without_venv = Some(VenvError::NoVenv { python: program.clone(), version });
        }
    }
    Err(match without_venv {
        Some(error) => error,
        None if too_old.is_empty() => VenvError::NoPython { tried: candidates.to_vec() },
        None => VenvError::TooOld { found: too_old },
    })
}

/// True when the program starts and ends well.
pub(crate) fn starts(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", ""])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn probe(program: &str) -> Option<(String, bool)> {
    let output = Command::new(program).args(["-c", PROBE]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let version = lines.next()?.trim().to_owned();
    Some((version, lines.next().map(str::trim) == Some("yes")))
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST_PYTHON,
        _ => false,
    }
}
