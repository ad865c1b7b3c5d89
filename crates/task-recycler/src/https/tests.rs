//! A check against a server on loopback, at an address that only the test allows.

use super::*;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

const HOST: &str = "orders-api.example.com";

/// An HTTPS server that answers each connection with these bytes; it remembers the requests.
struct Server {
    address: SocketAddr,
    tls: TlsConnector,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: &'static str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).await.unwrap_or(0);
                    seen.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        Self { address, tls: connector(roots).unwrap(), asked }
    }

    async fn ask(&self, url: &str) -> Result<PoolAnswer, Unanswered> {
        let (addresses, uri) = ([self.address], url.parse().unwrap());
        let asked = ask_at(&self.tls, &addresses, &uri);
        tokio::time::timeout(Duration::from_secs(5), asked).await.expect("in time")
    }
}

async fn said(answer: &'static str) -> Result<PoolAnswer, Unanswered> {
    Server::answering(answer).await.ask("https://orders-api.example.com/pool").await
}

#[tokio::test]
async fn a_server_answers_which_database_its_pool_writes_to() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\
         {\"server\":\"orders-2\",\"in_recovery\":false,\"more\":1}",
    )
    .await;
    let answer = server.ask("https://orders-api.example.com/pool?which=writer").await.unwrap();
    assert_eq!(answer, PoolAnswer { server: "orders-2".to_owned(), in_recovery: false });
    let request = server.asked.lock().unwrap().remove(0).to_ascii_lowercase();
    assert!(request.starts_with("get /pool?which=writer http/1.1\r\n"), "{request}");
    assert!(request.contains("host: orders-api.example.com\r\n"), "{request}");
}

#[tokio::test]
async fn what_is_no_answer_says_why_and_whether_to_ask_again() {
    let table = [
        (
            "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n",
            "redirects are not followed",
            false,
        ),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "it answered 503", true),
        ("HTTP/1.1 200 OK\r\n\r\n{\"server\":\"orders-2\"}", "its answer is not", true),
        ("HTTP/1.1 200 OK\r\n\r\n{\"server\":null,\"in_recovery\":false}", "its answer is not", true),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "its answer is not", true),
        ("nonsense\r\n\r\n", "the connection broke", true),
        ("", "the connection broke", true),
    ];
    for (answer, why, passes) in table {
        let error = said(answer).await.expect_err(answer);
        assert!(error.reason.contains(why), "{answer}: {error:?}");
        assert_eq!(error.passes, passes, "{answer}");
    }
}

#[tokio::test]
async fn a_redirect_is_asked_nowhere_else() {
    let server = Server::answering("HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n\r\n").await;
    assert!(server.ask("https://orders-api.example.com/pool").await.is_err());
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let body: &'static str = Box::leak(
        format!("HTTP/1.1 200 OK\r\n\r\n{{\"server\":\"{}\"}}", "x".repeat(100_000)).into_boxed_str(),
    );
    let error = said(body).await.unwrap_err();
    assert!(error.reason.contains("can't be read"), "{error:?}");
    let head: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000)).into_boxed_str());
    assert!(said(head).await.unwrap_err().reason.contains("the connection broke"));
}

#[tokio::test]
async fn a_certificate_of_another_name_or_authority_is_refused() {
    let answer = "HTTP/1.1 200 OK\r\n\r\n{\"server\":\"orders-2\",\"in_recovery\":false}";
    let server = Server::answering(answer).await;
    let error = server.ask("https://other.example.com/pool").await.unwrap_err();
    assert!(error.reason.starts_with("TLS with other.example.com failed"), "{error:?}");
    let stranger = Server::answering(answer).await;
    let uri = "https://orders-api.example.com/pool".parse().unwrap();
    let error = ask_at(&server.tls, &[stranger.address], &uri).await.unwrap_err();
    assert!(error.reason.starts_with("TLS with"), "{error:?}");
    assert!(stranger.asked.lock().unwrap().is_empty() && server.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_to_the_machine_itself_is_not_even_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let url = format!("https://localhost:{port}/pool");
    for allow_private in [false, true] {
        let check = Check { url: url.clone(), allow_private, answer_within: Span::from_secs(3) };
        let error = Https::new(None).ask(&check).await.unwrap_err();
        assert!(error.reason.contains("never asked") && !error.passes, "{error:?}");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn in_a_drill_its_front_is_asked_in_place_of_what_a_name_leads_to() {
    let answer = "HTTP/1.1 200 OK\r\n\r\n{\"server\":\"orders-2\",\"in_recovery\":false}";
    let server = Server::answering(answer).await;
    let checks = Https { tls: OnceLock::from(Ok(server.tls.clone())), front: Some(server.address) };
    let check = |host: &str| Check {
        url: format!("https://{host}/pool"),
        allow_private: false,
        answer_within: Span::from_secs(3),
    };
    assert_eq!(checks.ask(&check(HOST)).await.unwrap().server, "orders-2");
    // A front without a certificate for the name is not believed.
    let error = checks.ask(&check("other.example.com")).await.unwrap_err();
    assert!(error.reason.starts_with("TLS with other.example.com failed"), "{error:?}");
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn where_there_is_no_way_it_says_so_and_in_time() {
    // A port that was free a moment ago.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = Server::answering("").await;
    let uri: Uri = "https://orders-api.example.com/pool".parse().unwrap();
    let error = ask_at(&server.tls, &[closed], &uri).await.unwrap_err();
    assert!(error.reason.contains("there is no way to") && error.passes, "{error:?}");
    let error = exchange_with_silence().await.unwrap_err();
    assert_eq!(error.reason, "no answer within 1s");
}

/// A check of a name that the test cannot resolve in any way but slowly or not at all must end in its time: here the
/// time is what is tested, on a stream that never answers.
async fn exchange_with_silence() -> Result<PoolAnswer, Unanswered> {
    let (ours, _theirs) = tokio::io::duplex(64);
    let uri: Uri = "https://orders-api.example.com/pool".parse().unwrap();
    within(Span::from_secs(1), exchange(ours, &uri)).await
}
