//! A service's deployments: begun, completed, given up when their tasks keep failing, rolled back.

use jiff::Timestamp;

use super::Estate;
use super::effect::{EcsEvent, Effect};
use super::key::Key;
use super::looking::plan;
use super::service::{Deployment, RolloutState, ServiceEvent, Task};

/// ECS keeps the last hundred events of a service.
const SERVICE_EVENTS: usize = 100;

impl Estate {
    /// The scheduler looks at a service, acts, and looks again when a task changes.
    pub(crate) fn look(&mut self, at: Timestamp, key: &Key) {
        let Some(service) = self.services.get(key) else {
            return;
        };
        let Some(primary) = service.deployments.iter().find(|deployment| deployment.primary) else {
            return;
        };
        let tasks: Vec<&Task> = self.tasks.values().filter(|task| task.service == *key).collect();
        let wanted = plan(service, primary, &tasks);
        let primary = primary.clone();
        for task in &wanted.stop {
            self.stop_task(at, task, "Scaling activity initiated by deployment", "ServiceSchedulerInitiated");
        }
        for _ in 0..wanted.start {
            self.start_task(at, key, &primary);
        }
        self.forget_drained(key);
        if wanted.complete {
            self.complete(at, key, &primary);
        } else if let Some(service) = self.services.get_mut(key) {
            service.steady = false;
        }
    }

    /// Deployments that are not primary and have no task left are gone from the service.
    fn forget_drained(&mut self, key: &Key) {
        let tasks = &self.tasks;
        if let Some(service) = self.services.get_mut(key) {
            service.deployments.retain(|deployment| {
                deployment.primary
                    || tasks
                        .values()
                        .any(|task| task.deployment == deployment.id && task.last_status != "STOPPED")
            });
        }
    }

    fn complete(&mut self, at: Timestamp, key: &Key, primary: &Deployment) {
        let done = primary.rollout == RolloutState::InProgress;
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        let was_steady = std::mem::replace(&mut service.steady, true);
        let reason = format!("ECS deployment {} completed.", primary.id);
        if let Some(found) = service.deployments.iter_mut().find(|found| found.primary && done) {
            found.rollout = RolloutState::Completed;
            found.updated = at;
            found.reason.clone_from(&reason);
        }
        if done {
            self.note(at, key, &format!("(deployment {}) deployment completed.", primary.id));
            self.tell_ecs(at, key, "SERVICE_DEPLOYMENT_COMPLETED", Some(primary.id.clone()), reason);
        }
        if !was_steady {
            self.note(at, key, "has reached a steady state.");
            self.tell_ecs(at, key, "SERVICE_STEADY_STATE", None, String::new());
        }
    }

    /// Makes a new primary deployment; the one before becomes `ACTIVE` and is drained.
    pub(crate) fn deploy(&mut self, at: Timestamp, key: &Key, rolls_back_to: Option<&str>) -> Option<String> {
        let id = format!("ecs-svc/{}", self.chance.decimal());
        let service = self.services.get_mut(key)?;
        let reason = rolls_back_to.map_or_else(
            || format!("ECS deployment {id} in progress."),
            |to| format!("ECS deployment circuit breaker: rolling back to deploymentId {to}."),
        );
        for deployment in &mut service.deployments {
            deployment.primary = false;
            deployment.updated = at;
        }
        let deployment = Deployment {
            id: id.clone(),
            primary: true,
            task_definition: service.task_definition.clone(),
            created: at,
            updated: at,
            rollout: RolloutState::InProgress,
            reason: reason.clone(),
            desired: service.desired,
            pending: 0,
            running: 0,
            failed_tasks: 0,
            rollback: rolls_back_to.is_some(),
        };
        service.deployments.insert(0, deployment);
        service.steady = false;
        self.tell_ecs(at, key, "SERVICE_DEPLOYMENT_IN_PROGRESS", Some(id.clone()), reason);
        Some(id)
    }

    /// Counts a failed task of a deployment, and gives the deployment up when there were enough: half of the
    /// desired count, but at least 3 and at most 200, as ECS documents it.
    pub(crate) fn count_failure(&mut self, at: Timestamp, key: &Key, deployment: &str) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        let threshold = service.desired.div_ceil(2).clamp(3, 200);
        let breaks = service.circuit_breaker;
        let Some(found) = service.deployments.iter_mut().find(|found| found.id == deployment) else {
            return;
        };
        found.failed_tasks += 1;
        found.updated = at;
        if !breaks
            || found.failed_tasks < threshold
            || found.rollout != RolloutState::InProgress
            || !found.primary
        {
            return;
        }
        found.rollout = RolloutState::Failed;
        "ECS deployment circuit breaker: tasks failed to start.".clone_into(&mut found.reason);
        let reason = found.reason.clone();
        let rolls_back = service.rollback;
        self.note(at, key, &format!("(deployment {deployment}) deployment failed: tasks failed to start."));
        self.tell_ecs(at, key, "SERVICE_DEPLOYMENT_FAILED", Some(deployment.to_owned()), reason);
        if rolls_back {
            self.roll_back(at, key);
        }
    }

    /// Back to the last deployment that completed. Its tasks that still run are taken over as they are: they
    /// are of the same revision, and so they keep their old `startedAt`.
    fn roll_back(&mut self, at: Timestamp, key: &Key) {
        let last = self.services.get(key).and_then(|service| {
            service
                .deployments
                .iter()
                .find(|found| found.rollout == RolloutState::Completed)
                .map(|d| d.id.clone())
        });
        let Some(last) = last else { return };
        let Some(id) = self.deploy(at, key, Some(&last)) else {
            return;
        };
        self.note(at, key, &format!("rolling back to deployment {last}."));
        for task in self.tasks.values_mut().filter(|task| task.service == *key && task.deployment == last) {
            task.deployment.clone_from(&id);
        }
    }

    /// Writes an event into the service's own list.
    pub(crate) fn note(&mut self, at: Timestamp, key: &Key, message: &str) {
        let id = self.chance.hexadecimal(32);
        if let Some(service) = self.services.get_mut(key) {
            let message = format!("(service {}) {message}", service.name);
            service.events.push_front(ServiceEvent { id, at, message });
            service.events.truncate(SERVICE_EVENTS);
        }
    }

    fn tell_ecs(
        &mut self,
        at: Timestamp,
        key: &Key,
        name: &'static str,
        deployment: Option<String>,
        reason: String,
    ) {
        let Some(service) = self.services.get(key) else {
            return;
        };
        self.outbox.push(Effect::EcsEvent(EcsEvent {
            at,
            region: key.region.clone(),
            service_arn: service.arn.clone(),
            cluster_arn: service.cluster_arn.clone(),
            name,
            deployment,
            reason,
        }));
    }
}
