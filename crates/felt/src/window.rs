//! Windows of ten seconds over the attempts of one service, and what the normal rate asks of them.

use crate::attempt::Attempt;
use crate::rto::Rule;
use jiff::{SignedDuration, Timestamp};

/// How long the normal rate must hold, and over how long it is measured before the fault.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(10);

/// The share of the normal rate that a window must reach.
pub const RATE_SHARE: f64 = 0.99;

/// The share of its normal number of writes that the probe must have sent in a window. Down to this share the
/// bar is lowered in proportion (a busy machine is not the service's fault); below it the window proves nothing.
pub const SENT_SHARE: f64 = 0.9;

/// [`WINDOW`] in microseconds.
pub(crate) const WINDOW_US: i64 = 10_000_000;

/// What was sent and promptly acknowledged in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) sent: usize,
    pub(crate) acknowledged: usize,
}

/// The attempts of one service by the time they were sent, in microseconds after the fault.
pub(crate) struct Timeline {
    sent: Vec<(i64, bool)>,
    /// How many of the first `i` were promptly acknowledged.
    acknowledged: Vec<usize>,
}

impl Timeline {
    pub(crate) fn of<'a>(
        attempts: impl IntoIterator<Item = &'a Attempt>,
        fault_at: Timestamp,
        rule: &Rule,
    ) -> Self {
        let fault_us = fault_at.as_microsecond();
        let mut sent: Vec<(i64, bool)> =
            attempts.into_iter().map(|a| (a.sent_at.as_microsecond() - fault_us, rule.counts(a))).collect();
        sent.sort_unstable();
        let mut acknowledged = vec![0];
        acknowledged.extend(sent.iter().scan(0, |sum, (_, prompt)| {
            *sum += usize::from(*prompt);
            Some(*sum)
        }));
        Self { sent, acknowledged }
    }

    /// What was sent from `from` on and before `until`.
    pub(crate) fn between(&self, from: i64, until: i64) -> Count {
        let first = self.sent.partition_point(|(at, _)| *at < from);
        let last = self.sent.partition_point(|(at, _)| *at < until).max(first);
        let before = |index: usize| self.acknowledged.get(index).copied().unwrap_or(0);
        Count { sent: last - first, acknowledged: before(last) - before(first) }
    }

    /// The times sent from the fault on, and whether each was promptly acknowledged.
    pub(crate) fn since_fault(&self) -> &[(i64, bool)] {
        let first = self.sent.partition_point(|(at, _)| *at < 0);
        self.sent.get(first..).unwrap_or_default()
    }

    pub(crate) fn first(&self) -> Option<i64> {
        self.sent.first().map(|(at, _)| *at)
    }

    pub(crate) fn last(&self) -> Option<i64> {
        self.sent.last().map(|(at, _)| *at)
    }
}

/// What a window held before the fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normal {
    sent: f64,
    acknowledged: f64,
}

impl Normal {
    /// Measured in the window before the fault; when less than half of it was probed, taken from `expect_rate`
    /// (a second); none: nothing was acknowledged and nothing is expected.
    pub(crate) fn of(timeline: &Timeline, interval_us: i64, expect_rate: Option<f64>) -> Option<Self> {
        let planned = float(WINDOW_US / interval_us);
        let before = timeline.between(-WINDOW_US, 0);
        let probed_us = timeline.first().map_or(0, |first| first.saturating_neg().clamp(0, WINDOW_US));
        if before.acknowledged > 0 && probed_us * 2 >= WINDOW_US {
            let scale = float(WINDOW_US) / float(probed_us);
            let (sent, acknowledged) = (count(before.sent) * scale, count(before.acknowledged) * scale);
            return Some(Self { sent, acknowledged });
        }
        let expected = expect_rate.filter(|rate| rate.is_finite() && *rate > 0.0)?;
        let acknowledged = expected * seconds(WINDOW_US);
        Some(Self { sent: planned, acknowledged })
    }

    /// Acknowledged per second.
    pub(crate) fn rate(self) -> f64 {
        self.acknowledged / seconds(WINDOW_US)
    }

    /// True when a window with this in it is as good as normal.
    pub(crate) fn is_held_by(self, window: Count) -> bool {
        let sent_share = count(window.sent) / self.sent;
        let bar = RATE_SHARE * self.acknowledged * sent_share.min(1.0);
        // The bar is a product of floats: 495 of 500 must pass.
        sent_share >= SENT_SHARE && count(window.acknowledged) + 1e-6 >= bar
    }
}

/// Seconds of microseconds.
pub(crate) fn seconds(micros: i64) -> f64 {
    float(micros) / 1e6
}

/// A number of attempts as a float.
pub(crate) fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::from(u32::MAX), f64::from)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of an outage fit a float exactly")]
pub(crate) fn float(n: i64) -> f64 {
    n as f64
}
