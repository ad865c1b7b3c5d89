//! The estate as a server on loopback: HTTP for AWS calls and control, UDP for DNS, a ticker that moves it
//! forward on the machine's clock, and the emission of what it produced.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{broadcast, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::emit::{Emission, Emitter};
use crate::model::{self, Effect, Estate};
use crate::wire::{self, Answered};

mod handle;

pub use self::handle::Handle;

/// The largest body that is read: far above any request of RDS or ECS.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// How many effects a slow listener may be behind before it misses some.
const LISTENER_BACKLOG: usize = 4096;

/// Settings of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model's settings.
    pub model: model::Settings,
    /// The port for HTTP; 0 takes a free one.
    pub port: u16,
    /// The UDP port for DNS; 0 takes a free one.
    pub dns_port: u16,
    /// Milliseconds between two looks at the clock.
    pub tick_ms: u64,
    /// Where metrics and events go; nowhere when absent.
    pub emission: Option<Emission>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { model: model::Settings::default(), port: 0, dns_port: 0, tick_ms: 50, emission: None }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or may not be used.
    #[error(
        "cannot listen on {address} for {purpose} ({source}): choose another port, or 0 for any free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// `HTTP` or `DNS`.
        purpose: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The client for the emission could not be made.
    #[error("cannot send metrics and events: {0}")]
    Emission(#[source] reqwest::Error),
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    /// Where HTTP is served.
    pub address: SocketAddr,
    /// Where DNS is served, over UDP.
    pub dns_address: SocketAddr,
    handle: Handle,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// The URL for `AWS_ENDPOINT_URL_RDS` and `AWS_ENDPOINT_URL_ECS`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Access to the estate.
    #[must_use]
    pub fn estate(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends the server and waits until its ports are free.
    pub async fn stop(mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in std::mem::take(&mut self.tasks) {
            // The only error is that it was aborted, which is what we want.
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Starts a server on 127.0.0.1 with an empty estate.
pub async fn serve(settings: Settings) -> Result<Server, ServeError> {
    let listen = |port: u16, purpose| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        (address, move |source| ServeError::Listen { address, purpose, source })
    };
    let (address, failed) = listen(settings.port, "HTTP");
    let listener = TcpListener::bind(address).await.map_err(&failed)?;
    let address = listener.local_addr().map_err(&failed)?;
    let (dns, failed) = listen(settings.dns_port, "DNS");
    let socket = UdpSocket::bind(dns).await.map_err(&failed)?;
    let dns_address = socket.local_addr().map_err(&failed)?;

    let estate = Estate::new(settings.model.clone(), Timestamp::now());
    let (effects, _) = broadcast::channel(LISTENER_BACKLOG);
    let handle = Handle::new(estate, effects);
    let mut tasks =
        vec![tokio::spawn(accept(listener, handle.clone())), tokio::spawn(resolve(socket, handle.clone()))];
    let outlet = match settings.emission {
        None => None,
        Some(emission) => {
            let account = settings.model.account.clone();
            let emitter = Emitter::new(emission, account).map_err(ServeError::Emission)?;
            let (outlet, batches) = mpsc::unbounded_channel();
            tasks.push(tokio::spawn(send(emitter, batches)));
            Some(outlet)
        }
    };
    tasks.push(tokio::spawn(tick(handle.clone(), settings.tick_ms, outlet)));
    Ok(Server { address, dns_address, handle, tasks })
}

async fn tick(handle: Handle, tick_ms: u64, outlet: Option<mpsc::UnboundedSender<Vec<Effect>>>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(tick_ms.max(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let effects = handle.lock().advance(Timestamp::now());
        for effect in &effects {
            handle.publish(effect);
        }
        if let Some(outlet) = outlet.as_ref().filter(|_| !effects.is_empty()) {
            let _ = outlet.send(effects);
        }
    }
}

async fn send(emitter: Emitter, mut batches: mpsc::UnboundedReceiver<Vec<Effect>>) {
    while let Some(effects) = batches.recv().await {
        if let Err(error) = emitter.emit(&effects).await {
            tracing::warn!(%error, "metrics or events of the estate were not taken");
        }
    }
}

async fn resolve(socket: UdpSocket, handle: Handle) {
    let mut buffer = [0_u8; 4096];
    loop {
        // An error here is about one datagram (an earlier answer's port was closed): the next may be fine.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let answer = wire::dns::answer(&handle.lock(), buffer.get(..length).unwrap_or_default());
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

async fn accept(listener: TcpListener, handle: Handle) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(stream, handle.clone())); }
                // Out of file handles, or the peer gave up: wait for better times.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A reply that is lost: as the error of a connection's service it closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the reply is lost on purpose")]
struct ReplyLost;

async fn converse(stream: TcpStream, handle: Handle) {
    let service = service_fn(move |request| {
        let handle = handle.clone();
        async move { respond(&handle, request).await }
    });
    // An error is either a lost reply or a client that went away: nothing to tell anybody.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(handle: &Handle, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ReplyLost> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let mut refused = Response::new(Full::from("the body is too long, or broke off"));
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let body = body.to_bytes();
    match wire::answer(&mut handle.lock(), Timestamp::now(), &head, &body) {
        Answered::Response(response) => Ok(response.map(|body| Full::new(Bytes::from(body)))),
        Answered::Lost => Err(ReplyLost),
    }
}
