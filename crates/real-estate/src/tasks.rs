//! The tasks of the estate's services as processes.

use crate::postgres::Login;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// How long a task has to end after SIGTERM before it is killed: shorter than ECS's default of 30 s, because the
/// demo application ends within one.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a task may take to say where it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// What a task needs to start.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The program of crate `shop`.
    pub program: PathBuf,
    /// The pool of each service; a service that is not named uses no database.
    pub pools: BTreeMap<String, String>,
    /// Where the database's endpoint listens.
    pub endpoint: SocketAddr,
    /// How to log in.
    pub login: Login,
}

/// A task that runs.
#[derive(Debug)]
struct Running {
    service: String,
    address: SocketAddr,
    child: Child,
    stage: Stage,
}

/// How far a task is. Like a load balancer, we send requests to those in service only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    InService,
    Stopping,
}

/// A task as people and the probe see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The task's id.
    pub task: String,
    /// The service's name.
    pub service: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// All tasks that run. Dropping it kills them.
#[derive(Debug)]
pub struct Tasks {
    recipe: Recipe,
    running: Mutex<BTreeMap<String, Running>>,
    /// Tasks that were told to stop: one that is still starting must not run on.
    told: Mutex<BTreeSet<String>>,
}

impl Tasks {
    /// None yet.
    #[must_use]
    pub fn new(recipe: Recipe) -> Self {
        Self { recipe, running: Mutex::default(), told: Mutex::default() }
    }

    /// Whether a service has a pool of connections to the database.
    #[must_use]
    pub fn uses_database(&self, service: &str) -> bool {
        self.recipe.pools.contains_key(service)
    }

    /// Starts a task of a service.
    ///
    /// # Errors
    /// Why it did not start, for the log: ECS would try again.
    pub async fn start(&self, service: &str, task: &str) -> Result<(), String> {
        let pool = self.recipe.pools.get(service).map_or("none", String::as_str);
        let login = &self.recipe.login;
        let mut child = Command::new(&self.recipe.program)
            .env_clear()
            .env("SHOP_SERVICE", service)
            .env("SHOP_TASK", task)
            .env("SHOP_PORT", "0")
            .env("SHOP_POOL", pool)
            .env("DATABASE_HOST", self.recipe.endpoint.ip().to_string())
            .env("DATABASE_PORT", self.recipe.endpoint.port().to_string())
            .env("DATABASE_USER", &login.user)
            .env("DATABASE_PASSWORD", &login.password)
            .env("DATABASE_NAME", &login.database)
            // Its lifeline: it ends with us, however we end.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("{} could not be started: {e}", self.recipe.program.display()))?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        let mut reader = BufReader::new(out);
        let told = tokio::time::timeout(START_TIMEOUT, reader.read_line(&mut line)).await;
        told.map_err(|_| "it did not say where it listens".to_owned())?.map_err(|e| e.to_string())?;
        let port = serde_json::from_str::<serde_json::Value>(&line)
            .ok()
            .and_then(|v| v.get("port")?.as_u64())
            .and_then(|port| u16::try_from(port).ok())
            .ok_or_else(|| format!("it said {line:?} instead of its port"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let running = Running { service: service.to_owned(), address, child, stage: Stage::Starting };
        let mut all = self.lock();
        // Under the same lock as a stop: dropped, it is killed.
        if !self.told.lock().unwrap_or_else(PoisonError::into_inner).contains(task) {
            all.insert(task.to_owned(), running);
        }
        Ok(())
    }

    /// Gives a task requests from now on: it passed its health check.
    pub fn put_in_service(&self, task: &str) {
        if let Some(running) = self.lock().get_mut(task).filter(|running| running.stage == Stage::Starting) {
            running.stage = Stage::InService;
        }
    }

    /// Tells a task to stop: no new requests, SIGTERM, and SIGKILL when the time is over.
    pub async fn stop(&self, task: &str) {
        let pid = {
            let mut all = self.lock();
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(task.to_owned());
            let Some(running) = all.get_mut(task) else { return };
            running.stage = Stage::Stopping;
            running.child.id()
        };
        let pid = pid.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // A process that has ended already needs no signal.
            let _ = kill_process(pid, Signal::TERM);
        }
        let since = tokio::time::Instant::now();
        while since.elapsed() < STOP_TIMEOUT && !self.has_ended(task) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Dropping what is left of it kills it.
        self.lock().remove(task);
    }

    /// Kills all tasks.
    pub fn kill(&self) {
        // Dropping a child kills it.
        self.lock().clear();
    }

    /// The tasks that ended by themselves; they are forgotten.
    pub fn take_ended(&self) -> Vec<String> {
        let mut all = self.lock();
        let ended: Vec<String> = all
            .iter_mut()
            .filter_map(|(id, running)| {
                let over = running.stage != Stage::Stopping && !matches!(running.child.try_wait(), Ok(None));
                over.then(|| id.clone())
            })
            .collect();
        for id in &ended {
            all.remove(id);
        }
        ended
    }

    /// All tasks that have a process.
    #[must_use]
    pub fn all(&self) -> Vec<Seen> {
        self.seen(|_| true)
    }

    /// The tasks of a service that get requests.
    #[must_use]
    pub fn in_service(&self, service: &str) -> Vec<Seen> {
        self.seen(|running| running.stage == Stage::InService && running.service == service)
    }

    fn seen(&self, which: impl Fn(&Running) -> bool) -> Vec<Seen> {
        let all = self.lock();
        let chosen = all.iter().filter(|(_, running)| which(running));
        chosen
            .map(|(id, running)| Seen {
                task: id.clone(),
                service: running.service.clone(),
                address: running.address,
            })
            .collect()
    }

    fn has_ended(&self, task: &str) -> bool {
        self.lock().get_mut(task).is_none_or(|running| !matches!(running.child.try_wait(), Ok(None)))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
