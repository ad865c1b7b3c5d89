//! Access to the estate of a running server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::model::{Effect, Estate, LogEntry, NoSuchThing, Observation, Planned, Seed, SeedError, State};

/// Access to the estate of a running server, in the same process.
#[derive(Clone, Debug)]
pub struct Handle {
    estate: Arc<Mutex<Estate>>,
    effects: broadcast::Sender<Effect>,
}

impl Handle {
    pub(super) fn new(estate: Estate, effects: broadcast::Sender<Effect>) -> Self {
        Self { estate: Arc::new(Mutex::new(estate)), effects }
    }

    /// Tells whoever listens; nobody has to.
    pub(super) fn publish(&self, effect: &Effect) {
        let _ = self.effects.send(effect.clone());
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Estate> {
        // A panic elsewhere does not make the model unreadable: a test may still want its log.
        self.estate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a seed.
    pub fn seed(&self, seed: &Seed) -> Result<(), SeedError> {
        self.lock().seed(Timestamp::now(), seed)
    }

    /// Plans a fault.
    pub fn fault(&self, planned: impl Into<Planned>) -> Result<(), NoSuchThing> {
        self.lock().fault(Timestamp::now(), planned)
    }

    /// Takes in what was seen outside.
    pub fn observe(&self, observation: &Observation) {
        self.lock().observe(Timestamp::now(), observation);
    }

    /// Whether tasks are processes outside from now on; see [`Settings::tasks_outside`](crate::model::Settings).
    pub fn set_tasks_outside(&self, outside: bool) {
        self.lock().set_tasks_outside(outside);
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.lock().reset(Timestamp::now());
    }

    /// The request log, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        self.lock().log().to_vec()
    }

    /// The present.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().state()
    }

    /// What happens from now on: the seam for real servers and tasks.
    #[must_use]
    pub fn effects(&self) -> broadcast::Receiver<Effect> {
        self.effects.subscribe()
    }
}
