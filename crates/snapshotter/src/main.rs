//! Wiring of snapshotter: settings, plan and client once, then one tick after the other.

use aws::{RdsSnapshots, function};
use lambda_runtime::Error;
use serde_json::Value;
use snapshotter::{Settings, handle};
use std::io::Write as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    function::trace();
    serve().await.inspect_err(|error| tracing::error!("cannot start: {error}"))
}

async fn serve() -> Result<(), Error> {
    let settings = Settings::from(&function::environment())?;
    let plan = &function::plan_at(&settings.plan)?;
    let region = settings.region.as_str();
    let config = function::config().await;
    let snapshots = &RdsSnapshots::new(&config);
    function::warm(snapshots.warm()).await;
    function::serve(move |event: Value, now| async move {
        handle(&event, now, plan, region, snapshots, &print).await
    })
    .await
}

/// CloudWatch makes metrics of these lines. One that cannot be written is missed by nobody but them.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
