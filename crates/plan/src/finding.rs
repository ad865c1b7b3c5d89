//! What is wrong with a plan, or could be better: where, why, and how to mend it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::quoted;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan can't be used.
    Error,
    /// The plan can be used, but it will probably not do what its writer wants.
    Warning,
    /// Something that would make the recovery better.
    Advice,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        })
    }
}

/// One thing to say about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1. For a key that is missing: the line of the section that should have it.
    pub line: usize,
    /// The key with its path, such as `database[orders].rto`; items without a name are counted from 1.
    pub key: String,
    /// What is wrong and why it matters. One line.
    pub message: String,
    /// What to write instead. One line.
    pub mend: String,
}

impl fmt::Display for Finding {
    /// Two lines: `plan.toml:12: error: database[orders].rto: …` and the way to mend it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, key, message, mend } = self;
        write!(out, "{file}:{line}: {severity}: {key}: {message}\n  mend: {mend}")
    }
}

/// A line of the file and the key that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) key: String,
}

impl Place {
    /// The place of a key that this section has not: the section's line.
    pub(crate) fn inside(&self, key: &str) -> Self {
        let key = if self.key.is_empty() { quoted(key) } else { format!("{}.{}", self.key, quoted(key)) };
        Self { line: self.line, key }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// What stands under a key that may be left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry<T> {
    /// The key is not there.
    Absent,
    /// The key is there, but its value can't be used; a finding says so.
    Wrong,
    /// The value.
    Here(At<T>),
}

impl<T> Entry<T> {
    pub(crate) fn here(&self) -> Option<&At<T>> {
        match self {
            Self::Here(at) => Some(at),
            Self::Absent | Self::Wrong => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Everything found so far.
#[derive(Debug)]
pub(crate) struct Findings<'f> {
    file: &'f str,
    list: Vec<Finding>,
}

impl<'f> Findings<'f> {
    /// A broken file of the largest size could yield a finding per byte; nobody reads more than these.
    pub(crate) const MOST: usize = 500;

    pub(crate) fn of(file: &'f str) -> Self {
        Self { file, list: Vec::new() }
    }

    pub(crate) fn error(&mut self, place: &Place, message: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), mend.into());
    }

    pub(crate) fn warning(&mut self, place: &Place, message: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Warning, place, message.into(), mend.into());
    }

    pub(crate) fn advice(&mut self, place: &Place, message: impl Into<String>, mend: impl Into<String>) {
        self.add(Severity::Advice, place, message.into(), mend.into());
    }

    fn add(&mut self, severity: Severity, place: &Place, message: String, mend: String) {
        let Place { line, key } = place.clone();
        self.list.push(Finding { severity, file: self.file.to_owned(), line, key, message, mend });
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Forgets what was said after the first so many about lines that are broken anyway: consequences.
    pub(crate) fn forget_consequences(&mut self, first: usize) {
        let later = self.list.split_off(first.min(self.list.len()));
        let broken: BTreeSet<_> = self.list.iter().map(|finding| finding.line).collect();
        self.list.extend(later.into_iter().filter(|finding| !broken.contains(&finding.line)));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The findings in the order of the file; what is beyond the bound is counted, not listed.
    pub(crate) fn in_order(mut self) -> Vec<Finding> {
        self.list.sort_by(|one, other| {
            (one.line, one.severity, &one.key).cmp(&(other.line, other.severity, &other.key))
        });
        let beyond = self.list.len().saturating_sub(Self::MOST);
        if beyond == 0 {
            return self.list;
        }
        let severity = self.list.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Error);
        self.list.truncate(Self::MOST);
        let line = self.list.last().map_or(1, |finding| finding.line);
        let place = Place { line, key: "…".into() };
        let message = format!("{beyond} more findings are not shown");
        self.add(severity, &place, message, "mend the ones above, then look again".into());
        self.list
    }
}
