//! deadpool's pool with the settings that help in a failover. Each has its reason; the README has the numbers.

use std::time::Duration;

use deadpool_postgres::{BuildError, Client, Hook, HookError, Manager, Pool, Runtime};
use scopeguard::ScopeGuard;
use tokio::time::timeout;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::{PoolError, Row, Server, Written, deadpool};
use crate::settings::Database;

/// One request, from waiting for a connection to the commit. Without a limit a request at a frozen or unreachable
/// server never ends, and neither does the connection that it holds.
const REQUEST: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged before the system ends the connection. A second net under the
/// request's limit, for true packet loss only: it also ends what the pool has already let go.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// How old a connection may get. One that leads to a demoted writer without an error ends by itself; at 25 s that
/// costs one new connection for each slot and 25 s.
const LIFETIME: Duration = Duration::from_secs(25);

pub(super) fn open(database: &Database) -> Result<Pool, BuildError> {
    let mut config = deadpool::reached(database);
    config.tcp_user_timeout(UNACKNOWLEDGED);
    let young = Hook::sync_fn(|_, metrics| {
        if metrics.age() < LIFETIME { Ok(()) } else { Err(HookError::message("it is too old")) }
    });
    Pool::builder(Manager::new(config, NoTls)).pre_recycle(young).runtime(Runtime::Tokio1).build()
}

pub(super) async fn write(pool: &Pool, row: Row<'_>) -> Result<Written, PoolError> {
    within(pool, async |client| deadpool::write(client, row).await).await
}

pub(super) async fn server(pool: &Pool) -> Result<Server, PoolError> {
    within(pool, deadpool::server).await
}

/// Runs one request in its time. Its connection goes back only when that is sure to be of use to the next one: not
/// after the time limit, not when the request was cancelled, and not from a server that no longer takes writes.
async fn within<T>(
    pool: &Pool,
    request: impl AsyncFnOnce(&mut Client) -> Result<T, tokio_postgres::Error>,
) -> Result<T, PoolError> {
    let attempt = async {
        let mut client = scopeguard::guard(pool.get().await?, |client| drop(Client::take(client)));
        let done = request(&mut client).await;
        if done.as_ref().err().is_none_or(|error| is_fit_after(error.code())) {
            drop(ScopeGuard::into_inner(client));
        }
        Ok(done?)
    };
    timeout(REQUEST, attempt).await.map_err(|_| PoolError::Late(REQUEST))?
}

/// A refused statement says nothing against the connection, unless the server refuses writes as such. A failure
/// without a code is the connection's own.
fn is_fit_after(refusal: Option<&SqlState>) -> bool {
    refusal.is_some_and(|state| *state != SqlState::READ_ONLY_SQL_TRANSACTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_given_up_when_its_server_takes_no_writes_or_does_not_answer() {
        assert!(is_fit_after(Some(&SqlState::UNIQUE_VIOLATION)));
        assert!(!is_fit_after(Some(&SqlState::READ_ONLY_SQL_TRANSACTION)));
        assert!(!is_fit_after(None));
    }
}
