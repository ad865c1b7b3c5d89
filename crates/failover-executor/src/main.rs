//! failover-executor: one step of a recovery per invocation.

use aws::{CloudWatch, Dns, Ecs, IncidentTable, Rds, function};
use failover_executor::{Ports, Settings, handle};
use recovery::StepRequest;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    function::trace();
    let settings = Settings::from(&function::environment())?;
    let config = function::config().await;
    let (rds, ecs) = (Rds::new(&config), Ecs::new(&config));
    let (alarms, incidents) = (CloudWatch::new(&config), IncidentTable::new(&config, &settings.table));
    function::warm(Box::pin(async {
        tokio::join!(rds.warm(), ecs.warm(), alarms.warm(), incidents.warm());
    }))
    .await;
    let ports = Ports {
        databases: Arc::new(rds),
        services: Arc::new(ecs),
        alarms: Arc::new(alarms),
        names: Arc::new(Dns::new(&settings.dns_server_text())?),
        incidents: Arc::new(incidents),
    };
    function::serve(|request: StepRequest, now| handle(now, request, &ports)).await
}
