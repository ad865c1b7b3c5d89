//! Certificates for servers on loopback, made on the spot.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::sync::Arc;

/// A certificate that nobody knows but who is given its root.
#[derive(Debug)]
pub struct Certificate {
    /// How a server answers a handshake with it.
    pub server: ServerConfig,
    /// The root, as PEM.
    pub root: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be made: {0}")]
pub struct CertificateError(String);

impl Certificate {
    /// A root, an authority under it and a certificate for `name`, sent as AWS sends them: leaf and authority.
    ///
    /// # Errors
    /// When the name can't be one, or there is no randomness.
    pub fn of(name: &str) -> Result<Self, CertificateError> {
        let (root, chain, key) = signed(name).map_err(|e| CertificateError(e.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        Ok(Self { server: server.map_err(|e| CertificateError(e.to_string()))?, root })
    }
}

type Chain = Vec<rustls::pki_types::CertificateDer<'static>>;

fn signed(name: &str) -> Result<(String, Chain, PrivateKeyDer<'static>), rcgen::Error> {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let (root, root_key) = (authority("Mainstay's root for one run"), KeyPair::generate()?);
    let root_pem = root.self_signed(&root_key)?.pem();
    let root = Issuer::new(root, root_key);
    let (middle, middle_key) = (authority("Mainstay's authority for one run"), KeyPair::generate()?);
    let middle_certificate = middle.signed_by(&middle_key, &root)?;
    let middle = Issuer::new(middle, middle_key);
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new([name.to_owned()])?.signed_by(&key, &middle)?;
    let chain = vec![leaf.der().clone(), middle_certificate.der().clone()];
    Ok((root_pem, chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}
