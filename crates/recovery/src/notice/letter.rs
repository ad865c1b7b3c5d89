//! How a letter is put together: lines, moments, lengths of time, quoted words.

use crate::text;
use jiff::Timestamp;

/// SNS takes subjects of fewer than 100 characters.
const SUBJECT: usize = 99;
/// Words of others are quoted up to this many characters.
const QUOTE: usize = 300;

/// The first line of every letter of a drill.
pub const EXERCISE: &str = "DRILL: this is an exercise.";

/// A body under construction: blocks of lines, with an empty line between blocks.
pub(super) struct Letter {
    text: String,
}

impl Letter {
    pub(super) fn new(drill: bool) -> Self {
        let letter = Self { text: String::new() };
        if drill { letter.line(EXERCISE).gap() } else { letter }
    }

    pub(super) fn line(mut self, line: impl AsRef<str>) -> Self {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        self
    }

    pub(super) fn gap(mut self) -> Self {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self
    }

    /// `Label: value`; nothing without a value.
    pub(super) fn tell(self, label: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.line(format!("{label}: {}", value.as_ref())),
            None => self,
        }
    }

    /// A label over indented lines; nothing without lines.
    pub(super) fn list(mut self, label: &str, lines: &[String]) -> Self {
        if lines.is_empty() {
            return self;
        }
        self = self.line(format!("{label}:"));
        for line in lines {
            self = self.line(format!("  {line}"));
        }
        self
    }

    pub(super) fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}

/// A letter's subject: printable ASCII, one line, under 100 characters, and marked if it is of a drill.
#[must_use]
pub fn subject(drill: bool, database: &str, headline: &str) -> String {
    let mark = if drill { "[DRILL] " } else { "" };
    let whole = format!("{mark}{}: {headline}", text::plain(database, 40));
    let ascii: String = text::plain(&whole, SUBJECT * 4)
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect();
    if ascii.len() <= SUBJECT {
        return ascii;
    }
    let kept: String = ascii.chars().take(SUBJECT - 3).collect();
    format!("{}...", kept.trim_end())
}

/// Somebody else's words: one bounded line in quotation marks, whose own are made single.
pub(super) fn quoted(words: &str) -> String {
    format!("\"{}\"", text::plain(words, QUOTE).replace('"', "'"))
}

/// A name from outside: one short line.
pub(super) fn name(words: &str) -> String {
    text::plain(words, 80)
}

/// A moment for people, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time between two moments in its two largest units; none when it is negative.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Option<String> {
    u64::try_from(to.duration_since(from).as_secs()).ok().map(span)
}

/// A length of time in its two largest units, such as `2 min 40 s`.
pub(super) fn span(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`; at most ten, and how many more.
pub(super) fn names(all: &[String]) -> String {
    let mut shown: Vec<String> = all.iter().take(10).cloned().collect();
    if all.len() > shown.len() {
        shown.push(format!("{} more", all.len() - shown.len()));
    }
    match shown.pop() {
        None => "none".to_owned(),
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} and {last}", shown.join(", ")),
    }
}

/// `1 service`, `2 services`.
pub(super) fn services(count: usize) -> String {
    if count == 1 { "1 service".to_owned() } else { format!("{count} services") }
}
