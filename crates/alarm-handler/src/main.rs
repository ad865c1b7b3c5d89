//! Wiring of alarm-handler: settings, plan and clients once, then one event after the other.

use alarm_handler::{Context, Ports, STORE_PATIENCE, Settings, handle, read_plan};
use aws::{IncidentTable, NoticeTopic, StateMachine, function};
use lambda_runtime::Error;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    function::trace();
    Box::pin(serve()).await.inspect_err(|error| tracing::error!("cannot start: {error}"))
}

async fn serve() -> Result<(), Error> {
    let settings = Settings::from(&function::environment())?;
    let name = settings.plan.display().to_string();
    let bytes = std::fs::read(&settings.plan).map_err(|e| format!("cannot read the plan {name}: {e}"))?;
    let context = &Context {
        plan: read_plan(&bytes, &name)?,
        account: settings.account,
        region: settings.region,
        drill: settings.drill,
        patience: STORE_PATIENCE,
    };
    let config = function::config().await;
    let incidents = IncidentTable::new(&config, &settings.table);
    let executions = StateMachine::new(&config, &settings.state_machine_arn)?;
    let topic = NoticeTopic::new(&config, &settings.topic_arn);
    function::warm(Box::pin(async {
        tokio::join!(incidents.warm(), executions.warm());
    }))
    .await;
    let ports = &Ports { incidents: &incidents, executions: &executions, topic: &topic };
    function::serve(move |event: Value, now| async move { handle(now, &event, ports, context).await }).await
}
