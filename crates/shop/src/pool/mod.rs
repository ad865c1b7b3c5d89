//! The connection pools that the demo compares, behind one face.

use std::error::Error;
use std::time::Duration;

use serde::Serialize;

use crate::settings::PoolSettings;

mod deadpool;
mod recommended;
mod sqlx;

/// The row, in one transaction with its commit: what is read back is not acknowledged before the commit is.
const INSERT: &str = "INSERT INTO writes (service, task, n, server) VALUES ($1, $2, $3, inet_server_port()) \
                      RETURNING server, pg_is_in_recovery()";
const WHERE: &str = "SELECT inet_server_port(), pg_is_in_recovery()";

/// A row to write.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The service.
    pub service: &'a str,
    /// The task that writes it.
    pub task: &'a str,
    /// Its number within the service.
    pub n: i64,
}

/// A row whose commit was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Its number.
    pub n: i64,
    /// The port of the server that took it.
    pub server: i32,
    /// Whether that server was a standby; none can take a row.
    pub in_recovery: bool,
}

/// Where a pool leads at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// The server's port.
    pub server: i32,
    /// Whether it is a standby.
    pub in_recovery: bool,
}

/// Why something was not done, or why nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The service has no pool.
    #[error("this service does not use the database")]
    NoDatabase,
    /// sqlx, its pool or PostgreSQL through it.
    #[error(transparent)]
    Sqlx(#[from] ::sqlx::Error),
    /// deadpool gave no connection.
    #[error(transparent)]
    Get(#[from] deadpool_postgres::PoolError),
    /// PostgreSQL through deadpool.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// deadpool could not be set up.
    #[error(transparent)]
    Build(#[from] deadpool_postgres::BuildError),
    /// The recommended pool's limit for one request.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

impl PoolError {
    /// PostgreSQL's code of the failure, when it was PostgreSQL that answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Sqlx(error) => error.as_database_error()?.code().map(std::borrow::Cow::into_owned),
            Self::Postgres(error) | Self::Get(deadpool_postgres::PoolError::Backend(error)) => {
                error.code().map(|state| state.code().to_owned())
            }
            Self::NoDatabase | Self::Get(_) | Self::Build(_) | Self::Late(_) => None,
        }
    }
}

/// An error with its reasons, as one line.
#[must_use]
pub fn whole(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut reason = error.source();
    while let Some(inner) = reason {
        let said = inner.to_string();
        // Some errors repeat their reason.
        if !line.contains(&said) {
            line = format!("{line}: {said}");
        }
        reason = inner.source();
    }
    line
}

/// A service's connections to the database. Nothing is connected before the first request.
#[derive(Debug)]
pub enum Pool {
    /// The service has none.
    None,
    /// sqlx's, as it comes.
    Sqlx(::sqlx::PgPool),
    /// deadpool's, as it comes.
    Deadpool(deadpool_postgres::Pool),
    /// deadpool's, with what helps.
    Recommended(deadpool_postgres::Pool),
}

impl Pool {
    /// Sets a pool up; inside a Tokio runtime only.
    ///
    /// # Errors
    /// When deadpool does not take its settings.
    pub fn open(settings: &PoolSettings) -> Result<Self, PoolError> {
        Ok(match settings {
            PoolSettings::None => Self::None,
            PoolSettings::Sqlx(database) => Self::Sqlx(sqlx::open(database)),
            PoolSettings::Deadpool(database) => Self::Deadpool(deadpool::open(database)?),
            PoolSettings::Recommended(database) => Self::Recommended(recommended::open(database)?),
        })
    }

    /// Writes a row. It returns when the commit was acknowledged.
    ///
    /// # Errors
    /// When it was refused, or when the answer did not come: then the row may be there all the same.
    pub async fn write(&self, row: Row<'_>) -> Result<Written, PoolError> {
        match self {
            Self::None => Err(PoolError::NoDatabase),
            Self::Sqlx(pool) => sqlx::write(pool, row).await,
            Self::Deadpool(pool) => Ok(deadpool::write(&mut pool.get().await?, row).await?),
            Self::Recommended(pool) => recommended::write(pool, row).await,
        }
    }

    /// Asks the server at the end of one of its connections what it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server(&self) -> Result<Server, PoolError> {
        match self {
            Self::None => Err(PoolError::NoDatabase),
            Self::Sqlx(pool) => sqlx::server(pool).await,
            Self::Deadpool(pool) => Ok(deadpool::server(&mut pool.get().await?).await?),
            Self::Recommended(pool) => recommended::server(pool).await,
        }
    }
}
