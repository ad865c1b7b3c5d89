//! The estate's cluster and services, bound to servers, forwarders and processes.

mod carrying_out;
mod stale;

use crate::{
    RealEstateError,
    endpoint::Endpoint,
    fault::Blows,
    front::Questions,
    postgres::{Binaries, Replication, Servers},
    tasks::{Recipe, Tasks},
};
use estate::{
    model::{Cluster, Key, State},
    server::Handle,
};
use serde::{Deserialize, Serialize};
use stale::Stale;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long a promotion, or the end of the world before, may take.
const PROMOTION: Duration = Duration::from_secs(15);
/// How often is looked whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What becomes of an old writer when another instance is promoted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldWriter {
    /// It is restarted and comes back as a reader, as on Aurora.
    #[default]
    Returns,
    /// Nobody touches it: what it does when it wakes up is not stopped.
    Stays,
    /// It refuses writes and keeps its connections.
    Demoted,
}

/// How the world is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Whether a commit waits for a standby.
    #[serde(default)]
    pub synchronous: bool,
    /// What becomes of an old writer.
    #[serde(default)]
    pub old_writer: OldWriter,
    /// The pool of each service that uses the database.
    pub pools: BTreeMap<String, String>,
}

/// What does not change between two worlds.
#[derive(Debug, Clone)]
pub struct Ground {
    /// A folder with PostgreSQL's programs, if one was given.
    pub postgres: Option<PathBuf>,
    /// The repository: what has to be installed is installed below it.
    pub root: PathBuf,
    /// A folder for the servers' data.
    pub folder: PathBuf,
    /// The program of crate `shop`.
    pub shop: PathBuf,
    /// The port of the cluster endpoint, for those who must know it beforehand; 0 is any free one.
    pub endpoint_port: u16,
    /// A file that gets the password of the database, for the prober.
    pub password_file: Option<PathBuf>,
    /// A file that gets the root of the front's certificate, for task-recycler.
    pub root_file: Option<PathBuf>,
}

/// Servers, endpoints and tasks that run. Dropping it ends them.
#[derive(Debug)]
pub struct World {
    /// The model: the control plane's truth.
    pub estate: Handle,
    /// The servers, named after the instances.
    pub servers: Servers,
    /// The instances, the first writer first.
    pub instances: Vec<String>,
    /// The cluster endpoint.
    pub endpoint: Endpoint,
    /// The reader endpoint.
    pub reader_endpoint: Endpoint,
    /// The tasks.
    pub tasks: Tasks,
    /// Whether a commit waits for a standby: then it may not be lost, whichever is promoted.
    pub synchronous: bool,
    /// What becomes of an old writer.
    pub old_writer: OldWriter,
    /// The region and the name of the cluster.
    pub cluster: Key,
    /// Instances that are being brought back just now: what their servers do is our own doing.
    returning: Mutex<BTreeSet<String>>,
    failures: Mutex<Vec<String>>,
    stale: Mutex<Stale>,
    /// What was done to the servers.
    pub(crate) blows: Blows,
    /// What the front was asked.
    pub(crate) questions: Questions,
}

impl World {
    /// Makes the estate's present real: a server for each instance, the writer first, and a process for each task
    /// that runs.
    ///
    /// # Errors
    /// When the estate has no cluster, or something does not start.
    pub async fn make(
        estate: Handle,
        binaries: &Binaries,
        ground: &Ground,
        folder: &Path,
        wanted: &Wanted,
    ) -> Result<Self, RealEstateError> {
        let state = estate.state();
        let cluster = state.clusters.first().ok_or(RealEstateError::NoCluster)?;
        let mut instances = cluster.members.clone();
        instances.sort_by_key(|id| *id != cluster.writer);
        let replication = if wanted.synchronous { Replication::AnyOne } else { Replication::Asynchronous };
        let servers = Servers::start(binaries, folder, &instances, replication)
            .await
            .map_err(RealEstateError::NoPostgres)?;
        if let Some(file) = &ground.password_file {
            write_secret(file, &servers.login().password).map_err(RealEstateError::Password)?;
        }
        let server_of = |instance: Option<&String>| {
            instance.and_then(|id| servers.address(id)).ok_or(RealEstateError::NoCluster)
        };
        let writer = server_of(instances.first())?;
        let reader = server_of(instances.get(1).or(instances.first()))?;
        let endpoint = endpoint_at(ground.endpoint_port, writer).await?;
        let reader_endpoint = endpoint_at(0, reader).await?;
        let tasks = Tasks::new(Recipe {
            program: ground.shop.clone(),
            pools: wanted.pools.clone(),
            endpoint: endpoint.address(),
            login: servers.login().clone(),
        });
        let cluster = cluster.key.clone();
        let old_writer = wanted.old_writer;
        let returning = Mutex::default();
        let world = Self {
            estate,
            servers,
            instances,
            endpoint,
            reader_endpoint,
            tasks,
            synchronous: wanted.synchronous,
            old_writer,
            cluster,
            returning,
            blows: Blows::default(),
            questions: Questions::default(),
            failures: Mutex::default(),
            stale: Mutex::default(),
        };
        world.start_tasks(&state).await?;
        Ok(world)
    }

    /// Ends every server and task. Blocks for up to some seconds; what is done with them afterwards fails.
    pub(crate) fn end(&self) {
        self.tasks.kill();
        if let Err(error) = self.servers.stop() {
            tracing::warn!(%error, "something of the servers stays behind");
        }
    }

    async fn start_tasks(&self, state: &State) -> Result<(), RealEstateError> {
        for task in state.tasks.iter().filter(|t| t.last_status == "RUNNING") {
            let service = name(&task.service);
            self.tasks
                .start(service, &task.id)
                .await
                .map_err(|why| RealEstateError::Task { service: service.to_owned(), why })?;
            self.tasks.put_in_service(&task.id);
        }
        Ok(())
    }

    /// Whether an instance's server is being brought back.
    #[must_use]
    pub fn returns(&self, instance: &str) -> bool {
        self.returning().contains(instance)
    }

    /// Whether an instance is the writer, as the model has it.
    #[must_use]
    pub fn is_writer(&self, instance: &str) -> bool {
        self.cluster_of(&self.estate.state()).is_some_and(|cluster| cluster.writer == instance)
    }

    /// What the model decided and could not be carried out: what is real is then no longer true to it.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something of the model was not carried out, and why.
    pub(crate) fn failed(&self, why: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(why);
    }

    /// The cluster in a state of the model.
    #[must_use]
    pub fn cluster_of<'a>(&self, state: &'a State) -> Option<&'a Cluster> {
        state.clusters.iter().find(|cluster| cluster.key == self.cluster)
    }

    fn returning(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.returning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service's name in a key `cluster/service`.
pub(crate) fn name(service: &Key) -> &str {
    service.id.rsplit('/').next().unwrap_or(&service.id)
}

/// Opens an endpoint. Its port may still be held for a moment by the world before.
async fn endpoint_at(port: u16, target: std::net::SocketAddr) -> Result<Endpoint, RealEstateError> {
    let since = tokio::time::Instant::now();
    loop {
        match Endpoint::open_at(port, target) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && since.elapsed() < PROMOTION => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            opened => return opened.map_err(RealEstateError::Endpoint),
        }
    }
}

/// A file that only we can read.
fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(file)?.write_all(secret.as_bytes())
}
