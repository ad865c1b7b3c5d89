//! What a restore starts from, and what of it is refused.

use jiff::Timestamp;

use super::Estate;
use super::aurora::wrong_state;
use super::key::Key;
use super::reply::Refusal;
use super::snapshots::no_snapshot;

/// What a restore takes over from its source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    /// The ARN of the snapshot or of the cluster.
    pub(crate) arn: String,
    /// The cluster whose data it is.
    pub(crate) cluster: Key,
    /// When the data is from.
    pub(crate) as_of: Timestamp,
    pub(crate) engine: String,
    pub(crate) engine_version: String,
    pub(crate) port: u16,
    pub(crate) storage_gib: u32,
    pub(crate) backup_days: u8,
    pub(crate) kms_key: Option<String>,
    /// Whether what is not encrypted may be encrypted by restoring it: a snapshot may (Aurora User Guide,
    /// `Overview.Encryption`), a point in time may not (API reference).
    pub(crate) may_encrypt: bool,
}

fn combination(message: &str) -> Refusal {
    Refusal::new("InvalidParameterCombination", message)
}

impl Estate {
    pub(crate) fn snapshot_to_restore(
        &self,
        region: &str,
        named: &str,
        engine: &str,
        version: Option<String>,
    ) -> Result<Source, Refusal> {
        let place = self.snapshot_place(region, named);
        // A snapshot is restored in its own region; elsewhere its copy is.
        let snapshot = self.snapshots.get(&(true, place)).filter(|found| found.key.region == region);
        let snapshot = snapshot.ok_or_else(|| no_snapshot(true, named))?;
        if snapshot.status != "available" {
            let message = format!("Snapshot {named} is not in available state.");
            return Err(Refusal::new("InvalidDBClusterSnapshotStateFault", message));
        }
        if snapshot.engine != engine {
            // The reference says that it must be compatible, not what is answered otherwise.
            return Err(combination(&format!("Engine {engine} is not compatible with {}.", snapshot.engine)));
        }
        let cluster = Key::new(snapshot.origin.clone(), snapshot.source.clone());
        Ok(Source {
            arn: snapshot.arn.clone(),
            as_of: snapshot.as_of,
            engine: snapshot.engine.clone(),
            // The reference speaks of the region's default version, which may be another major one.
            engine_version: version
                .or_else(|| self.settings.default_engine_version.clone())
                .unwrap_or_else(|| snapshot.engine_version.clone()),
            port: snapshot.port,
            storage_gib: snapshot.storage_gib,
            // "Uses existing setting": the cluster's, as far as it is still known.
            backup_days: self.clusters.get(&cluster).map_or(1, |found| found.backup_days),
            kms_key: snapshot.kms_key.clone(),
            may_encrypt: true,
            cluster,
        })
    }

    pub(crate) fn point_to_restore(
        &self,
        region: &str,
        named: &str,
        to: Option<Timestamp>,
        latest: bool,
        kind: Option<&str>,
    ) -> Result<Source, Refusal> {
        let key = self.cluster_key(region, named)?;
        let cluster = self.clusters.get(&key).ok_or_else(|| Self::no_cluster(named))?;
        let clone = match kind {
            None | Some("full-copy") => false,
            Some("copy-on-write") => true,
            Some(other) => {
                let message = format!("Invalid restore type: {other}");
                return Err(Refusal::new("InvalidParameterValue", message));
            }
        };
        let Some((earliest, newest)) = self.restorable(cluster) else {
            return Err(wrong_state(&format!("DB cluster {} has no point in time to restore.", key.id)));
        };
        let as_of = match to {
            Some(_) if latest || clone => {
                return Err(combination(
                    "RestoreToTime cannot be specified with UseLatestRestorableTime or RestoreType copy-on-write.",
                ));
            }
            Some(to) if (earliest..=newest).contains(&to) => to,
            Some(to) => {
                let message = format!("{to} is not between {earliest} and {newest}, the restorable times.");
                return Err(Refusal::new("InvalidParameterValue", message));
            }
            None if clone => self.clock,
            None if latest => newest,
            None => {
                return Err(combination(
                    "Either RestoreToTime or UseLatestRestorableTime must be specified.",
                ));
            }
        };
        Ok(Source {
            arn: cluster.arn.clone(),
            as_of,
            engine: cluster.engine.clone(),
            engine_version: cluster.engine_version.clone(),
            // The default is the engine's port, not the source's.
            port: if cluster.engine.contains("mysql") { 3306 } else { 5432 },
            storage_gib: cluster.storage_gib,
            backup_days: cluster.backup_days,
            kms_key: cluster.kms_key.clone(),
            may_encrypt: false,
            cluster: key,
        })
    }

    /// The key of a restored cluster: the one that is asked for, or its source's.
    pub(crate) fn key_of_restore(
        &mut self,
        at: Timestamp,
        region: &str,
        source: &Source,
        asked: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        if asked.is_some() && source.kms_key.is_none() && !source.may_encrypt {
            return Err(combination("KmsKeyId cannot be specified for a source that is not encrypted."));
        }
        // What is encrypted must be read, too.
        if let Some(key) = &source.kms_key {
            self.usable_key(at, region, key)?;
        }
        let key = asked.map(|key| self.key_arn(region, key)).or_else(|| source.kms_key.clone());
        if let Some(key) = &key {
            self.usable_key(at, region, key)?;
        }
        Ok(key)
    }
}
