//! `DeleteDBInstance` and `DeleteDBCluster` (API reference).

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::answering::Done;
use super::aurora::{wrong_instance, wrong_state};
use super::database::{Failover, Health, Tags};
use super::effect::SourceType;
use super::key::Key;
use super::reply::{Refusal, Reply};
use super::restore_request::FinalSnapshot;
use super::snapshots::SnapshotKey;

fn combination(message: &str) -> Refusal {
    Refusal::new("InvalidParameterCombination", message)
}

impl FinalSnapshot {
    /// The name of the last snapshot, if there is to be one. It is named or skipped; both and neither are errors.
    fn name(&self) -> Result<Option<&str>, Refusal> {
        match (self.skip, self.name.as_deref()) {
            (true, None) => Ok(None),
            (false, Some(name)) => Ok(Some(name)),
            (true, Some(_)) => {
                Err(combination("FinalDBSnapshotIdentifier cannot be specified with SkipFinalSnapshot."))
            }
            (false, None) => Err(combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            )),
        }
    }
}

impl Estate {
    pub(crate) fn delete_instance(
        &mut self,
        at: Timestamp,
        region: &str,
        id: &str,
        last: &FinalSnapshot,
    ) -> Done {
        let key = self.instance_key(region, id)?;
        let instance = self.instances.get(&key).ok_or_else(|| Self::no_instance(id))?;
        if ["creating", "deleting"].contains(&instance.status.as_str()) {
            return Err(wrong_instance(&format!("Instance {} is currently {}.", key.id, instance.status)));
        }
        let cluster = instance.cluster.as_ref().map(|id| key.beside(id));
        if cluster.is_none() {
            if let Some(snapshot) = last.name()? {
                self.create_snapshot(at, region, false, id, snapshot, Tags::new())?;
            }
        } else if last.name.is_some() {
            // Its data is the cluster's.
            return Err(combination(
                "There is no final snapshot of an instance that is part of a DB cluster.",
            ));
        }
        let delay = self.settings.delays.deletion;
        let seconds = self.draw(delay);
        let instance = self.instances.get_mut(&key).ok_or_else(|| Self::no_instance(id))?;
        instance.generation += 1;
        instance.status = "deleting".into();
        instance.health = Health::Restarting;
        let (reply, resource_id) =
            (Reply::Instance(Box::new(instance.clone())), instance.resource_id.clone());
        if let Some(cluster) = cluster {
            self.replace_writer(at, &cluster, &key.id);
        }
        let effect = format!("deletion of instance {}", key.id);
        self.plan(at, seconds, Occurrence::InstanceGone { instance: key, resource_id });
        Ok((reply, Some(effect)))
    }

    /// When the writer goes, a reader is promoted (Aurora User Guide, `USER_DeleteInstance`).
    fn replace_writer(&mut self, at: Timestamp, cluster: &Key, gone: &str) {
        let Some(found) = self.clusters.get(cluster) else {
            return;
        };
        if found.writer == gone
            && found.failover.is_none()
            && let Some(target) = self.best_reader(found)
        {
            let failover = Failover { target, announced: true, begun: false, promotion: None };
            self.start_failover(at, cluster, failover, 0.0);
        }
    }

    pub(crate) fn instance_gone(&mut self, at: Timestamp, key: &Key, resource_id: &str) {
        if self.instances.get(key).is_none_or(|found| found.resource_id != resource_id) {
            return;
        }
        let Some(instance) = self.instances.remove(key) else {
            return;
        };
        let message = "DB instance deleted.".to_owned();
        self.tell(at, key, SourceType::Instance, instance.arn, &["deletion"], "RDS-EVENT-0003", message);
        let Some(cluster_key) = instance.cluster.map(|id| key.beside(&id)) else {
            return;
        };
        if let Some(cluster) = self.clusters.get_mut(&cluster_key) {
            cluster.members.retain(|id| *id != key.id);
            if cluster.members.is_empty() {
                cluster.writer.clear();
                cluster.endpoint_target.clear();
            }
        }
        self.replace_writer(at, &cluster_key, &key.id);
    }

    pub(crate) fn delete_cluster(
        &mut self,
        at: Timestamp,
        region: &str,
        id: &str,
        last: &FinalSnapshot,
    ) -> Done {
        let key = self.cluster_key(region, id)?;
        let cluster = self.clusters.get(&key).ok_or_else(|| Self::no_cluster(id))?;
        if cluster.deletion_protection {
            return Err(combination(
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            ));
        }
        if ["creating", "deleting"].contains(&cluster.status.as_str()) {
            return Err(wrong_state(&format!("DB cluster {} is in {} state.", key.id, cluster.status)));
        }
        let members = cluster.members.iter().filter_map(|id| self.instances.get(&key.beside(id)));
        if members.into_iter().any(|instance| instance.status != "deleting") {
            return Err(wrong_state(
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            ));
        }
        let resource_id = cluster.resource_id.clone();
        if let Some(snapshot) = last.name()? {
            // The cluster is available while its last snapshot is made (AWS CLI reference, delete-db-cluster).
            self.create_snapshot(at, region, true, id, snapshot, Tags::new())?;
            let snapshot = (true, self.snapshot_place(region, snapshot));
            if let Some(ready) = self.snapshots.get(&snapshot).map(|made| made.ready) {
                let cluster = key.clone();
                self.agenda.plan(ready, Occurrence::ClusterDeletes { cluster, resource_id, snapshot });
            }
        } else {
            self.begin_deletion(at, &key, &resource_id);
        }
        let cluster = self.clusters.get(&key).ok_or_else(|| Self::no_cluster(id))?;
        let reply = Reply::Cluster(Box::new(self.cluster_view(cluster)));
        Ok((reply, Some(format!("deletion of cluster {}", key.id))))
    }

    /// The last snapshot is complete. One that failed keeps the cluster.
    pub(crate) fn cluster_deletes(
        &mut self,
        at: Timestamp,
        key: &Key,
        resource_id: &str,
        last: &SnapshotKey,
    ) {
        if self.snapshots.get(last).is_some_and(|made| made.status == "available") {
            self.begin_deletion(at, key, resource_id);
        }
    }

    fn begin_deletion(&mut self, at: Timestamp, key: &Key, resource_id: &str) {
        let delay = self.settings.delays.deletion;
        let seconds = self.draw(delay);
        if let Some(cluster) = self.clusters.get_mut(key).filter(|found| found.resource_id == resource_id) {
            cluster.status = "deleting".into();
            let resource_id = resource_id.to_owned();
            self.plan(at, seconds, Occurrence::ClusterGone { cluster: key.clone(), resource_id });
        }
    }

    /// A cluster goes after its instances.
    pub(crate) fn cluster_gone(&mut self, at: Timestamp, key: &Key, resource_id: &str) {
        let Some(cluster) = self.clusters.get(key).filter(|found| found.resource_id == resource_id) else {
            return;
        };
        if !cluster.members.is_empty() {
            let occurrence =
                Occurrence::ClusterGone { cluster: key.clone(), resource_id: resource_id.into() };
            self.plan(at, 1.0, occurrence);
            return;
        }
        let arn = cluster.arn.clone();
        self.clusters.remove(key);
        let message = "DB cluster deleted.".to_owned();
        self.tell(at, key, SourceType::Cluster, arn, &["deletion"], "RDS-EVENT-0171", message);
    }
}
