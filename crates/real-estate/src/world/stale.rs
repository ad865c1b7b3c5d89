//! Clients to whom the endpoint's name still gives an old address, when AWS's name servers give the new one.

use super::World;
use crate::front::Asked;
use std::{
    net::SocketAddr,
    sync::{MutexGuard, PoisonError},
};

/// What clients' resolver knows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stale {
    /// The same as AWS's name servers.
    #[default]
    No,
    /// What it knew when it became stale; the address is what it would say if it were not.
    Yes(Option<SocketAddr>),
}

impl World {
    /// From now on the endpoint's name goes on giving clients what it gives now, until somebody is told by a task that
    /// it writes elsewhere than to the writer: a restart that came too early is then seen, and a later one is not.
    pub(crate) fn stale_resolver(&self) {
        *self.stale() = Stale::Yes(None);
    }

    /// Leads new connections through the cluster endpoint to a server, as far as clients know of it.
    pub(super) fn lead_to(&self, server: SocketAddr) {
        match &mut *self.stale() {
            Stale::No => self.endpoint.lead_to(server),
            Stale::Yes(later) => *later = Some(server),
        }
    }

    /// Keeps what a task said to the front.
    pub(crate) fn heard(&self, asked: Asked) {
        let elsewhere = asked.answer.as_ref().is_ok_and(|told| !self.is_writer(&told.server));
        self.questions.keep(asked);
        if elsewhere && let Stale::Yes(Some(server)) = std::mem::take(&mut *self.stale()) {
            self.endpoint.lead_to(server);
        }
    }

    fn stale(&self) -> MutexGuard<'_, Stale> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
