//! Programs that a check runs.

use crate::Ended;
use std::process::{Command, Stdio};

/// Runs a program that speaks to people while it works: its output is theirs.
pub(crate) fn streamed(command: &mut Command) -> Ended {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ended::Passed,
        Ok(status) => Ended::Failed(format!("{} ended with {status}", shown(command))),
        Err(error) => Ended::Failed(format!("{} could not be started: {error}", shown(command))),
    }
}

/// Runs a program that matters only when it fails: its output is the failure.
pub(crate) fn quiet(command: &mut Command) -> Ended {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ended::Passed,
        Ok(output) => {
            let said =
                [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            Ended::Failed(format!(
                "{}\n{} ended with {}",
                said.concat().trim_end(),
                shown(command),
                output.status
            ))
        }
        Err(error) => Ended::Failed(format!("{} could not be started: {error}", shown(command))),
    }
}

/// The first end that is not a pass.
pub(crate) fn all(commands: impl IntoIterator<Item = Command>) -> Ended {
    commands
        .into_iter()
        .map(|mut command| quiet(&mut command))
        .find(|ended| *ended != Ended::Passed)
        .unwrap_or(Ended::Passed)
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_fails_fails_the_check_and_what_it_said_is_kept() {
        let Ended::Failed(what) = quiet(&mut shell("echo out; echo err >&2; exit 3")) else {
            panic!("passed")
        };
        assert!(what.starts_with("out\nerr\n") && what.contains("exit status: 3"), "{what}");
        assert!(matches!(streamed(&mut shell("exit 1")), Ended::Failed(_)));
    }

    #[test]
    fn a_program_that_is_missing_fails_the_check() {
        let Ended::Failed(what) = quiet(&mut Command::new("no-such-linter")) else { panic!("passed") };
        assert!(what.contains("no-such-linter could not be started"), "{what}");
    }

    #[test]
    fn all_must_pass() {
        assert_eq!(all([shell("true"), shell("true")]), Ended::Passed);
        assert!(matches!(all([shell("true"), shell("false")]), Ended::Failed(_)));
    }
}
