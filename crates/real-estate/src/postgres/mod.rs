//! A primary and its streaming standbys, as processes on loopback.
//!
//! [`Binaries::find`] finds or installs PostgreSQL, [`Servers::start`] makes one server for each instance, and
//! the methods of [`Servers`] do to them what an outage, and RDS, would do. The servers are as a client sees
//! Aurora's instances in what the drill measures: who writes, who follows, what is lost; they share no storage,
//! so a lagging standby lacks rows where an Aurora reader would not.
//!
//! **Nothing is flushed to disk** (`fsync=off`): what a killed process has written stays in the operating
//! system's memory, so a kill loses no committed row, and a drill does not test a power cut. Commits still wait
//! for the write, and in [`Replication::AnyOne`] for a standby's answer.
//!
//! Linux only: processes are found and stopped through `/proc`.

mod account;
mod binaries;
mod connection;
mod contents;
mod error;
mod follow;
mod home;
mod login;
mod memory;
mod port;
mod processes;
mod programs;
mod server;
mod servers;

pub use binaries::{Binaries, Origin};
pub(crate) use contents::OURS;
pub use error::PostgresError;
pub use follow::Way;
pub use home::{Swept, sweep};
pub use login::{Login, connect};
pub use servers::Servers;

/// A port of 127.0.0.1 that is free now and below those of outgoing connections, so that it stays free.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16, PostgresError> {
    port::free(&[])
}

/// When a commit on the primary is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// At once: a crash may lose acknowledged rows, as with a cross-region or RDS read replica.
    Asynchronous,
    /// When one standby has it too (`synchronous_standby_names = 'ANY 1 (…)'`); a commit waits for ever when
    /// none does. Nearest to Aurora, which acknowledges at four of six copies.
    AnyOne,
}

/// What a server is, as a client that connects to it finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Takes writes.
    Writer,
    /// Follows another server, and takes reads.
    Standby,
    /// Is no standby, but refuses writes: [`Servers::demote`].
    ReadOnly,
    /// Its process is there, but did not answer in 450 ms, or is stopped.
    Frozen,
    /// No process, or one that does not serve (yet).
    Dead,
}
