//! Wiring of prober: settings, certificates and login once, then one minute after the other.

use async_trait::async_trait;
use aws::function;
use jiff::Timestamp;
use lambda_runtime::Error;
use prober::{Login, Outcome, Prober, Settings, Surroundings, handle};
use serde_json::Value;
use std::io::Write as _;

struct Lambda(Prober);

#[async_trait]
impl Surroundings for Lambda {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    async fn until(&self, at: Timestamp) {
        tokio::time::sleep(at.duration_since(Timestamp::now()).try_into().unwrap_or_default()).await;
    }
    async fn probe(&self) -> Outcome {
        self.0.probe().await
    }
    fn print(&self, line: &str) {
        // The alarm on silence tells what nobody could read in a log that takes no lines.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    function::trace();
    serve().await.inspect_err(|error| tracing::error!("cannot start: {error}"))
}

async fn serve() -> Result<(), Error> {
    let settings = &Settings::from(&function::environment())?;
    let login = Login::new(&settings.login, &function::config().await);
    let lambda = &Lambda(Prober::new(settings.clone(), login)?);
    function::serve_until(
        move |event: Value, _, end| async move { handle(&event, settings, lambda, end).await },
    )
    .await
}
