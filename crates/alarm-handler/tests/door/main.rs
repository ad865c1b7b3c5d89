//! The door from the outside: samples through the decision, and events through the handler over twins.

mod decisions;
mod handling;
mod hostile;
mod people;
mod samples;
mod world;
