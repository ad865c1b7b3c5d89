//! The head of a database: its lock, its fence, and what must outlive an incident.

use crate::{
    incident::{Closing, Event, FailoverAnswer, IncidentId, Record, Trigger},
    rds_event,
    signal::DatabaseNews,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the newest incident of a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Opened or taken over by a new attempt, whose execution may not run yet.
    Claimed,
    /// Its execution runs.
    Started,
    /// Ended.
    Closed(Closing),
}

/// What opened an incident, as far as the next signal must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opener {
    /// A witness of the plan.
    Alarm,
    /// RDS's news of a failover.
    Failover,
    /// Other news of RDS that people must hear, such as RDS-EVENT-0391.
    OtherNews,
    /// A person.
    Person,
}

impl Opener {
    fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Alarm { .. } => Self::Alarm,
            Trigger::Person { .. } => Self::Person,
            Trigger::Database { id, message, .. } => match rds_event::meaning(id.as_deref(), message) {
                DatabaseNews::FencingTimedOut | DatabaseNews::OldWriterFenced => Self::OtherNews,
                DatabaseNews::FailoverStarted
                | DatabaseNews::FailoverCompleted
                | DatabaseNews::FailoverFailed
                | DatabaseNews::PreviousWriterPromoted
                | DatabaseNews::Other => Self::Failover,
            },
        }
    }
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
    /// The incident that was handed over to people and that nobody has acknowledged yet: no automatic action.
    #[serde(default)]
    pub escalated: Option<IncidentId>,
    /// When a failover was last asked for by Mainstay: the start of the cooldown.
    pub failed_over_at: Option<Timestamp>,
    /// When the failover before that one was: it counts again if RDS refuses this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_over_before: Option<Timestamp>,
    /// The writer that Mainstay saw last.
    pub writer: Option<String>,
    /// When that was. None: not known, so the sighting counts as old.
    #[serde(default)]
    pub writer_seen_at: Option<Timestamp>,
    /// What opened the newest incident. None: not known.
    #[serde(default)]
    pub opened_by: Option<Opener>,
    /// When an incident was last closed as recovered: failovers until then have been dealt with.
    #[serde(default)]
    pub dealt_until: Option<Timestamp>,
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
        self.escalated.is_some()
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
                escalated: None,
                failed_over_at: None,
                failed_over_before: None,
                writer: None,
                writer_seen_at: None,
                opened_by: None,
                dealt_until: None,
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
                head.opened_by = Some(Opener::of(trigger));
                if let Some(closing) = closing {
                    head.status = Status::Closed(*closing);
                    head.closed_at = Some(record.at);
                    // No step will look at the cluster: what RDS says is the newest that is known of the writer.
                    if let Some((writer, at)) = told_writer(trigger) {
                        head.writer = Some(writer);
                        head.writer_seen_at = Some(at);
                    }
                }
            }
            Event::Started { .. } => {
                if head.open() {
                    head.status = Status::Started;
                }
            }
            Event::FailoverIntended { .. } => {
                head.failed_over_before = head.failed_over_at.replace(record.at);
            }
            // Nothing was changed: no cooldown follows, and a failover that is seen now is somebody else's.
            Event::FailoverAnswered { answer: FailoverAnswer::Refused { .. } } => {
                head.failed_over_at = head.failed_over_before.take();
            }
            Event::Assessed { writer, .. } | Event::Promoted { writer, .. } => {
                head.writer = Some(writer.clone());
                head.writer_seen_at = Some(record.at);
            }
            Event::Closed { closing, .. } => {
                head.status = Status::Closed(*closing);
                head.closed_at = Some(record.at);
                match closing {
                    Closing::Recovered => head.dealt_until = Some(record.at),
                    Closing::Escalated => head.escalated = Some(record.incident.clone()),
                    Closing::StoodDown | Closing::Observed | Closing::Refused => {}
                }
            }
            Event::Acknowledged { .. } => head.escalated = None,
            // The next attempt owns it, and has not started yet.
            Event::Resumed { .. } => head.status = Status::Claimed,
            Event::Noted { alarm_at, .. } => head.alarm_seen = head.alarm_seen.max(*alarm_at),
            Event::Held { .. }
            | Event::Confirmed { .. }
            | Event::AlreadyMoved { .. }
            | Event::FailoverAnswered { .. }
            | Event::EndpointSeen { .. }
            | Event::EndpointDoubted { .. }
            | Event::EndpointMoved { .. }
            | Event::Health { .. }
            | Event::Services { .. }
            | Event::Recycled { .. }
            | Event::Verified { .. } => {}
        }
        head
    }
}

