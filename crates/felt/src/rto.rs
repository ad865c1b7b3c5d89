//! How long one service was out for its clients.

use crate::attempt::{Answer, Attempt};
use crate::rpo::Promotion;
use crate::window::{Normal, Timeline, WINDOW_US, count, float, seconds};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the probe worked, and whose word counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The time between two writes through one service.
    pub interval: SignedDuration,
    /// Acknowledged writes per second that are normal. Used only when the probe saw less than half of the ten
    /// seconds before the fault.
    pub expect_rate: Option<f64>,
    /// The change of writer. After it only the new writer's acknowledgements count: what any other server takes, nobody
    /// will ever see, and a service that writes there has not come back. None: every acknowledgement counts.
    pub promotion: Option<Promotion>,
}

impl Default for Rule {
    /// A write every 20 ms; the normal rate is measured.
    fn default() -> Self {
        Self { interval: SignedDuration::from_millis(20), expect_rate: None, promotion: None }
    }
}

impl Rule {
    /// Whether an attempt was acknowledged promptly, by a server whose word counts.
    pub(crate) fn counts(&self, attempt: &Attempt) -> bool {
        let Answer::Acknowledged { server } = &attempt.answer else { return false };
        let by_writer = |p: &Promotion| attempt.ended_at <= p.at || *server == p.new_writer;
        attempt.is_prompt() && self.promotion.as_ref().is_none_or(by_writer)
    }
}

/// What became of one service after the fault.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Whether, and when, the normal rate came back to stay.
    pub outcome: Outcome,
    /// Acknowledged per second before the fault (or as expected); 0: unknown.
    pub normal_rate: f64,
    /// Acknowledged per second in the last ten seconds that were probed, none of it from before the fault.
    pub end_rate: f64,
    /// How often the rate fell again after the recovery that `outcome` tells.
    pub later_interruptions: usize,
    /// Writes after the fault that were acknowledged later than [`crate::PATIENCE`].
    pub late: usize,
    /// Writes after the fault that the probe should have sent and did not: many of them mean that the machine
    /// was too busy for this measurement.
    pub unsent: usize,
}

/// Whether, and when, the normal rate came back to stay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every ten seconds after the fault held the normal rate: the RTO is zero.
    Uninterrupted,
    /// The normal rate came back for at least ten seconds.
    Recovered {
        /// From the fault to the start of the first ten seconds that held, after the first that did not.
        seconds: f64,
    },
    /// It did not come back as long as the probe looked.
    Never,
    /// Nothing can be said.
    Unmeasured(Unmeasured),
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmeasured {
    /// There is no attempt.
    NoAttempts,
    /// Every attempt was sent before the fault.
    NoneAfterTheFault,
    /// The probe ended less than ten seconds after the fault.
    TooShort,
    /// Nothing was acknowledged before the fault, and no rate was expected.
    NoNormalRate,
}

impl fmt::Display for Unmeasured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAttempts => "no attempts",
            Self::NoneAfterTheFault => "no attempt after the fault",
            Self::TooShort => "probed for less than 10 s after the fault",
            Self::NoNormalRate => "no normal rate before the fault",
        })
    }
}

impl Recovery {
    /// The RTO in seconds: zero when never interrupted, none when it did not end or is not known.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Uninterrupted => Some(0.0),
            Outcome::Recovered { seconds } => Some(seconds),
            Outcome::Never | Outcome::Unmeasured(_) => None,
        }
    }
}

impl fmt::Display for Recovery {
    /// In a few words, as pictures show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Uninterrupted => f.write_str("not interrupted"),
            Outcome::Recovered { seconds } => write!(f, "RTO {seconds:.1} s"),
            Outcome::Never => {
                write!(f, "never, {:.0} of {:.0}/s", self.end_rate, self.normal_rate)
            }
            Outcome::Unmeasured(why) => write!(f, "not measured: {why}"),
        }
    }
}

/// Measures the outage of one service, from all attempts through it (in any order).
///
/// A window is the ten seconds from a moment on, and holds what was sent in it. It is good when at least 99 %
/// of the normal rate was acknowledged promptly, after the promotion by the new writer. Windows start at the fault and at each attempt after it, and
/// count only when the probe worked to their end. All good: not interrupted. Otherwise the service is back at
/// the first acknowledged attempt, after the first bad window, whose own window is good.
#[must_use]
pub fn rto<'a>(
    attempts: impl IntoIterator<Item = &'a Attempt>,
    fault_at: Timestamp,
    rule: &Rule,
) -> Recovery {
    let attempts: Vec<&Attempt> = attempts.into_iter().collect();
    let interval_us = i64::try_from(rule.interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let timeline = Timeline::of(attempts.iter().copied(), fault_at, rule);
    let normal = Normal::of(&timeline, interval_us, rule.expect_rate);
    // The last attempt stands for the time until the next one was due.
    let end = timeline.last().map_or(0, |last| last.saturating_add(interval_us)).max(0);
    let (outcome, later_interruptions) = outcome(&timeline, normal, end);
    Recovery {
        outcome,
        normal_rate: normal.map_or(0.0, Normal::rate),
        end_rate: end_rate(&timeline, end),
        later_interruptions,
        late: attempts
            .iter()
            .filter(|a| a.sent_at >= fault_at && a.is_acknowledged() && !a.is_prompt())
            .count(),
        unsent: usize::try_from(end / interval_us).unwrap_or(0).saturating_sub(timeline.since_fault().len()),
    }
}

fn outcome(timeline: &Timeline, normal: Option<Normal>, end: i64) -> (Outcome, usize) {
    let unmeasured = |why| (Outcome::Unmeasured(why), 0);
    if timeline.first().is_none() {
        return unmeasured(Unmeasured::NoAttempts);
    }
    if timeline.since_fault().is_empty() {
        return unmeasured(Unmeasured::NoneAfterTheFault);
    }
    if end < WINDOW_US {
        return unmeasured(Unmeasured::TooShort);
    }
    let Some(normal) = normal else { return unmeasured(Unmeasured::NoNormalRate) };

    let fault = std::iter::once((0, false));
    let starts = fault.chain(timeline.since_fault().iter().copied());
    let (mut up, mut interruptions, mut back) = (true, 0_usize, None);
    for (start, acknowledged) in starts.take_while(|(start, _)| start + WINDOW_US <= end) {
        let good = normal.is_held_by(timeline.between(start, start + WINDOW_US));
        if up && !good {
            up = false;
            interruptions += 1;
        } else if !up && good && acknowledged {
            up = true;
            back.get_or_insert(start);
        }
    }
    match (interruptions, back) {
        (0, _) => (Outcome::Uninterrupted, 0),
        (_, Some(start)) => (Outcome::Recovered { seconds: seconds(start) }, interruptions - 1),
        (_, None) => (Outcome::Never, 0),
    }
}

fn end_rate(timeline: &Timeline, end: i64) -> f64 {
    let from = (end - WINDOW_US).max(0);
    if end <= from {
        return 0.0;
    }
    count(timeline.between(from, end).acknowledged) * 1e6 / float(end - from)
}
