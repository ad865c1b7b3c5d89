//! The facts of an incident that letters tell, each worked out from its events.

use super::letter::{between, moment, name, names, quoted, span};
use crate::{
    data_at_risk::{Basis, DataAtRisk},
    decision::{Guard, Verdict},
    incident::{Event, Incident, Record, ServiceNews, ServiceState, Trigger},
    phases::fault_at,
    pools::Pools,
    signal::AlarmKind,
};
use jiff::{SignedDuration, Timestamp};
use plan::{Database, NoticeKind};

/// An incident up to a record, and the plan that was frozen in it.
pub(super) struct Facts<'a> {
    pub(super) incident: &'a Incident,
    pub(super) record: &'a Record,
    pub(super) database: &'a Database,
}

impl<'a> Facts<'a> {
    pub(super) fn of(incident: &'a Incident, record: &'a Record, database: &'a Database) -> Self {
        Self { incident, record, database }
    }

    /// The plan's name of the database.
    pub(super) fn name(&self) -> String {
        name(&self.record.database)
    }

    /// The verdict that the record rests on.
    pub(super) fn verdict(&self) -> Option<&'a Verdict> {
        match &self.record.event {
            Event::Opened { verdict, .. }
            | Event::Noted { verdict, .. }
            | Event::Held { verdict, .. }
            | Event::Confirmed { verdict }
            | Event::AlreadyMoved { verdict, .. }
            | Event::Verified { verdict, .. }
            | Event::Closed { verdict, .. } => Some(verdict),
            Event::Started { .. }
            | Event::Assessed { .. }
            | Event::FailoverIntended { .. }
            | Event::FailoverAnswered { .. }
            | Event::Promoted { .. }
            | Event::EndpointSeen { .. }
            | Event::EndpointDoubted { .. }
            | Event::EndpointMoved { .. }
            | Event::Services { .. }
            | Event::Recycled { .. }
            | Event::Health { .. }
            | Event::Resumed { .. }
            | Event::Acknowledged { .. } => None,
        }
    }

    /// The guard of that verdict.
    pub(super) fn guard(&self) -> Option<Guard> {
        self.verdict().map(|verdict| verdict.guard)
    }

    /// When the trouble began, and how that is known.
    pub(super) fn since(&self) -> Option<(Timestamp, &'static str)> {
        // News that came after the close is about a new outage, not about the one that was closed.
        if let Event::Noted { alarm_at, .. } = &self.record.event
            && self.record.owes.contains(&NoticeKind::Refused)
        {
            return Some((
                alarm_at.unwrap_or(self.record.at),
                "when this news arose; when the interruption began is not known",
            ));
        }
        let (at, _) = fault_at(self.incident)?;
        let how = match self.incident.trigger()? {
            Trigger::Alarm { breaching_since: Some(_), .. } => {
                "an estimate: the alarm's first bad datapoint began then"
            }
            Trigger::Alarm { .. } => "an estimate: the alarm spoke then, the interruption began earlier",
            Trigger::Database { .. } => "as RDS tells it",
            Trigger::Person { .. } => "when it was asked for; when an interruption began is not known",
        };
        Some((at, how))
    }

    /// `2026-01-01 00:00:00 UTC, 2 min ago`.
    pub(super) fn since_words(&self) -> Option<String> {
        let (at, _) = self.since()?;
        let ago =
            between(at, self.record.at).map(|ago| format!(", {ago} before this message")).unwrap_or_default();
        Some(format!("{}{ago}", moment(at)))
    }

    /// When the plan wants it back at the latest.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let (at, _) = self.since()?;
        let rto = i64::try_from(self.database.rto.as_secs()).ok()?;
        at.checked_add(SignedDuration::from_secs(rto)).ok()
    }

    /// The plan's RTO in words.
    pub(super) fn rto(&self) -> String {
        span(self.database.rto.as_secs())
    }

    /// Who or what opened the incident, with their words.
    pub(super) fn opened_by(&self) -> Option<String> {
        Some(match self.incident.trigger()? {
            Trigger::Alarm { name: alarm, kind, at, reason, .. } => {
                let kind = match kind {
                    AlarmKind::Metric => " (metric)",
                    AlarmKind::MetricMath => " (metric math)",
                    AlarmKind::Composite => " (composite)",
                    AlarmKind::Unknown => "",
                };
                format!("alarm {}{kind}, in ALARM since {}: {}", name(alarm), moment(*at), quoted(reason))
            }
            Trigger::Database { id, at, message, .. } => {
                let id = id.as_deref().map(|id| format!(" ({})", name(id))).unwrap_or_default();
                format!("RDS{id} at {}: {}", moment(*at), quoted(message))
            }
            Trigger::Person { by, reason, at, accept_data_loss } => {
                let loss = if *accept_data_loss { ", accepting data loss" } else { "" };
                format!("{} at {}{loss}: {}", name(by), moment(*at), quoted(reason))
            }
        })
    }

    /// Who or what opened it, without their words.
    pub(super) fn noticed_by(&self) -> Option<String> {
        Some(match self.incident.trigger()? {
            Trigger::Alarm { name: alarm, .. } => format!("the alarm {}", name(alarm)),
            Trigger::Database { .. } => "AWS".to_owned(),
            Trigger::Person { by, .. } => name(by),
        })
    }

    /// The writer before the outage.
    pub(super) fn writer_before(&self) -> Option<String> {
        self.incident.old_writer().map(name)
    }

    /// The new writer, once it is in charge.
    pub(super) fn writer_now(&self) -> Option<String> {
        self.incident.promoted().map(|(writer, _)| name(writer))
    }

    /// What proved the endpoint, where there is more to say than that its name leads to the writer.
    pub(super) fn endpoint_proof(&self) -> Option<String> {
        let words = self.incident.endpoint_proof()?.words()?;
        Some(crate::text::plain(&words, 300))
    }

    /// The plan's services by name.
    pub(super) fn services(&self) -> Vec<String> {
        self.database.services.iter().map(|s| name(&s.name)).collect()
    }

    /// Services that were restarted.
    pub(super) fn restarted(&self) -> Vec<String> {
        let all = self.incident.services();
        let done = all.into_iter().filter(|s| s.state == ServiceState::Recycled);
        done.map(|s| name(&s.name)).collect()
    }

    /// Services that ended without being restarted: failed, not possible, or left alone because of those.
    pub(super) fn not_restarted(&self) -> Vec<&'a ServiceNews> {
        let all = self.incident.services();
        all.into_iter().filter(|s| needs_people(s) || s.state == ServiceState::Skipped).collect()
    }

    /// The rule by which data is, or is not, at risk.
    pub(super) fn basis(&self) -> Basis {
        Basis::of(self.database.kind, self.incident)
    }

    /// The estimate of what was lost, once a new writer is in charge.
    pub(super) fn data_at_risk(&self) -> Option<DataAtRisk> {
        DataAtRisk::of(self.incident)
    }

    /// Whether clients seem to hold on to the old writer.
    pub(super) fn pools_are_stuck(&self) -> bool {
        self.incident.pools().is_some_and(Pools::stuck)
    }

    /// `incident, event, attempt`, for a person who asks.
    pub(super) fn reference(&self) -> String {
        format!(
            "Incident {}, event {}, attempt {}",
            name(self.record.incident.as_str()),
            self.record.sequence,
            self.record.fence
        )
    }

    /// The run book's address.
    pub(super) fn run_book(&self) -> Option<String> {
        self.database.run_book.as_deref().map(|link| crate::text::plain(link, 300))
    }

    /// The services of the plan in a sentence.
    pub(super) fn service_names(&self) -> String {
        names(&self.services())
    }
}

/// Whether a service waits for a person.
pub(super) fn needs_people(service: &ServiceNews) -> bool {
    matches!(service.state, ServiceState::Failed | ServiceState::NotRecyclable)
}
