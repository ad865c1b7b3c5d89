//! The connection on which we ask a server what it is, and tell it what to become.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Login, connect};

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// Not in time.
    Late,
    /// The server said no, or nobody listens.
    Refused(tokio_postgres::Error),
}

/// A way to one server, which keeps its connection: logging in costs tens of milliseconds.
#[derive(Debug)]
pub(super) struct Line {
    port: u16,
    login: Login,
    client: Mutex<Option<Arc<Client>>>,
}

impl Line {
    pub(super) fn new(port: u16, login: Login) -> Self {
        Self { port, login, client: Mutex::new(None) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The rows that `sql` (one or more statements) returns.
    pub(super) async fn ask(&self, sql: &str, patience: Duration) -> Result<Vec<SimpleQueryRow>, Unanswered> {
        let answer = tokio::time::timeout(patience, async {
            let client = self.client().await?;
            client.simple_query(sql).await
        });
        match answer.await {
            Ok(Ok(messages)) => Ok(messages.into_iter().filter_map(row).collect()),
            Ok(Err(error)) => {
                if error.as_db_error().is_none() {
                    self.forget();
                }
                Err(Unanswered::Refused(error))
            }
            Err(_) => {
                self.forget();
                Err(Unanswered::Late)
            }
        }
    }

    /// Hangs up: the next question comes on a new connection.
    pub(super) fn forget(&self) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn client(&self) -> Result<Arc<Client>, tokio_postgres::Error> {
        let kept = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(client) = kept.filter(|client| !client.is_closed()) {
            return Ok(client);
        }
        let client = connect(&self.login.at(self.address())).await?;
        let client = Arc::new(client);
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&client));
        Ok(client)
    }
}

fn row(message: SimpleQueryMessage) -> Option<SimpleQueryRow> {
    if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None }
}
