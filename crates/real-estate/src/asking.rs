//! What servers are asked as a client: how busy they are, and which rows they hold.

use crate::postgres::Login;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio_postgres::{Client, Config, NoTls};

/// How we call ourselves, so that we don't count ourselves.
const OURSELVES: &str = "mainstay-drill";
/// How long a server may take to count.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take to list all rows.
const ROWS_PATIENCE: Duration = Duration::from_secs(20);

/// How busy a server is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Counts {
    /// Connections of clients.
    pub(crate) connections: f64,
    /// Commits in a second, since it was asked last; none the first time.
    pub(crate) commits_per_s: Option<f64>,
}

/// A counter of one server's commits, with the connection that it keeps.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    client: Option<Client>,
    before: Option<(Instant, i64)>,
}

impl Counter {
    /// Asks the server; none when it does not answer in time.
    pub(crate) async fn ask(&mut self, address: SocketAddr, login: &Login) -> Option<Counts> {
        let counted = tokio::time::timeout(PATIENCE, self.count(address, login)).await;
        if let Ok(Ok(counts)) = counted {
            return Some(counts);
        }
        *self = Self::default();
        None
    }

    async fn count(&mut self, address: SocketAddr, login: &Login) -> Result<Counts, tokio_postgres::Error> {
        let client = match self.client.take() {
            Some(client) => client,
            None => connect(address, login).await?,
        };
        let row = client
            .query_one(
                "select (select count(*) from pg_stat_activity where backend_type = 'client backend'
                           and application_name <> $1),
                        (select xact_commit from pg_stat_database where datname = current_database())",
                &[&OURSELVES],
            )
            .await?;
        self.client = Some(client);
        let (connections, commits): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let now = Instant::now();
        let before = self.before.replace((now, commits));
        let commits_per_s = before.map(|(then, fewer)| {
            float(commits.saturating_sub(fewer).max(0)) / now.duration_since(then).as_secs_f64().max(0.001)
        });
        Ok(Counts { connections: float(connections), commits_per_s })
    }
}

/// The numbers of the rows that a server holds, by service.
///
/// # Errors
/// Why it cannot be asked.
pub(crate) async fn rows(address: SocketAddr, login: &Login) -> Result<BTreeMap<String, Vec<i64>>, String> {
    let ask = async {
        let client = connect(address, login).await?;
        client.query("select service, n from writes order by service, n", &[]).await
    };
    let rows = tokio::time::timeout(ROWS_PATIENCE, ask)
        .await
        .map_err(|_| format!("no answer within {} s", ROWS_PATIENCE.as_secs()))?
        .map_err(|e| e.to_string())?;
    let mut by_service: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let (service, n): (String, i64) =
            (row.try_get(0).map_err(|e| e.to_string())?, row.try_get(1).map_err(|e| e.to_string())?);
        by_service.entry(service).or_default().push(n);
    }
    Ok(by_service)
}

async fn connect(address: SocketAddr, login: &Login) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = Config::new()
        .host(address.ip().to_string())
        .port(address.port())
        .user(&login.user)
        .password(&login.password)
        .dbname(&login.database)
        .application_name(OURSELVES)
        .connect(NoTls)
        .await?;
    // It ends with the client, or with the server; who asks sees the error.
    tokio::spawn(connection);
    Ok(client)
}

#[expect(clippy::cast_precision_loss, reason = "a count of connections or commits fits a float")]
fn float(count: i64) -> f64 {
    count as f64
}
