//! One probe: a fresh connection, one question, perhaps one row. Every step has its time limit.

use crate::{
    login::{Credentials, Login},
    meaning::{Answer, Fault, Inability, Meaning, Outcome, Part, of_answer, of_fault, set_by_people},
    settings::Settings,
    tls::{Unusable, Verifier},
};
use std::{
    error::Error,
    io,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_postgres::{
    Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow, config::SslMode, error::SqlState,
};

/// Time for each of a probe's parts at most: the password (signed in a millisecond, but Secrets Manager may be slow);
/// name, TCP, TLS and login; question, answer and commit. A dropped or frozen server is known within it.
const LIMIT: Duration = Duration::from_secs(3);
/// Time to say goodbye.
const CLOSE: Duration = Duration::from_millis(200);

/// What the server ends by itself when nobody waits for it any more, so that probes that gave up do not fill it. Both
/// are longer than [`LIMIT`]: they never decide what a probe means. Neither ends a commit that waits for a standby:
/// that one backend stays as long as the wait, and those behind it wait for its row, which the second limit ends.
const OPTIONS: &str = "-c statement_timeout=10s -c lock_timeout=4s";

const QUESTION: &str = "select pg_is_in_recovery(), host(inet_server_addr()), inet_server_port(), \
                        to_regproc('aurora_db_instance_identifier') is not null";
/// Exists on Aurora only.
const INSTANCE: &str = "select aurora_db_instance_identifier()";
const TABLE: &str = "create table if not exists mainstay_probe \
                     (database text primary key, at timestamptz not null, server text)";
/// One row for each database: the table does not grow.
const ROW: &str = "insert into mainstay_probe (database, at, server) values ($1, now(), $2) \
                   on conflict (database) do update set at = excluded.at, server = excluded.server";
/// Why a session takes no writes, where a setting is why.
const READ_ONLY: &str =
    "select setting, source from pg_settings where name = 'default_transaction_read_only'";

/// The time limit of each part of a probe: so short that a probe ends before the next one is due.
#[must_use]
pub fn limit(every: Duration) -> Duration {
    LIMIT.min(every * 3 / 10)
}

/// The longest time that a probe can take.
#[must_use]
pub fn longest(every: Duration) -> Duration {
    limit(every) * 3 + CLOSE
}

/// Probes one database.
pub struct Prober {
    settings: Settings,
    login: Login,
    limit: Duration,
    /// None on this machine only.
    tls: Option<Verifier>,
}

/// What stopped a probe.
struct Stopped {
    fault: Fault,
    detail: String,
}

impl Prober {
    /// A prober; TLS is demanded unless the server is on this machine.
    ///
    /// # Errors
    /// When TLS is demanded and there are no certificates to verify the server with.
    pub fn new(settings: Settings, login: Login) -> Result<Self, Unusable> {
        let tls = if settings.on_this_machine() { None } else { Some(Verifier::read(&settings.ca)?) };
        Ok(Self { limit: limit(settings.every), settings, login, tls })
    }

    /// The same, but TLS is demanded wherever the server is.
    #[must_use]
    pub fn verifying(self, verifier: Verifier) -> Self {
        Self { tls: Some(verifier), ..self }
    }

    /// Probes once. Always comes back within [`longest`].
    pub async fn probe(&self) -> Outcome {
        let credentials = match timeout(self.limit, self.login.credentials(&self.settings)).await {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(why)) => return stopped(Part::Connect, Stopped { fault: Fault::NoPassword, detail: why }),
            Err(_) => {
                let detail = format!("no password within {} s", self.limit.as_secs_f64());
                return stopped(Part::Connect, Stopped { fault: Fault::NoPassword, detail });
            }
        };
        let begin = Instant::now();
        let connected = limited(self.limit, self.connect(&credentials)).await;
        let connect = begin.elapsed();
        let (client, connection) = match connected {
            Ok(connected) => connected,
            Err(why) => {
                let outcome = stopped(Part::Connect, why);
                if outcome.meaning == Meaning::Unable(Inability::LoginRefused) {
                    self.login.refused();
                }
                return outcome;
            }
        };
        let outcome = self.asked(&client).await;
        // Dropping the client says goodbye; a connection that cannot even do that is cut.
        drop(client);
        let abort = connection.abort_handle();
        if timeout(CLOSE, connection).await.is_err() {
            abort.abort();
        }
        Outcome { connect: Some(connect), ..outcome }
    }

    async fn connect(
        &self,
        credentials: &Credentials,
    ) -> Result<(Client, tokio::task::JoinHandle<()>), Stopped> {
        let mut config = Config::new();
        config
            .host(&self.settings.host)
            .port(self.settings.port)
            .user(&credentials.user)
            .password(&credentials.password)
            .dbname(&self.settings.name)
            .application_name("mainstay-prober")
            .options(OPTIONS);
        // How a connection ends is told by what was asked over it.
        if let Some(verifier) = &self.tls {
            let (client, connection) = config.ssl_mode(SslMode::Require).connect(verifier.clone()).await?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        } else {
            let (client, connection) = config.ssl_mode(SslMode::Disable).connect(NoTls).await?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
    }

    /// What the server answers, and how long that took.
    async fn asked(&self, client: &Client) -> Outcome {
        let begin = Instant::now();
        // What is known when the time is over: a server that cannot commit has told its name by then.
        let mut server = None;
        let answered = limited(self.limit, self.ask(client, &mut server)).await;
        let answer = begin.elapsed();
        match answered {
            Ok(meaning) => Outcome { meaning, server, connect: None, answer: Some(answer), detail: None },
            Err(why) => Outcome { server, ..stopped(Part::Answer, why) },
        }
    }

    async fn ask(&self, client: &Client, server: &mut Option<String>) -> Result<Meaning, Stopped> {
        let row = first(client.simple_query(QUESTION).await?)?;
        let address = row.get(1).zip(row.get(2)).map(|(host, port)| format!("{host}:{port}"));
        let in_recovery = match row.get(0) {
            Some("f") => false,
            Some("t") => true,
            _ => return Err(unexpected()),
        };
        server.clone_from(&address);
        if row.get(3) == Some("t") {
            // Its name is for people: without it the address does.
            if let Some(name) = client.simple_query(INSTANCE).await.ok().and_then(|m| first(m).ok()) {
                *server = name.get(0).map(str::to_owned).or(address);
            }
        }
        let meaning = of_answer(&Answer { in_recovery, server: server.clone() });
        if self.settings.write && meaning == Meaning::Writer {
            self.write(client, server.as_deref()).await?;
        }
        Ok(meaning)
    }

    async fn write(&self, client: &Client, server: Option<&str>) -> Result<(), Stopped> {
        let Err(error) = self.row(client, server).await else { return Ok(()) };
        if error.code() != Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
            return Err(error.into());
        }
        let setting = first(client.simple_query(READ_ONLY).await?)?;
        let source = setting.get(1).filter(|source| setting.get(0) == Some("on") && set_by_people(source));
        let Some(source) = source else { return Err(error.into()) };
        let detail = format!("default_transaction_read_only is on, set by: {source}");
        Err(Stopped { fault: Fault::ReadOnlySetting, detail })
    }

    async fn row(&self, client: &Client, server: Option<&str>) -> Result<(), tokio_postgres::Error> {
        let row = async || client.execute(ROW, &[&self.settings.database, &server]).await;
        match row().await {
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                client.batch_execute(TABLE).await?;
                row().await.map(drop)
            }
            other => other.map(drop),
        }
    }
}

