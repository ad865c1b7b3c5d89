//! Which acknowledged rows were lost.

use crate::attempt::{Answer, Attempt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The change of writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// When the new writer took over.
    pub at: Timestamp,
    /// The server that wrote before, by the name that acknowledgements carry.
    pub old_writer: String,
    /// The server that writes from then on.
    pub new_writer: String,
}

/// The rows of one service that were acknowledged and are not on the new writer. Each is in one of the two
/// counts, never in both.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Loss {
    /// Lost with the old writer: what the replication had not carried over.
    pub rows_lost: usize,
    /// From the sending of the first such row to that of the last. Zero when there are fewer than two.
    pub seconds: f64,
    /// Acknowledged by the old writer after the promotion, by clients that still wrote to it.
    pub rows_on_old_writer: usize,
}

impl Loss {
    /// All acknowledged rows that the new writer does not have.
    #[must_use]
    pub fn rows_missing(&self) -> usize {
        self.rows_lost + self.rows_on_old_writer
    }
}

/// Compares what was acknowledged through one service (other attempts are passed over) with the numbers of its
/// rows on the new writer. However late an acknowledgement came, it is a promise.
///
/// An acknowledgement is after the promotion when it came after it (`ended_at`); at the same instant it is
/// before it. Without a promotion nothing is counted as written to an old writer. A number that was
/// acknowledged twice is one row, and the first acknowledgement counts.
#[must_use]
pub fn rpo<'a>(
    attempts: impl IntoIterator<Item = &'a Attempt>,
    rows_on_new_writer: &BTreeSet<u64>,
    promotion: Option<&Promotion>,
) -> Loss {
    let mut missing: BTreeMap<u64, (&Attempt, &str)> = BTreeMap::new();
    for attempt in attempts {
        let Answer::Acknowledged { server } = &attempt.answer else { continue };
        if rows_on_new_writer.contains(&attempt.n) {
            continue;
        }
        let first = missing.entry(attempt.n).or_insert((attempt, server));
        if attempt.ended_at < first.0.ended_at {
            *first = (attempt, server);
        }
    }
    let on_old_writer = |attempt: &Attempt, server: &str| {
        promotion.is_some_and(|promotion| server == promotion.old_writer && attempt.ended_at > promotion.at)
    };
    let (mut rows_on_old_writer, mut lost) = (0, Vec::new());
    for (attempt, server) in missing.into_values() {
        if on_old_writer(attempt, server) {
            rows_on_old_writer += 1;
        } else {
            lost.push(attempt.sent_at);
        }
    }
    let span = lost.iter().min().zip(lost.iter().max());
    let seconds = span.map_or(0.0, |(first, last)| last.duration_since(*first).as_secs_f64());
    Loss { rows_lost: lost.len(), seconds, rows_on_old_writer }
}
