//! What a fault names must exist: a misspelt scenario says so instead of testing nothing.

use super::Estate;
use super::faults::Fault;
use super::key::Key;

/// A fault that names something which does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fault names {kind} `{name}`, which is not in the estate")]
pub struct NoSuchThing {
    /// What kind of thing.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

impl Estate {
    pub(crate) fn check_names(&self, fault: &Fault) -> Result<(), NoSuchThing> {
        let missing = |kind, name: &str| Err(NoSuchThing { kind, name: name.to_owned() });
        match fault {
            Fault::CrashWriter { cluster, region }
            | Fault::SilenceWriter { cluster, region }
            | Fault::SickWriter { cluster, region }
            | Fault::LoseReaders { cluster, region, .. }
            | Fault::HoldEndpoint { cluster, region, .. }
            | Fault::FailSnapshots { cluster, region }
            | Fault::Heal { cluster: Some(cluster), region }
            | Fault::AwsFailover { cluster, region, target: None, .. }
            | Fault::LagReaders { cluster, region, instance: None, .. }
            | Fault::SetStatus { cluster, region, instance: None, .. } => self
                .named_cluster(cluster, region.as_deref())
                .map_or_else(|| missing("cluster", cluster), |_| Ok(())),
            Fault::AwsFailover { cluster, region, target: Some(instance), .. }
            | Fault::MoveWriter { cluster, region, to: instance, .. }
            | Fault::LagReaders { cluster, region, instance: Some(instance), .. }
            | Fault::SetStatus { cluster, region, instance: Some(instance), .. } => {
                let Some(key) = self.named_cluster(cluster, region.as_deref()) else {
                    return missing("cluster", cluster);
                };
                let member = self.clusters.get(&key).is_some_and(|found| found.members.contains(instance));
                if member { Ok(()) } else { missing("instance", instance) }
            }
            Fault::FailDeployments { service, cluster }
            | Fault::SlowDeployments { service, cluster, .. }
            | Fault::Deploy { service, cluster }
            | Fault::CrashTask { service, cluster }
            | Fault::ProtectTasks { service, cluster, .. } => self
                .named_service(service, cluster.as_deref())
                .map_or_else(|| missing("service", service), |_| Ok(())),
            Fault::FailRestores { cluster, .. } | Fault::SlowRestores { cluster, .. } => {
                // The cluster may be gone, and its snapshots left.
                let left = self.snapshots.values().any(|it| it.of_cluster && it.source == *cluster);
                if left || self.named_cluster(cluster, None).is_some() {
                    return Ok(());
                }
                missing("cluster", cluster)
            }
            Fault::RefuseKey { .. }
            | Fault::Heal { cluster: None, .. }
            | Fault::Throttle(_)
            | Fault::LoseReply(_)
            | Fault::ServerError(_)
            | Fault::Deny(_)
            | Fault::TellRdsEvent { .. }
            | Fault::SetDelays { .. } => Ok(()),
        }
    }

    pub(crate) fn named_cluster(&self, id: &str, region: Option<&str>) -> Option<Key> {
        self.clusters
            .keys()
            .find(|key| key.id == id && region.is_none_or(|region| region == key.region))
            .cloned()
    }

    pub(crate) fn named_service(&self, name: &str, cluster: Option<&str>) -> Option<Key> {
        let mut services = self.services.values();
        let found =
            services.find(|found| found.name == name && cluster.is_none_or(|id| id == found.cluster.id));
        found.map(|found| found.key.clone())
    }
}