async fn limited<T>(limit: Duration, work: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        let detail = format!("nothing within {} s", limit.as_secs_f64());
        Err(Stopped { fault: Fault::TimedOut, detail })
    })
}

fn stopped(part: Part, why: Stopped) -> Outcome {
    let meaning = of_fault(part, &why.fault);
    Outcome { meaning, server: None, connect: None, answer: None, detail: Some(why.detail) }
}

fn first(messages: Vec<SimpleQueryMessage>) -> Result<SimpleQueryRow, Stopped> {
    let row = messages.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    });
    row.ok_or_else(unexpected)
}

fn unexpected() -> Stopped {
    Stopped { fault: Fault::Unexpected, detail: "the answer is not that to the question".to_owned() }
}

impl From<tokio_postgres::Error> for Stopped {
    fn from(error: tokio_postgres::Error) -> Self {
        let mut detail = error.code().map_or_else(String::new, |code| format!("SQLSTATE {}: ", code.code()));
        detail.push_str(&error.to_string());
        let mut next = error.source();
        while let Some(cause) = next {
            detail.push_str(": ");
            detail.push_str(&cause.to_string());
            next = cause.source();
        }
        Self { fault: fault(&error), detail }
    }
}

/// What the driver's error is. Its kinds are private, so its causes are asked.
fn fault(error: &tokio_postgres::Error) -> Fault {
    if let Some(code) = error.code() {
        return Fault::Server(code.code().to_owned());
    }
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return Fault::Certificate;
        }
        if let Some(system) = cause.downcast_ref::<io::Error>() {
            let untrusted = system.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>);
            return match (untrusted, system.kind() == io::ErrorKind::TimedOut) {
                (true, _) => Fault::Certificate,
                (false, true) => Fault::TimedOut,
                (false, false) => Fault::Lost,
            };
        }
        next = cause.source();
    }
    if error.is_closed() { Fault::Lost } else { Fault::Unexpected }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a silent server would leave periods of the alarm without a datapoint.
    #[test]
    fn a_probe_ends_before_the_next_one_is_due() {
        for (every, expected) in [(1, 300), (5, 1_500), (10, 3_000), (20, 3_000), (30, 3_000)] {
            let every = Duration::from_secs(every);
            assert_eq!(limit(every), Duration::from_millis(expected));
            // A silent server takes one limit, and a probe that is logged in has its password already.
            assert!(limit(every) * 2 + CLOSE < every, "{every:?}");
        }
        assert!(longest(Duration::from_secs(10)) < Duration::from_secs(10));
    }
}
