//! The client's outage beside the control plane's phases, and how much of it was Mainstay's own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A named stretch of time. One that ends before it starts is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What happened in it, such as `promote`.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
}

impl Span {
    /// A span.
    #[must_use]
    pub fn new(name: impl Into<String>, start: Timestamp, end: Timestamp) -> Self {
        Self { name: name.into(), start, end }
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        length(self.start, self.end)
    }
}

/// One phase beside a client's outage. All in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The phase.
    pub name: String,
    /// How long the phase took.
    pub seconds: f64,
    /// How much of it fell into the outage.
    pub felt: f64,
}

/// A client's outage by the control plane's phases. All in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// How long the outage was.
    pub outage: f64,
    /// Each phase, in the order given.
    pub parts: Vec<Part>,
    /// What of the outage fell into no phase.
    pub outside: f64,
}

/// Lays the outage (from the fault to the recovery that a client felt) beside the phases.
#[must_use]
pub fn beside(fault_at: Timestamp, recovered_at: Timestamp, phases: &[Span]) -> Beside {
    let outage = length(fault_at, recovered_at);
    let part = |phase: &Span| Part {
        name: phase.name.clone(),
        seconds: phase.seconds(),
        felt: length(phase.start.max(fault_at), phase.end.min(recovered_at)),
    };
    let parts = phases.iter().map(part).collect();
    Beside { outage, parts, outside: (outage - covered(fault_at, recovered_at, phases)).max(0.0) }
}

/// How much of an outage was Mainstay's own. In seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The RTO.
    pub rto: f64,
    /// What of it belonged to others: the promotion, the endpoint's lag, a task's own start.
    pub others: f64,
    /// The rest.
    pub own: f64,
    /// `own` of `rto`, from 0 to 1; none: there was no outage.
    pub fraction: Option<f64>,
}

/// Mainstay's own share of an outage: all of it that is in none of the spans in `others` (the database's
/// promotion, the endpoint's lag, a task's own start). Spans may overlap: no moment is counted twice, and none
/// outside the outage.
#[must_use]
pub fn own_share(fault_at: Timestamp, recovered_at: Timestamp, others: &[Span]) -> Share {
    let rto = length(fault_at, recovered_at);
    let others = covered(fault_at, recovered_at, others).min(rto);
    let own = rto - others;
    Share { rto, others, own, fraction: (rto > 0.0).then(|| own / rto) }
}

/// How many seconds of the stretch lie in at least one of the spans.
fn covered(from: Timestamp, until: Timestamp, spans: &[Span]) -> f64 {
    let mut sorted: Vec<(Timestamp, Timestamp)> =
        spans.iter().map(|span| (span.start, span.end.min(until))).collect();
    sorted.sort_unstable();
    let (mut sum, mut reached) = (0.0, from);
    for (start, end) in sorted {
        sum += length(start.max(reached), end);
        reached = reached.max(end);
    }
    sum
}

fn length(start: Timestamp, end: Timestamp) -> f64 {
    end.duration_since(start).as_secs_f64().max(0.0)
}
