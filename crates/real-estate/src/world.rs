//! The estate's cluster and services, bound to servers, forwarders and processes.

use crate::{
    RealEstateError,
    endpoint::Endpoint,
    fault::Blows,
    postgres::{Binaries, Health, Replication, Servers},
    tasks::{Recipe, Tasks},
};
use estate::{
    model::{Cluster, Effect, Key, Observation, State},
    server::Handle,
};
use serde::{Deserialize, Serialize};
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
    /// What was done to the servers.
    pub(crate) blows: Blows,
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
        let open = |port, instance: Option<&String>| {
            let address = instance.and_then(|id| servers.address(id)).ok_or(RealEstateError::NoCluster)?;
            Ok::<_, RealEstateError>((port, address))
        };
        let (port, address) = open(ground.endpoint_port, instances.first())?;
        let endpoint = endpoint_at(port, address).await.map_err(RealEstateError::Endpoint)?;
        let (port, address) = open(0, instances.get(1).or(instances.first()))?;
        let reader_endpoint = endpoint_at(port, address).await.map_err(RealEstateError::Endpoint)?;
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
            failures: Mutex::default(),
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

    /// Carries out what the model decided. What fails is logged: the model is not told, just as RDS is not told
    /// why a promotion takes longer.
    pub async fn carry_out(&self, effect: &Effect) {
        let done = match effect {
            Effect::Fence { instance, .. } => self.fence(instance).await,
            Effect::Promote { instance, .. } => self.promote(instance).await,
            Effect::Repoint { instance, source, .. } => self.repoint(instance, source).await,
            Effect::MoveEndpoint { instance, .. } => self.move_endpoint(instance),
            Effect::InstanceReturned { instance, .. } => self.bring_back(&instance.id).await,
            Effect::RunTask { service, task, .. } => self.tasks.start(name(service), task).await,
            Effect::StopTask { task, .. } => {
                self.tasks.stop(task).await;
                Ok(())
            }
            Effect::StartTask { .. } | Effect::Metric(_) | Effect::RdsEvent(_) | Effect::EcsEvent(_) => {
                Ok(())
            }
        };
        if let (Err(why), Effect::RunTask { task, .. }) = (&done, effect) {
            tracing::warn!(task, "the task did not start: {why}");
            self.estate.observe(&Observation::TaskExited { task: task.clone() });
        } else if let Err(why) = done {
            tracing::warn!(?effect, "not carried out: {why}");
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push(format!("{effect:?}: {why}"));
        }
    }

    /// Aurora restarts an old writer that still runs; one that is dead or frozen is left to its restart.
    async fn fence(&self, instance: &str) -> Result<(), String> {
        let answers = matches!(
            self.servers.health(instance).await,
            Health::Writer | Health::Standby | Health::ReadOnly
        );
        match self.old_writer {
            OldWriter::Returns if answers => {
                self.returning().insert(instance.to_owned());
                self.servers.crash(instance).map_err(said)
            }
            OldWriter::Demoted if answers => self.servers.demote(instance).await.map_err(said),
            OldWriter::Returns | OldWriter::Demoted | OldWriter::Stays => Ok(()),
        }
    }

    async fn promote(&self, instance: &str) -> Result<(), String> {
        if self.synchronous
            && let Err(error) = self.servers.catch_up(instance).await
        {
            tracing::warn!(instance, %error, "promoted without what another standby may have confirmed");
        }
        self.servers.promote(instance).await.map_err(said)
    }

    async fn repoint(&self, instance: &str, source: &str) -> Result<(), String> {
        // The old writer follows when it comes back; the new one may still be at its promotion.
        let since = tokio::time::Instant::now();
        while self.servers.health(source).await != Health::Writer && since.elapsed() < PROMOTION {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        if self.servers.health(instance).await != Health::Standby {
            return Ok(());
        }
        let way = self.servers.repoint(instance, source).await.map_err(said)?;
        tracing::info!(instance, source, ?way, "follows");
        Ok(())
    }

    fn move_endpoint(&self, instance: &str) -> Result<(), String> {
        let address = self.servers.address(instance).ok_or_else(|| format!("no server {instance}"))?;
        self.endpoint.lead_to(address);
        let state = self.estate.state();
        let serves = |id: &&String| {
            let found = state.instances.iter().find(|i| i.key.id == **id);
            found.is_some_and(|i| i.health == estate::model::Health::Serving)
        };
        let reader = self.cluster_of(&state).and_then(|cluster| {
            cluster.members.iter().filter(|id| **id != instance && **id != cluster.writer).find(serves)
        });
        if let Some(reader) = reader.and_then(|id| self.servers.address(id)) {
            self.reader_endpoint.lead_to(reader);
        }
        Ok(())
    }

    async fn bring_back(&self, instance: &str) -> Result<(), String> {
        if self.old_writer != OldWriter::Returns {
            return Ok(());
        }
        let writer = self.cluster_of(&self.estate.state()).map(|cluster| cluster.writer.clone());
        let Some(writer) = writer.filter(|writer| writer != instance) else {
            return Ok(());
        };
        self.returning().insert(instance.to_owned());
        let done = self.servers.rejoin(instance, &writer).await.map_err(said);
        self.returning().remove(instance);
        let way = done?;
        tracing::info!(instance, writer, ?way, "came back");
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
async fn endpoint_at(port: u16, target: std::net::SocketAddr) -> std::io::Result<Endpoint> {
    let since = tokio::time::Instant::now();
    loop {
        match Endpoint::open_at(port, target) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && since.elapsed() < PROMOTION => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            opened => return opened,
        }
    }
}

/// A file that only we can read.
fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(file)?.write_all(secret.as_bytes())
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
