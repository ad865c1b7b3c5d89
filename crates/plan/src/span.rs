//! Spans of time, written as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Units from the longest to the shortest, as they are written and as they must follow each other.
const UNITS: [(char, u64); 4] = [('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', 1)];

/// A span of time in whole seconds. Written `15m`, `90s`, `1h 30m`, `2d`; serialized as such a string.
///
/// Seconds are the smallest unit because the plan's spans become waits of Step Functions, which counts in
/// seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The longest span that a plan may hold: 366 days. It keeps sums of spans far from any overflow.
    pub const LONGEST: Self = Self::from_secs(366 * DAY);

    /// A span of so many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A span of so many minutes.
    #[must_use]
    pub const fn from_mins(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes.saturating_mul(MINUTE)))
    }

    /// The span in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// The span as the standard library's duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// Whether the span is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl std::iter::Sum for Span {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, |sum, span| Self(sum.0.saturating_add(span.0)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return out.write_str("0s");
        }
        let mut rest = self.as_secs();
        for (letter, seconds) in UNITS {
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                write!(out, "{count}{letter}")?;
            }
        }
        Ok(())
    }
}

/// Why a text is not a span of time. The message says what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotASpan {
    /// Nothing was written.
    Empty,
    /// A number stands without a unit.
    NoUnit,
    /// A unit that isn't known, or a unit without a number.
    Unit,
    /// Units repeat, or a shorter one comes before a longer one.
    Order,
    /// A fraction, or a span below one second.
    Fraction,
    /// A negative span.
    Negative,
    /// More than [`Span::LONGEST`].
    TooLong,
}

impl fmt::Display for NotASpan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Empty => "it is empty",
            Self::NoUnit => "a number has no unit",
            Self::Unit => "each part must be a number and one of the units d, h, m and s",
            Self::Order => "units must go from the longest to the shortest, each at most once",
            Self::Fraction => "only whole numbers, and nothing shorter than a second",
            Self::Negative => "a span of time can't be negative",
            Self::TooLong => "it is longer than 366 days",
        })
    }
}

impl std::error::Error for NotASpan {}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(NotASpan::Empty);
        }
        if rest.starts_with('-') {
            return Err(NotASpan::Negative);
        }
        let mut total: u64 = 0;
        let mut previous = u64::MAX;
        while !rest.is_empty() {
            let (count, after) = leading_number(rest)?;
            let (seconds, after) = leading_unit(after)?;
            if seconds >= previous {
                return Err(NotASpan::Order);
            }
            previous = seconds;
            let part = count.checked_mul(seconds).ok_or(NotASpan::TooLong)?;
            total = total.checked_add(part).ok_or(NotASpan::TooLong)?;
            rest = after.trim_start();
        }
        let span = Self::from_secs(total);
        if span > Self::LONGEST { Err(NotASpan::TooLong) } else { Ok(span) }
    }
}

fn leading_number(text: &str) -> Result<(u64, &str), NotASpan> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).ok_or(NotASpan::Unit)?;
    if digits.is_empty() {
        return Err(NotASpan::Unit);
    }
    let count = digits.parse().map_err(|_| NotASpan::TooLong)?;
    Ok((count, rest.trim_start()))
}

fn leading_unit(text: &str) -> Result<(u64, &str), NotASpan> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).ok_or(NotASpan::Unit)?;
    let seconds = match word {
        "" if rest.starts_with(['.', ',']) => return Err(NotASpan::Fraction),
        "" if rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(NotASpan::NoUnit);
        }
        "ms" | "us" | "ns" | "millis" | "milliseconds" => return Err(NotASpan::Fraction),
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hour" | "hours" => HOUR,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        _ => return Err(NotASpan::Unit),
    };
    Ok((seconds, rest))
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| de::Error::custom(format!("`{text}` is not a span of time: {why}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("15m", 900),
            ("90s", 90),
            ("1h 30m", 5_400),
            ("1h30m", 5_400),
            ("2d", 172_800),
            ("0s", 0),
            (" 1 hour 5 minutes ", 3_900),
            ("366d", 366 * DAY),
        ] {
            assert_eq!(text.parse::<Span>().map(Span::as_secs), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", NotASpan::Empty),
            ("  ", NotASpan::Empty),
            ("15", NotASpan::NoUnit),
            ("1h 30", NotASpan::NoUnit),
            ("5 6s", NotASpan::NoUnit),
            ("m", NotASpan::Unit),
            ("15 parsecs", NotASpan::Unit),
            ("15m!", NotASpan::Unit),
            ("15µs", NotASpan::Unit),
            ("30m 1h", NotASpan::Order),
            ("1m 1m", NotASpan::Order),
            ("1.5h", NotASpan::Fraction),
            ("500ms", NotASpan::Fraction),
            ("-5m", NotASpan::Negative),
            ("367d", NotASpan::TooLong),
            ("99999999999999999999s", NotASpan::TooLong),
            ("18446744073709551615d", NotASpan::TooLong),
        ] {
            assert_eq!(text.parse::<Span>(), Err(why), "{text}");
        }
    }

    #[test]
    fn display_reads_back_as_itself() {
        for seconds in (0..200_000).step_by(37) {
            let span = Span::from_secs(seconds);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        assert_eq!(Span::from_secs(5_400).to_string(), "1h30m");
        assert_eq!(Span::from_secs(900).to_string(), "15m");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }

    #[test]
    fn json_is_the_written_form() {
        let json = serde_json::to_string(&Span::from_secs(5_405)).unwrap();
        assert_eq!(json, "\"1h30m5s\"");
        assert_eq!(serde_json::from_str::<Span>(&json).unwrap(), Span::from_secs(5_405));
        let error = serde_json::from_str::<Span>("\"soon\"").unwrap_err().to_string();
        assert!(error.contains("`soon` is not a span of time"), "{error}");
    }
}
