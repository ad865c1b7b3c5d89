//! The incident: an append-only list of events, and what they add up to.

mod consent;
mod event;
mod fencing;
mod id;
mod service;
mod story;

pub use event::{Event, Record};
pub use id::IncidentId;
pub use service::{PoolNews, ServiceNews, ServiceState};
pub use story::Incident;

use crate::signal::AlarmKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// The database was failed over (by Mainstay or by AWS), the services recycled, and all is healthy.
    Recovered,
    /// It recovered by itself before anything was done.
    StoodDown,
    /// Mode observe: Mainstay said what it would have done.
    Observed,
    /// A guard forbade acting.
    Refused,
    /// People must take over. Blocks automatic action until somebody acknowledges.
    Escalated,
}

/// What opened an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum Trigger {
    /// A witness of the plan.
    Alarm {
        /// The alarm's name.
        name: String,
        /// Metric, metric math or composite.
        kind: AlarmKind,
        /// When it went to ALARM.
        at: Timestamp,
        /// When the first breaching datapoint began, where CloudWatch told it.
        breaching_since: Option<Timestamp>,
        /// CloudWatch's reason, bounded.
        reason: String,
    },
    /// An RDS event: AWS is failing over by itself.
    Database {
        /// The event's id.
        id: Option<String>,
        /// When it happened.
        at: Timestamp,
        /// The instance that it names.
        instance: Option<String>,
        /// RDS's message, bounded.
        message: String,
    },
    /// A person.
    Person {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
        /// Whether they accept that data is lost which has not reached the reader.
        #[serde(default)]
        accept_data_loss: bool,
    },
}

impl Trigger {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Alarm { at, .. } | Self::Database { at, .. } | Self::Person { at, .. } => *at,
        }
    }

    /// When the outage began, where CloudWatch told it: the start of the first breaching datapoint.
    #[must_use]
    pub fn breaching_since(&self) -> Option<Timestamp> {
        match self {
            Self::Alarm { breaching_since, .. } => *breaching_since,
            Self::Database { .. } | Self::Person { .. } => None,
        }
    }
}

/// What became of the one failover call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum FailoverAnswer {
    /// AWS accepted it.
    Accepted,
    /// AWS refused it: nothing was changed.
    Refused {
        /// What AWS said, bounded.
        cause: String,
    },
    /// It may have taken effect: the cluster is read, and no second call is made.
    Doubtful {
        /// What was seen instead of an answer, bounded.
        cause: String,
    },
}
