//! Builds the functions that the local cloud runs: the same profile as the tests, so that nothing is built twice.

use crate::error::DrillError;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Folder = crate = binary; the SAM logical id is the same name in another spelling.
pub const FUNCTIONS: [&str; 6] =
    ["alarm-handler", "failover-executor", "task-recycler", "notifier", "snapshotter", "prober"];

/// Those whose first event is measured. The prober calls no service of AWS when it starts, and then works for a minute.
pub const MEASURED: [&str; 5] =
    ["alarm-handler", "failover-executor", "task-recycler", "notifier", "snapshotter"];

/// The repository, from where this crate stands in it.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// `alarm-handler` → `AlarmHandler`.
#[must_use]
pub fn logical_id(function: &str) -> String {
    function
        .split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

/// How a binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As the drill and the tests run it.
    Dev,
    /// As it is deployed: small, and minutes to build.
    Release,
}

impl Build {
    /// Cargo's name of the profile.
    #[must_use]
    pub fn profile(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// Builds every function and returns the binaries by logical id. Cargo's own progress goes to standard error.
///
/// # Errors
/// When cargo cannot be started or the build fails; cargo has said why by then.
pub fn build() -> Result<BTreeMap<String, PathBuf>, DrillError> {
    // People's tool, the demo application and this crate are named too: the same packages, the same features, so
    // nothing is built twice.
    let packages: Vec<&str> = FUNCTIONS.iter().chain(&["drp", "drill", "shop"]).copied().collect();
    cargo_build(&packages, Build::Dev)?;
    Ok(FUNCTIONS.iter().map(|f| (logical_id(f), binary(f))).collect())
}

/// Builds these functions. Cargo's own progress goes to standard error.
///
/// # Errors
/// As [`build`].
pub fn build_functions(functions: &[String], build: Build) -> Result<(), DrillError> {
    match build {
        Build::Dev => self::build().map(|_| ()),
        Build::Release => cargo_build(&functions.iter().map(String::as_str).collect::<Vec<_>>(), build),
    }
}

fn cargo_build(packages: &[&str], build: Build) -> Result<(), DrillError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--bins", "--profile", build.profile()]).current_dir(repository());
    for package in packages {
        cargo.args(["--package", package]);
    }
    for (name, _) in std::env::vars_os() {
        if of_one_package(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    let status = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|source| DrillError::Cargo { what: format!("cargo could not be started: {source}") })?;
    if !status.success() {
        return Err(DrillError::Cargo {
            what: "the functions do not build (see cargo's messages above)".to_owned(),
        });
    }
    Ok(())
}

/// Whether cargo tells a program that it runs of its package by this variable. A cargo that inherits it takes it for a
/// change of the environment, and builds ring, and all of the SDK after it, again.
fn of_one_package(variable: &str) -> bool {
    let families = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    families.iter().any(|prefix| variable.starts_with(prefix)) || variable == "OUT_DIR"
}

/// This crate's own program, which serves the estate.
#[must_use]
pub fn drill_binary() -> PathBuf {
    binary("drill")
}

/// A program that [`build`] builds: a function, `drp` or `drill`.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    built(name, Build::Dev)
}

/// Where a build puts a program.
#[must_use]
pub fn built(name: &str, build: Build) -> PathBuf {
    let folder = match build {
        Build::Dev => "debug",
        Build::Release => "release",
    };
    target_folder().join(folder).join(name)
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_ids_follow_the_rule() {
        assert_eq!(FUNCTIONS.map(logical_id)[0], "AlarmHandler");
        assert_eq!(FUNCTIONS.map(logical_id)[3], "Notifier");
    }

    #[test]
    fn the_template_has_every_function() {
        let template = std::fs::read_to_string(repository().join("infra/template.yaml")).unwrap();
        for function in FUNCTIONS {
            assert!(template.contains(&format!("\n  {}:\n", logical_id(function))), "{function}");
        }
    }
}
