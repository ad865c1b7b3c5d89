//! The table of differences that are known, each with who is right.

use crate::{
    seen::{ANSWER, Seen},
    sequence::Sequence,
    stand::Other,
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    difference: Vec<Row>,
}

/// A known difference, at one step or at several.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Who answers differently, and the same.
    pub(crate) who: Vec<Other>,
    /// The steps, each as `sequence: step`.
    pub(crate) at: Vec<String>,
    /// By field: what the estate says, and what the other says.
    pub(crate) fields: BTreeMap<String, (String, String)>,
    /// Who is right.
    pub(crate) right: Right,
    /// Why, in a sentence.
    pub(crate) why: String,
    /// The document of AWS that says so: its title.
    pub(crate) document: String,
    /// Its path on docs.aws.amazon.com.
    pub(crate) path: String,
}

/// Who is right by AWS's documents. Never the other: there the estate is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Right {
    /// The estate.
    Estate,
    /// No document decides it.
    Open,
    /// Both, of states that cannot be made the same.
    State,
}

/// One field that differs at one step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    /// Who answers differently.
    pub(crate) who: Other,
    /// `sequence: step`.
    pub(crate) at: String,
    /// The field.
    pub(crate) field: String,
    /// What the estate says.
    pub(crate) estate: String,
    /// What the other says.
    pub(crate) other: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, at, field, estate, other } = self;
        write!(f, "{at}: {field}\n    estate: {estate}\n    {}: {other}", who.name())
    }
}

/// Every row of the table.
pub(crate) fn rows() -> Vec<Row> {
    let file: File = toml::from_str(include_str!("differences.toml")).expect("differences.toml can be read");
    file.difference
}

impl Row {
    /// What the row says must differ.
    pub(crate) fn differences(&self) -> impl Iterator<Item = Difference> {
        let places = self.who.iter().flat_map(|who| self.at.iter().map(move |at| (*who, at)));
        places.flat_map(|(who, at)| {
            self.fields.iter().map(move |(field, (estate, other))| Difference {
                who,
                at: at.clone(),
                field: field.clone(),
                estate: estate.clone(),
                other: other.clone(),
            })
        })
    }
}

/// The name of a step in the table.
pub(crate) fn place(sequence: &Sequence, step: usize) -> String {
    format!("{}: {}", sequence.name, sequence.steps[step].name)
}

/// What differs between two answers. Where one is a refusal, that is all there is to say.
pub(crate) fn compare(who: Other, at: &str, estate: &Seen, other: &Seen) -> Vec<Difference> {
    let nothing = "no such field".to_owned();
    let value = |seen: &Seen, field: &str| seen.get(field).unwrap_or(&nothing).clone();
    let difference = |field: &str| Difference {
        who,
        at: at.to_owned(),
        field: field.to_owned(),
        estate: value(estate, field),
        other: value(other, field),
    };
    if estate.get(ANSWER) != other.get(ANSWER) {
        return vec![difference(ANSWER)];
    }
    let fields: std::collections::BTreeSet<&String> = estate.keys().chain(other.keys()).collect();
    fields.into_iter().filter(|f| estate.get(*f) != other.get(*f)).map(|f| difference(f)).collect()
}

/// What is wrong, in words: differences that are not in the table, and rows that do not occur.
pub(crate) fn judge(found: &[Difference], known: &[Difference]) -> Result<(), String> {
    let lines = |title: &str, list: Vec<&Difference>| {
        if list.is_empty() {
            return String::new();
        }
        let list: Vec<String> = list.iter().map(|d| format!("- {d}")).collect();
        format!("{title}\n{}\n", list.join("\n"))
    };
    let new = found.iter().filter(|d| !known.contains(d)).collect();
    let gone = known.iter().filter(|d| !found.contains(d)).collect();
    let wrong = lines(
        "not in tests/compared/differences.toml (mend the estate, or add a row that says who is right):",
        new,
    ) + &lines("in tests/compared/differences.toml, but not so any more (take it out):", gone);
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The table for people: one line for each reason, in the order of the file.
pub(crate) fn document(rows: &[Row]) -> String {
    let mut lines: Vec<(&Row, Vec<Other>)> = Vec::new();
    for row in rows {
        match lines.iter_mut().find(|(first, _)| first.why == row.why && first.path == row.path) {
            Some((_, who)) => who.extend(row.who.iter().filter(|w| !who.contains(w)).collect::<Vec<_>>()),
            None => lines.push((row, row.who.clone())),
        }
    }
    let line = |(row, who): (&Row, Vec<Other>)| {
        let who = who.iter().map(|w| w.name()).collect::<Vec<_>>().join(", ");
        let right = match row.right {
            Right::Estate => "the estate",
            Right::Open => "open",
            Right::State => "each, of its own state",
        };
        let Row { why, document, path, .. } = row;
        format!("| {who} | {why} | {right} | [{document}](https://docs.aws.amazon.com{path}) |\n")
    };
    let head = "| otherwise answers | why | right is | AWS's document |\n|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(lines.into_iter().map(line)).collect()
}
