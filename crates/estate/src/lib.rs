//! A model of the part of AWS that Mainstay acts on: RDS (Aurora clusters, instances, snapshots) and ECS
//! (services that roll their tasks).
//!
//! - [`model`] is the estate as a data structure: it is asked ([`model::Estate::call`]), moved forward
//!   ([`model::Estate::advance`]) and told what happened outside ([`model::Estate::observe`]). It knows no
//!   clock, thread, socket or environment: time is an argument, chance is seeded.
//! - [`wire`] speaks the real formats: RDS Query and XML, ECS JSON 1.1, DNS, and the estate's own control
//!   interface.
//! - [`emit`] sends what the estate produced (metrics, RDS and ECS events) to a local cloud.
//! - [`server`] runs it all on loopback.
//!
//! Nothing that is deployed depends on this crate.

pub mod emit;
pub mod model;
pub mod server;
pub mod wire;
