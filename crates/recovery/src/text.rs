//! Text that came from outside, made safe for subjects, e-mails, logs and Markdown; and the names of our own.

use serde::Serialize;
use serde_json::Value;

/// One line of at most `max` characters: control characters and line breaks become single spaces, text
/// direction overrides are dropped, and what was cut is marked with `…`.
#[must_use]
pub fn plain(text: &str, max: usize) -> String {
    // Bounded before it is looked at: a reason may be a megabyte.
    let mut out = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in text.chars().take(max.saturating_mul(4).saturating_add(64)) {
        if c.is_control() || c.is_whitespace() {
            gap = length > 0;
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let needed = usize::from(gap) + 1;
        if length + needed > max {
            while length >= max.max(1) {
                out.pop();
                length -= 1;
            }
            out.push('…');
            return out;
        }
        if gap {
            out.push(' ');
            gap = false;
        }
        out.push(c);
        length += needed;
    }
    out
}

/// Like [`plain`], with the characters escaped that mean something in Markdown, chat cards or HTML.
#[must_use]
pub fn markdown(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in plain(text, max).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '*' | '_' | '`' | '[' | ']' | '(' | ')' | '#' | '|' | '~' | '\\' | '!' => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}

/// The stable name that a value without fields, such as a decision or a guard, has on the wire: people search logs
/// for it. Empty for a value that has none.
#[must_use]
pub fn wire_name(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Characters without a glyph that reorder or hide text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_controls_become_one_space() {
        assert_eq!(plain("a\r\n\n b\u{7}\tc", 100), "a b c");
    }

    #[test]
    fn a_megabyte_is_bounded_and_marked() {
        let text = "x".repeat(1_000_000);
        let short = plain(&text, 80);
        assert_eq!(short.chars().count(), 80);
        assert!(short.ends_with('…'));
    }

    #[test]
    fn text_that_fits_is_left_alone() {
        assert_eq!(plain("exactly", 7), "exactly");
        assert_eq!(plain("exactly!", 7), "exactl…");
    }

    #[test]
    fn markup_is_escaped_and_overrides_are_dropped() {
        assert_eq!(markdown("<b>*x*\u{202e}", 100), "&lt;b&gt;\\*x\\*");
    }
}
