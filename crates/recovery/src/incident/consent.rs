//! Who may decide that data is lost: people, in words.

use super::{Event, Incident, Trigger};
use crate::decision::Guard;

impl Incident {
    /// Whether a person has accepted, when asking for the failover or while the incident was open, that data is lost
    /// which has not reached the reader. Asking alone accepts nothing.
    #[must_use]
    pub fn accepts_loss(&self) -> bool {
        self.records.iter().any(|r| {
            if let Event::Opened { trigger: Trigger::Person { accept_data_loss, .. }, .. } = &r.event {
                return *accept_data_loss;
            }
            matches!(&r.event, Event::Noted { verdict, .. } if verdict.guard == Guard::PersonAcceptsLoss)
        })
    }
}
