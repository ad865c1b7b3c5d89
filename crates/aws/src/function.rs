//! What a Lambda function needs around its steps: logs, environment, clients, errors with stable names.
//!
//! A `main.rs` reads the environment, makes its adapters, warms them and calls [`serve`]; nothing more.

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use recovery::{CallError, StepError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, future::Future, path::Path, time::Duration};
use tracing::{Instrument, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

pub use crate::sdk::config;

/// How long warming the clients may take. A service that does not answer must not keep a function from starting.
const WARMING: Duration = Duration::from_secs(1);

/// Writes logs to stdout as JSON, one object a line with `timestamp`, `level` and `message` at the top, as
/// Lambda's log filters expect. The level comes from `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else `INFO`.
/// Libraries are kept at warnings: at finer levels they print whole events and requests.
pub fn trace() {
    let level = level(&environment());
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false).with_target(false);
    // A second call (in a test) finds the subscriber set already, which is what it wants.
    let _ = tracing_subscriber::registry().with(lines.with_filter(ours(level))).try_init();
}

/// Reads the environment, once. Variables that are not UTF-8 are left out.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// A setting without which the function cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingSetting {
    /// The variable is not set, or empty.
    #[error(
        "the environment variable {0} is missing. The template or Lambda sets it; deploy the stack again."
    )]
    Missing(&'static str),
    /// The variable cannot be used.
    #[error("the environment variable {name} is `{value}`; it must be {expected}.")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What it holds, bounded.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

impl MissingSetting {
    /// The variable `name` holds `value` instead of what is `expected`.
    #[must_use]
    pub fn unusable(name: &'static str, value: &str, expected: &'static str) -> Self {
        Self::Unusable { name, value: recovery::text::plain(value, 100), expected }
    }
}

/// The variable of this name, without spaces around it.
///
/// # Errors
/// [`MissingSetting::Missing`] when it is missing or empty.
pub fn required(
    environment: &BTreeMap<String, String>,
    name: &'static str,
) -> Result<String, MissingSetting> {
    optional(environment, name).map(str::to_owned).ok_or(MissingSetting::Missing(name))
}

/// The variable of this name, without spaces around it; none when it is missing or empty.
#[must_use]
pub fn optional<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The plan in a file's bytes; `name` is how the findings call the file.
///
/// # Errors
/// [`StepError::InvalidPlan`] with everything that makes it unusable, by line.
pub fn read_plan(bytes: &[u8], name: &str) -> Result<plan::Plan, StepError> {
    let parsed = plan::parse_bytes(bytes, name);
    let errors: Vec<String> = parsed.errors().map(ToString::to_string).collect();
    parsed.plan.ok_or_else(|| StepError::InvalidPlan(errors.join("\n")))
}

/// The plan in the file at `path`.
///
/// # Errors
/// When the file cannot be read, or [`read_plan`] finds it unusable.
pub fn plan_at(path: &Path) -> Result<plan::Plan, Error> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the plan {name}: {e}"))?;
    Ok(read_plan(&bytes, &name)?)
}

/// Does one harmless read per client while the function starts, so that connections, TLS and credentials are
/// ready for the first event. Failures and slowness are ignored.
pub async fn warm(reads: impl Future<Output = ()>) {
    if tokio::time::timeout(WARMING, reads).await.is_err() {
        tracing::warn!("a service did not answer while the function was warming up; going on");
    }
}

/// Serves events until Lambda ends the process. Each event is parsed into `E` (an event that cannot be parsed
/// fails as `MalformedEvent`, naming the field) and handed to `handler` with the time; a failure is logged once
/// and reported to Lambda with [`StepError::name`] as its `errorType`.
pub async fn serve<E, R, F, Work>(handler: F) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Fn(E, Timestamp) -> Work,
    Work: Future<Output = Result<R, StepError>>,
{
    serve_until(|event, now, _deadline| handler(event, now)).await
}

