//! TLS to the database, against a server that speaks just enough of PostgreSQL's protocol.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use prober::{
    Login, LoginBy, Meaning, Outcome, Prober, Settings, Verifier, meaning::Failure, meaning::Inability,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// An authority: what clients trust, and who signs.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    (root, Issuer::new(params, key))
}

/// A server's side of TLS, for a name.
fn certified(name: &str, issuer: &Issuer<'static, KeyPair>) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let key: PrivateKeyDer<'static> = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap())
}

/// A server that asks for TLS, if it has a certificate, and says over it that it is starting up.
async fn server(certificate: Option<Arc<ServerConfig>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut plain, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        plain.read_exact(&mut request).await.unwrap();
        assert_eq!(request[4..], 80_877_103_u32.to_be_bytes(), "the first word is the request for TLS");
        let Some(certificate) = certificate else {
            plain.write_all(b"N").await.unwrap();
            // What else comes, comes in the open.
            assert_eq!(plain.read(&mut [0; 64]).await.unwrap_or(0), 0, "a login without TLS");
            return;
        };
        plain.write_all(b"S").await.unwrap();
        let Ok(mut encrypted) = TlsAcceptor::from(certificate).accept(plain).await else { return };
        let mut startup = [0; 4];
        encrypted.read_exact(&mut startup).await.unwrap();
        let fields = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        encrypted.write_all(&[b"E", &length[..], fields].concat()).await.unwrap();
        encrypted.shutdown().await.unwrap();
    });
    port
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-test-prober-{name}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn probe(test: &str, port: u16, trusted: &str) -> Outcome {
    let roots = File::new(&format!("{test}-roots"), trusted);
    let password = File::new(&format!("{test}-password"), "hunter2");
    let settings = Settings {
        database: "orders".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        name: "orders".to_owned(),
        user: "probe".to_owned(),
        login: LoginBy::File(password.0.clone()),
        write: false,
        every: Duration::from_secs(10),
        ca: roots.0.clone(),
    };
    let prober = Prober::new(settings, Login::File(password.0.clone())).unwrap();
    prober.verifying(Verifier::read(&roots.0).unwrap()).probe().await
}

#[tokio::test]
async fn a_server_with_the_right_certificate_is_heard() {
    let (root, issuer) = authority();
    let port = server(Some(certified("127.0.0.1", &issuer))).await;
    let outcome = probe("right", port, &root).await;
    // What it said came through the encrypted connection.
    assert_eq!(outcome.meaning, Meaning::Failed(Failure::NotServing), "{outcome:?}");
    assert!(outcome.detail.unwrap().contains("starting up"));
}

#[tokio::test]
async fn another_authority_or_another_name_is_refused_and_is_no_failure_of_the_database() {
    let (root, issuer) = authority();
    let (stranger, _) = authority();
    for (test, name, trusted) in [("stranger", "127.0.0.1", &stranger), ("name", "orders.example.com", &root)]
    {
        let port = server(Some(certified(name, &issuer))).await;
        let outcome = probe(test, port, trusted).await;
        assert_eq!(outcome.meaning, Meaning::Unable(Inability::Certificate), "{test}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_no_login() {
    let (root, _) = authority();
    let outcome = probe("plain", server(None).await, &root).await;
    assert_eq!(outcome.meaning, Meaning::Unable(Inability::Unexpected), "{outcome:?}");
}

/// Off this machine there is no prober without certificates.
#[tokio::test]
async fn another_host_demands_tls() {
    let settings = Settings {
        database: "orders".to_owned(),
        host: "orders.cluster-abc.ca-central-1.rds.amazonaws.com".to_owned(),
        port: 5432,
        name: "orders".to_owned(),
        user: "probe".to_owned(),
        login: LoginBy::Iam,
        write: false,
        every: Duration::from_secs(10),
        ca: "nowhere/global-bundle.pem".into(),
    };
    let error = Prober::new(settings, Login::File("nowhere".into())).err().unwrap().to_string();
    assert!(error.contains("nowhere/global-bundle.pem"), "{error}");
}
