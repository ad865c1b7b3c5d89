//! deadpool's pool with its defaults, and the queries that its connections run.

use deadpool_postgres::{BuildError, Client, Manager, Pool, Runtime};
use tokio_postgres::{Config, Error, NoTls};

use super::{INSERT, Row, Server, WHERE, Written};
use crate::settings::Database;

pub(super) fn open(database: &Database) -> Result<Pool, BuildError> {
    Pool::builder(Manager::new(reached(database), NoTls)).runtime(Runtime::Tokio1).build()
}

/// How the database is reached, and nothing else.
pub(super) fn reached(database: &Database) -> Config {
    let mut config = Config::new();
    config
        .host(&database.host)
        .port(database.port)
        .user(&database.user)
        .password(&database.password)
        .dbname(&database.name);
    config
}

pub(super) async fn write(client: &mut Client, row: Row<'_>) -> Result<Written, Error> {
    let transaction = client.transaction().await?;
    let insert = transaction.prepare_cached(INSERT).await?;
    let back = transaction.query_one(&insert, &[&row.service, &row.task, &row.n]).await?;
    let written = Written { n: row.n, server: back.try_get(0)?, in_recovery: back.try_get(1)? };
    transaction.commit().await?;
    Ok(written)
}

pub(super) async fn server(client: &mut Client) -> Result<Server, Error> {
    let question = client.prepare_cached(WHERE).await?;
    let back = client.query_one(&question, &[]).await?;
    Ok(Server { server: back.try_get(0)?, in_recovery: back.try_get(1)? })
}
