//! An endpoint: an address whose target moves for new connections only.
//!
//! It stands for the name of a cluster endpoint: whoever connects reaches the target of that moment, and stays
//! there. It differs from a name in what clients see of it: a dead server shows as a reset instead of a refused
//! connection; and a connection attempt that a black hole left without an answer is completed after
//! [`Endpoint::lead_to`], but still belongs to the server that it asked for, and hears nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

mod attempts;
mod filter;
mod link;

use self::link::Link;

/// How long no connection is accepted after that failed: file descriptors run out, and come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How a black hole is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The system drops every packet that arrives at the sockets, acknowledgements too, so that a client's
    /// `tcp_user_timeout` fires, and a connection attempt gets no answer. Linux, IPv4, root or not.
    PacketFilter,
    /// The sockets are kept, but neither read nor written. The system goes on acknowledging what arrives until
    /// its buffers are full, and completes connections: clients see a server that hangs, not a lost network.
    Stopped,
}

/// Where connections lead, and which servers are unreachable.
#[derive(Clone, Debug)]
struct Route {
    target: SocketAddr,
    holes: BTreeSet<SocketAddr>,
}

#[derive(Debug)]
struct Shared {
    listener: TcpListener,
    /// Read by every pump: while one looks at it, it cannot change, so nothing passes after a black hole began.
    route: watch::Sender<Route>,
    /// Also held while the route changes, so that no connection is missed between the two.
    links: Mutex<Links>,
    filters: bool,
    refused: AtomicBool,
}

#[derive(Debug, Default)]
struct Links {
    next: u64,
    open: BTreeMap<u64, Arc<Link>>,
    /// Clients, by their port, that asked for a server in a black hole and will ask again.
    asked: BTreeMap<u16, SocketAddr>,
}

/// A forwarder on a free port of 127.0.0.1. Dropping it closes the port and all its connections.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: JoinHandle<()>,
}

impl Endpoint {
    /// Opens one that leads to a server; inside a Tokio runtime only.
    pub fn open(target: SocketAddr) -> io::Result<Self> {
        Self::with(0, target, true)
    }

    /// Opens one at a port that others know already; 0 is any free one.
    pub fn open_at(port: u16, target: SocketAddr) -> io::Result<Self> {
        Self::with(port, target, true)
    }

    /// Opens one whose black holes are [`Mechanism::Stopped`], as on a machine without packet filters.
    pub fn open_without_filters(target: SocketAddr) -> io::Result<Self> {
        Self::with(0, target, false)
    }

    fn with(port: u16, target: SocketAddr, filters: bool) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            listener: TcpListener::from_std(listener)?,
            route: watch::Sender::new(Route { target, holes: BTreeSet::new() }),
            links: Mutex::default(),
            filters,
            refused: AtomicBool::new(false),
        });
        let acceptor = tokio::spawn(accept(Arc::clone(&shared)));
        Ok(Self { address, shared, acceptor })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections lead to this server from now on; those that exist stay where they are.
    pub fn lead_to(&self, target: SocketAddr) {
        let mut links = self.shared.links();
        let before = self.shared.route.borrow().clone();
        if before.holes.contains(&before.target) {
            let asking = attempts::at(self.address);
            links.asked.extend(asking.into_iter().map(|client| (client, before.target)));
        }
        self.shared.route.send_modify(|route| route.target = target);
        self.shared.set_listener();
        drop(links);
    }

    /// Cuts a server off: from now on no packet of its connections passes in either direction, nobody is told,
    /// and while it is the target new connections get no answer. Says how that was done; [`Mechanism::Stopped`]
    /// when the machine refused a single one of the filters.
    #[must_use]
    pub fn black_hole(&self, server: SocketAddr) -> Mechanism {
        let links = self.shared.links();
        self.shared.refused.store(false, Ordering::Relaxed);
        self.shared.route.send_modify(|route| {
            route.holes.insert(server);
        });
        self.shared.set_listener();
        for link in links.open.values().filter(|link| link.server == server) {
            link.set_dropping(true, &self.shared);
        }
        drop(links);
        if self.shared.filters && filter::is_possible() && !self.shared.refused.load(Ordering::Relaxed) {
            Mechanism::PacketFilter
        } else {
            Mechanism::Stopped
        }
    }

    /// Ends [`Endpoint::black_hole`]: what the ends still send passes again. A connection whose client went away
    /// meanwhile is found and closed within about four seconds.
    pub fn lift(&self, server: SocketAddr) {
        let mut links = self.shared.links();
        for link in links.open.values().filter(|link| link.server == server) {
            link.set_dropping(false, &self.shared);
        }
        self.shared.route.send_modify(|route| {
            route.holes.remove(&server);
        });
        links.asked.retain(|_, asked| *asked != server);
        self.shared.set_listener();
    }

    /// How many connections this endpoint holds at a server.
    #[must_use]
    pub fn connections(&self, server: SocketAddr) -> usize {
        self.shared.links().open.values().filter(|link| link.server == server && link.is_connected()).count()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl Shared {
    fn links(&self) -> MutexGuard<'_, Links> {
        // Nothing is left half done by a panic while it is held.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops or lets through what arrives at a socket, and remembers when the machine refused.
    fn set_filter(&self, socket: &impl AsFd, dropping: bool) {
        if !self.filters {
            return;
        }
        if let Err(error) = filter::set(socket, dropping) {
            tracing::warn!(%error, dropping, "a packet filter was refused");
            self.refused.store(true, Ordering::Relaxed);
        }
    }

    /// A listener whose target is cut off answers nobody.
    fn set_listener(&self) {
        let answers = {
            let route = self.route.borrow();
            !route.holes.contains(&route.target)
        };
        self.set_filter(&self.listener, !answers);
    }

    /// Takes a new connection in; its server is the target of now, or of when it was first asked for.
    fn enter(self: &Arc<Self>, client: TcpStream, port: u16) -> (Entry, Arc<Link>) {
        let mut links = self.links();
        let asked = links.asked.remove(&port);
        let (server, in_hole) = {
            let route = self.route.borrow();
            let server = asked.unwrap_or(route.target);
            (server, route.holes.contains(&server))
        };
        let link = Arc::new(Link::new(client, server));
        if in_hole {
            link.set_dropping(true, self);
        }
        let id = links.next;
        links.next += 1;
        links.open.insert(id, Arc::clone(&link));
        (Entry { id, shared: Arc::clone(self) }, link)
    }
}

/// A connection's place in the list, given back when its task ends in whatever way.
struct Entry {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.links().open.remove(&self.id);
    }
}

async fn accept(shared: Arc<Shared>) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            accepted = shared.listener.accept() => match accepted {
                Ok((client, peer)) => {
                    let (entry, link) = shared.enter(client, peer.port());
                    carried.spawn(async move { link.carry(&entry.shared).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = carried.join_next() => {}
        }
    }
}
