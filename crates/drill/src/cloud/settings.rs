//! How a local cloud is to be, and the environment that follows from it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};

/// How a local cloud is to be.
#[derive(Debug, Clone)]
pub struct CloudSettings {
    /// The folder under which `.mainstay/venv` is made.
    pub root: PathBuf,
    /// Everything that this cloud writes is under here: log, uploads, the unpacked functions.
    pub run_dir: PathBuf,
    /// The port on 127.0.0.1; none means a free one.
    pub port: Option<u16>,
    /// The account, 12 digits. It is the access key of every call as well.
    pub account: String,
    /// The region that calls without one mean.
    pub region: String,
    /// Where the functions reach RDS; none means the local cloud's own.
    pub endpoint_rds: Option<String>,
    /// Where the functions reach ECS; none means the local cloud's own.
    pub endpoint_ecs: Option<String>,
    /// The secret by which the estate's events may have an `aws.*` source.
    pub event_token: String,
    /// Seconds before an asynchronous event is tried again (AWS: 60, then 120), multiplied by the try.
    pub retry_after_s: f64,
    /// More variables for the functions, such as `RUST_LOG`.
    pub environment: BTreeMap<String, String>,
}

impl CloudSettings {
    /// Settings with a free port, a token of its own, and the demo's account and region.
    #[must_use]
    pub fn new(root: &Path, run_dir: &Path) -> Self {
        Self {
            root: root.to_owned(),
            run_dir: run_dir.to_owned(),
            port: None,
            account: "123456789012".to_owned(),
            region: "ca-central-1".to_owned(),
            endpoint_rds: None,
            endpoint_ecs: None,
            event_token: random_token(),
            retry_after_s: 0.2,
            environment: BTreeMap::new(),
        }
    }
}

/// The whole environment of the cloud and of its functions.
pub(super) fn variables(settings: &CloudSettings, port: u16) -> Vec<(String, String)> {
    let dir = settings.run_dir.display();
    let mut variables: Vec<(String, String)> = [
        ("PATH", std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", dir.to_string()),
        ("TMPDIR", format!("{dir}/tmp")),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("GATEWAY_PORT", port.to_string()),
        ("STATE_DIR", format!("{dir}/state")),
        ("S3_DATA_DIR", format!("{dir}/s3")),
        ("MINISTACK_ACCOUNT_ID", settings.account.clone()),
        ("MINISTACK_REGION", settings.region.clone()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("SFTP_ENABLED", "0".to_owned()),
        ("LAMBDA_ASYNC_RETRY_BASE_SECONDS", settings.retry_after_s.to_string()),
        ("MAINSTAY_EVENT_TOKEN", settings.event_token.clone()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for (name, endpoint) in
        [("AWS_ENDPOINT_URL_RDS", &settings.endpoint_rds), ("AWS_ENDPOINT_URL_ECS", &settings.endpoint_ecs)]
    {
        variables.extend(endpoint.iter().map(|url| (name.to_owned(), url.clone())));
    }
    variables.extend(settings.environment.clone());
    variables
}

/// 128 bits that nobody else on this machine can guess.
fn random_token() -> String {
    let half = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}
