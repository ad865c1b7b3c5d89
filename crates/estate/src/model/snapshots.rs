//! Snapshots: created, described while they are made, deleted.

use jiff::{Timestamp, Unit};

use super::Estate;
use super::agenda::{Occurrence, later};
use super::answering::Done;
use super::aurora::{wrong_instance, wrong_state};
use super::database::{Snapshot, Tags};
use super::effect::SourceType;
use super::events::InstanceNews;
use super::key::{Key, arn};
use super::reply::{Refusal, Reply};

/// A snapshot's place: whether it is of a cluster, and its key. The two kinds have names of their own.
pub(crate) type SnapshotKey = (bool, Key);

impl Estate {
    pub(crate) fn create_snapshot(
        &mut self,
        at: Timestamp,
        region: &str,
        of_cluster: bool,
        source: &str,
        snapshot: &str,
        tags: Tags,
    ) -> Done {
        let key = new_snapshot_key(region, of_cluster, snapshot)?;
        let mut made = self.snapshot_of(of_cluster, region, source)?;
        self.room_for_snapshot(of_cluster, &key)?;
        let delay = self.settings.delays.snapshot;
        let seconds = self.draw(delay);
        made.arn = self.snapshot_arn(of_cluster, &key);
        made.key = key.clone();
        made.created = at;
        made.ready = later(at, seconds);
        // What the caller says of a tag counts more than what the cluster does.
        made.tags.extend(tags);
        self.tell_snapshot(at, &made, false);
        self.snapshots.insert((of_cluster, key.clone()), made.clone());
        self.plan(at, seconds, Occurrence::SnapshotReady { snapshot: (of_cluster, key.clone()) });
        let effect = format!("snapshot {} of {}", key.id, made.source);
        Ok((Reply::Snapshot(Box::new(made)), Some(effect)))
    }

    /// Whether there may be a new snapshot of that name: the name is free, and so is room in the quota.
    pub(crate) fn room_for_snapshot(&self, of_cluster: bool, key: &Key) -> Result<(), Refusal> {
        if self.snapshots.contains_key(&(of_cluster, key.clone())) {
            return Err(already(of_cluster, &key.id));
        }
        let quota = self.settings.snapshot_quota;
        if self.snapshots.len() >= quota && self.manual_snapshots(&key.region, of_cluster) >= quota {
            return Err(Refusal::new(
                "SnapshotQuotaExceeded",
                format!("Cannot create more than {quota} manual snapshots"),
            ));
        }
        Ok(())
    }

    pub(crate) fn snapshot_arn(&self, of_cluster: bool, key: &Key) -> String {
        let kind = if of_cluster { "cluster-snapshot" } else { "snapshot" };
        arn("rds", &key.region, &self.settings.account, &format!("{kind}:{}", key.id))
    }

