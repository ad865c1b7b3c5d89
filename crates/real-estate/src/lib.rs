//! The estate made real: PostgreSQL servers for its instances, forwarders for its endpoints, processes for its
//! tasks.
//!
//! The model (crate `estate`) stays the control plane's truth: what it decides is carried out here
//! ([`world::World::carry_out`]), and what happens to the processes is told to it. Faults ([`fault`]) strike the
//! processes and sockets only. A [`probe`] writes numbered rows as a client would.
//!
//! Everything listens on loopback and belongs to the process that started it.

mod asking;
pub mod certificate;
mod control;
mod current;
pub mod endpoint;
pub mod fault;
pub mod front;
mod monitor;
pub mod postgres;
pub mod probe;
pub mod tasks;
pub mod world;

use current::Current;
pub use current::sweep;
use estate::server::Handle;
use front::Front;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};
use world::Ground;

/// Why the estate cannot be made real.
#[derive(Debug, thiserror::Error)]
pub enum RealEstateError {
    /// PostgreSQL was neither found nor installed, or does not run here.
    #[error(transparent)]
    NoPostgres(postgres::PostgresError),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] postgres::PostgresError),
    /// No endpoint could be opened.
    #[error("an endpoint could not be opened on 127.0.0.1: {0}")]
    Endpoint(#[source] std::io::Error),
    /// The password could not be written for the prober.
    #[error("the database's password could not be written to its file: {0}")]
    Password(#[source] std::io::Error),
    /// The control interface could not be opened.
    #[error("the control interface could not be opened on 127.0.0.1: {0}")]
    Control(#[source] std::io::Error),
    /// The front has no certificate.
    #[error(transparent)]
    Certificate(#[from] certificate::CertificateError),
    /// The front could not be opened.
    #[error("the front of the tasks could not be opened on 127.0.0.1: {0}")]
    Front(#[source] std::io::Error),
    /// The root of the front's certificate could not be written for those who ask there.
    #[error("the root of the front's certificate could not be written to its file: {0}")]
    Root(#[source] std::io::Error),
    /// A task did not start.
    #[error("a task of {service} did not start: {why}")]
    Task {
        /// The service.
        service: String,
        /// Why.
        why: String,
    },
    /// The probe's file.
    #[error("the probe's file: {0}")]
    Probe(#[source] std::io::Error),
    /// The model has no cluster yet.
    #[error("the estate has no cluster to make real: seed it first")]
    NoCluster,
    /// Nothing was made real yet.
    #[error("nothing is real yet: POST /world first")]
    NoWorld,
    /// A fault could not be struck.
    #[error("the fault did not strike: {0}")]
    Fault(String),
    /// A request that cannot be read.
    #[error("{0}")]
    Request(String),
}

/// A running real estate, steered over HTTP. Dropping it ends everything that it started.
#[derive(Debug)]
pub struct RealEstate {
    /// Where it is steered.
    pub address: SocketAddr,
    /// Where the checks of the tasks' services are asked, over HTTPS ([`front`]).
    pub front: SocketAddr,
    server: JoinHandle<()>,
    _front: Front,
    current: Arc<Current>,
}

impl RealEstate {
    /// Serves the control interface on a free port. Nothing is real until `POST /world` asks for it.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn serve(estate: Handle, ground: Ground) -> Result<Self, RealEstateError> {
        raise_the_limit_of_open_files();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(RealEstateError::Control)?;
        let address = listener.local_addr().map_err(RealEstateError::Control)?;
        let root_file = ground.root_file.clone();
        let current = Arc::new(Current::new(estate, ground));
        let front = Front::open(Arc::clone(&current)).await?;
        if let Some(file) = root_file {
            std::fs::write(file, &front.root).map_err(RealEstateError::Root)?;
        }
        let server = tokio::spawn(control::serve(listener, Arc::clone(&current)));
        Ok(Self { address, front: front.address, server, _front: front, current })
    }
}

impl Drop for RealEstate {
    fn drop(&mut self) {
        self.server.abort();
        self.current.end_now();
    }
}

/// Clients that wait for half a minute hold thousands of sockets: more than the usual soft limit of 1024 files. Where
/// the hard limit is as low, the probe's writes fail and say so.
fn raise_the_limit_of_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// A client for loopback: a proxy of the caller's must not see these calls.
fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap_or_default()
}
