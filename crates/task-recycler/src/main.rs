//! task-recycler: restarts services after a failover, one look per invocation.

use aws::{Ecs, IncidentTable, function};
use recovery::StepRequest;
use std::sync::Arc;
use task_recycler::{Ports, Settings, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    function::trace();
    let settings = Settings::from(&function::environment())?;
    let config = function::config().await;
    let (ecs, incidents) = (Ecs::new(&config), IncidentTable::new(&config, &settings.table));
    function::warm(Box::pin(async {
        tokio::join!(ecs.warm(), incidents.warm());
    }))
    .await;
    let ports = Ports { services: Arc::new(ecs), incidents: Arc::new(incidents) };
    function::serve(|request: StepRequest, now| handle(now, request, &ports)).await
}