    /// A new snapshot of a source that may have one.
    fn snapshot_of(&self, of_cluster: bool, region: &str, source: &str) -> Result<Snapshot, Refusal> {
        let empty = Snapshot {
            key: Key::new(region, ""),
            arn: String::new(),
            source: String::new(),
            origin: region.to_owned(),
            copy_of: None,
            of_cluster,
            source_resource_id: String::new(),
            engine: String::new(),
            engine_version: String::new(),
            kind: "manual".into(),
            status: "creating".into(),
            created: self.clock,
            as_of: self.clock,
            ready: self.clock,
            percent: 0,
            storage_gib: 1,
            kms_key: None,
            port: 0,
            availability_zone: String::new(),
            tags: Tags::new(),
        };
        if of_cluster {
            let key = self.cluster_key(region, source)?;
            let cluster = self.clusters.get(&key).ok_or_else(|| Self::no_cluster(source))?;
            if cluster.status != "available" {
                return Err(wrong_state(&format!("DB cluster {} is not in available state.", key.id)));
            }
            return Ok(Snapshot {
                source: key.id,
                source_resource_id: cluster.resource_id.clone(),
                engine: cluster.engine.clone(),
                engine_version: cluster.engine_version.clone(),
                port: cluster.port,
                storage_gib: cluster.storage_gib,
                kms_key: cluster.kms_key.clone(),
                tags: if cluster.copy_tags_to_snapshot { cluster.tags.clone() } else { Tags::new() },
                ..empty
            });
        }
        let key = self.instance_key(region, source)?;
        let instance = self.instances.get(&key).ok_or_else(|| Self::no_instance(source))?;
        if instance.cluster.is_some() {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "The source DB instance is a member of a DB cluster and a snapshot cannot be created directly. \
                 Please use the CreateDBClusterSnapshot API instead.",
            ));
        }
        if instance.status != "available" && instance.status != "storage-optimization" {
            return Err(wrong_instance(&format!("Instance {} is not in available state.", key.id)));
        }
        Ok(Snapshot {
            source: key.id,
            source_resource_id: instance.resource_id.clone(),
            engine: instance.engine.clone(),
            engine_version: instance.engine_version.clone(),
            port: instance.port,
            availability_zone: instance.availability_zone.clone(),
            ..empty
        })
    }

    /// How many manual snapshots of clusters or of instances there are: each kind has a quota of its own.
    pub(crate) fn manual_snapshots(&self, region: &str, of_cluster: bool) -> usize {
        let counts = |(kind, key): &SnapshotKey, snapshot: &Snapshot| {
            *kind == of_cluster && key.region == region && snapshot.kind == "manual"
        };
        self.snapshots.iter().filter(|(key, snapshot)| counts(key, snapshot)).count()
    }

    /// A snapshot as it is now: a part of it is there while it is `creating` or `copying`.
    pub(crate) fn progressed(&self, snapshot: &Snapshot) -> Snapshot {
        let mut seen = snapshot.clone();
        if under_way(snapshot) {
            let seconds = |from: Timestamp, to: Timestamp| {
                to.since(from).and_then(|span| span.total(Unit::Second)).unwrap_or(0.0)
            };
            let (done, whole) = (seconds(seen.created, self.clock), seconds(seen.created, seen.ready));
            let percent = if whole > 0.0 { (100.0 * done / whole).clamp(0.0, 99.0) } else { 99.0 };
            // In range, so that the shortest way to a whole number is right.
            seen.percent = (0_u8..=99).rev().find(|step| f64::from(*step) <= percent).unwrap_or(0);
        }
        seen
    }

    pub(crate) fn snapshot_ready(&mut self, at: Timestamp, key: &SnapshotKey) {
        let due = |found: &&mut Snapshot| found.ready <= at && under_way(found);
        let Some(snapshot) = self.snapshots.get_mut(key).filter(due) else {
            return;
        };
        let source = Key::new(snapshot.origin.clone(), snapshot.source.clone());
        let source = self.clusters.get(&source).filter(|_| snapshot.of_cluster);
        if source.is_some_and(|cluster| cluster.snapshots_fail) {
            // No event tells of it.
            snapshot.status = "failed".into();
            return;
        }
        snapshot.status = "available".into();
        snapshot.percent = 100;
        // AWS's list has no event for the copy of a cluster's snapshot (Aurora User Guide,
        // USER_Events.Messages): its status alone tells.
        if snapshot.copy_of.is_none() {
            let snapshot = snapshot.clone();
            self.tell_snapshot(at, &snapshot, true);
        }
    }

    fn tell_snapshot(&mut self, at: Timestamp, snapshot: &Snapshot, done: bool) {
        if !snapshot.of_cluster {
            let news = if done { InstanceNews::SnapshotDone } else { InstanceNews::SnapshotBegins };
            self.tell_instance(at, &snapshot.key.beside(&snapshot.source), news);
            return;
        }
        let (id, message) = if done {
            ("RDS-EVENT-0075", "Manual cluster snapshot created.")
        } else {
            ("RDS-EVENT-0074", "Creating manual cluster snapshot.")
        };
        let arn = snapshot.arn.clone();
        let kind = SourceType::ClusterSnapshot;
        self.tell(at, &snapshot.key, kind, arn, &["backup"], id, message.to_owned());
    }

    pub(crate) fn delete_snapshot(&mut self, region: &str, of_cluster: bool, snapshot: &str) -> Done {
        let key = (of_cluster, self.snapshot_place(region, snapshot));
        let found = self.snapshots.get(&key).ok_or_else(|| no_snapshot(of_cluster, snapshot))?;
        let code = if of_cluster { "InvalidDBClusterSnapshotStateFault" } else { "InvalidDBSnapshotState" };
        if found.kind != "manual" {
            return Err(Refusal::new(code, "Only manual snapshots may be deleted."));
        }
        // A copy under way is cancelled by deleting it (API reference, CopyDBClusterSnapshot).
        if found.status != "available" && found.status != "copying" {
            return Err(Refusal::new(code, format!("Snapshot {snapshot} is not in available state.")));
        }
        let mut gone = found.clone();
        self.snapshots.remove(&key);
        self.end_copies_of(&gone.arn);
        gone.status = "deleted".into();
        let effect = format!("deletion of snapshot {}", gone.key.id);
        Ok((Reply::Snapshot(Box::new(gone)), Some(effect)))
    }
}

/// Whether it is still being made, by creating or by copying.
fn under_way(snapshot: &Snapshot) -> bool {
    snapshot.status == "creating" || snapshot.status == "copying"
}

/// The key of a snapshot to be made, if its name may be one.
pub(crate) fn new_snapshot_key(region: &str, of_cluster: bool, snapshot: &str) -> Result<Key, Refusal> {
    let key = Key::new(region, snapshot.to_lowercase());
    if valid_identifier(&key.id, if of_cluster { 63 } else { 255 }) {
        return Ok(key);
    }
    Err(Refusal::new("InvalidParameterValue", format!("Invalid snapshot identifier: {snapshot}")))
}

/// AWS's rule: letters, digits and hyphens, begins with a letter, no two hyphens together, none at the end.
pub(crate) fn valid_identifier(id: &str, most: usize) -> bool {
    id.len() <= most
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !id.contains("--")
        && !id.ends_with('-')
}

pub(crate) fn no_snapshot(of_cluster: bool, id: &str) -> Refusal {
    let code = if of_cluster { "DBClusterSnapshotNotFoundFault" } else { "DBSnapshotNotFound" };
    Refusal::missing(code, format!("Snapshot {id} not found."))
}

fn already(of_cluster: bool, id: &str) -> Refusal {
    let code = if of_cluster { "DBClusterSnapshotAlreadyExistsFault" } else { "DBSnapshotAlreadyExists" };
    Refusal::new(
        code,
        format!("Cannot create the snapshot because one with the identifier {id} already exists."),
    )
}
