//! A certificate for `localhost`, made on the spot, and the file of roots in which a function finds who signed it.

use crate::error::DrillError;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::NoServerSessionStorage,
};
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
    /// A root, an authority under it and a certificate for `localhost`, as AWS sends them: leaf and authority.
    pub(super) fn make() -> Result<Self, DrillError> {
        let wrong = |e: String| DrillError::NotReady(format!("no certificate could be made: {e}"));
        let made = signed().map_err(|e| wrong(e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(made.chain, made.key));
        let mut config = config.map_err(|e| wrong(e.to_string()))?;
        // Each service of AWS has a name of its own, so none is ever greeted as an old acquaintance. Here all are
        // `localhost`: a session that one of them knows must not make the next one's handshake cheaper.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { server: Arc::new(config), roots: systems_roots() + &made.root })
    }
}

struct Made {
    root: String,
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn signed() -> Result<Made, rcgen::Error> {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let (root, root_key) = (authority("Mainstay's root for one measurement"), KeyPair::generate()?);
    let root_pem = root.self_signed(&root_key)?.pem();
    let root = Issuer::new(root, root_key);
    let (middle, middle_key) = (authority("Mainstay's authority for one measurement"), KeyPair::generate()?);
    let middle_certificate = middle.signed_by(&middle_key, &root)?;
    let middle = Issuer::new(middle, middle_key);
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &middle)?;
    Ok(Made {
        root: root_pem,
        chain: vec![leaf.der().clone(), middle_certificate.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    })
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
