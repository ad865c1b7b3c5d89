//! What is asked for on the command line.

use crate::CHECKS;

/// The checks that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// These.
    Only(Vec<String>),
}

impl Wanted {
    /// Whether `check` is asked for.
    #[must_use]
    pub fn includes(&self, check: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == check),
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Run these checks.
    Run(Wanted),
    /// Print this and end well.
    Say(String),
}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// What is wrong, and what would be right.
pub fn parse(arguments: &[String]) -> Result<Asked, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(Asked::Run(Wanted::All)),
        ["--help" | "-h"] => Ok(Asked::Say(help())),
        ["--only", names] => only(names),
        [one] if one.starts_with("--only=") => only(one.trim_start_matches("--only=")),
        _ => Err(format!("cannot read {:?}\n\n{}", words.join(" "), help())),
    }
}

fn only(names: &str) -> Result<Asked, String> {
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    let unknown = names.iter().find(|name| CHECKS.iter().all(|check| check.name != name.as_str()));
    match unknown {
        Some(name) => Err(format!("there is no check {name:?}\n\n{}", help())),
        None => Ok(Asked::Run(Wanted::Only(names))),
    }
}

fn help() -> String {
    let list: Vec<String> =
        CHECKS.iter().map(|check| format!("  {:14} {}", check.name, check.about)).collect();
    format!(
        "Runs everything that CI runs, and installs what it needs for that.\n\n\
         usage: cargo verify [--only NAME,NAME…]\n\n\
         exit code: 0 nothing failed, 1 a check failed, 2 the arguments can't be read\n\n\
         checks:\n{}\n",
        list.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Asked, String> {
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&words)
    }

    #[test]
    fn nothing_means_all() {
        let Asked::Run(wanted) = asked("").unwrap() else { panic!("not a run") };
        assert!(CHECKS.iter().all(|check| wanted.includes(check.name)));
    }

    #[test]
    fn only_takes_names_in_both_forms() {
        for line in ["--only fmt,clippy", "--only=fmt,clippy"] {
            let Asked::Run(wanted) = asked(line).unwrap() else { panic!("not a run") };
            assert!(wanted.includes("fmt") && wanted.includes("clippy") && !wanted.includes("test"));
        }
    }

    #[test]
    fn what_is_not_known_is_said_with_what_is() {
        assert!(asked("--only frmt").unwrap_err().contains("asl-validator"));
        assert!(asked("--fast").unwrap_err().contains("usage: cargo verify"));
    }

    #[test]
    fn help_names_every_check() {
        let Asked::Say(text) = asked("--help").unwrap() else { panic!("not help") };
        assert!(CHECKS.iter().all(|check| text.contains(check.name)), "{text}");
    }
}
