//! A PostgreSQL server and a task of the shop, for one test each.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres::NoTls;

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "not a secret: it lives as long as the test";
/// PostgreSQL refuses to run as root; this is nobody.
const ORDINARY: u32 = 65534;

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

/// Waits for something that must come.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a process that the test started.
pub(crate) fn signal(name: &str, process: &Child) {
    let sent = Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A server with the table `writes`, in a fresh folder.
pub(crate) struct Database {
    process: Child,
    folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) admin: tokio_postgres::Client,
}

/// Where PostgreSQL's programs are: of `PATH`, or the newest that a distribution installed.
fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    std::env::split_paths(&path).chain(installed.into_iter().rev()).find(has_all)
}

/// A program of PostgreSQL, as an ordinary user even when the test is root.
fn program(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(folder.join(name));
    command.current_dir("/").env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if is_root() {
        command.uid(ORDINARY).gid(ORDINARY);
    }
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Database {
    /// None on a machine without PostgreSQL, which is then said.
    pub(crate) async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("no PostgreSQL on this machine: nothing was tested");
            return None;
        };
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("shop-test-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let secret = folder.join("password");
        fs::write(&secret, PASSWORD).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            chown(&folder, Some(ORDINARY), Some(ORDINARY)).unwrap();
            chown(&secret, Some(ORDINARY), Some(ORDINARY)).unwrap();
        }
        let data = folder.join("data");
        let made = program(&programs, "initdb")
            .args(["-U", "shop", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"])
            .arg("--pwfile")
            .arg(&secret)
            .arg("-D")
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = program(&programs, "postgres")
            .args(["-k", "", "-h", "127.0.0.1", "-F", "-p", &port.to_string(), "-D"])
            .arg(&data)
            .spawn()
            .unwrap();
        let admin = connect(port).await;
        admin
            .batch_execute(
                "CREATE TABLE writes (service text, task text, n bigint, \
                 at timestamptz DEFAULT clock_timestamp(), server int, PRIMARY KEY (service, n))",
            )
            .await
            .unwrap();
        Some(Self { process, folder, port, admin })
    }

    /// A session that keeps every write waiting until it ends. One of its own: what a transaction sees of the
    /// server's activity does not change until its end.
    pub(crate) async fn lock(&self) -> tokio_postgres::Client {
        let session = connect(self.port).await;
        session.batch_execute("SET application_name = 'lock'; BEGIN; LOCK TABLE writes").await.unwrap();
        session
    }

    /// The processes of the server that serve the shop's connections.
    pub(crate) async fn connections(&self) -> Vec<i32> {
        let question = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' \
                        AND pid <> pg_backend_pid() AND application_name <> 'lock' ORDER BY pid";
        self.admin.query(question, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// All sessions but this one may only read, from their next transaction on, as on a demoted writer.
    pub(crate) async fn set_read_only(&self, read_only: bool) {
        let change = format!("ALTER SYSTEM SET default_transaction_read_only = {read_only}");
        self.admin.batch_execute(&change).await.unwrap();
        self.admin.execute("SELECT pg_reload_conf()", &[]).await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A fast stop: it ends its own processes and gives its shared memory back.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", "INT", &pid]).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn connect(port: u16) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("shop").password(PASSWORD).dbname("postgres");
    // The server's own default must not keep the test from undoing it.
    config.options("-c default_transaction_read_only=off");
    let since = Instant::now();
    loop {
        match config.connect(NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                return client;
            }
            Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A running task of the shop.
pub(crate) struct Shop {
    pub(crate) process: Child,
    pub(crate) lifeline: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
}

impl Shop {
    pub(crate) fn start(pool: &str, service: &str, database_port: u16) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .env_clear()
            .envs([("SHOP_SERVICE", service), ("SHOP_TASK", "t1"), ("SHOP_PORT", "0"), ("SHOP_POOL", pool)])
            .envs([("DATABASE_HOST", "127.0.0.1"), ("DATABASE_USER", "shop"), ("DATABASE_NAME", "postgres")])
            .env("DATABASE_PORT", database_port.to_string())
            .env("DATABASE_PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lifeline = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
        Self { process, lifeline, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// The status and the body of the answer.
    pub(crate) async fn ask(&self, method: &str, target: &str) -> (u16, Value) {
        ask(self.address, method, target).await
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        until("the task ends", async || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.and_then(|status| status.code())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) async fn ask(address: SocketAddr, method: &str, target: &str) -> (u16, Value) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {target} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
