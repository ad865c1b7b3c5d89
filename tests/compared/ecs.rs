//! The calls to ECS.

use crate::{
    seen::{Reply, Seen, refused, shape},
    sequence::{Call, Tasks},
};
use aws_sdk_ecs::{
    Client,
    types::{Deployment, DeploymentStrategy, DesiredStatus, Failure, HealthStatus, Service, Task},
};

/// Makes a call; none when it is one of RDS. `listed` are the tasks of the last list.
pub(crate) async fn make(ecs: &Client, call: &Call, listed: &mut Vec<String>) -> Option<Seen> {
    Some(match call {
        Call::DescribeServices { cluster, services: names } => {
            let call = ecs.describe_services().cluster(cluster).set_services(Some(names.clone()));
            match call.send().await {
                Ok(reply) => services(reply.services(), reply.failures()),
                Err(error) => refused(&error),
            }
        }
        Call::UpdateService { cluster, service } => {
            let call = ecs.update_service().cluster(cluster).service(service).force_new_deployment(true);
            match call.send().await {
                Ok(reply) => services(reply.service().map_or(&[], std::slice::from_ref), &[]),
                Err(error) => refused(&error),
            }
        }
        Call::ListTasks { cluster, service } => {
            let call = ecs.list_tasks().cluster(cluster).service_name(service);
            match call.desired_status(DesiredStatus::Running).send().await {
                Ok(reply) => {
                    *listed = reply.task_arns().to_vec();
                    let mut seen = Reply::new();
                    seen.counted("ARNs", reply.task_arns().iter().map(|arn| shape(arn)));
                    seen.seen()
                }
                Err(error) => refused(&error),
            }
        }
        Call::DescribeTasks { cluster, tasks: wanted } => {
            let wanted = match wanted {
                Tasks::Listed(_) => listed.clone(),
                Tasks::Named(names) => names.clone(),
            };
            match ecs.describe_tasks().cluster(cluster).set_tasks(Some(wanted)).send().await {
                Ok(reply) => tasks(reply.tasks(), reply.failures()),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeClusters { .. }
        | Call::DescribeInstances { .. }
        | Call::FailoverCluster { .. }
        | Call::DescribeEvents { .. }
        | Call::CreateSnapshot { .. }
        | Call::DescribeSnapshots { .. }
        | Call::DeleteSnapshot { .. }
        | Call::CopySnapshot { .. }
        | Call::RestoreSnapshot { .. }
        | Call::RestorePoint { .. }
        | Call::CreateInstance { .. }
        | Call::DeleteInstance { .. }
        | Call::DeleteCluster { .. }
        | Call::DescribeAccountAttributes { .. }
        | Call::DescribeBlueGreen {} => return None,
    })
}

fn services(found: &[Service], failures: &[Failure]) -> Seen {
    let mut seen = Reply::new();
    seen.value("services", found.len());
    for service in found {
        let name = service.service_name().unwrap_or("nameless");
        let field = |field: &str| format!("{name}.{field}");
        seen.told(field("status"), service.status());
        seen.value(field("desired"), service.desired_count());
        seen.value(field("running"), service.running_count());
        seen.value(field("pending"), service.pending_count());
        seen.told(field("controller"), service.deployment_controller().map(|c| c.r#type().as_str()));
        let configuration = service.deployment_configuration();
        seen.told(
            field("strategy"),
            configuration.and_then(|c| c.strategy()).map(DeploymentStrategy::as_str),
        );
        seen.counted(field("deployments"), service.deployments().iter().map(one));
        let complete = |d: &Deployment| d.id().is_some() && d.created_at().is_some();
        let incomplete = service.deployments().iter().filter(|d| !complete(d)).count();
        seen.value(field("deployments without id or time"), incomplete);
    }
    failed(&mut seen, failures);
    seen.seen()
}

/// A deployment in a line.
fn one(deployment: &Deployment) -> String {
    format!(
        "{} {} ({} of {} running, {} failed)",
        deployment.status().unwrap_or("no status"),
        deployment.rollout_state().map_or("without a state", |s| s.as_str()),
        deployment.running_count(),
        deployment.desired_count(),
        deployment.failed_tasks(),
    )
}

fn tasks(found: &[Task], failures: &[Failure]) -> Seen {
    let mut seen = Reply::new();
    let text = |value: Option<&str>| value.unwrap_or("absent").to_owned();
    seen.counted("statuses", found.iter().map(|t| text(t.last_status())));
    seen.counted("wanted statuses", found.iter().map(|t| text(t.desired_status())));
    seen.counted("healths", found.iter().map(|t| text(t.health_status().map(HealthStatus::as_str))));
    seen.counted("started by", found.iter().map(|t| t.started_by().map_or_else(|| text(None), shape)));
    seen.counted("groups", found.iter().map(|t| text(t.group())));
    seen.value("without a start", found.iter().filter(|t| t.started_at().is_none()).count());
    failed(&mut seen, failures);
    seen.seen()
}

fn failed(seen: &mut Reply, failures: &[Failure]) {
    let name = |f: &Failure| f.arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or("absent").to_owned();
    let told = |f: &Failure| format!("{} {}", f.reason().unwrap_or("absent"), name(f));
    seen.counted("failures", failures.iter().map(told));
}