/// As [`serve`], for a function that works as long as it may: its handler also gets the moment at which Lambda ends
/// it.
pub async fn serve_until<E, R, F, Work>(handler: F) -> Result<(), Error>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Fn(E, Timestamp, Timestamp) -> Work,
    Work: Future<Output = Result<R, StepError>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let span = tracing::info_span!("invocation", request_id = %event.context.request_id);
        let deadline = deadline(event.context.deadline);
        async move { answer(event.payload, &|event, now| handler(event, now, deadline)).await }
            .instrument(span)
    }))
    .await
}

/// Lambda's deadline, in milliseconds since 1970; one that is no time at all leaves none.
fn deadline(milliseconds: u64) -> Timestamp {
    let moment = i64::try_from(milliseconds).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or(Timestamp::UNIX_EPOCH)
}

async fn answer<E, R, F, Work>(event: Value, handler: &F) -> Result<R, Fault>
where
    E: DeserializeOwned,
    F: Fn(E, Timestamp) -> Work,
    Work: Future<Output = Result<R, StepError>>,
{
    let result = match parse(event) {
        Ok(event) => handler(event, Timestamp::now()).await,
        Err(error) => Err(error),
    };
    result.map_err(|error| {
        tracing::error!(error = error.name(), "{error}");
        Fault(error)
    })
}

/// The event as `E`, or an error that names the field.
pub fn parse<E: DeserializeOwned>(event: Value) -> Result<E, StepError> {
    serde_path_to_error::deserialize(event).map_err(|e| {
        StepError::MalformedEvent(recovery::text::plain(&format!("{}: {}", e.path(), e.inner()), 300))
    })
}

/// A failure as Lambda reports it: `errorType` is the stable name that the state machine matches.
#[derive(Debug)]
pub struct Fault(pub StepError);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl From<StepError> for Fault {
    fn from(error: StepError) -> Self {
        Self(error)
    }
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self(error.into())
    }
}

impl From<Fault> for Diagnostic {
    fn from(fault: Fault) -> Self {
        Self { error_type: fault.0.name().to_owned(), error_message: fault.0.to_string() }
    }
}

fn level(environment: &BTreeMap<String, String>) -> LevelFilter {
    ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .iter()
        .find_map(|name| environment.get(*name)?.parse().ok())
        .unwrap_or(LevelFilter::INFO)
}

