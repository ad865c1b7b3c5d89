//! Smoke tests: one for each hook, all on one cloud where they can share it.

mod delivery;
mod lifecycle;
mod stand;
