//! The recovery plan: what to recover, how, how fast, and whom to tell.
//!
//! The plan is one file, `plan.toml`, checked in and shipped with the functions, so that during an outage
//! no service has to be asked what to do. This crate reads it and says everything that is wrong with it, by
//! line and key and with the way to mend it. It is pure: no clock, no environment, no file access.
//!
//! A recovery never reads the file again: it carries the [`Slice`] of its database, frozen when the incident
//! was opened.

mod check;
#[cfg(test)]
mod contract;
mod defaults;
mod draft;
mod finding;
mod form;
mod lines;
mod model;
mod parse;
mod read;
mod region;
mod section;
mod span;
mod syntax;
mod text;
mod url;
mod value;
mod words;

pub use finding::{Finding, Severity};

pub use model::{Alarm, Audience, Check, Database, Detection, Plan, Service, Slice, SnapshotPolicy};
pub use parse::{MOST_BYTES, Parsed, parse, parse_bytes};
pub use span::{NotASpan, Span};
pub use words::{Agree, EndpointProof, Kind, Mode, NoticeKind, Strategy};
