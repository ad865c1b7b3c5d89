//! What the events of an incident add up to.

use super::{Closing, Event, FailoverAnswer, IncidentId, Record, ServiceNews, Trigger};
use crate::{pools::Pools, probes::Proof, run::Entry};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the events of an incident add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// The plan's name of the database.
    pub database: String,
    /// All events, oldest first.
    pub records: Vec<Record>,
}

impl Incident {
    /// The incident that these records tell; none without records, or when the first is not `Opened`.
    #[must_use]
    pub fn replay(records: Vec<Record>) -> Option<Self> {
        let first = records.first()?;
        let Event::Opened { .. } = &first.event else {
            return None;
        };
        Some(Self { id: first.incident.clone(), database: first.database.clone(), records })
    }

    /// The incident as it was when it had its first `sequence` events.
    #[must_use]
    pub fn until(&self, sequence: u64) -> Self {
        let records = self.records.iter().filter(|r| r.sequence <= sequence).cloned().collect();
        Self { id: self.id.clone(), database: self.database.clone(), records }
    }

    /// The newest event for which `pick` has an answer.
    pub fn latest<'a, T>(&'a self, pick: impl Fn(&'a Record) -> Option<T>) -> Option<T> {
        self.records.iter().rev().find_map(pick)
    }

    /// The oldest event for which `pick` has an answer.
    pub fn earliest<'a, T>(&'a self, pick: impl Fn(&'a Record) -> Option<T>) -> Option<T> {
        self.records.iter().find_map(pick)
    }

    /// What opened it.
    #[must_use]
    pub fn trigger(&self) -> Option<&Trigger> {
        self.earliest(|r| match_opened(&r.event).map(|(trigger, _)| trigger))
    }

    /// The plan's slice that was frozen in it.
    #[must_use]
    pub fn plan(&self) -> Option<&plan::Slice> {
        self.earliest(|r| match_opened(&r.event).map(|(_, plan)| plan))
    }

    /// Whether it is a drill.
    #[must_use]
    pub fn drill(&self) -> bool {
        self.records.iter().any(|r| matches!(&r.event, Event::Opened { drill: true, .. }))
    }

    /// When it was opened.
    #[must_use]
    pub fn opened_at(&self) -> Option<Timestamp> {
        self.records.first().map(|r| r.at)
    }

    /// The writer before the outage: as assessed, as the promotion told it, or as Mainstay saw it last.
    #[must_use]
    pub fn old_writer(&self) -> Option<&str> {
        self.latest(|r| {
            if let Event::Assessed { writer, .. } | Event::FailoverIntended { from: writer, .. } = &r.event {
                return Some(writer.as_str());
            }
            if let Event::AlreadyMoved { from, .. } | Event::Promoted { from, .. } = &r.event {
                return from.as_deref();
            }
            if let Event::Opened { writer, .. } = &r.event { writer.as_deref() } else { None }
        })
    }

    /// The target of the one failover call, if it was intended, with the time of the intent.
    #[must_use]
    pub fn intent(&self) -> Option<(&str, Timestamp)> {
        self.latest(|r| {
            if let Event::FailoverIntended { target, .. } = &r.event {
                Some((target.as_str(), r.at))
            } else {
                None
            }
        })
    }

    /// What the failover call was answered, if it was.
    #[must_use]
    pub fn answer(&self) -> Option<&FailoverAnswer> {
        self.latest(|r| if let Event::FailoverAnswered { answer } = &r.event { Some(answer) } else { None })
    }

    /// The target and the old writer that `assess` chose: `(writer, target)`.
    #[must_use]
    pub fn assessed(&self) -> Option<(&str, &str)> {
        self.latest(|r| {
            if let Event::Assessed { writer, target, .. } = &r.event {
                Some((writer.as_str(), target.as_str()))
            } else {
                None
            }
        })
    }

    /// The new writer and when it was seen in charge.
    #[must_use]
    pub fn promoted(&self) -> Option<(&str, Timestamp)> {
        self.latest(|r| {
            if let Event::Promoted { writer, .. } = &r.event { Some((writer.as_str(), r.at)) } else { None }
        })
    }

    /// When the endpoint was confirmed: only tasks that started after this moment count as restarted.
    #[must_use]
    pub fn endpoint_confirmed_at(&self) -> Option<Timestamp> {
        self.latest(|r| if matches!(r.event, Event::EndpointMoved { .. }) { Some(r.at) } else { None })
    }

