//! The verdicts of an incident.

use recovery::{Event, Incident, Verdict};

/// The verdict that closed an incident.
#[must_use]
pub(super) fn closing(incident: &Incident) -> Option<&Verdict> {
    incident.latest(|r| match_verdict(&r.event, true))
}

/// Every verdict of an incident, oldest first.
pub(super) fn all(incident: &Incident) -> Vec<&Verdict> {
    incident.records.iter().filter_map(|r| match_verdict(&r.event, false)).collect()
}

fn match_verdict(event: &Event, closing_only: bool) -> Option<&Verdict> {
    if let Event::Closed { verdict, .. } = event {
        return Some(verdict);
    }
    if let Event::Opened { verdict, closing, .. } = event {
        return (closing.is_some() || !closing_only).then_some(verdict);
    }
    if closing_only {
        return None;
    }
    if let Event::Noted { verdict, .. }
    | Event::Held { verdict, .. }
    | Event::Confirmed { verdict }
    | Event::AlreadyMoved { verdict, .. }
    | Event::Verified { verdict, .. } = event
    {
        return Some(verdict);
    }
    None
}
