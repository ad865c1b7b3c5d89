//! The world of the moment: made anew for each outage.

use crate::{
    RealEstateError, asking, monitor,
    postgres::{Binaries, Swept},
    probe::Probe,
    world::{Ground, Wanted, World},
};
use estate::{model::Effect, server::Handle};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};

/// How the name of a world's folder begins.
const WORLD: &str = "world-";

/// Removes what the worlds of a killed run left below its folder: processes, shared memory, files. Nothing else is
/// touched, and nothing of a run that lives ([`Swept::InUse`]).
///
/// # Errors
/// What could not be removed.
pub fn sweep(folder: &Path) -> Result<Swept, RealEstateError> {
    let mut all = Swept::Nothing;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(WORLD) {
            match crate::postgres::sweep(&entry.path())? {
                Swept::InUse => all = Swept::InUse,
                Swept::Removed if all == Swept::Nothing => all = Swept::Removed,
                Swept::Removed | Swept::Nothing => {}
            }
        }
    }
    Ok(all)
}

/// What holds the world of the moment.
#[derive(Debug)]
pub(crate) struct Current {
    estate: Handle,
    ground: Ground,
    /// Found when first needed.
    binaries: tokio::sync::OnceCell<Binaries>,
    live: Mutex<Option<Live>>,
    probe: tokio::sync::Mutex<Option<Probe>>,
    /// Worlds are made one after the other.
    making: tokio::sync::Mutex<()>,
    made: AtomicU32,
}

#[derive(Debug)]
struct Live {
    world: Arc<World>,
    loops: Vec<JoinHandle<()>>,
}

impl Drop for Live {
    /// Ends everything, though something may still hold the world; blocks for up to some seconds.
    fn drop(&mut self) {
        for task in &self.loops {
            task.abort();
        }
        self.world.end();
    }
}

impl Current {
    pub(crate) fn new(estate: Handle, ground: Ground) -> Self {
        let (binaries, live, probe, making, made) = Default::default();
        Self { estate, ground, binaries, live, probe, making, made }
    }

    /// Makes a world of the model's present, in place of the one before.
    pub(crate) async fn make(&self, wanted: &Wanted) -> Result<Value, RealEstateError> {
        let _one = self.making.lock().await;
        // The world ends in any case; that its probe's file is incomplete is told after.
        let probed = self.end_probe().await;
        self.end().await;
        probed?;
        let binaries = self.binaries.get_or_try_init(|| find(&self.ground)).await?;
        let effects = self.estate.effects();
        // A folder of its own: what may still end the world before must not take this one's.
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let folder = self.ground.folder.join(format!("{WORLD}{number}"));
        let made = World::make(self.estate.clone(), binaries, &self.ground, &folder, wanted).await;
        let world = Arc::new(made?);
        let addresses: Vec<Value> = world
            .instances
            .iter()
            .map(|id| json!({ "instance": id, "port": world.servers.address(id).map(|a| a.port()) }))
            .collect();
        let data = world.servers.data().to_owned();
        let (endpoint, reader_endpoint) = (world.endpoint.address(), world.reader_endpoint.address());
        let loops = vec![
            tokio::spawn(follow(Arc::clone(&world), effects)),
            tokio::spawn(monitor::watch(Arc::clone(&world))),
        ];
        self.estate.set_tasks_outside(true);
        self.replace(Some(Live { world, loops }));
        let (version, origin) = (binaries.version(), binaries.origin().to_string());
        Ok(json!({ "servers": addresses, "version": version, "origin": origin, "data": data,
                   "endpoint": endpoint, "reader_endpoint": reader_endpoint }))
    }

