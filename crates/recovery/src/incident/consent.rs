//! What people asked for: who may decide that data is lost, and which request was not carried out.

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

    /// What a person asked for while the incident was open, if no failover was asked of RDS since: the door has said
    /// that it would be made if the incident still waited.
    #[must_use]
    pub fn request_not_made(&self) -> Option<&str> {
        self.latest(|r| {
            if let Event::Noted { verdict, .. } = &r.event
                && matches!(verdict.guard, Guard::PersonAsks | Guard::PersonAcceptsLoss)
            {
                return Some(Some(verdict.reason.as_str()));
            }
            matches!(r.event, Event::FailoverIntended { .. }).then_some(None)
        })
        .flatten()
    }
}
