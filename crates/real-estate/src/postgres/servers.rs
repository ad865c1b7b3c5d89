//! The servers of one run, by the names of their instances.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::account::Account;
use super::binaries::Binaries;
use super::contents::{self, DATABASE, KEEPER, OURS, SHOP};
use super::follow::{self, Way};
use super::home::Home;
use super::programs::Programs;
use super::server::{PATIENCE, Server, word};
use super::{Health, Login, PostgresError, Replication, port, processes};

/// How long all servers together may take to stop before they are killed.
const STOP: Duration = Duration::from_secs(3);

/// A primary and its standbys. Everything they are ends with this value; what a killed process leaves is for
/// [`sweep`](super::sweep).
///
/// The faults ([`crash`](Self::crash), [`freeze`](Self::freeze), …) act at once and block for some milliseconds;
/// an unknown instance is the only error of most.
#[derive(Debug)]
pub struct Servers {
    all: Vec<Server>,
    login: Login,
    home: Home,
}

impl Servers {
    /// Makes and starts a server for each of `instances`, the first as the primary, with the application's role
    /// and the empty table `writes` (`service`, `task`, `n`, `at`, `server`), and `aurora_db_instance_identifier()`, by
    /// which each tells its instance. Returns when every standby has them.
    ///
    /// What a killed run left in `folder` is removed first. `folder` may hold other things. The data are in
    /// memory when there is room (about 100 MB), else in `folder`, else, when root calls and the account that runs
    /// the servers cannot come there, among the temporary files.
    ///
    /// Errors: unusable names, a folder in use, and what PostgreSQL's programs say. Nothing is left then.
    pub async fn start(
        binaries: &Binaries,
        folder: &Path,
        instances: &[String],
        replication: Replication,
    ) -> Result<Self, PostgresError> {
        if !cfg!(target_os = "linux") {
            return Err(PostgresError::NotLinux);
        }
        check(instances)?;
        let (keeper, login) = (login(KEEPER, OURS)?, login(SHOP, DATABASE)?);
        let home = Home::new(folder, !Account::of_caller().reaches(binaries.folder()))?;
        let mut servers = Self { all: Vec::new(), login, home };
        let programs = Programs::of(binaries, &servers.home)?;
        let mut taken = Vec::new();
        for name in instances {
            taken.push(port::free(&taken)?);
            let port = taken.last().copied().unwrap_or_default();
            servers.all.push(Server::new(name, servers.home.path(), port, keeper.clone(), programs.clone()));
        }
        servers.make(instances, replication, &keeper, &programs).await?;
        Ok(servers)
    }

    async fn make(
        &self,
        instances: &[String],
        replication: Replication,
        keeper: &Login,
        programs: &Programs,
    ) -> Result<(), PostgresError> {
        let Some((primary, standbys)) = self.all.split_first() else {
            return Ok(());
        };
        let account = programs.account;
        contents::write(programs.passwords(), &contents::passwords(keeper), account)?;
        let secret = self.home.path().join("keeper");
        contents::write(&secret, &keeper.password, account)?;
        let (data, file) = (primary.data.display().to_string(), secret.display().to_string());
        let arguments = ["-D", &data, "-U", KEEPER, "-A", "scram-sha-256", "--pwfile", &file, "-E", "UTF8"]
            .into_iter()
            .chain(["--locale=C", "--no-sync", "--no-instructions", "--wal-segsize=4"]);
        programs.run("initdb", &primary.name, arguments).await?;
        std::fs::remove_file(&secret).map_err(PostgresError::file(&secret))?;
        let settings = contents::settings(instances, replication);
        contents::write(&primary.data.join("postgresql.conf"), &settings, account)?;
        contents::write(&primary.data.join("pg_hba.conf"), contents::WHO, account)?;
        // A copy of a server that never ran is as good as a base backup, and much quicker.
        for standby in standbys {
            contents::copy(&primary.data, &standby.data, account)?;
            follow::stand_by(standby, primary)?;
        }
        for server in &self.all {
            server.launch()?;
        }
        for server in &self.all {
            server.serves().await?;
        }
        for standby in standbys {
            // Else, in the synchronous mode, the first commit could wait for ever.
            follow::streams(standby, primary).await;
        }
        self.fill(primary, standbys).await
    }

    async fn fill(&self, primary: &Server, standbys: &[Server]) -> Result<(), PostgresError> {
        primary.tell(&contents::role(&self.login)).await?;
        // As the application: its login works, and the table is its own.
        primary.tell_as(&self.login, contents::TABLE).await?;
        primary.tell_as(&self.login, contents::INSTANCE).await?;
        let written = primary.tell("SELECT pg_current_wal_lsn()").await?;
        let has =
            format!("SELECT pg_last_wal_replay_lsn() >= '{}'::pg_lsn", word(&written, 0).unwrap_or("0/0"));
        for standby in standbys {
            standby.until(&has, "t", "receive the first table", PATIENCE * 2).await?;
        }
        Ok(())
    }

    /// Where an instance's server listens: always the same port. None for an unknown instance.
    #[must_use]
    pub fn address(&self, instance: &str) -> Option<SocketAddr> {
        self.find(instance).ok().map(|server| server.line.address())
    }

