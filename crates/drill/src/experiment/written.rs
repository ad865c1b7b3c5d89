//! The experiment's tables as text: their heading, and their place in a file.

use crate::{artifacts, error::DrillError, pace::Pace};
use jiff::Timestamp;
use std::{collections::BTreeSet, path::Path};

/// Between these lines of a file the tables are written.
const MARKS: (&str, &str) = ("<!-- experiment: begin -->", "<!-- experiment: end -->");

/// When, on what machine, with which versions, and how to read it.
pub(super) fn heading(
    databases: &BTreeSet<String>,
    runs: u32,
    pace: Pace,
) -> Result<Vec<String>, DrillError> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let databases: Vec<&str> = databases.iter().map(String::as_str).collect();
    let lock = artifacts::repository().join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).map_err(|source| DrillError::File { path: lock, source })?;
    let version = |name| locked(&lock, name).unwrap_or_else(|| "of an unknown version".to_owned());
    Ok(vec![
        format!(
            "{}, {cores} cores, {} on {}",
            Timestamp::now().strftime("%Y-%m-%d"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
        format!(
            "{}; pools: sqlx {} and deadpool-postgres {} with their defaults, and `recommended`, which is deadpool-postgres \
             with the settings of crates/shop",
            databases.join(" and "),
            version("sqlx"),
            version("deadpool-postgres"),
        ),
        format!(
            "median and, in brackets, the lowest and highest of {runs} runs; where a cell has two parts, the first is of the \
             services that were recycled, the second of their twins that were not"
        ),
        format!(
            "a write every 20 ms through each service; a client waits {} s for an answer, one that took longer than {} s \
             does not count towards the rate",
            real_estate::probe::TIMEOUT.as_secs(),
            felt::PATIENCE.as_secs()
        ),
        pace.told().to_owned(),
    ])
}

/// The version of a package in a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let lock: toml::Table = toml::from_str(lock).ok()?;
    let packages = lock.get("package")?.as_array()?;
    let found = packages.iter().find(|p| p.get("name").and_then(toml::Value::as_str) == Some(name))?;
    Some(found.get("version")?.as_str()?.to_owned())
}

/// Writes the tables into a file, between the marks of the experiment; of one `fault`, its rows in place of those that
/// are there.
///
/// # Errors
/// When the file cannot be read or written, or has no marks.
pub fn write_into(file: &Path, tables: &str, fault: Option<&str>) -> Result<(), DrillError> {
    let failed = |source| DrillError::File { path: file.to_owned(), source };
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let text = between(&text, |old| match fault {
        Some(fault) => with_rows(old, tables, fault),
        None => tables.to_owned(),
    });
    let text = text.ok_or_else(|| {
        DrillError::Scenario(format!("{} has no lines `{}` and `{}`", file.display(), MARKS.0, MARKS.1))
    })?;
    std::fs::write(file, text).map_err(failed)
}

fn between(text: &str, tables: impl FnOnce(&str) -> String) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (old, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{}\n{}{after}", MARKS.0, tables(old.trim()).trim_end(), MARKS.1))
}

/// Old tables with the rows of one fault from new ones, where a table has rows of it with as many cells; and the new
/// tables' first line, which says when and on what machine.
fn with_rows(old: &str, new: &str, fault: &str) -> String {
    let begin = format!("| {fault} |");
    let cells = |row: &str| row.matches(" | ").count();
    let mut text = String::new();
    let mut taken = BTreeSet::new();
    for line in old.lines() {
        let fresh: Vec<&str> =
            new.lines().filter(|row| row.starts_with(&begin) && cells(row) == cells(line)).collect();
        if !line.starts_with(&begin) || fresh.is_empty() {
            text.extend([line, "\n"]);
        } else if taken.insert(cells(line)) {
            text.extend(fresh.into_iter().flat_map(|row| [row, "\n"]));
        }
    }
    let made = new.lines().next().unwrap_or_default().trim_start_matches("- ");
    let (lines, tables) = text.split_once("\n\n").unwrap_or(("", text.as_str()));
    format!("{lines}\n- {fault} anew: {made}\n\n{tables}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_those_before_and_nothing_else() {
        let text = format!("a\n{}\nold\n{}\nb\n", MARKS.0, MARKS.1);
        let new = |_: &str| "new\n".to_owned();
        let once = between(&text, new).unwrap();
        assert_eq!(once, format!("a\n{}\nnew\n{}\nb\n", MARKS.0, MARKS.1));
        assert_eq!(between(&once, new).unwrap(), once);
        assert_eq!(between("no marks", new), None);
    }

    #[test]
    fn a_fault_that_is_played_anew_gets_its_rows_and_no_other_does() {
        let old = "- Monday\n\n| Fault | x | y |\n|---|---|---|\n| a | 1 | 1 |\n| b | 2 | 2 |\n| b | 3 | 3 |\n\n\
                   | Fault | z |\n|---|---|\n| b | 4 |";
        let new = "- Tuesday\n- versions\n\n| Fault | x | y |\n|---|---|---|\n| b | 7 | 7 |\n| b | 8 | 8 |\n\n\
                   | Fault | z |\n|---|---|\n| b | 9 |\n";
        let expected = "- Monday\n- b anew: Tuesday\n\n| Fault | x | y |\n|---|---|---|\n| a | 1 | 1 |\n\
                        | b | 7 | 7 |\n| b | 8 | 8 |\n\n| Fault | z |\n|---|---|\n| b | 9 |\n";
        assert_eq!(with_rows(old, new, "b"), expected);
    }

    #[test]
    fn the_pools_versions_are_the_locked_ones() {
        let lock = include_str!("../../../../Cargo.lock");
        for name in ["sqlx", "deadpool-postgres"] {
            assert!(locked(lock, name).unwrap().contains('.'), "{name}");
        }
        assert_eq!(locked(lock, "no-such-package"), None);
    }
}