/// The writer that RDS names in charge, and since when: only news of a failover's end says so.
fn told_writer(trigger: &Trigger) -> Option<(String, Timestamp)> {
    let Trigger::Database { id, at, instance: Some(instance), message } = trigger else {
        return None;
    };
    matches!(
        rds_event::meaning(id.as_deref(), message),
        DatabaseNews::FailoverCompleted | DatabaseNews::PreviousWriterPromoted
    )
    .then(|| (instance.clone(), *at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decision, Guard, Verdict};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn before() -> Head {
        // As a version without the newer fields wrote it.
        serde_json::from_value(serde_json::json!({
            "database": "orders", "incident": "orders-1", "fence": 1, "sequence": 1, "status": "claimed",
            "opened_at": at(0), "closed_at": null, "failed_over_at": null,
            "writer": "orders-1", "alarm_seen": null,
        }))
        .unwrap()
    }

    fn after(head: &Head, seconds: i64, event: Event) -> Head {
        let record = Record {
            incident: head.incident.clone(),
            database: head.database.clone(),
            sequence: head.sequence + 1,
            fence: head.fence,
            at: at(seconds),
            event,
            owes: Vec::new(),
        };
        Head::after(Some(head), &record)
    }

    fn verdict() -> Verdict {
        Verdict::new(Decision::Recycle, Guard::AwsFailover, "for the test")
    }

    fn opened(id: &str, closing: Option<Closing>) -> Event {
        let slice = serde_json::json!({ "database": {
            "name": "orders", "kind": "aurora-cluster", "identifier": "orders", "region": "ca-central-1",
            "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m",
        }, "audiences": []});
        Event::Opened {
            trigger: Trigger::Database {
                id: Some(id.to_owned()),
                at: at(70),
                instance: Some("orders-2".to_owned()),
                message: "for the test".to_owned(),
            },
            verdict: verdict(),
            entry: crate::Entry::Promotion,
            plan: Box::new(serde_json::from_value(slice).unwrap()),
            drill: false,
            writer: None,
            closing,
        }
    }

    #[test]
    fn a_sighting_bears_its_time_and_an_old_head_has_none() {
        let head = before();
        assert_eq!((head.writer_seen_at, head.dealt_until), (None, None));
        let promoted = Event::Promoted { from: None, writer: "orders-2".to_owned(), zone: None };
        let head = after(&head, 60, promoted);
        assert_eq!((head.writer.as_deref(), head.writer_seen_at), (Some("orders-2"), Some(at(60))));
    }

    #[test]
    fn what_was_dealt_with_is_kept_when_the_next_incident_opens() {
        let close = |closing| Event::Closed { closing, step: None, verdict: verdict() };
        assert_eq!(after(&before(), 60, close(Closing::Refused)).dealt_until, None);
        let head = after(&before(), 60, close(Closing::Recovered));
        let head = after(&head, 80, opened("RDS-EVENT-0073", None));
        assert_eq!((head.dealt_until, head.closed_at), (Some(at(60)), None));
    }

    #[test]
    fn a_call_that_was_refused_is_no_failover() {
        let intent =
            || Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() };
        let answered = |answer| Event::FailoverAnswered { answer };
        let refused = || answered(FailoverAnswer::Refused { cause: "for the test".to_owned() });
        let called = after(&before(), 10, intent());
        assert_eq!(called.failed_over_at, Some(at(10)));
        assert_eq!(after(&called, 11, refused()).failed_over_at, None);

        let doubtful = FailoverAnswer::Doubtful { cause: "for the test".to_owned() };
        for answer in [FailoverAnswer::Accepted, doubtful] {
            assert_eq!(after(&called, 11, answered(answer)).failed_over_at, Some(at(10)));
        }
        // The failover before it counts again.
        let next = after(&after(&called, 11, answered(FailoverAnswer::Accepted)), 50, intent());
        assert_eq!(next.failed_over_at, Some(at(50)));
        assert_eq!(after(&next, 51, refused()).failed_over_at, Some(at(10)));
    }

    #[test]
    fn an_escalation_blocks_until_somebody_acknowledges_it_whatever_happens_meanwhile() {
        let close = |closing| Event::Closed { closing, step: None, verdict: verdict() };
        let escalated = after(&before(), 60, close(Closing::Escalated));
        assert_eq!(escalated.escalated, Some(IncidentId::named("orders-1")));
        for end in [Closing::Refused, Closing::StoodDown, Closing::Recovered] {
            let next = after(&escalated, 80, opened("RDS-EVENT-0073", None));
            let next = after(&next, 90, close(end));
            assert!(next.blocked(), "{end:?}");
            let by = "dana".to_owned();
            let acknowledged = Event::Acknowledged { by, reason: "looked at".to_owned() };
            assert!(!after(&next, 95, acknowledged).blocked());
        }
    }

    #[test]
    fn the_writer_of_a_failover_that_is_only_told_is_seen_once_it_is_complete() {
        let closing = Some(Closing::Refused);
        for (id, writer, seen_at, opener) in [
            ("RDS-EVENT-0071", "orders-2", Some(at(70)), Opener::Failover),
            ("RDS-EVENT-0073", "orders-1", None, Opener::Failover),
            ("RDS-EVENT-0391", "orders-1", None, Opener::OtherNews),
        ] {
            let head = after(&before(), 80, opened(id, closing));
            assert_eq!(
                (head.writer.as_deref(), head.writer_seen_at, head.opened_by),
                (Some(writer), seen_at, Some(opener)),
                "{id}"
            );
        }
        // While an incident is open, the writer before it is what its steps must see.
        let head = after(&before(), 80, opened("RDS-EVENT-0071", None));
        assert_eq!(head.writer.as_deref(), Some("orders-1"));
    }
}
