//! task-recycler: restarts services after a failover, one look per invocation.

use aws::{Ecs, IncidentTable, Rds, function};
use recovery::StepRequest;
use std::sync::Arc;
use task_recycler::{Https, Ports, Settings, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    function::trace();
    let settings = Settings::from(&function::environment())?;
    let config = function::config().await;
    let (rds, ecs) = (Rds::new(&config), Ecs::new(&config));
    let incidents = IncidentTable::new(&config, &settings.table);
    function::warm(Box::pin(async {
        tokio::join!(rds.warm(), ecs.warm(), incidents.warm());
    }))
    .await;
    let ports = Ports {
        databases: Arc::new(rds),
        services: Arc::new(ecs),
        pools: Arc::new(Https::new(settings.check_front)),
        incidents: Arc::new(incidents),
    };
    function::serve(|request: StepRequest, now| handle(now, request, &ports)).await
}
