//! The HTTP checks of services over TLS.
//!
//! Not the SDK's client and no other: the name is resolved here, what it leads to is judged, and the connection goes
//! to that very address, so that a second resolution cannot lead elsewhere. No proxy, no redirect, no pool.

use crate::address::allowed;
use async_trait::async_trait;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use plan::{Check, Span};
use recovery::ports::{PoolAnswer, PoolChecks, Unanswered};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// The most of an answer's body that is read.
const MOST_BODY: usize = 4 * 1024;
/// The most of an answer's head that is read.
const MOST_HEAD: usize = 16 * 1024;
/// The most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 3;

/// [`PoolChecks`] over HTTPS, trusting the certificate authorities of the system. They are read when the first
/// check is asked: a function without checks pays nothing for them.
pub struct Https {
    tls: OnceLock<Result<TlsConnector, String>>,
    front: Option<SocketAddr>,
}

#[async_trait]
impl PoolChecks for Https {
    async fn ask(&self, check: &Check) -> Result<PoolAnswer, Unanswered> {
        within(check.answer_within, self.answer(check)).await
    }
}

async fn within<T>(span: Span, answer: impl Future<Output = Result<T, Unanswered>>) -> Result<T, Unanswered> {
    let told = tokio::time::timeout(Duration::from_secs(span.as_secs()), answer).await;
    told.unwrap_or_else(|_| Err(passing(format!("no answer within {span}"))))
}

impl Https {
    /// Checks that are asked where their names lead; in a drill on the local cloud, where no name leads anywhere, all at
    /// its `front`, which must still show a certificate for each name.
    #[must_use]
    pub fn new(front: Option<SocketAddr>) -> Self {
        Self { tls: OnceLock::new(), front }
    }

    async fn answer(&self, check: &Check) -> Result<PoolAnswer, Unanswered> {
        let uri: Uri = check.url.parse().map_err(|_| lasting("its address can't be read".to_owned()))?;
        let (Some("https"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(lasting("its address is not an https address".to_owned()));
        };
        let addresses = match self.front {
            Some(front) => vec![front],
            None => resolve(host, uri.port_u16().unwrap_or(443), check.allow_private).await?,
        };
        let tls = self.tls.get_or_init(|| connector(system_roots())).as_ref();
        ask_at(tls.map_err(|why| lasting(why.clone()))?, &addresses, &uri).await
    }
}

/// What a name leads to, as far as it may be asked.
async fn resolve(host: &str, port: u16, allow_private: bool) -> Result<Vec<SocketAddr>, Unanswered> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| passing(format!("{host} can't be resolved: {error}")))?;
    allowed(found, allow_private).map_err(lasting)
}

/// Asks the first of these addresses that takes a connection.
async fn ask_at(tls: &TlsConnector, addresses: &[SocketAddr], uri: &Uri) -> Result<PoolAnswer, Unanswered> {
    let host = uri.host().unwrap_or_default();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| lasting(format!("{host} is no name")))?;
    let stream = connect(addresses).await?;
    let stream = tls.connect(name, stream).await;
    exchange(stream.map_err(|error| passing(format!("TLS with {host} failed: {error}")))?, uri).await
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Unanswered> {
    let mut why = "there is no address".to_owned();
    for address in addresses.iter().take(MOST_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("there is no way to {address}: {error}"),
        }
    }
    Err(passing(why))
}

/// One request and its answer.
async fn exchange<S>(stream: S, uri: &Uri) -> Result<PoolAnswer, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| passing(format!("the connection broke: {error}"));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the sender, which is dropped with this function, also when its time is over.
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "mainstay")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| lasting(format!("its address can't be asked for: {error}")))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(lasting(format!("it answered {status}; redirects are not followed")));
    }
    if status != StatusCode::OK {
        return Err(passing(format!("it answered {status}")));
    }
    let body = Limited::new(response.into_body(), MOST_BODY).collect().await;
    let body = body.map_err(|error| passing(format!("its answer can't be read: {error}")))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| {
        passing(format!("its answer is not `{{\"server\": …, \"in_recovery\": …}}`: {error}"))
    })
}

/// A TLS client that trusts these authorities. ring, as everywhere: see docs/decisions.
fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    if roots.is_empty() {
        return Err("the system has no certificate authorities".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn passing(reason: String) -> Unanswered {
    Unanswered { reason, passes: true }
}

fn lasting(reason: String) -> Unanswered {
    Unanswered { reason, passes: false }
}

#[cfg(test)]
mod tests;
