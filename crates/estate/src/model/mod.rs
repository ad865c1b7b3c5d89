//! The estate as a data structure: asked, moved forward, and told what happened outside.
//!
//! Everything here is a function of the seed, the settings, the calls and the times that came with them. Time
//! never goes back: a call with an earlier time than the last is answered as of the last.

mod agenda;
mod answering;
mod aurora;
mod chance;
mod copying;
mod database;
mod deleting;
mod demo;
mod describe;
mod ecs;
mod ecs_acting;
mod effect;
mod events;
mod failover;
mod faults;
mod happening;
mod interference;
mod key;
mod log;
mod looking;
mod making;
mod mending;
mod metrics;
mod moves;
mod names;
mod naming;
mod observe;
mod planned;
mod planting;
mod reboot;
mod reply;
mod request;
mod restore_faults;
mod restore_request;
mod restore_source;
mod restoring;
mod rollout;
mod seed;
mod service;
mod settings;
mod snapshot_seed;
mod snapshots;
mod striking;
mod task;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

pub use self::database::{
    BlueGreen, Cluster, ClusterView, Failover, Health, Instance, Restored, Snapshot, Tags,
};
pub use self::effect::{Datapoint, EcsEvent, Effect, Observation, RdsEvent, SourceType};
pub use self::faults::Fault;
pub use self::interference::Calls;
pub use self::key::Key;
pub use self::log::LogEntry;
pub use self::moves::{Move, Moving};
pub use self::names::Resolved;
pub use self::naming::NoSuchThing;
pub use self::planned::{Fate, Planned, When};
pub use self::reply::{Answer, EcsClusterView, Refusal, Reply};
pub use self::request::{Call, CopyRequest, EventSelect, Filter, Page, Request, Select, Service as Api};
pub use self::restore_request::{FinalSnapshot, NewInstance, RestoreFrom, RestoreRequest};
pub use self::seed::{ClusterSeed, InstanceSeed, Seed, SeedError, ServiceSeed};
pub use self::service::{Deployment, RolloutState, Service, ServiceEvent, ServiceView, Task};
pub use self::settings::{Delays, Settings, Span, TargetIsWriter};
pub use self::snapshot_seed::SnapshotSeed;

use self::agenda::{Agenda, Occurrence};
use self::chance::Chance;
use self::interference::Interference;
use self::planned::Trigger;
use self::restore_faults::RestoreFault;
use self::snapshots::SnapshotKey;

/// The model of RDS and ECS.
#[derive(Clone, Debug)]
pub struct Estate {
    settings: Settings,
    chance: Chance,
    clock: Timestamp,
    agenda: Agenda,
    outbox: Vec<Effect>,
    clusters: BTreeMap<Key, Cluster>,
    instances: BTreeMap<Key, Instance>,
    snapshots: BTreeMap<SnapshotKey, Snapshot>,
    blue_green: Vec<BlueGreen>,
    rds_events: VecDeque<RdsEvent>,
    moves: Vec<Move>,
    ecs_clusters: BTreeSet<Key>,
    services: BTreeMap<Key, Service>,
    tasks: BTreeMap<String, Task>,
    interference: Vec<Interference>,
    restore_faults: Vec<RestoreFault>,
    fates: Vec<Fate>,
    triggers: Vec<Trigger>,
    log: Vec<LogEntry>,
    addresses: u32,
    metrics_run: bool,
}

/// The estate's present, for people and tests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// The moment.
    pub at: Timestamp,
    /// Aurora clusters.
    pub clusters: Vec<Cluster>,
    /// All instances.
    pub instances: Vec<Instance>,
    /// All snapshots.
    pub snapshots: Vec<Snapshot>,
    /// ECS services with counts.
    pub services: Vec<ServiceView>,
    /// All tasks, the stopped ones of the last hour too.
    pub tasks: Vec<Task>,
    /// RDS events, oldest first.
    pub rds_events: Vec<RdsEvent>,
    /// What moved to another instance, oldest first.
    pub moves: Vec<Move>,
}

impl Estate {
    /// An empty estate at a moment.
    #[must_use]
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        Self {
            chance: Chance::seeded(settings.seed),
            settings,
            clock: now,
            agenda: Agenda::default(),
            outbox: Vec::new(),
            clusters: BTreeMap::new(),
            instances: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            blue_green: Vec::new(),
            rds_events: VecDeque::new(),
            moves: Vec::new(),
            ecs_clusters: BTreeSet::new(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            interference: Vec::new(),
            restore_faults: Vec::new(),
            fates: Vec::new(),
            triggers: Vec::new(),
            log: Vec::new(),
            addresses: 0,
            metrics_run: false,
        }
    }

    /// Forgets everything but the settings: as new.
    pub fn reset(&mut self, now: Timestamp) {
        *self = Self::new(self.settings.clone(), now.max(self.clock));
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Replaces the delays for what is planned from now on.
    pub fn set_delays(&mut self, delays: Delays) {
        self.settings.delays = delays;
    }

    /// Whether tasks are processes outside from now on; see [`Settings::tasks_outside`].
    pub const fn set_tasks_outside(&mut self, outside: bool) {
        self.settings.tasks_outside = outside;
    }

    /// Moves the estate forward, and hands out what happened since the last time.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Effect> {
        self.catch_up(now);
        std::mem::take(&mut self.outbox)
    }

    /// The present.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            at: self.clock,
            clusters: self.clusters.values().cloned().collect(),
            instances: self.instances.values().cloned().collect(),
            snapshots: self.snapshots.values().map(|snapshot| self.progressed(snapshot)).collect(),
            services: self.services.keys().filter_map(|key| self.service_view(key)).collect(),
            tasks: self.tasks.values().cloned().collect(),
            rds_events: self.rds_events.iter().cloned().collect(),
            moves: self.moves.clone(),
        }
    }

    /// The request log, oldest first: the witness for counts and order.
    #[must_use]
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// Lets everything happen that is due, each at its own time.
    fn catch_up(&mut self, now: Timestamp) {
        while let Some((at, occurrence)) = self.agenda.due(now) {
            self.clock = self.clock.max(at);
            self.happen(at, occurrence);
        }
        self.clock = self.clock.max(now);
    }

    /// Plans an occurrence some seconds after a moment.
    fn plan(&mut self, at: Timestamp, seconds: f64, occurrence: Occurrence) {
        self.agenda.plan(agenda::later(at, seconds), occurrence);
    }

    /// Draws a delay.
    fn draw(&mut self, span: Span) -> f64 {
        span.draw(&mut self.chance)
    }
}

#[cfg(test)]
mod tests;
