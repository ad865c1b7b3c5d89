//! One line for each check, its time, and the failures once more at the end.

use crate::{Check, Ended, Place};
use std::{
    io::Write,
    time::{Duration, Instant},
};

/// Runs `checks` in order. Returns 0 when none failed, else 1.
///
/// # Errors
/// When `out` can't be written to.
pub fn run(checks: &[Check], place: &Place, out: &mut dyn Write) -> std::io::Result<u8> {
    let began = Instant::now();
    let mut ends = Vec::new();
    for check in checks {
        writeln!(out, "▸ {}: {}", check.name, check.about)?;
        out.flush()?;
        let began = Instant::now();
        let ended = (check.run)(place);
        let took = seconds(began.elapsed());
        match &ended {
            Ended::Passed => writeln!(out, "✓ {} {took}", check.name)?,
            Ended::Skipped(why) => writeln!(out, "- {} skipped: {why}", check.name)?,
            Ended::Failed(what) => writeln!(out, "✗ {} {took}\n{}", check.name, indented(what))?,
        }
        ends.push((check.name, ended));
    }
    summary(&ends, began.elapsed(), out)
}

fn summary(ends: &[(&str, Ended)], took: Duration, out: &mut dyn Write) -> std::io::Result<u8> {
    let names = |wanted: fn(&Ended) -> bool| -> Vec<&str> {
        ends.iter().filter(|(_, ended)| wanted(ended)).map(|(name, _)| *name).collect()
    };
    let failed = names(|ended| matches!(ended, Ended::Failed(_)));
    let skipped = names(|ended| matches!(ended, Ended::Skipped(_)));
    let passed = ends.len() - failed.len() - skipped.len();
    writeln!(out, "\nverify took {}", seconds(took))?;
    if !failed.is_empty() {
        let again = failed.join(",");
        writeln!(out, "Failed: {}. To run only these again: cargo verify --only {again}", failed.join(", "))?;
    }
    writeln!(out, "checks: {passed} passed, {} failed, {} skipped", failed.len(), skipped.len())?;
    Ok(u8::from(!failed.is_empty()))
}

fn seconds(took: Duration) -> String {
    let whole = took.as_secs();
    if whole >= 60 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, run: fn(&Place) -> Ended) -> Check {
        Check { name, about: "a test", run }
    }

    fn outcome(checks: &[Check]) -> (u8, String) {
        let mut out = Vec::new();
        let code = run(checks, &Place::here(false), &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_failure_stops_nothing_and_is_named_at_the_end() {
        let checks = [
            check("one", |_| Ended::Failed("first line\nsecond line".into())),
            check("two", |_| Ended::Passed),
            check("three", |_| Ended::Skipped("no node here".into())),
        ];
        let (code, text) = outcome(&checks);
        assert_eq!(code, 1);
        assert!(text.contains("    first line\n    second line\n"), "{text}");
        assert!(text.contains("✓ two"), "{text}");
        assert!(text.contains("- three skipped: no node here"), "{text}");
        assert!(text.contains("cargo verify --only one\n"), "{text}");
        assert!(text.ends_with("checks: 1 passed, 1 failed, 1 skipped\n"), "{text}");
    }

    #[test]
    fn nothing_failed_is_zero() {
        let (code, text) = outcome(&[check("two", |_| Ended::Passed)]);
        assert_eq!(code, 0);
        assert!(!text.contains("Failed"), "{text}");
    }

    #[test]
    fn times_are_read_by_people() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
