//! The ECS calls that only read.

use super::Estate;
use super::answering::{Done, read};
use super::key::{Key, arn, bare};
use super::reply::{EcsClusterView, Refusal, Reply, page};
use super::request::Page;
use super::service::{Service, ServiceView, Task};

/// `DescribeServices` takes so many services at most.
const SERVICES_AT_ONCE: usize = 10;
/// `DescribeTasks` takes so many tasks at most; also the largest page of the list calls.
const TASKS_AT_ONCE: usize = 100;

/// The error for parameters that can't be.
pub(crate) fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

impl Estate {
    pub(crate) fn ecs_cluster(&self, region: &str, cluster: &str) -> Result<Key, Refusal> {
        let key = Key::new(region, bare(cluster));
        if self.ecs_clusters.contains(&key) {
            return Ok(key);
        }
        Err(Refusal::new("ClusterNotFoundException", "Cluster not found."))
    }

    pub(crate) fn service_of(&self, cluster: &Key, service: &str) -> Option<&Service> {
        self.services.get(&cluster.beside(&format!("{}/{}", cluster.id, bare(service))))
    }

    fn tasks_of<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Task> {
        self.tasks.values().filter(move |task| task.service == *key)
    }

    /// A service with the counts of its tasks.
    pub(crate) fn service_view(&self, key: &Key) -> Option<ServiceView> {
        let mut service = self.services.get(key)?.clone();
        let count = |deployment: Option<&str>, status: &str| {
            let tasks = self.tasks_of(key).filter(|task| task.last_status == status && task.lives());
            let tasks = tasks.filter(|task| deployment.is_none_or(|id| task.deployment == id));
            u32::try_from(tasks.count()).unwrap_or(u32::MAX)
        };
        for deployment in &mut service.deployments {
            deployment.pending = count(Some(&deployment.id), "PENDING");
            deployment.running = count(Some(&deployment.id), "RUNNING");
            if deployment.primary {
                deployment.desired = service.desired;
            } else {
                deployment.desired = deployment.pending + deployment.running;
            }
        }
        let (running, pending) = (count(None, "RUNNING"), count(None, "PENDING"));
        Some(ServiceView { service, running, pending, with_tags: true })
    }

    pub(crate) fn describe_ecs_clusters(&self, region: &str, names: &[String]) -> Done {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        let default = ["default".to_owned()];
        for name in if names.is_empty() { &default[..] } else { names } {
            let key = Key::new(region, bare(name));
            let cluster_arn = arn("ecs", region, &self.settings.account, &format!("cluster/{}", key.id));
            if !self.ecs_clusters.contains(&key) {
                missing.push(cluster_arn);
                continue;
            }
            let tasks = |status: &str| {
                self.tasks
                    .values()
                    .filter(|task| task.cluster_arn == cluster_arn && task.last_status == status)
                    .count()
            };
            found.push(EcsClusterView {
                services: self.services.values().filter(|service| service.cluster == key).count(),
                running: tasks("RUNNING"),
                pending: tasks("PENDING"),
                name: key.id,
                arn: cluster_arn,
            });
        }
        read(Reply::EcsClusters(found, missing))
    }

    pub(crate) fn list_services(&self, region: &str, cluster: &str, wanted: &Page) -> Done {
        let cluster = self.ecs_cluster(region, cluster)?;
        let all = self.services.values().filter(|service| service.cluster == cluster);
        let wanted = Page { most: Some(wanted.most.unwrap_or(10)), ..wanted.clone() };
        let all = all.map(|service| service.arn.clone()).collect();
        let (arns, next) = page(all, &wanted, TASKS_AT_ONCE, "InvalidParameterException")?;
        read(Reply::ServiceArns(arns, next))
    }

    pub(crate) fn describe_services(
        &self,
        region: &str,
        cluster: &str,
        services: &[String],
        tags: bool,
    ) -> Done {
        if services.is_empty() {
            return Err(invalid("Services cannot be empty."));
        }
        if services.len() > SERVICES_AT_ONCE {
            return Err(invalid("Services cannot have more than 10 elements."));
        }
        let cluster = self.ecs_cluster(region, cluster)?;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in services {
            match self.service_of(&cluster, name).and_then(|service| self.service_view(&service.key)) {
                Some(view) => found.push(ServiceView { with_tags: tags, ..view }),
                None => missing.push(arn(
                    "ecs",
                    region,
                    &self.settings.account,
                    &format!("service/{}/{}", cluster.id, bare(name)),
                )),
            }
        }
        read(Reply::Services(found, missing))
    }

    pub(crate) fn list_tasks(
        &self,
        region: &str,
        cluster: &str,
        service: Option<&str>,
        desired_status: &str,
        wanted: &Page,
    ) -> Done {
        let cluster = self.ecs_cluster(region, cluster)?;
        if let Some(name) = service.filter(|name| self.service_of(&cluster, name).is_none()) {
            return Err(Refusal::new("ServiceNotFoundException", format!("Service {name} not found.")));
        }
        let of = service.map(|name| format!("{}/{}", cluster.id, bare(name)));
        let prefix = format!("{}/", cluster.id);
        let all = self.tasks.values().filter(|task| {
            task.service.region == region
                && task.service.id.starts_with(&prefix)
                && task.desired_status == desired_status
                && of.as_ref().is_none_or(|id| task.service.id == *id)
        });
        let all = all.map(|task| task.arn.clone()).collect();
        let (arns, next) = page(all, wanted, TASKS_AT_ONCE, "InvalidParameterException")?;
        read(Reply::TaskArns(arns, next))
    }

    pub(crate) fn describe_tasks(&self, region: &str, cluster: &str, tasks: &[String]) -> Done {
        if tasks.is_empty() {
            return Err(invalid("Tasks cannot be empty."));
        }
        if tasks.len() > TASKS_AT_ONCE {
            return Err(invalid("Tasks cannot have more than 100 elements."));
        }
        let cluster = self.ecs_cluster(region, cluster)?;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in tasks {
            match self.tasks.get(bare(id)).filter(|task| task.service.region == region) {
                Some(task) => found.push(task.clone()),
                None => missing.push(arn(
                    "ecs",
                    region,
                    &self.settings.account,
                    &format!("task/{}/{}", cluster.id, bare(id)),
                )),
            }
        }
        read(Reply::Tasks(found, missing))
    }
}
