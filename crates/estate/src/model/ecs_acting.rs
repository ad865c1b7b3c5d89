//! The ECS calls that change something.

use jiff::Timestamp;

use super::Estate;
use super::answering::Done;
use super::ecs::invalid;
use super::key::bare;
use super::reply::{Refusal, Reply};

impl Estate {
    pub(crate) fn update_service(
        &mut self,
        at: Timestamp,
        region: &str,
        cluster: &str,
        service: &str,
        force: bool,
        desired: Option<u32>,
    ) -> Done {
        let cluster = self.ecs_cluster(region, cluster)?;
        let found = self
            .service_of(&cluster, service)
            .ok_or_else(|| Refusal::new("ServiceNotFoundException", "Service not found."))?;
        if found.status != "ACTIVE" {
            return Err(Refusal::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        if force && found.controller != "ECS" {
            return Err(invalid(&format!(
                "Unable to force a new deployment on services with a {} deployment controller.",
                found.controller
            )));
        }
        let key = found.key.clone();
        let mut effects = Vec::new();
        if let Some((desired, service)) = desired.zip(self.services.get_mut(&key)) {
            effects.push(format!("desired count of {} from {} to {desired}", service.name, service.desired));
            service.desired = desired;
        }
        if force && let Some(deployment) = self.deploy(at, &key, None) {
            effects.push(format!("deployment {deployment} of {}", key.id));
        }
        self.look(at, &key);
        let view = self.service_view(&key).ok_or_else(|| invalid("The service is gone."))?;
        Ok((Reply::Service(Box::new(view)), (!effects.is_empty()).then(|| effects.join("; "))))
    }

    pub(crate) fn stop_task_by_call(
        &mut self,
        at: Timestamp,
        region: &str,
        cluster: &str,
        task: &str,
        reason: Option<String>,
    ) -> Done {
        self.ecs_cluster(region, cluster)?;
        let id = bare(task).to_owned();
        let service = self
            .tasks
            .get(&id)
            .filter(|task| task.service.region == region)
            .map(|task| task.service.clone())
            .ok_or_else(|| invalid("The referenced task was not found."))?;
        let reason = reason.unwrap_or_else(|| "Task stopped by user".into());
        self.stop_task(at, &id, &reason, "UserInitiated");
        self.look(at, &service);
        let stopped = self.tasks.get(&id).ok_or_else(|| invalid("The referenced task was not found."))?;
        Ok((Reply::Task(Box::new(stopped.clone())), Some(format!("stop of task {id} of {}", service.id))))
    }
}
