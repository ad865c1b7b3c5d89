//! sqlx's pool with its defaults.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{INSERT, PoolError, Row, Server, WHERE, Written};
use crate::settings::Database;

pub(super) fn open(database: &Database) -> PgPool {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&database.host)
        .port(database.port)
        .username(&database.user)
        .password(&database.password)
        .database(&database.name);
    PgPoolOptions::new().connect_lazy_with(options)
}

pub(super) async fn write(pool: &PgPool, row: Row<'_>) -> Result<Written, PoolError> {
    let mut transaction = pool.begin().await?;
    let (server, in_recovery) = sqlx::query_as(INSERT)
        .bind(row.service)
        .bind(row.task)
        .bind(row.n)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Written { n: row.n, server, in_recovery })
}

pub(super) async fn server(pool: &PgPool) -> Result<Server, PoolError> {
    let (server, in_recovery) = sqlx::query_as(WHERE).fetch_one(pool).await?;
    Ok(Server { server, in_recovery })
}
