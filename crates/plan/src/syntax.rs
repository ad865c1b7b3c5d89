//! What breaks the rules of TOML itself, in words for people who don't know them by heart.

use toml::de::Error;

use crate::finding::Place;
use crate::section::Reader;
use crate::text::quoted;

/// What the broken lines still allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readable {
    /// The sections can be told apart, so their values are worth reading.
    Sections,
    /// A broken header hides where keys belong; what would be said about them would be wrong.
    Nothing,
}

/// Reports each error with its line, and says whether it is worth reading on.
pub(crate) fn report(reader: &mut Reader<'_>, text: &str, errors: &[Error]) -> Readable {
    let mut readable = Readable::Sections;
    let mut last_line = 0;
    for error in errors {
        let span = error.span().unwrap_or_default();
        let line = reader.lines.at(span.start);
        let written = reader.lines.text(text, line).trim();
        if written.starts_with('[') {
            readable = Readable::Nothing;
        }
        // What follows on the same line is a consequence of the first.
        if line == last_line {
            continue;
        }
        last_line = line;
        let place = Place { line, key: key_of(written) };
        let found = text.get(span).unwrap_or_default();
        let message = format!("this breaks the rules of TOML: {}", quoted(error.message()));
        reader.findings.error(&place, message, mend(error.message(), written, found));
    }
    reader.is_broken = !errors.is_empty();
    readable
}

/// The key on a line, or the whole line if it holds none.
fn key_of(line: &str) -> String {
    let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
    quoted(if key.is_empty() { line } else { key })
}

fn mend(message: &str, line: &str, found: &str) -> String {
    let is_header = line.starts_with('[');
    if message.contains("duplicate key") && is_header {
        return "write a section that may stand many times with two brackets, as in [[database]]; write the \
                others once"
            .into();
    }
    if message.contains("duplicate key") {
        return "keep one of the two".into();
    }
    if is_header {
        return "close a header with as many brackets as it opens with, as in [[database]]".into();
    }
    if message.contains("must be quoted") && !found.is_empty() {
        return format!("put it in double quotes: \"{}\"", quoted(found));
    }
    if message.contains("must be quoted") {
        return "write a value after the `=`; texts and spans of time stand in double quotes".into();
    }
    if message.contains("escaped value") {
        return "write two backslashes for one, or put the text in single quotes".into();
    }
    if message.contains("string") {
        return "end the text with the quote that it begins with, on the same line, and without control \
                characters"
            .into();
    }
    if message.contains("array") {
        return "close the list with `]` and put a comma between its items".into();
    }
    "write each line as `key = value`, with texts and spans of time in double quotes".into()
}
