//! How tasks start, fail and stop, and how a seed's services come to be.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Estate;
use super::agenda::Occurrence;
use super::effect::Effect;
use super::key::{Key, arn};
use super::seed::ServiceSeed;
use super::service::{Deployment, RolloutState, Service, Task};

/// Seconds before ECS tries a failed task again. Never zero, or a failing service without a circuit breaker
/// would spin at one moment for ever.
const RETRY: f64 = 0.5;
/// How long ECS still shows a stopped task.
const SHOWN: SignedDuration = SignedDuration::from_hours(1);

impl Estate {
    /// Starts a task of a deployment: `PENDING` until it runs or fails.
    pub(crate) fn start_task(&mut self, at: Timestamp, key: &Key, deployment: &Deployment) {
        let Some(mut task) = self.new_task(at, key, deployment) else {
            return;
        };
        let Some(service) = self.services.get(key) else {
            return;
        };
        let (fails, slow) = (service.failing && !deployment.rollback, service.slow);
        let start = self.settings.delays.task_start;
        let seconds = slow.unwrap_or_else(|| self.draw(start));
        task.last_status = "PENDING";
        self.outbox.push(Effect::StartTask { at, service: key.clone(), task: task.id.clone() });
        let id = task.id.clone();
        self.tasks.insert(id.clone(), task);
        if fails {
            self.plan(at, seconds.max(RETRY), Occurrence::TaskFails { task: id });
        } else {
            self.plan(at, seconds, Occurrence::TaskRuns { task: id });
        }
    }

    fn new_task(&mut self, at: Timestamp, key: &Key, deployment: &Deployment) -> Option<Task> {
        let id = self.chance.hexadecimal(32);
        let service = self.services.get(key)?;
        let zones = ["a", "b", "d"];
        let nth = self.tasks.values().filter(|task| task.service == *key).count() % zones.len();
        Some(Task {
            arn: arn(
                "ecs",
                &key.region,
                &self.settings.account,
                &format!("task/{}/{id}", service.cluster.id),
            ),
            id,
            service: key.clone(),
            cluster_arn: service.cluster_arn.clone(),
            deployment: deployment.id.clone(),
            task_definition: deployment.task_definition.clone(),
            last_status: "RUNNING",
            desired_status: "RUNNING",
            health: "UNKNOWN",
            availability_zone: format!("{}{}", key.region, zones.get(nth).copied().unwrap_or("a")),
            created: at,
            started: None,
            stopping: None,
            stopped: None,
            stopped_reason: None,
            stop_code: None,
            protected: false,
            unheard: false,
        })
    }

