//! Faults of single things, and how they heal.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::database::Health;
use super::faults::Fault;
use super::key::Key;

impl Estate {
    /// Sets a status, and plans its end.
    pub(crate) fn set_status(
        &mut self,
        at: Timestamp,
        key: &Key,
        instance: Option<&str>,
        status: &str,
        seconds: Option<f64>,
    ) {
        if let Some(found) = instance.and_then(|id| self.instances.get_mut(&key.beside(id))) {
            status.clone_into(&mut found.status);
            found.generation += 1;
            if let Some(seconds) = seconds {
                let generation = found.generation;
                let instance = found.key.clone();
                self.plan(at, seconds, Occurrence::InstanceReturns { instance, generation });
            }
        } else if let Some(found) = self.clusters.get_mut(key) {
            status.clone_into(&mut found.status);
            if let Some(seconds) = seconds {
                let occurrence =
                    Occurrence::StatusRestored { cluster: key.clone(), status: status.to_owned() };
                self.plan(at, seconds, occurrence);
            }
        }
    }

    pub(crate) fn status_restored(&mut self, key: &Key, status: &str) {
        if let Some(cluster) = self.clusters.get_mut(key).filter(|cluster| cluster.status == status) {
            cluster.status = "available".into();
        }
    }

    /// A fault of one service.
    pub(crate) fn strike_service(&mut self, at: Timestamp, key: &Key, fault: &Fault) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        if let Fault::FailDeployments { .. } = fault {
            service.failing = true;
        } else if let Fault::SlowDeployments { seconds, .. } = fault {
            service.slow = Some(*seconds);
        } else if let Fault::Deploy { .. } = fault {
            self.deploy(at, key, None);
            self.look(at, key);
        } else if let Fault::CrashTask { .. } = fault {
            let running = self.tasks.values().find(|task| task.service == *key && task.serves());
            if let Some(id) = running.map(|task| task.id.clone()) {
                self.task_fails(at, &id);
            }
        } else if let Fault::ProtectTasks { tasks, .. } = fault {
            for task in
                self.tasks.values_mut().filter(|task| task.service == *key && task.lives()).take(*tasks)
            {
                task.protected = true;
            }
        }
    }

    /// Makes things well again. A writer move that is under way goes on.
    pub(crate) fn heal(&mut self, cluster: Option<&str>, region: Option<&str>) {
        let meant = |key: &Key| {
            cluster.is_none_or(|id| id == key.id) && region.is_none_or(|region| region == key.region)
        };
        for found in self.clusters.values_mut().filter(|found| meant(&found.key)) {
            found.endpoint_held_until = None;
            found.endpoint_held_after_promotion = None;
            found.snapshots_fail = false;
            // What is made or deleted gets there by itself.
            if found.failover.is_none() && !["creating", "deleting"].contains(&found.status.as_str()) {
                found.status = "available".into();
            }
            for id in &found.members {
                let Some(instance) = self.instances.get_mut(&found.key.beside(id)) else {
                    continue;
                };
                // What restarts comes back by itself.
                if instance.health != Health::Restarting {
                    instance.health = Health::Serving;
                    instance.status = "available".into();
                }
                instance.lag = None;
                instance.reports_lag = true;
            }
        }
        self.restore_faults.retain(|kept| !kept.healed(cluster));
        for service in self.services.values_mut() {
            service.failing = false;
            service.slow = None;
        }
        for task in self.tasks.values_mut() {
            task.protected = false;
        }
        if cluster.is_none() {
            self.interference.clear();
            self.triggers.clear();
        }
    }
}
