//! How fast the estate's AWS is: honest, or quick for tests.

use estate::model::Delays;
use serde::Serialize;
use std::collections::BTreeMap;

/// The pace of a drill. It is named in every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// Delays as AWS has them (promotion 10–30 s, endpoint 5–20 s, tasks 15–40 s); alarm period 10 s.
    Honest,
    /// Delays of a few seconds; alarm period 1 s: for tests and demonstrations.
    Quick,
}

impl Pace {
    /// The estate's delays.
    #[must_use]
    pub fn delays(self) -> Delays {
        match self {
            Self::Honest => Delays::default(),
            Self::Quick => Delays::quick(),
        }
    }

    /// What is different in the plan: quick windows for a quick estate.
    #[must_use]
    pub fn windows(self) -> BTreeMap<String, toml::Value> {
        let windows: &[(&str, &str)] = match self {
            Self::Honest => &[],
            Self::Quick => &[("alarm.0.speaks_for", "3s"), ("verify_for", "4s"), ("settle", "1s")],
        };
        windows
            .iter()
            .map(|(key, span)| ((*key).to_owned(), toml::Value::String((*span).to_owned())))
            .collect()
    }

    /// Seconds of one datapoint, of the estate's metrics and of the alarm. RDS has 60.
    #[must_use]
    pub fn period_s(self) -> u32 {
        match self {
            Self::Honest => 10,
            Self::Quick => 1,
        }
    }

    /// Seconds from one probe to the next, and the period of the prober's alarm: on AWS 10. A probe that fails takes up to
    /// three seconds, so a shorter period would have holes in it.
    #[must_use]
    pub fn probe_every_s(self) -> u32 {
        match self {
            Self::Honest => 10,
            Self::Quick => 5,
        }
    }

    /// How many times longer than on the quick pace an outage may take.
    #[must_use]
    pub fn patience(self) -> u64 {
        match self {
            Self::Honest => 5,
            Self::Quick => 1,
        }
    }

    /// What the report says of it.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Honest => {
                "The model of AWS took as long as AWS does (promotion 10–30 s, endpoint 5–20 s, tasks 15–40 s); \
                 only the period of RDS's metrics was shortened, from 60 s to 10 s. The prober's is 10 s on AWS too."
            }
            Self::Quick => {
                "The model of AWS was told to be quick (promotion 2–3 s, endpoint 2–4 s, tasks 1–3 s, alarm period \
                 1 s): the order of things is true, their times are not those of AWS."
            }
        }
    }
}
