//! A certificate for `localhost`, made on the spot, and the file of roots in which a function finds who signed it.

use crate::error::DrillError;
use rustls::{ServerConfig, server::NoServerSessionStorage};
use std::{path::Path, sync::Arc};

/// Where systems keep the roots that they trust, in the order in which they are looked for. Only their number counts
/// here: a function on Lambda reads about as many when it starts.
const SYSTEMS_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The server's side of TLS, and the client's roots.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    /// How the server answers a handshake.
    pub(super) server: Arc<ServerConfig>,
    /// The roots of this system and our own, as PEM.
    pub(super) roots: String,
}

impl Certificate {
    /// A certificate for `localhost`, of a root of its own.
    pub(super) fn make() -> Result<Self, DrillError> {
        let made = real_estate::certificate::Certificate::of("localhost");
        let made = made.map_err(|e| DrillError::NotReady(e.to_string()))?;
        let mut config = made.server;
        // Each service of AWS has a name of its own, so none is ever greeted as an old acquaintance. Here all are
        // `localhost`: a session that one of them knows must not make the next one's handshake cheaper.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { server: Arc::new(config), roots: systems_roots() + &made.root })
    }
}

/// The system's own roots; none where they are not in one file.
fn systems_roots() -> String {
    let found = SYSTEMS_ROOTS.iter().find_map(|path| std::fs::read_to_string(Path::new(path)).ok());
    found.map_or_else(String::new, |pem| pem.trim_end().to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_measurement_has_a_root_of_its_own_after_the_systems() {
        let (one, other) = (Certificate::make().unwrap(), Certificate::make().unwrap());
        let last = |c: &Certificate| c.roots.rsplit("-----BEGIN").next().unwrap().to_owned();
        assert_ne!(last(&one), last(&other));
        let ends = one.roots.matches("-----END CERTIFICATE-----").count();
        assert_eq!(one.roots.matches("-----BEGIN CERTIFICATE-----").count(), ends);
    }
}
