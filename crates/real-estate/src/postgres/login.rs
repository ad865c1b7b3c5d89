//! Connecting as a client.

use std::net::SocketAddr;

use tokio_postgres::{Client, Config, NoTls};

/// How an application logs in. The password is made for each run.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The role. It owns the database, and is no superuser.
    pub user: String,
    /// Its password, as letters and digits.
    pub password: String,
    /// The database.
    pub database: String,
}

impl Login {
    /// What a client needs to connect to the server at `address`: to [`connect`], or to change first.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Config {
        let mut config = Config::new();
        config.host(address.ip().to_string()).port(address.port());
        config.user(&self.user).password(&self.password).dbname(&self.database);
        config
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// Connects. The connection ends with the client, or with the server; who asks sees the error.
///
/// # Errors
/// Why the server does not let us in.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
