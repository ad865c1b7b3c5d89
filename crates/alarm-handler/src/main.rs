//! Wiring of alarm-handler: settings, plan and clients once, then one event after the other.

use alarm_handler::{Context, Ports, STORE_PATIENCE, Settings, handle};
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
    let context = &Context {
        plan: function::plan_at(&settings.plan)?,
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
