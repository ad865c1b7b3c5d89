//! Moments and the seconds until them. Step Functions waits whole seconds, so what is left is rounded up.

use jiff::{SignedDuration, Timestamp};
use plan::Span;

/// The moment one span after `at`.
#[must_use]
pub fn after(at: Timestamp, span: Span) -> Timestamp {
    shift(at, i64::try_from(span.as_secs()).unwrap_or(i64::MAX))
}

/// The moment so many seconds after `at` (negative: before it), within the calendar.
#[must_use]
pub fn shift(at: Timestamp, seconds: i64) -> Timestamp {
    let moved = at.checked_add(SignedDuration::from_secs(seconds));
    moved.unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Whole seconds from `now` until `at`, rounded up; zero when it has come.
#[must_use]
pub fn seconds_until(now: Timestamp, at: Timestamp) -> u64 {
    let left = at.duration_since(now).as_millis();
    u64::try_from(left.max(0)).map_or(0, |millis| millis.div_ceil(1000))
}

/// Whole seconds from `from` until `now`, rounded down; zero when `from` is still to come.
#[must_use]
pub fn seconds_since(now: Timestamp, from: Timestamp) -> u64 {
    u64::try_from(now.duration_since(from).as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_rounded_up() {
        let at = Timestamp::from_millisecond(10_000).unwrap();
        for (now_ms, left) in [(0, 10), (1, 10), (9_000, 1), (9_001, 1), (10_000, 0), (11_000, 0)] {
            assert_eq!(seconds_until(Timestamp::from_millisecond(now_ms).unwrap(), at), left, "{now_ms}");
        }
    }

    #[test]
    fn moments_stay_within_the_calendar() {
        assert_eq!(shift(Timestamp::MAX, 1), Timestamp::MAX);
        assert_eq!(shift(Timestamp::MIN, -1), Timestamp::MIN);
        assert_eq!(after(Timestamp::UNIX_EPOCH, Span::from_mins(1)).as_second(), 60);
        assert_eq!(seconds_since(Timestamp::UNIX_EPOCH, shift(Timestamp::UNIX_EPOCH, 5)), 0);
    }
}