    /// The folder of the servers' data, which may be in memory.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.home.path()
    }

    /// How applications log in, on every server.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The process id of an instance's server. None when it does not run.
    #[must_use]
    pub fn process(&self, instance: &str) -> Option<u32> {
        self.find(instance).ok()?.pid()?.try_into().ok()
    }

    /// Makes a standby the writer (a writer stays one, a demoted one writes again). Returns when it takes writes;
    /// in [`Replication::AnyOne`] their commits still wait until another server follows it.
    pub async fn promote(&self, instance: &str) -> Result<(), PostgresError> {
        follow::promote(self.find(instance)?).await
    }

    /// Gives a standby what any other standby has received, so that promoting it loses no commit that one of them
    /// confirmed: with [`Replication::AnyOne`], as with Aurora's shared storage.
    pub async fn catch_up(&self, instance: &str) -> Result<(), PostgresError> {
        let mut others = Vec::new();
        for other in self.all.iter().filter(|server| server.name != instance) {
            // A frozen one would be waited for.
            if other.health().await == Health::Standby {
                others.push(other);
            }
        }
        follow::catch_up(self.find(instance)?, &others).await
    }

    /// Lets a standby follow `source`, and returns when it does. Fence the old writer first: a standby that has
    /// received what the new one never had must be rewound, which costs its connections.
    pub async fn repoint(&self, instance: &str, source: &str) -> Result<Way, PostgresError> {
        follow::repoint(self.find(instance)?, self.find(source)?).await
    }

    /// Brings an old writer, in whatever state, back as a standby of `source`: it is killed, and what only it had
    /// is lost. By restart, rewind, or a new base backup, the first that works.
    pub async fn rejoin(&self, instance: &str, source: &str) -> Result<Way, PostgresError> {
        follow::rejoin(self.find(instance)?, self.find(source)?).await
    }

    /// Stops a server in order if it runs (a frozen one is killed), and starts it as what it was.
    pub async fn restart(&self, instance: &str) -> Result<(), PostgresError> {
        let server = self.find(instance)?;
        let _changing = server.changing.lock().await;
        server.close().await;
        server.launch()?;
        server.serves().await
    }

    /// Kills all processes of a server (kill -9). Its sockets are reset.
    pub fn crash(&self, instance: &str) -> Result<(), PostgresError> {
        self.find(instance).map(Server::kill)
    }

    /// Stops all processes of a server where they are (SIGSTOP). Its sockets stay, and the kernel goes on taking
    /// connections and bytes for it.
    pub fn freeze(&self, instance: &str) -> Result<(), PostgresError> {
        self.find(instance).map(|server| processes::freeze(&server.data))
    }

    /// Lets a frozen server go on, as the writer if it was one.
    pub fn thaw(&self, instance: &str) -> Result<(), PostgresError> {
        self.find(instance).map(|server| processes::thaw(&server.data))
    }

    /// Makes a writer refuse writes (SQLSTATE 25006), with every socket kept.
    pub async fn demote(&self, instance: &str) -> Result<(), PostgresError> {
        follow::demote(self.find(instance)?).await
    }

    /// Holds what a primary sends to its standbys (`hold`), or lets it go on: its commits go on in
    /// [`Replication::Asynchronous`], and hang in [`Replication::AnyOne`]. A standby that connects while it is held
    /// is sent the log.
    pub async fn hold_replication(&self, primary: &str, hold: bool) -> Result<(), PostgresError> {
        let data = self.find(primary)?.data.clone();
        let done = tokio::task::spawn_blocking(move || processes::hold_senders(&data, hold));
        done.await.map_err(|_| PostgresError::Stopped)
    }

    /// What an instance's server is, within 500 ms. [`Health::Dead`] for an unknown instance.
    pub async fn health(&self, instance: &str) -> Health {
        match self.find(instance) {
            Ok(server) => server.health().await,
            Err(_) => Health::Dead,
        }
    }

    /// Ends every process and removes the data and the shared memory. Blocks for up to some seconds. Dropping the
    /// value does the same; calling it again does no harm.
    ///
    /// Errors: something could not be removed.
    pub fn stop(&self) -> Result<(), PostgresError> {
        self.all.iter().for_each(Server::end);
        let until = Instant::now() + STOP;
        self.all.iter().for_each(|server| server.over(until));
        self.home.remove()
    }

    fn find(&self, instance: &str) -> Result<&Server, PostgresError> {
        let found = self.all.iter().find(|server| server.name == instance);
        found.ok_or_else(|| PostgresError::Unknown(instance.to_owned()))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the servers' folder stays behind");
        }
    }
}

fn login(user: &str, database: &str) -> Result<Login, PostgresError> {
    Ok(Login { user: user.to_owned(), password: port::secret()?, database: database.to_owned() })
}

/// The names become folders, and part of settings.
fn check(instances: &[String]) -> Result<(), PostgresError> {
    let usable = |name: &String| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let differ = instances.iter().enumerate().all(|(at, name)| !instances.iter().take(at).any(|n| n == name));
    if instances.is_empty() || !differ || !instances.iter().all(usable) {
        return Err(PostgresError::Instances(instances.to_vec()));
    }
    Ok(())
}
