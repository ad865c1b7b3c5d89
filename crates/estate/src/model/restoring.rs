//! `RestoreDBClusterFromSnapshot` and `RestoreDBClusterToPointInTime` (API reference): a new cluster without
//! instances, with AWS's defaults where the caller says nothing.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::answering::Done;
use super::database::{Health, Restored};
use super::effect::SourceType;
use super::key::Key;
use super::reply::{Refusal, Reply};
use super::restore_request::{RestoreFrom, RestoreRequest};
use super::restore_source::Source;
use super::seed::ClusterSeed;
use super::snapshots::valid_identifier;

impl Estate {
    pub(crate) fn restore_cluster(&mut self, at: Timestamp, region: &str, asked: RestoreRequest) -> Done {
        let key = Key::new(region, asked.cluster.to_lowercase());
        if !valid_identifier(&key.id, 63) {
            let message = format!("Invalid cluster identifier: {}", asked.cluster);
            return Err(Refusal::new("InvalidParameterValue", message));
        }
        let source = match &asked.from {
            RestoreFrom::Snapshot { snapshot, engine, engine_version } => {
                self.snapshot_to_restore(region, snapshot, engine, engine_version.clone())?
            }
            RestoreFrom::PointInTime { cluster, to, latest, kind } => {
                self.point_to_restore(region, cluster, *to, *latest, kind.as_deref())?
            }
        };
        if self.clusters.contains_key(&key) {
            let message = format!("DB cluster {} already exists.", key.id);
            return Err(Refusal::new("DBClusterAlreadyExistsFault", message));
        }
        if self.clusters.keys().filter(|other| other.region == region).count() >= self.settings.cluster_quota
        {
            let message =
                "The request cannot be processed because it would exceed the number of DB clusters.";
            return Err(Refusal { status: 403, ..Refusal::new("DBClusterQuotaExceededFault", message) });
        }
        let kms_key = self.key_of_restore(at, region, &source, asked.key.as_deref())?;
        let told = format!("cluster {} restored from {} as of {}", key.id, source.arn, source.as_of);
        self.plant_restored(at, &key, &source, asked, kms_key);
        let delay = self.settings.delays.restore;
        let drawn = self.draw(delay);
        let seconds = self.slowed(at, &source.cluster).unwrap_or(drawn);
        let cluster = self.clusters.get(&key).ok_or_else(|| Self::no_cluster(&key.id))?;
        let (resource_id, source) = (cluster.resource_id.clone(), source.cluster);
        let reply = Reply::Cluster(Box::new(self.cluster_view(cluster)));
        self.plan(at, seconds, Occurrence::ClusterReady { cluster: key, resource_id, source });
        Ok((reply, Some(told)))
    }

    fn plant_restored(
        &mut self,
        at: Timestamp,
        key: &Key,
        source: &Source,
        asked: RestoreRequest,
        kms_key: Option<String>,
    ) {
        let security_groups = asked.security_groups;
        let seed = ClusterSeed {
            region: Some(key.region.clone()),
            identifier: key.id.clone(),
            engine: source.engine.clone(),
            engine_version: source.engine_version.clone(),
            status: "creating".into(),
            port: asked.port.unwrap_or(source.port),
            tags: asked.tags,
            copy_tags_to_snapshot: asked.copy_tags_to_snapshot,
            storage_gib: source.storage_gib,
            kms_key,
            parameter_group: asked.parameter_group,
            subnet_group: asked.subnet_group.unwrap_or_else(|| "default".into()),
            security_groups: if security_groups.is_empty() {
                ClusterSeed::default().security_groups
            } else {
                security_groups
            },
            deletion_protection: asked.deletion_protection,
            backup_days: asked.backup_days.unwrap_or(source.backup_days),
            instances: Vec::new(),
        };
        self.plant_cluster(at, &seed);
        if let Some(cluster) = self.clusters.get_mut(key) {
            // Its own backups begin when it is there.
            cluster.restorable_from = Timestamp::MAX;
            cluster.restored_from = Some(Restored { source: source.arn.clone(), as_of: source.as_of });
        }
    }

    /// A restored cluster is there, or will never be.
    pub(crate) fn cluster_ready(&mut self, at: Timestamp, key: &Key, resource_id: &str, source: &Key) {
        let failed = self.failed_restore(at, source);
        let restored = |cluster: &&mut super::Cluster| cluster.resource_id == resource_id;
        let Some(cluster) = self.clusters.get_mut(key).filter(restored) else {
            return;
        };
        if let Some(status) = failed {
            // No event tells of it.
            cluster.status = status;
            return;
        }
        cluster.status = "available".into();
        cluster.restorable_from = at;
        let arn = cluster.arn.clone();
        let message = "DB cluster created.".to_owned();
        self.tell(at, key, SourceType::Cluster, arn, &["creation"], "RDS-EVENT-0170", message);
    }

    /// The earliest and the latest moment to which a cluster can be restored, when its backups are on: within its
    /// retention, and a little before now. A writer that has crashed writes nothing more.
    pub(crate) fn restorable(&self, cluster: &super::Cluster) -> Option<(Timestamp, Timestamp)> {
        if cluster.backup_days == 0 {
            return None;
        }
        let day = 24.0 * 3600.0;
        let kept = super::agenda::earlier(self.clock, f64::from(cluster.backup_days) * day);
        let written = super::agenda::earlier(self.clock, self.settings.delays.backup_lag.most());
        let writer = self.instances.get(&cluster.key.beside(&cluster.writer)).map(|writer| writer.health);
        let latest = match writer {
            Some(Health::Crashed(since)) => written.min(since),
            _ => written,
        };
        let earliest = cluster.restorable_from.max(kept);
        (earliest <= latest).then_some((earliest, latest))
    }
}
