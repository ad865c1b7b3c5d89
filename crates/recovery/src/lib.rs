//! The domain of a recovery: what arrives, what is decided and why, what an incident is, what people are
//! told, and the ports (traits) through which the steps reach AWS.
//!
//! This crate is pure: no runtime, no SDK, no clock, no environment. Time is an argument everywhere.

pub mod data_at_risk;
pub mod deadline;
pub mod decision;
pub mod error;
pub mod head;
pub mod incident;
pub mod log;
pub mod notice;
pub mod phases;
pub mod pools;
pub mod ports;
pub mod probes;
pub mod rds_event;
pub mod run;
pub mod signal;
pub mod snapshot;
pub mod text;
pub mod timeline;
pub mod topology;
#[cfg(feature = "twins")]
pub mod twins;

pub use decision::{Decision, Evidence, Guard, Verdict};
pub use error::{CallError, Failure, StepError};
pub use head::{Head, Opener, Status};
pub use incident::{Closing, Event, Incident, IncidentId, Record};
pub use run::{Entry, Next, Outcome, Run, Step, StepReply, StepRequest};
