//! What Mainstay's prober saw, as its metric tells it: each probe is a new connection through the writer endpoint.
//!
//! The prober prints the metric, and the step `endpoint` reads it: the names that both need stand here.

use crate::topology::Datapoint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The metric's namespace.
pub const NAMESPACE: &str = "Mainstay";
/// The metric: 1 when a writer answered, 0 when clients are without one; nothing when the prober cannot say.
pub const SUCCESS: &str = "ProbeSuccess";
/// The dimension of every probe: the database's name in the plan.
pub const DATABASE: &str = "Database";
/// The second dimension, of the probes that a server answered: which one. On Aurora that is the instance.
pub const SERVER: &str = "Server";

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When it began.
    pub at: Timestamp,
    /// Whether a writer answered it.
    pub success: bool,
    /// Who answered, of the servers that were asked about; none: another one, or nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

impl Probe {
    /// Whether a writer of this name answered it.
    #[must_use]
    pub fn proves(&self, writer: &str) -> bool {
        self.success && self.server.as_deref() == Some(writer)
    }

    /// What it says of `writer`, in words.
    #[must_use]
    pub fn words(&self, writer: &str) -> String {
        let Self { at, success, server } = self;
        match (success, server) {
            (true, Some(server)) if server == writer => format!("the probe of {at} was answered by {server}"),
            (true, Some(server)) => format!("the probe of {at} was answered by {server}, not by {writer}"),
            (true, None) => format!("the probe of {at} was answered by another server than {writer}"),
            (false, Some(server)) => format!("the probe of {at} found no writer: {server} answered"),
            (false, None) => format!("the probe of {at} found no writer"),
        }
    }

    /// The probes, oldest first, that these datapoints tell: those of the whole database, and those that each of the
    /// servers answered. Both are the smallest value of a second, so that a 1 never hides a 0.
    #[must_use]
    pub fn all(whole: &[Datapoint], answered: &[(&str, Vec<Datapoint>)]) -> Vec<Self> {
        let mut seconds: BTreeMap<Timestamp, Second<'_>> = BTreeMap::new();
        for point in whole {
            seconds.entry(point.at).or_default().failed |= point.value < 1.0;
        }
        for (server, points) in answered {
            for point in points {
                // CloudWatch may have the one metric of a line before the other.
                let second = seconds.entry(point.at).or_default();
                second.answers.push((server, point.value >= 1.0));
            }
        }
        seconds.into_iter().flat_map(|(at, second)| second.probes(at)).collect()
    }
}

/// What the datapoints of one second tell.
#[derive(Default)]
struct Second<'a> {
    /// Whether a probe of the database failed.
    failed: bool,
    /// Who answered, and whether as a writer.
    answers: Vec<(&'a str, bool)>,
}

impl Second<'_> {
    fn probes(self, at: Timestamp) -> Vec<Probe> {
        let Self { failed, answers } = self;
        if answers.is_empty() {
            return vec![Probe { at, success: !failed, server: None }];
        }
        let probe = |(server, well): (&str, bool)| {
            let server = Some(server.to_owned());
            Probe { at, success: well && !failed, server }
        };
        answers.into_iter().map(probe).collect()
    }
}

/// What proved that the endpoint leads to the new writer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Proof {
    /// Its name, as the plan asks. So are incidents of before probes were looked at.
    #[default]
    Name,
    /// Its name alone, although the plan asks for a probe.
    NameAlone {
        /// Why there is none, bounded.
        missing: String,
    },
    /// A probe through it that began after the name led there.
    Probe {
        /// Who answered: the new writer.
        server: String,
        /// When the probe began.
        at: Timestamp,
    },
}

impl Proof {
    /// Whether it is the plain one, which no event carries.
    #[must_use]
    pub fn is_name(&self) -> bool {
        *self == Self::Name
    }