    /// When the endpoint was first seen to lead to the new writer.
    #[must_use]
    pub fn endpoint_seen_at(&self) -> Option<Timestamp> {
        self.latest(
            |r| {
                if let Event::EndpointMoved { seen_at, .. } = &r.event { Some(*seen_at) } else { None }
            },
        )
    }

    /// What proved that the endpoint leads to the new writer, once that is confirmed.
    #[must_use]
    pub fn endpoint_proof(&self) -> Option<&Proof> {
        self.latest(|r| if let Event::EndpointMoved { proof, .. } = &r.event { Some(proof) } else { None })
    }

    /// The latest news of each service, in the order in which they were first heard of.
    #[must_use]
    pub fn services(&self) -> Vec<&ServiceNews> {
        let mut latest: Vec<&ServiceNews> = Vec::new();
        for record in &self.records {
            let Event::Services { news } = &record.event else {
                continue;
            };
            for one in news {
                match latest.iter_mut().find(|s| s.cluster == one.cluster && s.name == one.name) {
                    Some(slot) => *slot = one,
                    None => latest.push(one),
                }
            }
        }
        latest
    }

    /// When recycling ended, and the names of the services that failed.
    #[must_use]
    pub fn recycled(&self) -> Option<(Timestamp, &[String])> {
        self.latest(|r| {
            if let Event::Recycled { failed, .. } = &r.event { Some((r.at, failed.as_slice())) } else { None }
        })
    }

    /// Where a new attempt goes on: after what was achieved last, never at the failover call itself, for the
    /// state of the database is always read first.
    #[must_use]
    pub fn goes_on_at(&self) -> Option<Entry> {
        self.latest(|r| match &r.event {
            Event::Opened { entry, .. } => Some(*entry),
            Event::Confirmed { .. } | Event::Assessed { .. } => Some(Entry::Assess),
            Event::AlreadyMoved { .. } | Event::FailoverIntended { .. } => Some(Entry::Promotion),
            Event::Promoted { .. } => Some(Entry::Endpoint),
            Event::EndpointMoved { .. } => Some(Entry::Recycle),
            // What was verified may be old by now: health is watched anew.
            Event::Recycled { .. } | Event::Verified { .. } => Some(Entry::Verify),
            Event::Started { .. }
            | Event::Noted { .. }
            | Event::Held { .. }
            | Event::FailoverAnswered { .. }
            | Event::EndpointSeen { .. }
            | Event::EndpointDoubted { .. }
            | Event::Services { .. }
            | Event::Health { .. }
            | Event::Resumed { .. }
            | Event::Closed { .. }
            | Event::Acknowledged { .. } => None,
        })
    }

    /// When the healthy window that held began.
    #[must_use]
    pub fn healthy_since(&self) -> Option<Timestamp> {
        self.latest(|r| {
            if let Event::Verified { healthy_since, .. } = &r.event { Some(*healthy_since) } else { None }
        })
    }

    /// Whether clients hold on to the old writer, as far as it was watched.
    #[must_use]
    pub fn pools(&self) -> Option<&Pools> {
        self.latest(|r| if let Event::Verified { pools, .. } = &r.event { pools.as_ref() } else { None })
    }

    /// When the healthy window that held began, as long as that counts: it was verified by this attempt, and nothing
    /// has been noted since.
    #[must_use]
    pub fn healthy_still_since(&self) -> Option<Timestamp> {
        self.latest(|r| {
            if let Event::Verified { healthy_since, .. } = &r.event {
                return Some(Some(*healthy_since));
            }
            matches!(r.event, Event::Noted { .. } | Event::Resumed { .. }).then_some(None)
        })
        .flatten()
    }

    /// Number of the newest news that was noted; zero: none was. What is noted after a look was not seen by it.
    #[must_use]
    pub fn newest_news(&self) -> u64 {
        self.latest(|r| matches!(r.event, Event::Noted { .. }).then_some(r.sequence)).unwrap_or(0)
    }

    /// How it ended, and when.
    #[must_use]
    pub fn closed(&self) -> Option<(Closing, Timestamp)> {
        self.latest(|r| {
            if let Event::Closed { closing, .. } = &r.event {
                return Some((*closing, r.at));
            }
            if let Event::Opened { closing: Some(closing), .. } = &r.event {
                return Some((*closing, r.at));
            }
            None
        })
    }
}

fn match_opened(event: &Event) -> Option<(&Trigger, &plan::Slice)> {
    if let Event::Opened { trigger, plan, .. } = event { Some((trigger, plan)) } else { None }
}
