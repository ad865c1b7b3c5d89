//! Smoke tests: one for each hook, on one cloud where they can share it.

mod alarms;
mod delivery;
mod executions;
mod lifecycle;
mod lines;
mod pure;
mod silence;
mod stand;
