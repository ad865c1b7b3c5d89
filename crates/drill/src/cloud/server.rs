//! Starting and stopping the local cloud.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use venv::Environment;

use super::settings::variables;
use super::{Api, CloudError, CloudSettings, files};

/// How long the local cloud may take until it answers. It needs about a second on an idle machine.
const READY_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often another free port is tried when somebody else was quicker.
const PORT_TRIES: usize = 3;
/// How much of the log an error shows.
const LAST_LINES: usize = 15;

/// A running local cloud. It ends when this is dropped, and also when this process ends in any other way.
#[derive(Debug)]
pub struct Cloud {
    settings: CloudSettings,
    environment: Environment,
    port: u16,
    child: Child,
    /// The lifeline: the cloud ends when it closes.
    lifeline: Option<ChildStdin>,
}

/// What is left when a local cloud is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its address.
    pub endpoint: String,
    /// Its process id, which is also its process group: `kill -- -PID` ends it and its functions.
    pub pid: u32,
}

impl Cloud {
    /// Makes the Python environment if it isn't there, starts the cloud and waits until it answers.
    pub async fn start(settings: CloudSettings) -> Result<Self, CloudError> {
        let root = settings.root.clone();
        let environment = blocking(move || {
            Environment::ensure("local-cloud", files::REQUIREMENTS, &root).map_err(CloudError::Python)
        })
        .await?;
        files::write(&settings.run_dir)?;
        let mut tries = PORT_TRIES;
        loop {
            let port = free_port(settings.port)?;
            let mut cloud = Self::spawn(settings.clone(), environment.clone(), port)?;
            match cloud.ready().await {
                Ok(()) => return Ok(cloud),
                // Between our look and its start somebody else may have taken the port.
                Err(CloudError::Died { last_lines, .. })
                    if settings.port.is_none() && tries > 1 && last_lines.contains("already in use") =>
                {
                    tries -= 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Its address: every AWS call but those of RDS and ECS goes there.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How it was started.
    #[must_use]
    pub fn settings(&self) -> &CloudSettings {
        &self.settings
    }

    /// Its process id, which is also its process group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its log, with the functions' output.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        log_of(&self.settings.run_dir)
    }

    /// The calls of the drill itself.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.endpoint(), &self.settings.region, &self.settings.account, &self.settings.event_token)
    }

    /// The Python of its environment, for the tools that come with it.
    pub(super) fn python(&self) -> PathBuf {
        self.environment.python()
    }

    /// Ends it and its functions.
    pub fn stop(mut self) {
        self.end();
    }

    /// Leaves it running when this process ends.
    pub fn keep(mut self) -> Result<Kept, CloudError> {
        let kept = Kept { endpoint: self.endpoint(), pid: self.pid() };
        if let Some(lifeline) = self.lifeline.as_mut() {
            lifeline.write_all(b"k").map_err(|error| CloudError::Interrupted(error.to_string()))?;
        }
        // Nothing holds the lifeline any more, so `drop` finds nothing to end.
        self.lifeline = None;
        Ok(kept)
    }

    fn spawn(settings: CloudSettings, environment: Environment, port: u16) -> Result<Self, CloudError> {
        let dir = &settings.run_dir;
        let temporary = dir.join("tmp");
        let folder = |path: &Path, source| CloudError::Folder { path: path.to_owned(), source };
        std::fs::create_dir_all(&temporary).map_err(|source| folder(&temporary, source))?;
        let log = log_of(dir);
        let out = File::create(&log).map_err(|source| folder(&log, source))?;
        let err = out.try_clone().map_err(|source| folder(&log, source))?;
        let mut command = Command::new(environment.python());
        command
            .arg(dir.join("hook.py"))
            .current_dir(dir)
            // The functions inherit this environment: nothing of the caller's goes in but the search path.
            .env_clear()
            .envs(variables(&settings, port))
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        let mut child =
            command.spawn().map_err(|source| CloudError::Spawn { program: environment.python(), source })?;
        let lifeline = child.stdin.take();
        Ok(Self { settings, environment, port, child, lifeline })
    }

    async fn ready(&mut self) -> Result<(), CloudError> {
        let since = Instant::now();
        let health = format!("{}/_ministack/health", self.endpoint());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
        let client = client.map_err(|error| CloudError::Interrupted(error.to_string()))?;
        loop {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return Err(CloudError::Died { log: self.log(), last_lines: last_lines(&self.log()) });
            }
            if client.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if since.elapsed() > READY_WITHIN {
                return Err(CloudError::Slow {
                    waited_s: READY_WITHIN.as_secs(),
                    log: self.log(),
                    last_lines: last_lines(&self.log()),
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Closes the lifeline, upon which the cloud kills its own process group, and collects it.
    fn end(&mut self) {
        if self.lifeline.take().is_none() {
            return;
        }
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(3) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.end();
    }
}

fn log_of(run_dir: &Path) -> PathBuf {
    run_dir.join("cloud.log")
}

/// The port that was asked for, if it is free, or any free one.
pub(crate) fn free_port(wanted: Option<u16>) -> Result<u16, CloudError> {
    match TcpListener::bind(("127.0.0.1", wanted.unwrap_or(0))) {
        Ok(listener) => listener.local_addr().map(|address| address.port()).map_err(CloudError::NoPort),
        Err(error) => Err(wanted.map_or(CloudError::NoPort(error), CloudError::PortTaken)),
    }
}

fn last_lines(log: &Path) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).copied().collect::<Vec<_>>().join("\n")
}

/// Runs work that waits for a process beside the tasks of this thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CloudError> + Send + 'static,
) -> Result<T, CloudError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(CloudError::Interrupted(error.to_string())),
    }
}