    pub(crate) fn world(&self) -> Result<Arc<World>, RealEstateError> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().map(|live| Arc::clone(&live.world)).ok_or(RealEstateError::NoWorld)
    }

    /// Ends what is real: the model is on its own again.
    pub(crate) async fn end(&self) {
        self.estate.set_tasks_outside(false);
        let live = self.replace(None);
        // It panics only if ending panicked, and then there is nothing left to do.
        let _ = tokio::task::spawn_blocking(move || drop(live)).await;
    }

    /// The same at once, when no runtime waits for it.
    pub(crate) fn end_now(&self) {
        drop(self.replace(None));
    }

    fn replace(&self, live: Option<Live>) -> Option<Live> {
        std::mem::replace(&mut *self.live.lock().unwrap_or_else(PoisonError::into_inner), live)
    }

    pub(crate) async fn probe(&self, services: Vec<String>, file: &Path) -> Result<Value, RealEstateError> {
        let world = self.world()?;
        let mut slot = self.probe.lock().await;
        if slot.is_some() {
            return Err(RealEstateError::Request("a probe runs already".to_owned()));
        }
        *slot = Some(Probe::start(world, services, file).map_err(RealEstateError::Probe)?);
        Ok(json!({ "probing": true }))
    }

    pub(crate) async fn end_probe(&self) -> Result<Value, RealEstateError> {
        if let Some(probe) = self.probe.lock().await.take() {
            probe.stop().await.map_err(RealEstateError::Probe)?;
        }
        Ok(json!({ "probing": false }))
    }

    /// Which server a new connection through each endpoint reaches; an error's text where it reaches none.
    pub(crate) async fn endpoints(&self) -> Result<Value, RealEstateError> {
        let world = self.world()?;
        let mut all = serde_json::Map::new();
        for (name, endpoint) in [("writer", &world.endpoint), ("reader", &world.reader_endpoint)] {
            let told = match asking::reached(endpoint.address(), world.servers.login()).await {
                Ok((port, in_recovery)) => json!({ "server": port, "in_recovery": in_recovery }),
                Err(error) => json!({ "error": error }),
            };
            all.insert(name.to_owned(), told);
        }
        Ok(all.into())
    }

    /// The rows that each server holds, by service; an error's text where it cannot be asked.
    pub(crate) async fn rows(&self) -> Result<Value, RealEstateError> {
        let world = self.world()?;
        let mut all = serde_json::Map::new();
        for instance in &world.instances {
            let held = match world.servers.address(instance) {
                Some(address) => asking::rows(address, world.servers.login()).await,
                None => Err("it has no server".to_owned()),
            };
            let told = held.map_or_else(|error| json!({ "error": error }), |rows| json!({ "rows": rows }));
            all.insert(instance.clone(), told);
        }
        Ok(all.into())
    }
}

/// PostgreSQL's programs; finding them may mean to install them.
async fn find(ground: &Ground) -> Result<Binaries, RealEstateError> {
    let ground = ground.clone();
    let found = tokio::task::spawn_blocking(move || Binaries::find(ground.postgres.as_deref(), &ground.root));
    match found.await {
        Ok(found) => found.map_err(RealEstateError::NoPostgres),
        Err(error) => Err(RealEstateError::Request(error.to_string())),
    }
}

/// Carries out the model's effects. Fence, promotion and endpoint happen in the model's order; a reader that takes long
/// to follow, or a task to stop, keeps nobody waiting.
async fn follow(world: Arc<World>, mut effects: broadcast::Receiver<Effect>) {
    let (ordered, mut queue) = mpsc::unbounded_channel::<Effect>();
    let database = Arc::clone(&world);
    let in_order = async move {
        while let Some(effect) = queue.recv().await {
            database.carry_out(&effect).await;
        }
    };
    let receive = async move {
        loop {
            match effects.recv().await {
                Ok(
                    effect @ (Effect::Fence { .. } | Effect::Promote { .. } | Effect::MoveEndpoint { .. }),
                ) => {
                    let _ = ordered.send(effect);
                }
                Ok(
                    Effect::Metric(_) | Effect::RdsEvent(_) | Effect::EcsEvent(_) | Effect::StartTask { .. },
                ) => {}
                Ok(effect) => {
                    let world = Arc::clone(&world);
                    tokio::spawn(async move { world.carry_out(&effect).await });
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::error!(missed, "what is real is no longer true to the model");
                    world.failed(format!("{missed} effects of the model were missed"));
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    };
    tokio::join!(in_order, receive);
}
