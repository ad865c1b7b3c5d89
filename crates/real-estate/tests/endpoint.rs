//! What clients and servers see through an endpoint: plain TCP, with real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use real_estate::endpoint::{Endpoint, Mechanism};
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Long enough for a busy machine; what is expected comes in milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing may happen.
const SILENCE: Duration = Duration::from_millis(1500);
const USER_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers every byte with its own name and that byte, and pushes its name every 50 ms when told to.
struct Server {
    address: SocketAddr,
    received: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Server {
    async fn start(name: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (received, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (bytes, connections) = (Arc::clone(&received), Arc::clone(&open));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (bytes, connections) = (Arc::clone(&bytes), Arc::clone(&connections));
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    answer(name, stream, &bytes).await;
                    connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, received, open }
    }

    fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// Until the client's end or reset; `!` resets the connection, `*` starts pushing.
async fn answer(name: u8, mut stream: TcpStream, received: &AtomicUsize) {
    let mut byte = [0];
    let mut pushing = false;
    loop {
        tokio::select! {
            read = stream.read(&mut byte) => match read {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    received.fetch_add(1, Ordering::SeqCst);
                    if byte == *b"!" {
                        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                        return;
                    }
                    pushing |= byte == *b"*";
                    if stream.write_all(&[name, byte[0]]).await.is_err() {
                        return;
                    }
                }
            },
            () = sleep(Duration::from_millis(50)), if pushing => {
                if stream.write_all(&[name]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn connect(endpoint: &Endpoint) -> TcpStream {
    timeout(PATIENCE, TcpStream::connect(endpoint.address())).await.unwrap().unwrap()
}

/// Sends a byte, and returns the name of the server that answers it.
async fn ask(client: &mut TcpStream, byte: u8) -> u8 {
    client.write_all(&[byte]).await.unwrap();
    let mut answer = [0; 2];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer[1], byte);
    answer[0]
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Reads whatever is on its way, until nothing comes for 300 ms.
async fn drain(client: &mut TcpStream) {
    let mut rest = [0; 64];
    while let Ok(read) = timeout(Duration::from_millis(300), client.read(&mut rest)).await {
        assert_ne!(read.unwrap(), 0, "the connection must still be there");
    }
}

/// Neither a byte nor an end nor a reset.
async fn assert_silent(client: &mut TcpStream) {
    let mut byte = [0];
    let seen = timeout(SILENCE, client.read(&mut byte)).await;
    assert!(seen.is_err(), "nothing may be seen in a black hole, not {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_moves_for_new_connections_only() {
    let (one, two) = (Server::start(b'1').await, Server::start(b'2').await);
    let endpoint = Endpoint::open(one.address).unwrap();
    let mut old = connect(&endpoint).await;
    assert_eq!(ask(&mut old, b'a').await, b'1');

    endpoint.lead_to(two.address);

    let mut new = connect(&endpoint).await;
    assert_eq!(ask(&mut new, b'b').await, b'2');
    assert_eq!(ask(&mut old, b'c').await, b'1');
    assert_eq!((endpoint.connections(one.address), endpoint.connections(two.address)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_leaves_no_slot_taken() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    for _ in 0..30 {
        let mut client = connect(&endpoint).await;
        ask(&mut client, b'a').await;
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    }
    until("the server keeps connections", || server.open() == 0).await;
    until("the endpoint keeps connections", || endpoint.connections(server.address) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_ends_is_heard_to_the_end() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    let mut client = connect(&endpoint).await;
    let much = vec![b'a'; 200_000];
    let sent = much.len();
    let (mut from, mut to) = client.split();
    let mut answers = vec![0; 2 * sent];
    let (written, read) =
        timeout(PATIENCE, async { tokio::join!(to.write_all(&much), from.read_exact(&mut answers)) })
            .await
            .unwrap();
    written.unwrap();
    read.unwrap();
    drop(client);
    until("the server is told", || server.open() == 0).await;
    until("the endpoint forgets it", || endpoint.connections(server.address) == 0).await;
    assert_eq!(server.received(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_resets_or_is_dead_shows_as_a_reset() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    let mut client = connect(&endpoint).await;
    client.write_all(b"!").await.unwrap();
    let seen = timeout(PATIENCE, client.read(&mut [0])).await.unwrap();
    assert_eq!(seen.unwrap_err().kind(), ErrorKind::ConnectionReset);

    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    endpoint.lead_to(dead);
    // It can be faster than the connection's own completion.
    let seen = async { TcpStream::connect(endpoint.address()).await?.read(&mut [0]).await };
    let seen = timeout(PATIENCE, seen).await.unwrap();
    assert_eq!(seen.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(endpoint.connections(dead), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_a_black_hole_and_nobody_is_told() {
    let server = Server::start(b'1').await;
    for endpoint in
        [Endpoint::open(server.address).unwrap(), Endpoint::open_without_filters(server.address).unwrap()]
    {
        let mut client = connect(&endpoint).await;
        ask(&mut client, b'*').await;
        let mut leaver = connect(&endpoint).await;
        ask(&mut leaver, b'a').await;
        let open = server.open();

        let mechanism = endpoint.black_hole(server.address);
        let received = server.received();
        drain(&mut client).await;
        client.write_all(b"b").await.unwrap();
        SockRef::from(&leaver).set_linger(Some(Duration::ZERO)).unwrap();
        drop(leaver);

        assert_silent(&mut client).await;
        assert_eq!(server.received(), received, "{mechanism:?}");
        assert_eq!(server.open(), open, "the server hears of nobody's end: {mechanism:?}");
        assert_eq!(endpoint.connections(server.address), 2);
    }
}

/// How a true drop is told from a server that hangs: a client's unacknowledged bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_timeout_fires_when_packets_are_dropped_and_not_when_reading_stopped() {
    let server = Server::start(b'1').await;
    let filtered = Endpoint::open(server.address).unwrap();
    let stopped = Endpoint::open_without_filters(server.address).unwrap();
    let mut at_filtered = connect(&filtered).await;
    let mut at_stopped = connect(&stopped).await;
    for client in [&mut at_filtered, &mut at_stopped] {
        ask(client, b'a').await;
        SockRef::from(&*client).set_tcp_user_timeout(Some(USER_TIMEOUT)).unwrap();
    }
    let made = filtered.black_hole(server.address);
    assert_eq!(stopped.black_hole(server.address), Mechanism::Stopped);
    for client in [&mut at_filtered, &mut at_stopped] {
        client.write_all(b"b").await.unwrap();
    }
    match made {
        Mechanism::PacketFilter => {
            let seen = timeout(PATIENCE, at_filtered.read(&mut [0])).await.unwrap();
            assert_eq!(seen.unwrap_err().kind(), ErrorKind::TimedOut);
        }
        Mechanism::Stopped => assert_silent(&mut at_filtered).await,
    }
    sleep(2 * USER_TIMEOUT).await;
    assert_silent(&mut at_stopped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_get_no_answer_until_the_endpoint_leads_elsewhere() {
    let (lost, other) = (Server::start(b'1').await, Server::start(b'2').await);
    let endpoint = Endpoint::open(lost.address).unwrap();
    let mut old = connect(&endpoint).await;
    ask(&mut old, b'a').await;
    let mechanism = endpoint.black_hole(lost.address);

    let attempt = timeout(SILENCE, TcpStream::connect(endpoint.address())).await;
    match mechanism {
        Mechanism::PacketFilter => assert!(attempt.is_err(), "no handshake: {attempt:?}"),
        Mechanism::Stopped => assert_silent(&mut attempt.unwrap().unwrap()).await,
    }

    endpoint.lead_to(other.address);
    let mut new = connect(&endpoint).await;
    assert_eq!(ask(&mut new, b'b').await, b'2');
    old.write_all(b"c").await.unwrap();
    assert_silent(&mut old).await;

    endpoint.lead_to(lost.address);
    let attempt = timeout(SILENCE, TcpStream::connect(endpoint.address())).await;
    assert_eq!(attempt.is_err(), mechanism == Mechanism::PacketFilter, "it is still cut off");
    assert_eq!(ask(&mut new, b'd').await, b'2');
}

/// Root or not, in a container or not: a sandbox that is no Linux kernel is the only exception.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn linux_drops_packets_for_everybody() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    let mut client = connect(&endpoint).await;
    ask(&mut client, b'a').await;
    assert_eq!(endpoint.black_hole(server.address), Mechanism::PacketFilter);
}

/// Whoever asked for the lost server waits for that one, as with a name that moved; whoever asks now does not.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_from_before_the_move_is_not_answered_by_the_new_target() {
    let (lost, other) = (Server::start(b'1').await, Server::start(b'2').await);
    let endpoint = Endpoint::open(lost.address).unwrap();
    assert_eq!(endpoint.black_hole(lost.address), Mechanism::PacketFilter);
    let early = tokio::spawn(TcpStream::connect(endpoint.address()));
    sleep(Duration::from_millis(300)).await;
    endpoint.lead_to(other.address);
    let mut new = connect(&endpoint).await;
    assert_eq!(ask(&mut new, b'a').await, b'2');

    let mut early = timeout(PATIENCE, early).await.unwrap().unwrap().unwrap();
    early.write_all(b"b").await.unwrap();
    assert_silent(&mut early).await;
    assert_eq!((other.open(), endpoint.connections(lost.address)), (1, 0));

    endpoint.lift(lost.address);
    let mut answer = [0; 2];
    timeout(PATIENCE, early.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, *b"1b", "it reaches the server that it asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_lets_clients_in_and_never_answers_until_lifted() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open_without_filters(server.address).unwrap();
    assert_eq!(endpoint.black_hole(server.address), Mechanism::Stopped);
    let mut client = connect(&endpoint).await;
    client.write_all(b"a").await.unwrap();
    assert_silent(&mut client).await;
    assert_eq!((server.open(), endpoint.connections(server.address)), (0, 0));

    endpoint.lift(server.address);
    let mut answer = [0; 2];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, *b"1a");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lift_traffic_goes_on_and_who_left_is_found() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    let mut client = connect(&endpoint).await;
    ask(&mut client, b'a').await;
    let mut leaver = connect(&endpoint).await;
    ask(&mut leaver, b'a').await;

    let _ = endpoint.black_hole(server.address);
    client.write_all(b"b").await.unwrap();
    SockRef::from(&leaver).set_linger(Some(Duration::ZERO)).unwrap();
    drop(leaver);
    assert_silent(&mut client).await;
    endpoint.lift(server.address);

    let mut answer = [0; 2];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, *b"1b", "what was sent in the black hole arrives after it");
    until("who left is found", || endpoint.connections(server.address) == 1).await;
    assert_eq!(server.open(), 1);
    let mut new = connect(&endpoint).await;
    assert_eq!(ask(&mut new, b'c').await, b'1');
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_endpoint_leaves_no_port_and_no_connection() {
    let server = Server::start(b'1').await;
    let endpoint = Endpoint::open(server.address).unwrap();
    let address = endpoint.address();
    let mut client = connect(&endpoint).await;
    ask(&mut client, b'a').await;
    drop(endpoint);
    assert_eq!(timeout(PATIENCE, client.read(&mut [0])).await.unwrap().unwrap_or(0), 0);
    until("the server keeps it", || server.open() == 0).await;
    until("the port is free", || std::net::TcpListener::bind(address).is_ok()).await;
}
