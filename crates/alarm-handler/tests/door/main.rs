//! The door from the outside: samples through the decision, and events through the handler over twins.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says with these what it expects"
)]

mod at_risk;
mod deaths;
mod decisions;
mod handling;
mod hostile;
mod people;
mod samples;
mod world;