    pub(crate) fn task_runs(&mut self, at: Timestamp, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.lives() && task.last_status == "PENDING")
        else {
            return;
        };
        task.last_status = "RUNNING";
        task.started = Some(at);
        task.unheard = self.settings.tasks_outside;
        let key = task.service.clone();
        self.outbox.push(Effect::RunTask { at, service: key.clone(), task: id.to_owned() });
        if !self.settings.tasks_outside {
            self.task_is_healthy(at, id);
        }
    }

    /// A task answers; if it was still starting, it runs from now on.
    pub(crate) fn task_is_healthy(&mut self, at: Timestamp, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.lives()) else {
            return;
        };
        if task.last_status == "PENDING" {
            task.last_status = "RUNNING";
            task.started = Some(at);
        }
        task.unheard = false;
        let key = task.service.clone();
        if self.services.get(&key).is_some_and(|service| service.health_check) {
            task.health = "HEALTHY";
        }
        self.look(at, &key);
    }

    /// A task's container exits before it was ever healthy.
    pub(crate) fn task_fails(&mut self, at: Timestamp, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.lives()) else {
            return;
        };
        task.last_status = "STOPPED";
        task.desired_status = "STOPPED";
        task.stopping = Some(at);
        task.stopped = Some(at);
        task.stopped_reason = Some("Essential container in task exited".into());
        task.stop_code = Some("EssentialContainerExited");
        let (key, deployment) = (task.service.clone(), task.deployment.clone());
        self.count_failure(at, &key, &deployment);
        self.plan(at, 0.0, Occurrence::ServiceLooks { service: key });
    }

    /// A running task no longer answers: ECS replaces it.
    pub(crate) fn task_is_unhealthy(&mut self, at: Timestamp, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.lives()) else {
            return;
        };
        task.health = "UNHEALTHY";
        let key = task.service.clone();
        self.look(at, &key);
    }

    /// Tells a task to stop.
    pub(crate) fn stop_task(&mut self, at: Timestamp, id: &str, reason: &str, code: &'static str) {
        let stop = self.settings.delays.task_stop;
        let seconds = self.draw(stop);
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.lives()) else {
            return;
        };
        task.desired_status = "STOPPED";
        task.last_status = "STOPPING";
        task.stopping = Some(at);
        task.stopped_reason = Some(reason.to_owned());
        task.stop_code = Some(code);
        let service = task.service.clone();
        self.outbox.push(Effect::StopTask { at, service, task: id.to_owned() });
        self.plan(at, seconds, Occurrence::TaskStopped { task: id.to_owned() });
    }

    pub(crate) fn task_stopped(&mut self, at: Timestamp, id: &str) {
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.last_status == "STOPPING") else {
            return;
        };
        task.last_status = "STOPPED";
        task.stopped = Some(at);
        let key = task.service.clone();
        self.tasks.retain(|_, task| task.stopped.is_none_or(|stopped| at.duration_since(stopped) <= SHOWN));
        self.look(at, &key);
    }

    /// Adds a seed's service, with its tasks running since an hour ago.
    pub(crate) fn plant_service(&mut self, at: Timestamp, seed: &ServiceSeed) {
        let region = seed.region.clone().unwrap_or_else(|| self.settings.region.clone());
        let cluster = Key::new(&region, &seed.cluster);
        let key = Key::new(&region, format!("{}/{}", seed.cluster, seed.name));
        let named = |resource: String| arn("ecs", &region, &self.settings.account, &resource);
        let family = if seed.task_definition.is_empty() {
            format!("{}:1", seed.name)
        } else {
            seed.task_definition.clone()
        };
        let service = Service {
            cluster_arn: named(format!("cluster/{}", cluster.id)),
            arn: named(format!("service/{}", key.id)),
            task_definition: named(format!("task-definition/{family}")),
            name: seed.name.clone(),
            status: seed.status.clone(),
            controller: seed.controller.clone(),
            strategy: seed.strategy.clone(),
            desired: seed.desired_count,
            minimum_healthy_percent: seed.minimum_healthy_percent,
            maximum_percent: seed.maximum_percent,
            circuit_breaker: seed.circuit_breaker,
            rollback: seed.rollback,
            health_check: seed.health_check,
            created: at.checked_sub(SHOWN).unwrap_or(at),
            tags: seed.tags.clone(),
            deployments: Vec::new(),
            events: VecDeque::new(),
            failing: false,
            slow: None,
            steady: true,
            cluster: cluster.clone(),
            key: key.clone(),
        };
        self.ecs_clusters.insert(cluster);
        let deployment = self.first_deployment(&service);
        self.services.insert(key.clone(), service);
        if let Some(service) = self.services.get_mut(&key) {
            service.deployments.push(deployment.clone());
        }
        for nth in 0..seed.desired_count {
            self.plant_task(at, &key, &deployment, nth < seed.protected_tasks);
        }
    }

    fn first_deployment(&mut self, service: &Service) -> Deployment {
        let id = format!("ecs-svc/{}", self.chance.decimal());
        Deployment {
            reason: format!("ECS deployment {id} completed."),
            id,
            primary: true,
            task_definition: service.task_definition.clone(),
            created: service.created,
            updated: service.created,
            rollout: RolloutState::Completed,
            desired: service.desired,
            pending: 0,
            running: 0,
            failed_tasks: 0,
            rollback: false,
        }
    }

    fn plant_task(&mut self, at: Timestamp, key: &Key, deployment: &Deployment, protected: bool) {
        let created = at.checked_sub(SHOWN).unwrap_or(at);
        let Some(mut task) = self.new_task(created, key, deployment) else {
            return;
        };
        task.started = Some(created);
        task.protected = protected;
        if self.services.get(key).is_some_and(|service| service.health_check) {
            task.health = "HEALTHY";
        }
        self.tasks.insert(task.id.clone(), task);
    }
}
