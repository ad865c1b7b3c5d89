//! A running cloud with the test template, for the smoke tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cloud::{Cloud, CloudSettings, Deployment, Stack};

/// A cloud, its stack, and the file in which the function writes down what it got.
pub(super) struct Stand {
    pub(super) cloud: Cloud,
    pub(super) stack: Stack,
    record: PathBuf,
    /// Removed after the cloud has ended: fields are dropped in order.
    _run_dir: RunDir,
}

/// A folder that goes when the test ends.
pub(super) struct RunDir(pub(super) PathBuf);

impl RunDir {
    pub(super) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("mainstay-cloud-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// Settings whose RDS and ECS are nowhere: no smoke test calls them.
    pub(super) fn settings(&self) -> CloudSettings {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let mut settings = CloudSettings::new(root, &self.0);
        settings.endpoint_rds = Some("http://127.0.0.1:1/rds".to_owned());
        settings.endpoint_ecs = Some("http://127.0.0.1:1/ecs".to_owned());
        settings
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The stand that tests share as long as one of them uses it.
static SHARED: Mutex<Weak<Stand>> = Mutex::new(Weak::new());

/// The shared stand; started if nobody else is using it.
pub(super) fn shared() -> Arc<Stand> {
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(stand) = shared.upgrade() {
        return stand;
    }
    let start = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Stand::start("shared"))
    };
    let stand = Arc::new(std::thread::spawn(start).join().unwrap());
    *shared = Arc::downgrade(&stand);
    stand
}

impl Stand {
    pub(super) async fn start(name: &str) -> Self {
        let run_dir = RunDir::new(name);
        let cloud = Cloud::start(run_dir.settings()).await.unwrap();
        let record = run_dir.0.join("record.jsonl");
        let stack = cloud.deploy(deployment(&record)).await.unwrap();
        Self { cloud, stack, record, _run_dir: run_dir }
    }

    /// The events that the function got so far.
    pub(super) fn recorded(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.record).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for an event of the function that fits.
    pub(super) async fn recorded_one(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, async || self.recorded().into_iter().find(&fits)).await
    }
}

/// The function of `examples/recorder.rs`. Cargo leaves examples as they are when tests are picked by name.
fn recorder() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "recorder", "--manifest-path"]).arg(manifest);
        assert!(cargo.status().unwrap().success(), "the function of the tests could not be built");
        let tests = std::env::current_exe().unwrap();
        tests.ancestors().nth(2).unwrap().join("examples").join("recorder")
    })
}

pub(super) fn deployment(record: &Path) -> Deployment {
    Deployment {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("local_cloud/testdata/template.yaml"),
        stack: "smoke".to_owned(),
        parameters: BTreeMap::from([("RecordFile".to_owned(), record.to_str().unwrap().to_owned())]),
        artifacts: BTreeMap::from([("Recorder".to_owned(), recorder().to_owned())]),
    }
}

/// Looks every 50 ms, for at most 30 s.
pub(super) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
}
