//! Everything that CI runs, in one command: `cargo verify`.
//!
//! Each check says one line when it begins and one when it ends. All are run, whatever fails; the failures are
//! named again at the end. What a check needs (linters, a Node.js) is installed with pinned versions under
//! `.mainstay` and `target/tools`, never on the machine.

pub mod arguments;
pub mod asl;
mod cargo;
mod lint;
mod node;
mod process;
pub mod report;

use arguments::Wanted;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is wrong.
    Passed,
    /// It could not be run here, and may be left out here; why.
    Skipped(String),
    /// Something is wrong; what.
    Failed(String),
}

/// Where the checks run.
#[derive(Debug, Clone)]
pub struct Place {
    /// The repository's root.
    pub root: PathBuf,
    /// Whether this is CI, where nothing may be left out.
    pub ci: bool,
}

impl Place {
    /// The repository that this program was built from.
    #[must_use]
    pub fn here(ci: bool) -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.ancestors().nth(2).unwrap_or(manifest);
        Self { root: root.to_owned(), ci }
    }
}

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name, as `--only` takes it.
    pub name: &'static str,
    /// What it looks at, in a few words.
    pub about: &'static str,
    run: fn(&Place) -> Ended,
}

/// All checks, in the order in which they run: first those that answer soonest.
pub const CHECKS: [Check; 11] = [
    Check { name: "fmt", about: "the code is formatted", run: cargo::fmt },
    Check { name: "asl", about: "the state machine keeps to its subset", run: lint::asl },
    Check { name: "shellcheck", about: "the shell scripts", run: lint::shellcheck },
    Check { name: "actionlint", about: "the workflows", run: lint::actionlint },
    Check { name: "zizmor", about: "the workflows' security", run: lint::zizmor },
    Check { name: "cfn-lint", about: "the template, as written and as expanded", run: lint::cfn_lint },
    Check { name: "asl-validator", about: "the state machine is valid", run: lint::asl_validator },
    Check { name: "clippy", about: "the code's lints, as errors", run: cargo::clippy },
    Check { name: "test", about: "every test, documentation's included", run: cargo::test },
    Check { name: "doc", about: "the documentation builds without a warning", run: cargo::doc },
    Check { name: "deny", about: "licences, bans and sources of what is depended on", run: cargo::deny },
];

/// Runs what is wanted and returns the exit code: 0 when nothing failed, 1 when something did.
///
/// # Errors
/// When `out` can't be written to.
pub fn run(wanted: &Wanted, place: &Place, out: &mut dyn Write) -> std::io::Result<u8> {
    let checks: Vec<Check> = CHECKS.into_iter().filter(|check| wanted.includes(check.name)).collect();
    report::run(&checks, place, out)
}