    /// In words, where there is more to say than the name.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Name => None,
            Self::NameAlone { missing } => Some(format!("by its name alone, for {missing}")),
            Self::Probe { server, at } => Some(format!("the probe of {at} was answered by {server}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Event;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_359_200 + second).unwrap()
    }

    fn points(values: &[(i64, f64)]) -> Vec<Datapoint> {
        values.iter().map(|(second, value)| Datapoint { at: at(*second), value: *value }).collect()
    }

    fn probe(second: i64, success: bool, server: Option<&str>) -> Probe {
        Probe { at: at(second), success, server: server.map(str::to_owned) }
    }

    #[test]
    fn probes_are_put_together_from_both_metrics_in_the_order_of_time() {
        let whole = points(&[(20, 0.0), (0, 1.0), (10, 1.0), (30, 1.0), (40, 0.0)]);
        let one = points(&[(0, 1.0), (20, 0.0)]);
        let two = points(&[(30, 1.0)]);
        assert_eq!(
            Probe::all(&whole, &[("orders-1", one), ("orders-2", two)]),
            [
                probe(0, true, Some("orders-1")),
                probe(10, true, None),
                probe(20, false, Some("orders-1")),
                probe(30, true, Some("orders-2")),
                probe(40, false, None),
            ]
        );
        assert_eq!(Probe::all(&[], &[("orders-1", Vec::new())]), [], "no datapoint is no probe");
    }

    #[test]
    fn a_metric_that_is_late_does_not_hide_the_other_and_a_one_never_hides_a_zero() {
        let both = [("orders-1", points(&[(0, 1.0)])), ("orders-2", points(&[(0, 1.0)]))];
        assert_eq!(
            Probe::all(&[], &both),
            [probe(0, true, Some("orders-1")), probe(0, true, Some("orders-2"))]
        );
        // One of two probes in the same second failed: neither proves anything.
        let told = Probe::all(&points(&[(0, 0.0)]), &both);
        assert!(told.len() == 2 && told.iter().all(|p| !p.success), "{told:?}");
    }

    /// Events are read for as long as the table keeps them.
    #[test]
    fn an_event_of_before_probes_were_looked_at_was_proved_by_the_name() {
        let stored = r#"{"type":"endpoint-moved","endpoint":"orders.x","leads_to":"orders-2.x",
            "seen_at":"2026-03-01T10:00:00Z"}"#;
        let stored: serde_json::Value = serde_json::from_str(stored).unwrap();
        let event: Event = serde_json::from_value(stored.clone()).unwrap();
        assert!(matches!(&event, Event::EndpointMoved { proof: Proof::Name, .. }));
        assert_eq!(serde_json::to_value(&event).unwrap(), stored);
        let proofs = [
            (Proof::Probe { server: "orders-2".to_owned(), at: at(0) }, "probe"),
            (Proof::NameAlone { missing: "silence".to_owned() }, "name-alone"),
        ];
        for (proof, by) in proofs {
            let (endpoint, leads_to) = ("orders.x".to_owned(), "orders-2.x".to_owned());
            let event = Event::EndpointMoved { endpoint, leads_to, seen_at: at(0), proof };
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["proof"]["by"], by);
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
    }

    #[test]
    fn only_a_writer_of_that_name_proves_and_the_words_say_what_was_wrong() {
        for (seen, proves, words) in [
            (probe(0, true, Some("orders-2")), true, "was answered by orders-2"),
            (probe(0, true, Some("orders-1")), false, "was answered by orders-1, not by orders-2"),
            (probe(0, true, None), false, "was answered by another server than orders-2"),
            (probe(0, false, Some("orders-2")), false, "found no writer: orders-2 answered"),
            (probe(0, false, None), false, "found no writer"),
        ] {
            assert_eq!(seen.proves("orders-2"), proves, "{seen:?}");
            assert_eq!(seen.words("orders-2"), format!("the probe of 2026-03-01T10:00:00Z {words}"));
        }
    }
}
