//! Whatever the file holds, there is an answer and never a panic.

use plan::{Parsed, parse, parse_bytes};

const EXAMPLE: &str = include_str!("../../../plan.toml");

/// Pieces that a plan is made of, and some that it is not.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "[[database]]", "[database]", "[[database.alarm]]", "[database.detection]", "[[audience]]", "[[", "]", "=",
    "\"", "'''", "\n", "\r\n", "\\u0000", "\\", "1", "-9999999999999999999999", "0x_", "1979-05-27", "{", "}",
    "\u{feff}", "\u{202e}", "é", "name = ", "after = [\"orders-worker\"]", "wave = 2", "a.b.c = 1", "nan", "#",
];

/// A small generator of the same numbers each time (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        let [byte, ..] = self.next().to_be_bytes();
        byte
    }

    fn piece(&mut self) -> &'static str {
        PIECES.get(self.below(PIECES.len())).copied().unwrap_or_default()
    }
}

/// What must hold for any text.
fn assert_sane(parsed: &Parsed, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = || text.chars().take(3_000).collect::<String>();
    assert_eq!(parsed.plan.is_none(), parsed.errors().next().is_some(), "{:?} {parsed:#?}", shown());
    let lines = text.lines().count().max(1);
    for finding in &parsed.findings {
        assert!((1..=lines).contains(&finding.line), "{finding} in {:?}", shown());
        assert!(!finding.key.is_empty() && !finding.message.is_empty() && !finding.mend.is_empty());
        let said = finding.to_string();
        assert!(said.chars().filter(|c| c.is_control()).eq(['\n']), "{said:?}");
        assert!(said.len() < 4_000, "{said}");
    }
}

#[test]
fn changed_plans_never_panic() {
    let mut numbers = Numbers(2026);
    for _ in 0..3_000 {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(bytes.len() + 1);
            let until = (at + numbers.below(12)).min(bytes.len());
            let piece = match numbers.below(3) {
                0 => Vec::new(),
                1 => vec![numbers.byte()],
                _ => numbers.piece().as_bytes().to_vec(),
            };
            bytes.splice(at..until, piece);
        }
        assert_sane(&parse_bytes(&bytes, "plan.toml"), &bytes);
    }
}

#[test]
fn heaps_of_pieces_never_panic() {
    let mut numbers = Numbers(7);
    for _ in 0..3_000 {
        let text: String = (0..numbers.below(40)).map(|_| numbers.piece()).collect();
        assert_sane(&parse(&text, "plan.toml"), text.as_bytes());
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut numbers = Numbers(11);
    for _ in 0..2_000 {
        let bytes: Vec<_> = (0..numbers.below(200)).map(|_| numbers.byte()).collect();
        assert_sane(&parse_bytes(&bytes, "plan.toml"), &bytes);
    }
}

#[test]
fn deep_nesting_and_long_lines_never_panic() {
    for piece in ["[", "{a=", "[[", "a.", "\"", "[database.", "=", "\n", "[[database]]\n", "x=[1,"] {
        let text = piece.repeat(20_000);
        assert_sane(&parse(&text, "plan.toml"), text.as_bytes());
    }
}
