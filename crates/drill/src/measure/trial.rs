//! One fresh process of a function: started, given one event, watched, ended.

use super::{
    certificate::Certificate,
    functions,
    process::Function,
    runtime_api::{Invocation, RuntimeApi, Said},
    services::Services,
};
use crate::error::DrillError;
use hyper::body::Bytes;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long a function may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every process of a measurement shares.
#[derive(Debug)]
pub(super) struct Ground {
    /// The folder of the run.
    pub(super) folder: PathBuf,
    pub(super) plan: PathBuf,
    /// The roots, as PEM.
    pub(super) roots: PathBuf,
    pub(super) certificate: Certificate,
}

/// What one process showed.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    /// From its start to its first question for an event.
    pub(super) start: Duration,
    /// Processor time until then; none where the system does not tell.
    pub(super) start_cpu: Option<Duration>,
    /// Connections to services until then.
    pub(super) start_connections: usize,
    /// From the event's handing over to its answer.
    pub(super) first: Duration,
    pub(super) first_cpu: Option<Duration>,
    /// Connections that the first event added.
    pub(super) first_connections: usize,
    /// The most memory it ever had, in bytes.
    pub(super) peak: Option<u64>,
    /// What the function answered, or what it reported when the event failed.
    pub(super) outcome: Result<Value, String>,
}

/// Starts `function` anew, over TLS or without, and gives it its sample.
pub(super) async fn run(
    ground: &Ground,
    function: &str,
    binary: &Path,
    over_tls: bool,
) -> Result<Trial, DrillError> {
    let event = functions::event(functions::sample(function))?.to_string();
    let certificate = over_tls.then_some(&ground.certificate);
    let services = Services::start(certificate, functions::items(function)?).await?;
    let mut api = RuntimeApi::start().await?;
    let mut variables: Vec<(&str, String)> = functions::variables(function, &ground.plan);
    let addresses = services.variables();
    variables.extend(addresses.iter().map(|(name, url)| (name.as_str(), url.clone())));
    variables.extend(lambdas(function, &api, &ground.roots));

    let log = ground.folder.join(format!("{function}.log"));
    let began = Instant::now();
    let mut process = Function::start(binary, &variables, &log)?;
    let (ready, invocation) = next(&mut api, &mut process, function, &log).await?;
    let start_cpu = process.spent().await;
    let start_connections = services.connections();

    let handed_over = Instant::now();
    let _ = invocation.send(Bytes::from(event));
    let (answered, outcome) = match said(&mut api, &mut process, function, &log).await? {
        Said::Answered(at, answer) => (at, Ok(serde_json::from_slice(&answer).unwrap_or_default())),
        Said::Failed(at, why) => (at, Err(String::from_utf8_lossy(&why).into_owned())),
        Said::Next(..) | Said::NotStarted(_) => {
            return Err(odd(function, "asked for another event before it answered the first", &log));
        }
    };
    // It asks again only when everything of the first event is done. The answer is never sent.
    let (_, _again) = next(&mut api, &mut process, function, &log).await?;
    let both = process.spent().await;
    let trial = Trial {
        start: ready.saturating_duration_since(began),
        start_cpu,
        start_connections,
        first: answered.saturating_duration_since(handed_over),
        first_cpu: both.zip(start_cpu).map(|(both, start)| both.saturating_sub(start)),
        first_connections: services.connections() - start_connections,
        peak: process.peak(),
        outcome,
    };
    process.end().await;
    Ok(trial)
}

/// What Lambda gives every function, and where it finds the roots.
fn lambdas(function: &str, api: &RuntimeApi, roots: &Path) -> Vec<(&'static str, String)> {
    let text = |value: &str| value.to_owned();
    vec![
        ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", text(function)),
        ("AWS_LAMBDA_FUNCTION_VERSION", text("$LATEST")),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", text("256")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", text("measured")),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", text("on-demand")),
        ("AWS_REGION", text(functions::REGION)),
        ("AWS_ACCESS_KEY_ID", text("measured")),
        ("AWS_SECRET_ACCESS_KEY", text("measured")),
        ("AWS_SESSION_TOKEN", text("measured")),
        ("SSL_CERT_FILE", roots.display().to_string()),
    ]
}

async fn next(
    api: &mut RuntimeApi,
    process: &mut Function,
    function: &str,
    log: &Path,
) -> Result<(Instant, Invocation), DrillError> {
    match said(api, process, function, log).await? {
        Said::Next(at, invocation) => Ok((at, invocation)),
        Said::NotStarted(why) => Err(odd(function, &String::from_utf8_lossy(&why), log)),
        Said::Answered(..) | Said::Failed(..) => Err(odd(function, "answered an event twice", log)),
    }
}

async fn said(
    api: &mut RuntimeApi,
    process: &mut Function,
    function: &str,
    log: &Path,
) -> Result<Said, DrillError> {
    tokio::select! {
        said = api.said() => said.ok_or_else(|| odd(function, "lost its runtime API", log)),
        ended = process.child.wait() => {
            let how = ended.map_or_else(|e| e.to_string(), |status| status.to_string());
            Err(odd(function, &format!("ended ({how})"), log))
        }
        () = tokio::time::sleep(PATIENCE) => {
            Err(odd(function, &format!("said nothing for {} s", PATIENCE.as_secs()), log))
        }
    }
}

/// What went wrong, with the last lines of what the function said.
fn odd(function: &str, what: &str, log: &Path) -> DrillError {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n");
    DrillError::NotReady(format!("{function} {what}. The last that it said:\n{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a measurement needs, in a folder that goes with it.
    fn ground() -> (Ground, crate::run_folder::RunFolder) {
        let run = crate::run_folder::RunFolder::fresh(&std::env::temp_dir().join("mainstay-trials")).unwrap();
        let folder = run.path().to_owned();
        let certificate = Certificate::make().unwrap();
        let roots = folder.join("roots.pem");
        std::fs::write(&roots, &certificate.roots).unwrap();
        (Ground { plan: folder.join("plan.toml"), folder, roots, certificate }, run)
    }

    #[tokio::test]
    async fn a_function_that_does_not_start_is_named_with_what_it_said() {
        let (ground, _run) = ground();
        let script = ground.folder.join("function");
        std::fs::write(&script, "#!/bin/sh\necho the table is missing\nexit 3\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let error = run(&ground, "notifier", &script, true).await.unwrap_err().to_string();
        assert!(error.contains("notifier ended (exit status: 3)"), "{error}");
        assert!(error.contains("the table is missing"), "{error}");
    }

    #[tokio::test]
    async fn a_binary_that_is_not_there_is_named() {
        let (ground, _run) = ground();
        let error = run(&ground, "notifier", Path::new("/nowhere/notifier"), false).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/notifier could not be started"), "{error}");
    }
}
