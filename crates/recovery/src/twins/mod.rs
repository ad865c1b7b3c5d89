//! In-memory twins of the ports, for tests and the simulation. They pass the same conformance tests as the
//! adapters of crate `aws` do on the local cloud.

mod cloud;
pub mod conformance;
mod dead_letters;
pub mod fixture;
mod pools;
mod snapshots;
mod store;

pub use cloud::{ScriptedAlarms, ScriptedDatabases, ScriptedNames, ScriptedServices};
pub use dead_letters::MemoryDeadLetters;
pub use pools::ScriptedPools;
pub use snapshots::{ScriptedSnapshots, SnapshotScript};
pub use store::{MemoryBus, MemoryExecutions, MemoryIncidents, MemoryTopic};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that a failed test leaves usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
