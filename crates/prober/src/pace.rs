//! When the next probe is due, and when a minute's probing ends.
//!
//! Probes fall on whole multiples of the interval in UTC, as CloudWatch's periods do: with the interval as the alarm's
//! period there is one datapoint in each period, whenever the schedule ticks. A minute's slots are those from its tick
//! to 60 s later, so that the next tick goes on where this one ended.

use jiff::Timestamp;
use std::time::Duration;

/// How long one tick lasts: the schedule ticks each minute.
pub const MINUTE: Duration = Duration::from_mins(1);
/// Time that is left for the answer to Lambda.
const REST: Duration = Duration::from_millis(500);

/// The probes of one tick; all in milliseconds, the last two since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    every: i64,
    from: i64,
    until: i64,
}

impl Pace {
    /// A probe each `every`, from a tick on, for a minute; none that could still run when Lambda ends the function
    /// at `deadline`, when one takes `longest` at most.
    #[must_use]
    pub fn new(every: Duration, from: Timestamp, deadline: Timestamp, longest: Duration) -> Self {
        let from = from.as_millisecond();
        let safe = deadline.as_millisecond() - millis(longest) - millis(REST);
        Self { every: millis(every).max(1), from, until: safe.min(from + millis(MINUTE)) }
    }

    /// The next moment at which a probe is due, after the `last` one; none when this tick is over. A slot that passed
    /// while a probe took long is left out.
    #[must_use]
    pub fn next(&self, now: Timestamp, last: Option<Timestamp>) -> Option<Timestamp> {
        let begin = now.as_millisecond().max(self.from);
        let slot = begin.div_euclid(self.every) + i64::from(begin.rem_euclid(self.every) > 0);
        let after = last.map_or(slot, |last| last.as_millisecond().div_euclid(self.every) + 1);
        let at = slot.max(after).checked_mul(self.every)?;
        if at < self.until { Timestamp::from_millisecond(at).ok() } else { None }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(9);

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    /// The slots of a tick whose probes take `takes`.
    fn slots(from: &str, deadline: &str, every: Duration, takes: Duration) -> Vec<String> {
        let pace = Pace::new(every, at(from), at(deadline), LONGEST);
        let (mut now, mut last, mut all) = (at(from), None, Vec::new());
        while let Some(slot) = pace.next(now, last) {
            all.push(slot.to_string()[11..19].to_owned());
            now = slot + takes;
            last = Some(slot);
        }
        all
    }

    #[test]
    fn each_period_of_the_alarm_gets_one_probe_whenever_the_schedule_ticks() {
        let quick = Duration::from_millis(40);
        let one = slots("10:00:00.2", "10:01:20.2", TEN, quick);
        assert_eq!(one, ["10:00:10", "10:00:20", "10:00:30", "10:00:40", "10:00:50", "10:01:00"]);
        // The next tick, a little late or early: no gap, and at most one slot twice.
        assert_eq!(slots("10:01:00.9", "10:02:20.9", TEN, quick)[0], "10:01:10");
        assert_eq!(slots("10:00:59.8", "10:02:19.8", TEN, quick)[0], "10:01:00");
        assert_eq!(slots("10:00:30", "10:01:50", TEN, quick).len(), 6, "a tick on a slot takes it");
    }

    #[test]
    fn slow_probes_leave_slots_out_and_never_queue_up() {
        let slow = Duration::from_secs(6);
        assert_eq!(slots("10:00:00", "10:01:20", TEN, slow).len(), 6);
        let each_second = slots("10:00:00", "10:01:20", Duration::from_secs(1), slow);
        assert_eq!(each_second[..3], ["10:00:00", "10:00:06", "10:00:12"]);
    }

    #[test]
    fn no_probe_begins_that_could_outlast_the_function() {
        // 30 s, less the longest probe and the rest: the last one begins before :20.5.
        assert_eq!(slots("10:00:00", "10:00:30", TEN, LONGEST), ["10:00:00", "10:00:10", "10:00:20"]);
        assert!(
            slots("10:00:01", "10:00:09", TEN, LONGEST).is_empty(),
            "a function without time probes nothing"
        );
        // The last slot of a whole minute ends in time, too.
        let last = slots("10:00:59.9", "10:02:10", TEN, LONGEST).pop().unwrap();
        assert_eq!(last, "10:01:50");
    }

    #[test]
    fn a_clock_that_stands_still_does_not_repeat_a_slot() {
        let pace = Pace::new(TEN, at("10:00:00"), at("10:01:20"), LONGEST);
        let first = pace.next(at("10:00:00"), None).unwrap();
        assert_eq!(pace.next(at("10:00:00"), Some(first)), Some(at("10:00:10")));
    }
}
