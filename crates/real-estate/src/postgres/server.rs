//! One server: its process, and what it says of itself.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_postgres::SimpleQueryRow;

use super::connection::{Line, Unanswered};
use super::contents;
use super::programs::{Programs, last_lines};
use super::{Health, Login, PostgresError, memory, processes};

/// How long a server is given for what it does at once when all is well, on a loaded machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take to start: a killed one recovers first.
const START: Duration = Duration::from_secs(30);
/// How long after a clean stop was asked for it is killed.
const STOP: Duration = Duration::from_secs(3);
/// A health check answers within 500 ms, whatever the server does.
const HEALTH: Duration = Duration::from_millis(450);
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// One instance's server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) data: PathBuf,
    log: PathBuf,
    pub(super) line: Line,
    pub(super) programs: Programs,
    postmaster: Mutex<Option<Child>>,
    /// Never to be started again.
    over: AtomicBool,
    /// Held by whoever changes what the server is: two at once would each undo the other's.
    pub(super) changing: tokio::sync::Mutex<()>,
}

impl Server {
    pub(super) fn new(name: &str, home: &Path, port: u16, keeper: Login, programs: Programs) -> Self {
        Self {
            name: name.to_owned(),
            data: home.join(name),
            log: home.join(format!("{name}.log")),
            line: Line::new(port, keeper),
            programs,
            postmaster: Mutex::new(None),
            over: AtomicBool::new(false),
            changing: tokio::sync::Mutex::new(()),
        }
    }

    /// Starts the process; [`Server::serves`] says when it is ready.
    pub(super) fn launch(&self) -> Result<(), PostgresError> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(PostgresError::file(&self.log))?;
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(&self.data).args(["-p", &self.line.port().to_string()]).stderr(log);
        command.args(["-c", &contents::named(&self.name)]);
        let mut postmaster = self.postmaster();
        if self.over.load(Ordering::SeqCst) {
            return Err(PostgresError::Stopped);
        }
        let child = command.spawn().map_err(PostgresError::file(&self.data))?;
        *postmaster = Some(child);
        Ok(())
    }

    /// Waits until it answers a question.
    pub(super) async fn serves(&self) -> Result<(), PostgresError> {
        let since = Instant::now();
        while since.elapsed() < START {
            if self.line.ask("SELECT 1", PATIENCE).await.is_ok() {
                return Ok(());
            }
            if self.pid().is_none() {
                let said = last_lines(&std::fs::read_to_string(&self.log).unwrap_or_default());
                return Err(PostgresError::Program {
                    program: "postgres",
                    instance: self.name.clone(),
                    said,
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(self.late("start", START))
    }

    /// The server's own process, if it lives.
    pub(super) fn pid(&self) -> Option<i32> {
        let mut postmaster = self.postmaster();
        let child = postmaster.as_mut()?;
        let lives = matches!(child.try_wait(), Ok(None));
        i32::try_from(child.id()).ok().filter(|_| lives)
    }

    /// Kills all its processes (kill -9).
    pub(super) fn kill(&self) {
        if !processes::kill(&self.data) {
            tracing::warn!(instance = self.name, "a process of the server could not be killed");
        }
        self.bury();
        self.line.forget();
    }

    /// Stops it in order, with a last checkpoint; kills it when that takes long.
    pub(super) async fn close(&self) {
        if let Some(pid) = self.pid().filter(|pid| !processes::is_stopped(*pid)) {
            // A held sender would keep it from ending.
            processes::hold_senders(&self.data, false);
            processes::signal(pid, Signal::INT);
        } else {
            // A frozen one would, on its way out, still do what it was asked before it froze.
            return self.kill();
        }
        let since = Instant::now();
        while self.pid().is_some() && since.elapsed() < STOP {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.kill();
    }

    /// Asks it to stop at once and never to be started again. [`Server::kill`] is to follow.
    pub(super) fn end(&self) {
        // Under the lock of `launch`: after this no process appears.
        let postmaster = self.postmaster();
        self.over.store(true, Ordering::SeqCst);
        drop(postmaster);
        if let Some(pid) = self.pid() {
            // Not kill -9 yet: this way it removes its shared memory.
            processes::signal(pid, Signal::QUIT);
        }
        processes::thaw(&self.data);
    }

    /// Waits a little for what [`Server::end`] asked for, kills what is left, and clears its shared memory.
    pub(super) fn over(&self, until: Instant) {
        while self.pid().is_some() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(3));
        }
        self.kill();
        memory::clear(&self.data, self.programs.account);
    }

    /// What it is, within 500 ms.
    pub(super) async fn health(&self) -> Health {
        let Some(pid) = self.pid() else {
            return Health::Dead;
        };
        // A connection would only wait in its queue, and all that waited would come at once when it goes on.
        if processes::is_stopped(pid) {
            return Health::Frozen;
        }
        let question = "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')";
        match self.line.ask(question, HEALTH).await {
            Ok(rows) => match (word(&rows, 0), word(&rows, 1)) {
                (Some("t"), _) => Health::Standby,
                (_, Some("on")) => Health::ReadOnly,
                _ => Health::Writer,
            },
            Err(Unanswered::Late) => Health::Frozen,
            Err(Unanswered::Refused(_)) => Health::Dead,
        }
    }

    /// Asks until the first word of the answer is `wanted`.
    pub(super) async fn until(
        &self,
        question: &str,
        wanted: &str,
        what: &'static str,
        patience: Duration,
    ) -> Result<(), PostgresError> {
        let since = Instant::now();
        while since.elapsed() < patience {
            if let Ok(rows) = self.line.ask(question, PATIENCE).await
                && word(&rows, 0) == Some(wanted)
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(self.late(what, patience))
    }

    /// Tells it something, as the superuser that keeps it.
    pub(super) async fn tell(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, PostgresError> {
        self.line.ask(sql, PATIENCE).await.map_err(|error| self.unanswered(error))
    }

    /// Tells it something as another role, on a connection of its own.
    pub(super) async fn tell_as(&self, login: &Login, sql: &str) -> Result<(), PostgresError> {
        let line = Line::new(self.line.port(), login.clone());
        line.ask(sql, PATIENCE).await.map(drop).map_err(|error| self.unanswered(error))
    }

    fn unanswered(&self, error: Unanswered) -> PostgresError {
        match error {
            Unanswered::Late => self.late("answer", PATIENCE),
            Unanswered::Refused(source) => PostgresError::Refused { instance: self.name.clone(), source },
        }
    }

    fn late(&self, what: &'static str, patience: Duration) -> PostgresError {
        PostgresError::Late { instance: self.name.clone(), what, seconds: patience.as_secs() }
    }

    /// Waits for the killed process, or it stays in the table as long as we live.
    fn bury(&self) {
        if let Some(mut child) = self.postmaster().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn postmaster(&self) -> MutexGuard<'_, Option<Child>> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A word of the first row.
pub(super) fn word(rows: &[SimpleQueryRow], column: usize) -> Option<&str> {
    rows.first().and_then(|row| row.try_get(column).ok().flatten())
}
