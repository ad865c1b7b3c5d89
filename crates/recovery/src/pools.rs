//! Whether clients hold on to the old writer: a sign that needs no change of any application.
//!
//! A pool that was not restarted keeps its connections to the instance that is no longer the writer, and few arrive
//! at the new one. The counts are CloudWatch's `DatabaseConnections` of both instances. They are evidence for people
//! and block no all-clear: the old writer serves as a reader now and may have connections by right, the counts come
//! once a minute and late, and whoever cannot reach the old writer any more is not counted there at all.

use crate::topology::Connections;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name under which verdicts show it as evidence.
pub const EVIDENCE: &str = "connections to the old writer";

/// What the counts of connections say after the services were restarted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Pools {
    /// The old writer has lost at least half of its connections, or the new one has no fewer than it.
    Moved(Counts),
    /// The old writer keeps more than half of the connections that it had, and the new one has fewer than it.
    Stuck(Counts),
    /// The counts don't tell.
    Unknown {
        /// Why not, for people.
        reason: String,
    },
}

/// Connections of the two instances, as averages of a minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// The instance that was the writer.
    pub old_writer: String,
    /// Its most connections in a minute that began before the services had been restarted.
    pub old_before: f64,
    /// Its connections in the newest minute that began after.
    pub old_now: f64,
    /// The instance that is the writer.
    pub new_writer: String,
    /// Its connections in the newest minute that began after.
    pub new_now: f64,
}

impl Pools {
    /// What the counts say, given when the last service was restarted. Minutes that began before that hold
    /// connections of both times and count for "before" only.
    #[must_use]
    pub fn judge(old: &Connections, new: &Connections, restarted_at: Timestamp) -> Self {
        let newest = |all: &Connections| {
            let newest = all.points.iter().filter(|p| p.at >= restarted_at).max_by_key(|p| p.at);
            newest.map(|p| p.value)
        };
        let before = old.points.iter().filter(|p| p.at < restarted_at).map(|p| p.value).reduce(f64::max);
        let (Some(old_now), Some(new_now)) = (newest(old), newest(new)) else {
            return Self::unknown(
                "CloudWatch has no minute yet that began after the services were restarted",
            );
        };
        let Some(old_before) = before else {
            return Self::unknown("CloudWatch does not tell how many there were before");
        };
        let counts = Counts {
            old_writer: old.instance.clone(),
            old_before,
            old_now,
            new_writer: new.instance.clone(),
            new_now,
        };
        if old_now * 2.0 > old_before && old_now > new_now {
            Self::Stuck(counts)
        } else {
            Self::Moved(counts)
        }
    }

    /// "Not known", and why.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::Unknown { reason: crate::text::plain(reason, 200) }
    }

    /// Whether clients seem to hold on to the old writer.
    #[must_use]
    pub fn stuck(&self) -> bool {
        matches!(self, Self::Stuck(_))
    }

    /// In words, for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Moved(Counts { old_writer, old_before, old_now, new_writer, new_now }) => format!(
                "{old_writer} has {old_now:.0} ({old_before:.0} before), the new writer {new_writer} has {new_now:.0}"
            ),
            Self::Stuck(Counts { old_writer, old_before, old_now, new_writer, new_now }) => format!(
                "{old_writer} is no longer the writer and still has {old_now:.0} ({old_before:.0} before), the new \
                 writer {new_writer} only {new_now:.0}: clients that were not restarted may hold on to it"
            ),
            Self::Unknown { reason } => format!("not known: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Datapoint;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_772_366_400 + 60 * minute).unwrap()
    }

    fn counts(instance: &str, points: &[(i64, f64)]) -> Connections {
        let points = points.iter().map(|(minute, value)| Datapoint { at: at(*minute), value: *value });
        Connections { instance: instance.to_owned(), points: points.collect() }
    }

    /// Restarted within the minute before 10.
    fn judged(old: &[(i64, f64)], new: &[(i64, f64)]) -> Pools {
        Pools::judge(&counts("orders-1", old), &counts("orders-2", new), at(10))
    }

    #[test]
    fn connections_that_stay_are_told_from_connections_that_move() {
        type Points<'a> = &'a [(i64, f64)];
        let table: [(&str, Points<'_>, Points<'_>, bool); 7] = [
            ("all stay", &[(0, 40.0), (10, 40.0)], &[(0, 2.0), (10, 2.0)], true),
            ("they climb", &[(0, 40.0), (10, 90.0)], &[(10, 0.0)], true),
            (
                "the newest minute counts",
                &[(0, 40.0), (10, 40.0), (11, 0.0)],
                &[(10, 2.0), (11, 41.0)],
                false,
            ),
            ("all move", &[(0, 40.0), (9, 40.0), (10, 0.0)], &[(10, 40.0)], false),
            ("readers stay on it", &[(0, 60.0), (10, 20.0)], &[(10, 40.0)], false),
            ("it kept many, the new one has as many", &[(0, 40.0), (10, 40.0)], &[(10, 40.0)], false),
            ("it had none and has none", &[(0, 0.0), (10, 0.0)], &[(10, 0.0)], false),
        ];
        for (name, old, new, stuck) in table {
            let pools = judged(old, new);
            assert!(!matches!(pools, Pools::Unknown { .. }), "{name}: {pools:?}");
            assert_eq!(pools.stuck(), stuck, "{name}: {pools:?}");
        }
    }

    #[test]
    fn missing_minutes_are_not_zero() {
        for (old, new) in [
            (vec![(0, 40.0)], vec![(10, 0.0)]),
            (vec![(0, 40.0), (10, 40.0)], vec![(9, 0.0)]),
            (vec![(10, 40.0)], vec![(10, 0.0)]),
            (vec![], vec![]),
        ] {
            let pools = judged(&old, &new);
            assert!(matches!(pools, Pools::Unknown { .. }), "{old:?} {new:?}: {pools:?}");
        }
    }

    #[test]
    fn words_carry_the_counts() {
        assert_eq!(
            judged(&[(0, 44.0), (10, 42.2)], &[(10, 3.0)]).words(),
            "orders-1 is no longer the writer and still has 42 (44 before), the new writer orders-2 only 3: clients \
             that were not restarted may hold on to it"
        );
        assert_eq!(
            judged(&[(0, 44.0), (10, 0.0)], &[(10, 40.0)]).words(),
            "orders-1 has 0 (44 before), the new writer orders-2 has 40"
        );
    }
}
