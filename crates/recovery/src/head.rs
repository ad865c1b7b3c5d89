//! The head of a database: its lock, its fence, and what must outlive an incident.

use crate::incident::{Closing, Event, IncidentId, Record, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the newest incident of a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Opened; its execution may not run yet.
    Claimed,
    /// Its execution runs.
    Started,
    /// Ended.
    Closed(Closing),
}

/// One item per database, changed only together with an event, under a condition on what it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The plan's name of the database.
    pub database: String,
    /// The newest incident: the lock's holder while it is not closed.
    pub incident: IncidentId,
    /// The attempt that may act.
    pub fence: u64,
    /// Number of the incident's newest event.
    pub sequence: u64,
    /// How far it is.
    pub status: Status,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Whether somebody took note of an escalation.
    pub acknowledged: bool,
    /// When a failover was last asked for by Mainstay: the start of the cooldown.
    pub failed_over_at: Option<Timestamp>,
    /// The writer that Mainstay saw last.
    pub writer: Option<String>,
    /// The newest alarm transition that was dealt with.
    pub alarm_seen: Option<Timestamp>,
}

impl Head {
    /// Whether an incident is open: the lock is held.
    #[must_use]
    pub fn open(&self) -> bool {
        !matches!(self.status, Status::Closed(_))
    }

    /// Whether an escalation blocks automatic action.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.status == Status::Closed(Closing::Escalated) && !self.acknowledged
    }

    /// The head after `record`, given the head before it (none: the database never had an incident).
    #[must_use]
    pub fn after(before: Option<&Self>, record: &Record) -> Self {
        let mut head = match (before, &record.event) {
            (Some(head), Event::Opened { .. }) => Self {
                incident: record.incident.clone(),
                status: Status::Claimed,
                opened_at: record.at,
                closed_at: None,
                acknowledged: false,
                ..head.clone()
            },
            (Some(head), _) => head.clone(),
            (None, _) => Self {
                database: record.database.clone(),
                incident: record.incident.clone(),
                fence: record.fence,
                sequence: record.sequence,
                status: Status::Claimed,
                opened_at: record.at,
                closed_at: None,
                acknowledged: false,
                failed_over_at: None,
                writer: None,
                alarm_seen: None,
            },
        };
        head.sequence = record.sequence;
        head.fence = record.fence;
        match &record.event {
            Event::Opened { trigger, closing, .. } => {
                if let Trigger::Alarm { at, .. } = trigger {
                    head.alarm_seen = head.alarm_seen.max(Some(*at));
                }
                if let Some(closing) = closing {
                    head.status = Status::Closed(*closing);
                    head.closed_at = Some(record.at);
                }
            }
            Event::Started { .. } => {
                if head.open() {
                    head.status = Status::Started;
                }
            }
            Event::FailoverIntended { .. } => head.failed_over_at = Some(record.at),
            Event::Assessed { writer, .. } | Event::Promoted { writer, .. } => {
                head.writer = Some(writer.clone());
            }
            Event::Closed { closing, .. } => {
                head.status = Status::Closed(*closing);
                head.closed_at = Some(record.at);
            }
            Event::Acknowledged { .. } => head.acknowledged = true,
            Event::Noted { alarm_at, .. } => head.alarm_seen = head.alarm_seen.max(*alarm_at),
            Event::Held { .. }
            | Event::Confirmed { .. }
            | Event::AlreadyMoved { .. }
            | Event::FailoverAnswered { .. }
            | Event::EndpointSeen { .. }
            | Event::EndpointMoved { .. }
            | Event::Health { .. }
            | Event::Services { .. }
            | Event::Recycled { .. }
            | Event::Verified { .. }
            | Event::Resumed { .. } => {}
        }
        head
    }
}
