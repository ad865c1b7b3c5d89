//! One client's connection and its server's, and what is carried between them.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Route, Shared};

/// The most that is carried at once.
const CHUNK: usize = 16 * 1024;
/// After a black hole: an end that went away during it is asked for, and does not answer this often.
const KEEPALIVE: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 3;

/// Both sockets of a connection. They close together, with the last holder.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) server: SocketAddr,
    client: TcpStream,
    upstream: OnceLock<TcpStream>,
}

impl Link {
    pub(super) fn new(client: TcpStream, server: SocketAddr) -> Self {
        Self { server, client, upstream: OnceLock::new() }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.upstream.get().is_some()
    }

    /// Drops what arrives from either end, or lets it through again.
    pub(super) fn set_dropping(&self, dropping: bool, shared: &Shared) {
        for leg in [Some(&self.client), self.upstream.get()].into_iter().flatten() {
            let socket = SockRef::from(leg);
            // An end that ended while nothing arrived will never say so again: ask, but only once it can be
            // heard, or the system would give the connection up and reset it in the middle of the black hole.
            let asked = if dropping {
                socket.set_keepalive(false)
            } else {
                let often = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
                socket.set_tcp_keepalive(&often.with_retries(KEEPALIVE_RETRIES))
            };
            if let Err(error) = asked {
                tracing::warn!(%error, "keepalive could not be set");
            }
            shared.set_filter(leg, dropping);
        }
    }

    /// Connects to the server and carries until one end ends; then both do, in the same way.
    pub(super) async fn carry(&self, shared: &Shared) {
        let mut route = shared.route.subscribe();
        if self.both_ways(shared, &mut route).await.is_err() {
            // What one end suffered as a reset, the other sees as one.
            for leg in [Some(&self.client), self.upstream.get()].into_iter().flatten() {
                // A socket that is gone already needs none.
                let _ = SockRef::from(leg).set_linger(Some(Duration::ZERO));
            }
        }
    }

    async fn both_ways(&self, shared: &Shared, route: &mut watch::Receiver<Route>) -> io::Result<()> {
        passable(route, self.server).await?;
        let connected = TcpStream::connect(self.server).await?;
        self.client.set_nodelay(true)?;
        connected.set_nodelay(true)?;
        let upstream = {
            // A black hole that begins right now finds this leg either in the list, or here.
            let _links = shared.links();
            let upstream = self.upstream.get_or_init(|| connected);
            if route.borrow().holes.contains(&self.server) {
                self.set_dropping(true, shared);
            }
            upstream
        };
        let mut back = route.clone();
        tokio::select! {
            ended = pump(&self.client, upstream, self.server, route) => ended,
            ended = pump(upstream, &self.client, self.server, &mut back) => ended,
        }
    }
}

/// Carries one direction until its source ends.
async fn pump(
    from: &TcpStream,
    to: &TcpStream,
    server: SocketAddr,
    route: &mut watch::Receiver<Route>,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = step(from, Interest::READABLE, server, route, || from.try_read(&mut chunk)).await?;
        let mut rest = chunk.get(..read).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            let written = step(to, Interest::WRITABLE, server, route, || to.try_write(rest)).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
    }
}

/// One read or one write, as soon as the socket is ready and the server is not cut off.
async fn step(
    stream: &TcpStream,
    interest: Interest,
    server: SocketAddr,
    route: &mut watch::Receiver<Route>,
    mut operation: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        passable(route, server).await?;
        tokio::select! {
            ready = stream.ready(interest) => { ready?; }
            _ = route.changed() => continue,
        }
        // Held during the operation: a black hole begins before it or after it.
        let now = route.borrow();
        if now.holes.contains(&server) {
            continue;
        }
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

/// Waits until a server is not cut off.
async fn passable(route: &mut watch::Receiver<Route>, server: SocketAddr) -> io::Result<()> {
    let open = route.wait_for(|route| !route.holes.contains(&server)).await;
    open.map(drop).map_err(io::Error::other)
}