/// Our own crates at `level`, everybody else's at warnings.
fn ours(level: LevelFilter) -> Targets {
    let crates = [
        "alarm_handler",
        "aws",
        "failover_executor",
        "notifier",
        "plan",
        "prober",
        "recovery",
        "snapshotter",
        "task_recycler",
    ];
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(crates.map(|name| (name, level)))
        // Our `aws` is also the beginning of the SDK's names; the longer prefix wins.
        .with_target("aws_", level.min(LevelFilter::WARN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recovery::{Failure, Step, StepRequest};
    use serde_json::json;
    use tracing::Level;

    #[test]
    fn every_failure_reaches_lambda_under_its_stable_name() {
        let call = |failure| CallError::new("RDS", "FailoverDBCluster", failure, "Rate exceeded");
        let table = [
            (Fault::from(call(Failure::Throttled)), "Throttled"),
            (Fault::from(call(Failure::Doubtful)), "Unavailable"),
            (Fault::from(call(Failure::Denied)), "Denied"),
            (Fault::from(StepError::MalformedEvent("x".to_owned())), "MalformedEvent"),
        ];
        for (fault, name) in table {
            let message = fault.to_string();
            let told = Diagnostic::from(fault);
            assert_eq!(told.error_type, name);
            assert_eq!(told.error_message, message);
        }
    }

    #[test]
    fn a_setting_is_missing_or_unusable_by_name() {
        let environment =
            BTreeMap::from([("A".to_owned(), " x ".to_owned()), ("B".to_owned(), " ".to_owned())]);
        assert_eq!(required(&environment, "A"), Ok("x".to_owned()));
        for name in ["B", "C"] {
            assert_eq!(optional(&environment, name), None);
            let error = required(&environment, name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the environment variable {name} is missing.")), "{error}");
        }
        let error = MissingSetting::unusable("A", &"x\n".repeat(1_000_000), "short").to_string();
        assert!(error.len() < 300 && error.ends_with("it must be short."), "{error}");
    }

    #[test]
    fn an_unusable_plan_tells_everything_that_is_wrong_and_where() {
        let text = "version = 1\n[[database]]\nname = \"orders\"\nnonsense = 1\n";
        let error = read_plan(text.as_bytes(), "plan.toml").unwrap_err();
        assert_eq!(error.name(), "InvalidPlan");
        let said = error.to_string();
        assert!(said.contains("nonsense") && said.contains("identifier"), "{said}");
        assert!(said.contains("plan.toml:2"), "{said}");
        let error = plan_at(Path::new("nowhere/plan.toml")).unwrap_err().to_string();
        assert!(error.contains("cannot read the plan nowhere/plan.toml"), "{error}");
    }

    #[test]
    fn an_event_that_cannot_be_read_says_where() {
        let event = json!({"step": "confirm", "run": {"entry": "somewhere"}});
        let error = parse::<StepRequest>(event).expect_err("not a request");
        assert_eq!(error.name(), "MalformedEvent");
        assert!(error.to_string().contains("run.entry: unknown variant `somewhere`"), "{error}");
    }

    #[tokio::test]
    async fn a_handler_gets_the_event_and_its_failure_keeps_its_name() {
        let handler = |step: Step, _now: Timestamp| async move {
            let known = (step == Step::Confirm).then_some(1);
            known.ok_or_else(|| StepError::InvalidPlan("line 3".to_owned()))
        };
        assert_eq!(answer(json!("confirm"), &handler).await.expect("an answer"), 1);
        let fault = answer(json!("close"), &handler).await.expect_err("a failure");
        assert_eq!(fault.0.name(), "InvalidPlan");
        let fault = answer(json!(7), &handler).await.expect_err("not a step");
        assert_eq!(fault.0.name(), "MalformedEvent");
    }

    #[test]
    fn a_deadline_is_a_moment_and_nonsense_leaves_no_time() {
        assert_eq!(deadline(1_772_359_210_250), "2026-03-01T10:00:10.25Z".parse().unwrap());
        assert_eq!(deadline(u64::MAX), Timestamp::UNIX_EPOCH);
    }

    #[tokio::test]
    async fn warming_never_keeps_a_function_from_starting() {
        let begin = std::time::Instant::now();
        warm(std::future::pending()).await;
        assert!(begin.elapsed() < WARMING * 3);
    }

    #[test]
    fn the_level_comes_from_lambdas_own_setting_first() {
        let with = |pairs: &[(&str, &str)]| {
            level(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        assert_eq!(with(&[]), LevelFilter::INFO);
        assert_eq!(with(&[("RUST_LOG", "debug")]), LevelFilter::DEBUG);
        assert_eq!(with(&[("RUST_LOG", "debug"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")]), LevelFilter::WARN);
        assert_eq!(with(&[("RUST_LOG", "nonsense=of=many=parts")]), LevelFilter::INFO);
    }

    #[test]
    fn libraries_cannot_print_whole_events() {
        let targets = ours(LevelFilter::TRACE);
        assert!(targets.would_enable("failover_executor::confirm", &Level::DEBUG));
        assert!(targets.would_enable("aws::rds", &Level::DEBUG));
        for library in ["lambda_runtime", "aws_smithy_runtime::client", "aws_sdk_rds", "hyper_util"] {
            assert!(!targets.would_enable(library, &Level::INFO), "{library}");
            assert!(targets.would_enable(library, &Level::WARN), "{library}");
        }
    }
}
