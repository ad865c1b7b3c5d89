//! What clients felt of an outage.
//!
//! A probe sends a numbered write through each service every 20 ms and keeps each [`Attempt`]. From these, and
//! from the rows that the new writer holds, this crate counts how long the outage was for a client ([`rto`]),
//! which acknowledged rows were lost ([`rpo`]), which phase of the recovery took the time ([`beside`],
//! [`own_share`]), and draws it ([`svg`], [`terminal`], [`markdown`]).
//!
//! Pure: no clock, no file, no network. The rules in full are in the crate's README.

mod attempt;
mod experiment;
mod phases;
mod picture;
mod rpo;
mod rto;
mod svg;
mod terminal;
#[cfg(test)]
mod tests;
mod window;

pub use attempt::{Answer, Attempt, LineError, PATIENCE, by_service, read_lines};
pub use experiment::{Course, Run, courses, markdown};
pub use phases::{Beside, Part, Share, Span, beside, own_share};
pub use picture::{Mark, MarkKind, Picture, Series};
pub use rpo::{Loss, Promotion, rpo};
pub use rto::{Outcome, Recovery, Rule, Unmeasured, rto};
pub use svg::svg;
pub use terminal::terminal;
pub use window::{RATE_SHARE, SENT_SHARE, WINDOW};
