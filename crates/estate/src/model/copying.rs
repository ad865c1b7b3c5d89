//! `CopyDBClusterSnapshot` (API reference, and Aurora User Guide, `USER_CopySnapshot`): asked in the region of the
//! copy, whose quota it uses and whose keys it needs.

use jiff::Timestamp;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::answering::Done;
use super::database::{Snapshot, Tags};
use super::key::{Key, arn};
use super::reply::{Refusal, Reply};
use super::request::CopyRequest;
use super::snapshots::{new_snapshot_key, no_snapshot};

impl Estate {
    pub(crate) fn copy_snapshot(&mut self, at: Timestamp, region: &str, asked: CopyRequest) -> Done {
        let key = new_snapshot_key(region, true, &asked.target)?;
        let place = (true, self.snapshot_place(region, &asked.source));
        let source = self.snapshots.get(&place).ok_or_else(|| no_snapshot(true, &asked.source))?.clone();
        if source.status != "available" {
            return Err(Refusal::new(
                "InvalidDBClusterSnapshotStateFault",
                format!("Snapshot {} is not in available state.", asked.source),
            ));
        }
        let kms_key = self.key_of_copy(at, region, &source, asked.key.as_deref())?;
        self.room_for_snapshot(true, &key)?;
        self.room_for_copy(region, &source)?;
        let delay = self.settings.delays.copy;
        let seconds = self.draw(delay);
        let copy = Snapshot {
            arn: self.snapshot_arn(true, &key),
            copy_of: Some(source.arn.clone()),
            kind: "manual".into(),
            status: "copying".into(),
            // A copy's time is its own; what it holds is as old as its source.
            created: at,
            ready: later(at, seconds),
            percent: 0,
            kms_key,
            tags: tags_of_copy(&source, asked.tags, asked.copy_tags),
            key: key.clone(),
            ..source.clone()
        };
        self.snapshots.insert((true, key.clone()), copy.clone());
        self.plan(at, seconds, Occurrence::SnapshotReady { snapshot: (true, key.clone()) });
        let effect = format!("copy {} of snapshot {} in {}", key.id, source.key.id, source.key.region);
        Ok((Reply::Snapshot(Box::new(copy)), Some(effect)))
    }

    /// Where a snapshot is that is named by its identifier or, in any region of this account, by its ARN. An
    /// automated one's identifier has a colon: `rds:orders-2026-01-01-03-10`.
    pub(crate) fn snapshot_place(&self, region: &str, named: &str) -> Key {
        let mut parts = named.splitn(7, ':');
        match (parts.next(), parts.nth(2), parts.next(), parts.nth(1)) {
            (Some("arn"), Some(its), Some(account), Some(id)) if account == self.settings.account => {
                Key::new(its, id.to_lowercase())
            }
            _ => Key::new(region, named.to_lowercase()),
        }
    }

    /// The key of a copy. An unencrypted snapshot of a cluster can't be encrypted by copying; an encrypted one needs
    /// a key of the region in which the copy is, because keys don't leave their region.
    fn key_of_copy(
        &mut self,
        at: Timestamp,
        region: &str,
        source: &Snapshot,
        asked: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let key = match (&source.kms_key, asked) {
            (None, None) => return Ok(None),
            // The reference says that it is an error, not which.
            (None, Some(_)) => {
                return Err(Refusal::new(
                    "InvalidParameterCombination",
                    "KmsKeyId cannot be specified for a copy of an unencrypted DB cluster snapshot.",
                ));
            }
            (Some(_), Some(key)) => self.key_arn(region, key),
            (Some(key), None) => key.clone(),
        };
        self.usable_key(at, region, &key)?;
        Ok(Some(key))
    }

    /// A key by its ARN; an id or an alias is one of the region in which is asked.
    pub(crate) fn key_arn(&self, region: &str, key: &str) -> String {
        if key.starts_with("arn:") {
            return key.to_owned();
        }
        let resource = if key.starts_with("alias/") { key.to_owned() } else { format!("key/{key}") };
        arn("kms", region, &self.settings.account, &resource)
    }

    /// So many copies may come from other regions at once; a copy within its region does not count.
    fn room_for_copy(&self, region: &str, source: &Snapshot) -> Result<(), Refusal> {
        let from_elsewhere = |copy: &&Snapshot| {
            let from = copy.copy_of.as_deref().and_then(|source| source.split(':').nth(3));
            copy.key.region == region && copy.status == "copying" && from != Some(region)
        };
        let most = self.settings.copies_at_once;
        if source.key.region == region || self.snapshots.values().filter(from_elsewhere).count() < most {
            return Ok(());
        }
        Err(Refusal::new(
            "SnapshotQuotaExceeded",
            format!("Cannot have more than {most} cross-region snapshot copies in progress to {region}."),
        ))
    }

    /// A snapshot is deleted: its copies that are not complete end (API reference, `DeleteDBClusterSnapshot`).
    pub(crate) fn end_copies_of(&mut self, source: &str) {
        let ends = |copy: &&mut Snapshot| copy.status == "copying" && copy.copy_of.as_deref() == Some(source);
        for copy in self.snapshots.values_mut().filter(ends) {
            copy.status = "failed".into();
        }
    }
}

/// The tags of a copy. The reference doesn't say what `CopyTags` does beside tags of the copy's own; moto's authors saw
/// AWS ignore it then.
fn tags_of_copy(source: &Snapshot, own: Tags, copied: bool) -> Tags {
    if own.is_empty() && copied { source.tags.clone() } else { own }
}
