//! Wiring of notifier: settings and clients once, then one batch after the other.

use aws::{DeadLetterQueue, EventBus, IncidentTable, NoticeTopic, function};
use lambda_runtime::Error;
use notifier::{Ports, Settings, handle};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    function::trace();
    serve().await.inspect_err(|error| tracing::error!("cannot start: {error}"))
}

async fn serve() -> Result<(), Error> {
    let settings = Settings::from(&function::environment())?;
    let config = function::config().await;
    let incidents = IncidentTable::new(&config, &settings.table);
    let topic = NoticeTopic::new(&config, &settings.topic_arn);
    let bus = EventBus::new(&config, &settings.bus);
    let dead_letters = DeadLetterQueue::new(&config, &settings.dlq_url);
    function::warm(incidents.warm()).await;
    let ports = &Ports { incidents: &incidents, topic: &topic, bus: &bus, dead_letters: &dead_letters };
    function::serve(move |event: Value, now| async move { handle(now, &event, ports).await }).await
}
