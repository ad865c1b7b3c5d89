//! A PostgreSQL server and a task of the shop, for one test each.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use real_estate::postgres::{self, Binaries, Login, Replication, Servers};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

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
    servers: Servers,
    pub(crate) port: u16,
    pub(crate) admin: tokio_postgres::Client,
}

const INSTANCE: &str = "orders-1";

impl Database {
    pub(crate) async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let binaries = Binaries::find(None, root).unwrap();
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("mainstay-test-shop-{}-{number}", std::process::id()));
        let instances = [INSTANCE.to_owned()];
        let servers =
            Servers::start(&binaries, &folder, &instances, Replication::Asynchronous).await.unwrap();
        let port = servers.address(INSTANCE).unwrap().port();
        let admin = connect(&servers, "admin").await;
        Self { servers, port, admin }
    }

    /// A session that keeps every write waiting until it ends. One of its own: what a transaction sees of the
    /// server's activity does not change until its end.
    pub(crate) async fn lock(&self) -> tokio_postgres::Client {
        let session = connect(&self.servers, "lock").await;
        session.batch_execute("BEGIN; LOCK TABLE writes").await.unwrap();
        session
    }

    /// The processes of the server that serve the shop's connections.
    pub(crate) async fn connections(&self) -> Vec<i32> {
        let question = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' \
                        AND usename = current_user AND application_name NOT IN ('admin', 'lock') ORDER BY pid";
        self.admin.query(question, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Refuses writes and keeps its connections, as a demoted writer does.
    pub(crate) async fn demote(&self) {
        self.servers.demote(INSTANCE).await.unwrap();
    }
}

async fn connect(servers: &Servers, name: &str) -> tokio_postgres::Client {
    let (address, login) = (servers.address(INSTANCE).unwrap(), servers.login());
    postgres::connect(login.at(address).application_name(name)).await.unwrap()
}

/// A running task of the shop.
pub(crate) struct Shop {
    pub(crate) process: Child,
    pub(crate) lifeline: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
}

impl Shop {
    /// A task that writes to this database.
    pub(crate) fn of(database: &Database, pool: &str, service: &str) -> Self {
        Self::start(pool, service, database.port, database.servers.login())
    }

    /// A task whose database is not there.
    pub(crate) fn without_database(pool: &str, service: &str, port: u16) -> Self {
        let nobody = |word: &str| word.to_owned();
        let login = Login { user: nobody("shop"), password: nobody("x"), database: nobody("postgres") };
        Self::start(pool, service, port, &login)
    }

    pub(crate) fn start(pool: &str, service: &str, database_port: u16, login: &Login) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .env_clear()
            .envs([("SHOP_SERVICE", service), ("SHOP_TASK", "t1"), ("SHOP_PORT", "0"), ("SHOP_POOL", pool)])
            .envs([("DATABASE_HOST", "127.0.0.1"), ("DATABASE_NAME", &login.database)])
            .env("DATABASE_PORT", database_port.to_string())
            .envs([("DATABASE_USER", &login.user), ("DATABASE_PASSWORD", &login.password)])
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
