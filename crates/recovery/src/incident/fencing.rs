//! Whether the old writer could be kept from writing.

use super::{Event, Incident, Record, Trigger};
use jiff::Timestamp;
use plan::NoticeKind;

impl Record {
    /// Whether this is the news that RDS could not block the old writer in time (RDS-EVENT-0391), owed as an
    /// escalation: noted in an incident, or, where there was none, made into one that is closed at once.
    #[must_use]
    pub fn tells_of_old_writer_not_blocked(&self) -> bool {
        let news = if let Event::Opened { trigger, closing, .. } = &self.event {
            closing.is_some() && matches!(trigger, Trigger::Database { .. })
        } else {
            matches!(self.event, Event::Noted { .. })
        };
        news && self.owes.contains(&NoticeKind::Escalation)
    }
}

impl Incident {
    /// When RDS told that it could not block the old writer (RDS-EVENT-0391): two instances may have taken writes.
    #[must_use]
    pub fn old_writer_not_blocked_at(&self) -> Option<Timestamp> {
        self.earliest(|r| r.tells_of_old_writer_not_blocked().then_some(r.at))
    }
}
