//! The linters of what is not Rust. The programs are Python packages with pinned versions.

use crate::{Ended, Place, asl, node, process};
use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};
use venv::Environment;

const TEMPLATE: &str = "infra/template.yaml";
const STATE_MACHINE: &str = "infra/recovery.asl.json";
const WORKFLOWS: &str = ".github/workflows";

pub(crate) fn asl(place: &Place) -> Ended {
    let limits = function_timeout(place).map(|function_timeout_s| asl::Limits { function_timeout_s });
    let (limits, definition) = match (limits, std::fs::read_to_string(place.root.join(STATE_MACHINE))) {
        (Ok(limits), Ok(definition)) => (limits, definition),
        (Err(what), _) => return Ended::Failed(what),
        (_, Err(error)) => return Ended::Failed(format!("{STATE_MACHINE}: {error}")),
    };
    let findings = asl::lint(&definition, limits);
    if findings.is_empty() {
        Ended::Passed
    } else {
        Ended::Failed(format!("{STATE_MACHINE}:\n{}", findings.join("\n")))
    }
}

/// Functions with a timeout of their own, for no state waits for them: the prober works for a minute, the snapshotter for
/// as long as a fleet needs.
const UNWAITED: [&str; 2] = ["Prober:", "Snapshotter:"];

/// The timeout of every function that the state machine may call, in seconds: the template sets it once, for all of
/// them.
fn function_timeout(place: &Place) -> Result<u64, String> {
    let template =
        std::fs::read_to_string(place.root.join(TEMPLATE)).map_err(|e| format!("{TEMPLATE}: {e}"))?;
    let mut resource = "";
    let mut timeouts = Vec::new();
    for line in template.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            resource = line.trim();
        }
        timeouts.extend(line.trim().strip_prefix("Timeout:").filter(|_| !UNWAITED.contains(&resource)));
    }
    match timeouts.as_slice() {
        [one] => one.trim().parse().map_err(|_| format!("{TEMPLATE}: the Timeout {one:?} is not a number")),
        found => {
            Err(format!("{TEMPLATE}: Timeout must be set once, in Globals; it is set {} times", found.len()))
        }
    }
}

pub(crate) fn cfn_lint(place: &Place) -> Ended {
    with_linters(place, |linters| {
        let expanded = place.root.join(".mainstay").join("expanded.template.json");
        let command = |program: &str| {
            let mut command = Command::new(linters.bin(program));
            // The expansion asks for a region's name, and for nothing in it.
            command.current_dir(&place.root).env("AWS_DEFAULT_REGION", "ca-central-1");
            command
        };
        let mut plain = command("cfn-lint");
        plain.arg(TEMPLATE);
        let mut expand = command("python");
        expand.args(["infra/lint/expand.py", TEMPLATE]).arg(&expanded);
        let mut whole = command("cfn-lint");
        whole.arg(&expanded);
        process::all([plain, expand, whole])
    })
}

pub(crate) fn asl_validator(place: &Place) -> Ended {
    match node::asl_validator(place) {
        Ok(mut command) => process::quiet(command.arg("--json-path").arg(place.root.join(STATE_MACHINE))),
        Err(why) if place.ci => Ended::Failed(why),
        Err(why) => Ended::Skipped(why),
    }
}

pub(crate) fn actionlint(place: &Place) -> Ended {
    with_linters(place, |linters| {
        let mut command = Command::new(linters.bin("actionlint"));
        command.current_dir(&place.root).arg("-shellcheck").arg(linters.bin("shellcheck"));
        match files(&place.root.join(WORKFLOWS), "yml") {
            Ok(workflows) => process::quiet(command.args(workflows)),
            Err(what) => Ended::Failed(what),
        }
    })
}

pub(crate) fn zizmor(place: &Place) -> Ended {
    with_linters(place, |linters| {
        let mut command = Command::new(linters.bin("zizmor"));
        command.current_dir(&place.root).args(["--offline", "--no-progress", "--color", "never", WORKFLOWS]);
        process::quiet(&mut command)
    })
}

pub(crate) fn shellcheck(place: &Place) -> Ended {
    with_linters(place, |linters| {
        let mut command = Command::new(linters.bin("shellcheck"));
        command.current_dir(&place.root).arg(".ci/run");
        match files(&place.root.join(".github/scripts"), "sh") {
            Ok(scripts) => process::quiet(command.args(scripts)),
            Err(what) => Ended::Failed(what),
        }
    })
}

fn with_linters(place: &Place, check: impl FnOnce(&Environment) -> Ended) -> Ended {
    let pins = match std::fs::read_to_string(place.root.join("infra/lint/requirements.txt")) {
        Ok(pins) => pins,
        Err(error) => return Ended::Failed(format!("infra/lint/requirements.txt: {error}")),
    };
    match Environment::ensure("lint", &pins, &place.root) {
        Ok(linters) => check(&linters),
        Err(error) => Ended::Failed(format!("the linters could not be installed: {error}")),
    }
}

/// The files of `folder` with this extension, in order. None is an error: a linter without files passes all.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let listed = |error: io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(listed)?;
    let paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(listed)?;
    let mut files: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|is| is == extension)).collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: holds no .{extension} file to check", folder.display()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_and_the_state_machine_fit_together() {
        let place = Place::here(false);
        assert_eq!(function_timeout(&place), Ok(20));
        assert_eq!(asl(&place), Ended::Passed);
    }

    #[test]
    fn a_linter_without_files_is_an_error() {
        let place = Place::here(false);
        assert!(files(&place.root.join("infra"), "sh").unwrap_err().contains("no .sh file"));
        assert!(files(&place.root.join("no-such-folder"), "sh").is_err());
    }
}
