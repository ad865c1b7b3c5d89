//! Text of strangers, made fit to show, and guesses at what they meant.

/// Longest text that a message repeats; the rest is cut.
const SHOWN: usize = 60;

/// Longest word for which a guess is made: the effort grows with the square of the length.
const GUESSED: usize = 64;

/// Whether a character can't be seen, or changes how its neighbours are seen.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text, cut to a bearable length and with hidden characters written as escapes.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN {
            shown.push('…');
            break;
        }
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The word among `known` that was probably meant by `written`.
pub(crate) fn meant<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if written.chars().count() > GUESSED {
        return None;
    }
    let plain = plain(written);
    let length = plain.chars().count();
    // In words of one or two letters any letter could have been meant.
    let allowed = if length < 3 { 0 } else { length / 3 };
    known
        .into_iter()
        .filter_map(|word| Some((distance(&plain, word, allowed)?, word)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How far a word is from what was written; none if too far to be meant.
fn distance(written: &str, word: &str, allowed: usize) -> Option<usize> {
    let word = plain(word);
    if written == word {
        return Some(0);
    }
    let distance = strsim::damerau_levenshtein(written, &word);
    if distance <= allowed {
        return Some(distance);
    }
    // "aurora" for "aurora-cluster": the beginning or the end of a compound word.
    let part = written.len() >= 3
        && (word.strip_prefix(written).is_some_and(|rest| rest.starts_with('_'))
            || word.strip_suffix(written).is_some_and(|rest| rest.ends_with('_')));
    part.then_some(allowed + 1)
}

/// Without the differences that don't matter: case, hyphen or underscore, plural.
fn plain(word: &str) -> String {
    let word = word.trim().to_lowercase().replace(['-', ' '], "_");
    word.strip_suffix('s').map(str::to_owned).unwrap_or(word)
}

/// Words as a list that reads well: `a`, `b` or `c`.
pub(crate) fn one_of<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_hidden_characters_and_cuts() {
        assert_eq!(quoted("a\nb\u{202e}c"), "a\\nb\\u{202e}c");
        let long = quoted(&"é".repeat(1_000_000));
        assert_eq!(long.chars().count(), SHOWN + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn guesses_what_was_meant() {
        let kinds = ["aurora-cluster", "multi-az-cluster", "read-replica"];
        assert_eq!(meant("aurora", kinds), Some("aurora-cluster"));
        assert_eq!(meant("Aurora Cluster", kinds), Some("aurora-cluster"));
        assert_eq!(meant("read_replica", kinds), Some("read-replica"));
        assert_eq!(meant("services", ["service", "snapshot"]), Some("service"));
        assert_eq!(meant("rt0", ["rpo", "rto"]), Some("rto"));
        assert_eq!(meant("oracle", kinds), None);
        assert_eq!(meant(&"a".repeat(100_000), kinds), None);
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(["a"]), "`a`");
    }
}
