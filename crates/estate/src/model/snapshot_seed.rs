//! Snapshots that an estate starts with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Estate;
use super::database::{Snapshot, Tags};
use super::key::{Key, arn};
use super::seed::SeedError;

/// A snapshot of a cluster that is in the estate, or was once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotSeed {
    /// The region; the estate's own when absent.
    pub region: Option<String>,
    /// The identifier.
    pub identifier: String,
    /// The cluster of which it was taken.
    pub cluster: String,
    /// When it was taken; the moment of seeding when absent.
    pub created: Option<Timestamp>,
    /// `manual` or `automated`.
    pub kind: String,
    /// The status, `available` unless said otherwise.
    pub status: String,
    /// Its tags.
    pub tags: Tags,
}

impl Default for SnapshotSeed {
    fn default() -> Self {
        Self {
            region: None,
            identifier: String::new(),
            cluster: String::new(),
            created: None,
            kind: "manual".into(),
            status: "available".into(),
            tags: Tags::new(),
        }
    }
}

impl Estate {
    pub(crate) fn check_new_snapshots(&self, snapshots: &[SnapshotSeed]) -> Result<(), SeedError> {
        for seed in snapshots {
            if seed.identifier.is_empty() {
                return Err(SeedError::Nameless("snapshot"));
            }
            if self.snapshots.contains_key(&(true, self.snapshot_key(seed))) {
                return Err(SeedError::Exists(format!("snapshot {}", seed.identifier)));
            }
        }
        Ok(())
    }

    fn snapshot_key(&self, seed: &SnapshotSeed) -> Key {
        let region = seed.region.as_ref().unwrap_or(&self.settings.region);
        Key::new(region, seed.identifier.to_lowercase())
    }

    pub(crate) fn plant_snapshot(&mut self, at: Timestamp, seed: &SnapshotSeed) {
        let key = self.snapshot_key(seed);
        let created = seed.created.unwrap_or(at);
        let source = self.clusters.get(&key.beside(&seed.cluster));
        let snapshot = Snapshot {
            arn: arn("rds", &key.region, &self.settings.account, &format!("cluster-snapshot:{}", key.id)),
            source: seed.cluster.clone(),
            origin: key.region.clone(),
            copy_of: None,
            of_cluster: true,
            source_resource_id: source.map(|it| it.resource_id.clone()).unwrap_or_default(),
            engine: source.map_or_else(|| "aurora-postgresql".into(), |it| it.engine.clone()),
            engine_version: source.map_or_else(|| "16.6".into(), |it| it.engine_version.clone()),
            kind: seed.kind.clone(),
            status: seed.status.clone(),
            created,
            as_of: created,
            ready: created,
            percent: 100,
            storage_gib: source.map_or(1, |it| it.storage_gib),
            kms_key: source.and_then(|it| it.kms_key.clone()),
            port: source.map_or(5432, |it| it.port),
            availability_zone: String::new(),
            tags: seed.tags.clone(),
            key: key.clone(),
        };
        self.snapshots.insert((true, key), snapshot);
    }
}
