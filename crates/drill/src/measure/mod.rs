//! `cargo drill measure`: what each function costs on this machine when it is cold.
//!
//! The real binaries run under a stand-in of Lambda's runtime API, and call stand-ins of AWS over HTTPS with a
//! certificate made on the spot. They are told nothing but what Lambda and the template tell them, the addresses by the
//! SDK's own variables, and the roots by `SSL_CERT_FILE`. Each process serves one event. The same is done without TLS:
//! the difference is what TLS costs.

mod certificate;
mod functions;
mod http;
mod process;
mod runtime_api;
mod services;
mod size;
mod summary;
mod table;
mod trial;

use crate::{
    artifacts::{self, Build},
    cli::MeasureArgs,
    error::DrillError,
    run_folder::RunFolder,
    view::View,
};
use certificate::Certificate;
use serde::Serialize;
use serde_json::Value;
use trial::Ground;

pub use summary::{Shown, Spread, TlsCost};

/// What TLS may cost for each connection that a starting function makes, in milliseconds of processor time.
pub const LIMIT_CPU_MS: f64 = 5.0;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Document {
    /// Whether TLS costs every function less than the limit (true where the system does not tell).
    pub passed: bool,
    /// `release`, as it is deployed, or `dev`.
    pub profile: &'static str,
    /// Fresh processes of each function, of each kind (over TLS, without).
    pub runs: usize,
    /// [`LIMIT_CPU_MS`].
    pub limit_cpu_ms: f64,
    /// The functions.
    pub functions: Vec<Measured>,
}

/// What was measured of a function.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Its name.
    pub function: String,
    /// The file of `events/` that it was invoked with.
    pub sample: String,
    /// What it answered to it.
    pub answer: Value,
    /// What it reported when the sample failed; nothing when it answered.
    pub sample_failed: Option<String>,
    /// The binary's size in MB (10⁶ bytes).
    pub binary_mb: f64,
    /// The size of the zip that is deployed, in MB; none for a `dev` build.
    pub zip_mb: Option<f64>,
    /// What it showed over TLS.
    pub over_tls: Shown,
    /// What it showed without.
    pub without_tls: Shown,
    /// What TLS costs while it starts; none where the system does not tell.
    pub tls: Option<TlsCost>,
}

/// Builds what is asked for and measures it.
///
/// # Errors
/// What could not be built or started, or a function that did not serve.
pub async fn measure(args: &MeasureArgs, view: &mut View) -> Result<Document, DrillError> {
    let wanted: Vec<&str> = match args.function.as_slice() {
        [] => artifacts::MEASURED.to_vec(),
        some => some.iter().map(String::as_str).collect(),
    };
    let build = if args.dev { Build::Dev } else { Build::Release };
    view.say(match build {
        Build::Dev => "building the functions",
        Build::Release => "building the functions as they are deployed (minutes when nothing is built yet)",
    });
    let names: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
    tokio::task::spawn_blocking(move || artifacts::build_functions(&names, build))
        .await
        .map_err(|e| DrillError::Cargo { what: e.to_string() })??;

    let root = artifacts::repository();
    let run = RunFolder::fresh(&root.join(".mainstay/runs"))?;
    let certificate = Certificate::make()?;
    let roots = run.path().join("roots.pem");
    std::fs::write(&roots, &certificate.roots)
        .map_err(|source| DrillError::File { path: roots.clone(), source })?;
    let ground = Ground { folder: run.path().to_owned(), plan: root.join("plan.toml"), roots, certificate };

    let mut functions = Vec::new();
    for function in wanted {
        view.say(&format!("{function}: {} processes over TLS, {0} without", args.runs));
        functions.push(one(&ground, function, build, args.runs).await?);
    }
    view.end();
    Ok(Document {
        passed: functions.iter().all(|f| f.tls.is_none_or(|tls| tls.passed)),
        profile: build.profile(),
        runs: args.runs,
        limit_cpu_ms: LIMIT_CPU_MS,
        functions,
    })
}

/// As people read it.
#[must_use]
pub fn text(document: &Document) -> String {
    table::text(document)
}

async fn one(ground: &Ground, function: &str, build: Build, runs: usize) -> Result<Measured, DrillError> {
    let binary = artifacts::built(function, build);
    // The first process reads the binary from the disk; on Lambda that is over before the start is counted.
    trial::run(ground, function, &binary, true).await?;
    let (mut over_tls, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        over_tls.push(trial::run(ground, function, &binary, true).await?);
        plain.push(trial::run(ground, function, &binary, false).await?);
    }
    let (bytes, zip) = tokio::task::spawn_blocking(move || size::of(&binary, build))
        .await
        .map_err(|e| DrillError::NotReady(e.to_string()))??;
    let none = || DrillError::NotReady(format!("{function} was not measured: no runs"));
    Ok(Measured {
        function: function.to_owned(),
        sample: format!("events/{}.json", functions::sample(function)),
        answer: over_tls.first().and_then(|t| t.outcome.clone().ok()).unwrap_or_default(),
        sample_failed: over_tls.iter().find_map(|t| t.outcome.clone().err()),
        binary_mb: summary::megabytes(bytes),
        zip_mb: zip.map(summary::megabytes),
        over_tls: Shown::of(&over_tls).ok_or_else(none)?,
        without_tls: Shown::of(&plain).ok_or_else(none)?,
        tls: TlsCost::of(&over_tls, &plain, LIMIT_CPU_MS),
    })
}
