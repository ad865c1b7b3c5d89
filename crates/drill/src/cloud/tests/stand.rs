//! A running cloud with the test template, for the smoke tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cloud::{Cloud, CloudSettings, Deployment, Stack};

/// A cloud of its own, its stack, and the file in which the function writes down what it got.
pub(super) struct Stand {
    pub(super) cloud: Cloud,
    pub(super) stack: Stack,
    pub(super) record: PathBuf,
}

/// The root of the workspace: the Python environment is shared with every other drill here.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

pub(super) fn run_dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("mainstay-cloud-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

pub(super) fn settings(name: &str) -> CloudSettings {
    let mut settings = CloudSettings::new(&root(), &run_dir(name));
    settings.endpoint_rds = Some("http://127.0.0.1:1/rds".to_owned());
    settings.endpoint_ecs = Some("http://127.0.0.1:1/ecs".to_owned());
    settings
}

/// The function of `examples/recorder.rs`, which cargo builds beside the tests.
pub(super) fn recorder() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join("recorder")
}

impl Stand {
    pub(super) async fn start(name: &str) -> Self {
        let cloud = Cloud::start(settings(name)).await.unwrap();
        let record = cloud.settings().run_dir.join("record.jsonl");
        let stack = cloud.deploy(deployment(&record)).await.unwrap();
        Self { cloud, stack, record }
    }

    /// The events that the function got so far.
    pub(super) fn recorded(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.record).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits for an event of the function that fits.
    pub(super) async fn recorded_one(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, async || self.recorded().into_iter().find(&fits)).await
    }
}

pub(super) fn deployment(record: &Path) -> Deployment {
    Deployment {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("local_cloud/testdata/template.yaml"),
        stack: "smoke".to_owned(),
        parameters: BTreeMap::from([("RecordFile".to_owned(), record.to_str().unwrap().to_owned())]),
        artifacts: BTreeMap::from([("Recorder".to_owned(), recorder())]),
    }
}

/// Looks every 50 ms, for at most 20 s.
pub(super) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
