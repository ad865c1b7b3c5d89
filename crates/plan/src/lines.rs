//! Lines of a text, found by offset.

/// The offsets at which the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(after_breaks.filter(|at| *at < text.len())).collect())
    }

    /// The line, counted from 1, that holds the byte at this offset.
    pub(crate) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset).max(1)
    }

    /// What stands on a line of the text that these lines are of. It does not search from the beginning, so
    /// that a file in which every line is broken is still read in no time.
    pub(crate) fn text<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let start = line.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(text.len());
        text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nbc\n\nd\n");
        let seen: Vec<_> = (0..12).map(|offset| lines.at(offset)).collect();
        assert_eq!(seen, [1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4]);
        assert_eq!(Lines::of("").at(0), 1);
        assert_eq!(Lines::of("a\r\nb").at(3), 2);
    }

    #[test]
    fn a_line_is_given_without_its_end() {
        let text = "a\r\nbc\n\nd";
        let lines = Lines::of(text);
        let seen: Vec<_> = (0..6).map(|line| lines.text(text, line)).collect();
        assert_eq!(seen, ["", "a", "bc", "", "d", ""]);
    }
}
