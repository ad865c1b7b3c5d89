//! What the first call over TLS costs, with the client as the functions make it. "First" is said of a process, so
//! each measurement has one of its own: this test starts itself.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test, and a child that tells its parent")]

use aws::{Rds, function};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::time::{ClockId, clock_gettime};
use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// The name of the test, by which it starts itself.
const TEST: &str = "the_first_call_over_tls_costs_under_5_ms_of_cpu";
/// Set in a child: it makes the call and tells its cost.
const CHILD: &str = "MAINSTAY_FIRST_CALL";
const LIMIT: Duration = Duration::from_millis(5);
/// Fresh processes at most. The cheapest counts: a busy machine makes a call dearer, never cheaper.
const PROCESSES: usize = 20;
const TOLD: &str = "the first call took ns of CPU: ";

#[test]
fn the_first_call_over_tls_costs_under_5_ms_of_cpu() {
    if std::env::var_os(CHILD).is_some() {
        return first_call();
    }
    let (tls, root) = certified();
    let root = RootFile::write(&root);
    let server = serve(Some(tls));
    let mut costs = Vec::new();
    while costs.len() < PROCESSES && !costs.iter().any(|cost| *cost < LIMIT) {
        costs.push(child(&server, &root));
    }
    let plain = child(&serve(None), &root);
    println!("the first call: {costs:?} over TLS, {plain:?} without");
    let least = costs.iter().min();
    assert!(
        least.is_some_and(|cost| *cost < LIMIT),
        "over TLS {costs:?}, without {plain:?}, limit {LIMIT:?}"
    );
}

/// In a process of its own: one harmless read, as a function's warming does it.
fn first_call() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cost = runtime.block_on(async {
        let rds = Rds::new(&function::config().await);
        let before = cpu();
        rds.warm().await;
        cpu().saturating_sub(before)
    });
    println!("{TOLD}{}", cost.as_nanos());
}

/// What this process has spent so far, all of its threads together.
fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).expect("below a second"))
}

fn child(server: &Server, root: &RootFile) -> Duration {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args([TEST, "--exact", "--nocapture"])
        // Nothing of this machine's configuration of AWS, or of a proxy.
        .env_clear()
        .envs([
            (CHILD, "1"),
            ("AWS_REGION", "ca-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &server.url),
        ])
        .env("SSL_CERT_FILE", &root.0)
        .output()
        .expect("this test, once more");
    let told = String::from_utf8_lossy(&output.stdout);
    let nanos = told.lines().find_map(|line| line.split(TOLD).nth(1)?.parse().ok());
    let answered = server.answered.recv_timeout(Duration::from_secs(10));
    assert!(answered.is_ok(), "the call did not arrive: {told}{}", String::from_utf8_lossy(&output.stderr));
    Duration::from_nanos(nanos.expect("a cost"))
}

/// A server's certificate for `localhost`, and the root that signed it.
fn certified() -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).expect("a root").pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.expect("TLS 1.3").with_no_client_auth();
    (Arc::new(config.with_single_cert(vec![leaf.der().clone()], key).expect("a pair")), root)
}

/// The root in a file, as the native roots are; removed with the test.
struct RootFile(PathBuf);

impl RootFile {
    fn write(pem: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mainstay-first-call-{}.pem", std::process::id()));
        std::fs::write(&path, pem).expect("a file for the root");
        Self(path)
    }
}

impl Drop for RootFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Server {
    url: String,
    /// One message for each call that was answered.
    answered: mpsc::Receiver<()>,
}

/// Answers each call with an error of RDS, in this process: its own work is not counted.
fn serve(tls: Option<Arc<ServerConfig>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://localhost:{}", listener.local_addr().expect("an address").port());
    let (told, answered) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let done = match &tls {
                None => answer(&mut stream),
                Some(config) => {
                    let mut connection = ServerConnection::new(config.clone()).expect("a connection");
                    answer(&mut rustls::Stream::new(&mut connection, &mut stream))
                }
            };
            if done.is_ok() && told.send(()).is_err() {
                return;
            }
        }
    });
    Server { url, answered }
}

/// Reads one request and refuses it.
fn answer(stream: &mut (impl Read + Write)) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().map_err(std::io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
    let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n", body.len());
    let stream = stream.get_mut();
    stream.write_all((head + body).as_bytes())?;
    stream.flush()
}
