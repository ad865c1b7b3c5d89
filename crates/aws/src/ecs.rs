//! ECS: services, their tasks, and new deployments.

use crate::{
    failure::{failed, missing},
    moment, sdk,
};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_ecs::{Client, types};
use recovery::{
    CallError, Failure,
    ports::Services,
    topology::{Deployment, Service, Task},
};

const ECS: &str = "ECS";
/// The most services that `DescribeServices` takes.
const SERVICES_A_CALL: usize = 10;
/// The most tasks that `DescribeTasks` takes.
const TASKS_A_CALL: usize = 100;

/// [`Services`] on ECS.
pub struct Ecs {
    reads: Client,
    /// Sends a call once: a repeat of the SDK's would force a second deployment.
    acts: Client,
}

impl Ecs {
    /// ECS in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { reads: Client::new(config), acts: Client::new(&sdk::acting(config)) }
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.reads.describe_services().services("mainstay-warms-up").send().await;
    }

    async fn task_arns(&self, cluster: &str, service: &str) -> Result<Vec<String>, CallError> {
        let pages = self.reads.list_tasks().cluster(cluster).service_name(service);
        pages
            .desired_status(types::DesiredStatus::Running)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|e| failed(ECS, "ListTasks", &e))
    }
}

#[async_trait]
impl Services for Ecs {
    async fn services(&self, cluster: &str, names: &[String]) -> Result<Vec<Service>, CallError> {
        let action = "DescribeServices";
        let mut all = Vec::new();
        for some in names.chunks(SERVICES_A_CALL) {
            let call = self.reads.describe_services().cluster(cluster).set_services(Some(some.to_vec()));
            let reply = call.send().await.map_err(|e| failed(ECS, action, &e))?;
            only_missing(action, reply.failures())?;
            for (index, found) in reply.services().iter().enumerate() {
                all.push(service(action, cluster, index, found)?);
            }
        }
        Ok(all)
    }

    async fn tasks(&self, cluster: &str, service: &str) -> Result<Vec<Task>, CallError> {
        let action = "DescribeTasks";
        let arns = self.task_arns(cluster, service).await?;
        let mut all = Vec::new();
        for some in arns.chunks(TASKS_A_CALL) {
            let call = self.reads.describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec()));
            let reply = call.send().await.map_err(|e| failed(ECS, action, &e))?;
            // One that ended since it was listed is not wanted any more.
            only_missing(action, reply.failures())?;
            for (index, found) in reply.tasks().iter().enumerate() {
                all.push(task(index, found)?);
            }
        }
        Ok(all)
    }

    async fn redeploy(&self, cluster: &str, service: &str, count: Option<u32>) -> Result<String, CallError> {
        let action = "UpdateService";
        let count = count.map(i32::try_from).transpose().map_err(|_| {
            CallError::new(ECS, action, Failure::Refused, "the plan's count is larger than ECS allows")
        })?;
        let call = self.acts.update_service().cluster(cluster).service(service).force_new_deployment(true);
        let reply = call.set_desired_count(count).send().await.map_err(|e| failed(ECS, action, &e))?;
        let deployments = reply.service().map(types::Service::deployments).unwrap_or_default();
        let newest = deployments.iter().find(|d| d.status() == Some("PRIMARY"));
        let id = newest.and_then(types::Deployment::id).map(str::to_owned);
        id.ok_or_else(|| missing(ECS, action, "service.deployments with status PRIMARY and an id"))
    }
}

/// Fails for every failure but `MISSING`: what ECS does not know is left out of the answer.
fn only_missing(action: &'static str, failures: &[types::Failure]) -> Result<(), CallError> {
    match failures.iter().find(|f| f.reason() != Some("MISSING")) {
        None => Ok(()),
        Some(failure) => {
            let told = |text: Option<&str>| text.unwrap_or("unknown").to_owned();
            let message = format!("{}: {}", told(failure.arn()), told(failure.reason()));
            Err(CallError::new(ECS, action, Failure::Refused, &message))
        }
    }
}

fn service(
    action: &'static str,
    cluster: &str,
    index: usize,
    found: &types::Service,
) -> Result<Service, CallError> {
    let lacking = |field: &str| missing(ECS, action, &format!("services[{index}].{field}"));
    let name = found.service_name().ok_or_else(|| lacking("serviceName"))?;
    let mut deployments = Vec::new();
    for (number, found) in found.deployments().iter().enumerate() {
        deployments
            .push(deployment(found).map_err(|field| lacking(&format!("deployments[{number}].{field}")))?);
    }
    // A service that was made without naming a controller has ECS's own.
    let controller = found.deployment_controller().map_or("ECS", |c| c.r#type().as_str());
    let strategy = found.deployment_configuration().and_then(|c| c.strategy()).map(|s| s.as_str().to_owned());
    Ok(Service {
        cluster: cluster.to_owned(),
        name: name.to_owned(),
        status: found.status().ok_or_else(|| lacking("status"))?.to_owned(),
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        pending: count(found.pending_count()),
        controller: controller.to_owned(),
        strategy,
        deployments,
    })
}

/// A deployment, or the field that it lacks.
fn deployment(found: &types::Deployment) -> Result<Deployment, &'static str> {
    Ok(Deployment {
        id: found.id().ok_or("id")?.to_owned(),
        status: found.status().ok_or("status")?.to_owned(),
        rollout: found.rollout_state().map(|s| s.as_str().to_owned()),
        reason: found.rollout_state_reason().map(|r| recovery::text::plain(r, 300)),
        created_at: found.created_at().and_then(moment::from_sdk).ok_or("createdAt")?,
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        failed: count(found.failed_tasks()),
    })
}

fn task(index: usize, found: &types::Task) -> Result<Task, CallError> {
    let need = |value: Option<&str>, field: &str| {
        let field = format!("tasks[{index}].{field}");
        value.map(str::to_owned).ok_or_else(|| missing(ECS, "DescribeTasks", &field))
    };
    Ok(Task {
        arn: need(found.task_arn(), "taskArn")?,
        status: need(found.last_status(), "lastStatus")?,
        started_at: found.started_at().and_then(moment::from_sdk),
        health: found.health_status().map(|h| h.as_str().to_owned()),
        started_by: found.started_by().map(str::to_owned),
    })
}

/// ECS counts in signed numbers; a negative one would be a defect of ECS's and counts as none.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
