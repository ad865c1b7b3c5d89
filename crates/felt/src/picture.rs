//! What both drawings show: acknowledged writes per second, the marks and the phases.

use crate::attempt::Attempt;
use crate::phases::Span;
use crate::rto::{Recovery, Rule, rto};
use crate::window::{Timeline, count};
use jiff::{SignedDuration, Timestamp};
use std::ops::Range;

/// One outage as a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The headline.
    pub title: String,
    /// A line below it: the fault, the date, the machine.
    pub subtitle: String,
    /// Where zero is on the axis of time.
    pub fault_at: Timestamp,
    /// What is shown, in whole seconds after the fault.
    pub seconds: Range<i32>,
    /// One row for each service.
    pub services: Vec<Series>,
    /// Moments of the recovery; the fault is always marked.
    pub marks: Vec<Mark>,
    /// The phases of the control plane.
    pub phases: Vec<Span>,
}

/// One service over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The service, and what tells it from its twin.
    pub name: String,
    /// Promptly acknowledged writes by the second in which they were sent, from the picture's first second on.
    pub rates: Vec<f64>,
    /// What became of it.
    pub recovery: Recovery,
}

/// A moment of the recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// When.
    pub at: Timestamp,
}

/// What is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The fault struck.
    Fault,
    /// The new writer took over.
    Promoted,
    /// The endpoint led to the new writer.
    EndpointMoved,
    /// The last service was recycled.
    Recycled,
}

impl MarkKind {
    /// In words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Promoted => "promoted",
            Self::EndpointMoved => "endpoint moved",
            Self::Recycled => "recycled",
        }
    }

    /// In one letter, for the terminal.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Fault => 'F',
            Self::Promoted => 'P',
            Self::EndpointMoved => 'E',
            Self::Recycled => 'R',
        }
    }
}

impl Series {
    /// Counts and measures one service. Its rates count what [`rto`] counts.
    #[must_use]
    pub fn of<'a>(
        name: impl Into<String>,
        attempts: impl IntoIterator<Item = &'a Attempt>,
        fault_at: Timestamp,
        seconds: Range<i32>,
        rule: &Rule,
    ) -> Self {
        let attempts: Vec<&Attempt> = attempts.into_iter().collect();
        let timeline = Timeline::of(attempts.iter().copied(), fault_at, rule);
        let rate = |second: i32| {
            let from = i64::from(second) * 1_000_000;
            count(timeline.between(from, from + 1_000_000).acknowledged)
        };
        Self {
            name: name.into(),
            rates: seconds.map(rate).collect(),
            recovery: rto(attempts, fault_at, rule),
        }
    }
}

impl Picture {
    /// The marks in the order of time, the fault first, without those outside the picture.
    pub(crate) fn shown_marks(&self) -> Vec<(MarkKind, f64)> {
        let others = self.marks.iter().filter(|mark| mark.kind != MarkKind::Fault);
        let mut marks: Vec<(MarkKind, f64)> = others.map(|mark| (mark.kind, self.second(mark.at))).collect();
        marks.push((MarkKind::Fault, 0.0));
        marks.retain(|(_, at)| *at >= f64::from(self.seconds.start) && *at <= f64::from(self.seconds.end));
        marks.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        marks
    }

    /// A moment in seconds after the fault.
    pub(crate) fn second(&self, at: Timestamp) -> f64 {
        let after: SignedDuration = at.duration_since(self.fault_at);
        after.as_secs_f64()
    }

    /// The length of the axis of time; never zero.
    pub(crate) fn length(&self) -> f64 {
        f64::from(self.seconds.end.saturating_sub(self.seconds.start).max(1))
    }
}

impl Series {
    /// The top of the scale: the highest rate, and at least the normal one.
    pub(crate) fn top(&self) -> f64 {
        self.rates.iter().copied().fold(self.recovery.normal_rate, f64::max).max(1.0)
    }
}
