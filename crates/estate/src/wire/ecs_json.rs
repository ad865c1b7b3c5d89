//! ECS replies and errors as JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::{Deployment, EcsClusterView, Refusal, Reply, RolloutState, ServiceView, Tags, Task};

/// The body of a reply.
pub(super) fn reply(reply: &Reply) -> String {
    let body = match reply {
        Reply::EcsClusters(found, missing) => {
            json!({ "clusters": found.iter().map(cluster).collect::<Vec<_>>(), "failures": failures(missing) })
        }
        Reply::ServiceArns(arns, next) => json!({ "serviceArns": arns, "nextToken": next }),
        Reply::Services(found, missing) => {
            json!({ "services": found.iter().map(service).collect::<Vec<_>>(), "failures": failures(missing) })
        }
        Reply::Service(view) => json!({ "service": service(view) }),
        Reply::TaskArns(arns, next) => json!({ "taskArns": arns, "nextToken": next }),
        Reply::Tasks(found, missing) => {
            json!({ "tasks": found.iter().map(task).collect::<Vec<_>>(), "failures": failures(missing) })
        }
        Reply::Task(stopped) => json!({ "task": task(stopped) }),
        // RDS replies; they never come here, because ECS actions have ECS replies.
        Reply::Clusters(..)
        | Reply::Cluster(_)
        | Reply::Instances(..)
        | Reply::Instance(_)
        | Reply::Events(..)
        | Reply::Snapshots(..)
        | Reply::Snapshot(_)
        | Reply::Quotas(_)
        | Reply::BlueGreen(_)
        | Reply::NoGlobalClusters => json!({}),
    };
    without_nulls(body).to_string()
}

/// The body of an error.
pub(super) fn refusal(refusal: &Refusal) -> String {
    json!({ "__type": refusal.code, "message": refusal.message }).to_string()
}

/// ECS leaves out what it has no value for.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(entries) => Value::Array(entries.into_iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// ECS writes times as seconds since 1970 with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double exactly")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn failures(missing: &[String]) -> Value {
    missing.iter().map(|arn| json!({ "arn": arn, "reason": "MISSING" })).collect()
}

fn tags(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn cluster(view: &EcsClusterView) -> Value {
    json!({
        "clusterName": view.name,
        "clusterArn": view.arn,
        "status": "ACTIVE",
        "activeServicesCount": view.services,
        "runningTasksCount": view.running,
        "pendingTasksCount": view.pending,
        "registeredContainerInstancesCount": 0,
    })
}

const fn rollout(state: RolloutState) -> &'static str {
    match state {
        RolloutState::InProgress => "IN_PROGRESS",
        RolloutState::Completed => "COMPLETED",
        RolloutState::Failed => "FAILED",
    }
}

fn deployment(deployment: &Deployment, rolling: bool) -> Value {
    json!({
        "id": deployment.id,
        "status": if deployment.primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": deployment.task_definition,
        "desiredCount": deployment.desired,
        "pendingCount": deployment.pending,
        "runningCount": deployment.running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": seconds(deployment.created),
        "updatedAt": seconds(deployment.updated),
        "launchType": "FARGATE",
        // Only rolling deployments have a rollout state.
        "rolloutState": rolling.then(|| rollout(deployment.rollout)),
        "rolloutStateReason": rolling.then_some(&deployment.reason),
    })
}

fn service(view: &ServiceView) -> Value {
    let service = &view.service;
    let by_ecs = service.controller == "ECS";
    let rolling = by_ecs && service.strategy == "ROLLING";
    let deployments: Vec<Value> =
        service.deployments.iter().map(|found| deployment(found, rolling)).collect();
    let events = service.events.iter();
    json!({
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn,
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": view.running,
        "pendingCount": view.pending,
        "launchType": "FARGATE",
        "taskDefinition": service.task_definition,
        "schedulingStrategy": "REPLICA",
        "deploymentController": { "type": service.controller },
        "deploymentConfiguration": {
            "minimumHealthyPercent": service.minimum_healthy_percent,
            "maximumPercent": service.maximum_percent,
            "deploymentCircuitBreaker": { "enable": service.circuit_breaker, "rollback": service.rollback },
            "strategy": by_ecs.then_some(&service.strategy),
        },
        "deployments": by_ecs.then_some(deployments),
        "events": events
            .map(|event| json!({ "id": event.id, "createdAt": seconds(event.at), "message": event.message }))
            .collect::<Vec<_>>(),
        "createdAt": seconds(service.created),
        "tags": view.with_tags.then(|| tags(&service.tags)),
    })
}

fn task(task: &Task) -> Value {
    let name = task.service.id.rsplit('/').next().unwrap_or_default();
    json!({
        "taskArn": task.arn,
        "clusterArn": task.cluster_arn,
        "taskDefinitionArn": task.task_definition,
        "group": format!("service:{name}"),
        "startedBy": task.deployment,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "healthStatus": task.health,
        "launchType": "FARGATE",
        "availabilityZone": task.availability_zone,
        "createdAt": seconds(task.created),
        "startedAt": task.started.map(seconds),
        "stoppingAt": task.stopping.map(seconds),
        "stoppedAt": task.stopped.map(seconds),
        "stoppedReason": task.stopped_reason,
        "stopCode": task.stop_code,
        "containers": [{
            "name": name,
            "taskArn": task.arn,
            "lastStatus": task.last_status,
            "healthStatus": task.health,
        }],
    })
}
