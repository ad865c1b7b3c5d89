//! Snapshots of DB clusters, as far as a recovery point is made of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The tag that marks what is Mainstay's. On a snapshot its value is the snapshot's own id: RDS copies a cluster's tags
/// to people's snapshots too (`CopyTagsToSnapshot`), and they would bear any other value.
pub const OURS: &str = "mainstay";
/// The tag with the plan's name of the database.
pub const DATABASE: &str = "mainstay:database";
/// The tag with the moment for which a snapshot was scheduled. RDS's own time of a snapshot changes when it is copied.
pub const SCHEDULED: &str = "mainstay:scheduled";

/// The identifier of a DB cluster's snapshot. Identifiers of instances and of their snapshots are other things, and a
/// call that wants this type can't be given one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterSnapshotId(String);

impl ClusterSnapshotId {
    /// The identifier in a text; none when RDS could not have given it: it begins with a letter and has at most 255
    /// letters, digits, hyphens and colons (`rds:orders-…` is an automated one).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= 255
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && !text.starts_with("arn:")
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ':');
        fits.then(|| Self(text.to_owned()))
    }

    /// As RDS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterSnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClusterSnapshotId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("`{}` is no identifier of a cluster's snapshot", crate::text::plain(&text, 60))
        })
    }
}

impl From<ClusterSnapshotId> for String {
    fn from(id: ClusterSnapshotId) -> Self {
        id.0
    }
}

/// A snapshot to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRequest {
    /// `DBClusterIdentifier`.
    pub cluster: String,
    /// `DBClusterSnapshotIdentifier`: from the scheduled time, so that a repeat is harmless.
    pub snapshot: ClusterSnapshotId,
    /// Tags, among them `mainstay` with the snapshot's own id.
    pub tags: Vec<(String, String)>,
}

/// What became of a snapshot request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotAnswer {
    /// AWS is making it.
    Creating,
    /// One with this id exists already: a repeated tick, unless it bears another's tags.
    Exists,
}

/// A snapshot of a DB cluster, as `DescribeDBClusterSnapshots` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// `DBClusterSnapshotIdentifier`.
    pub id: ClusterSnapshotId,
    /// `DBClusterIdentifier` of its source.
    pub cluster: String,
    /// `Status`.
    pub status: SnapshotStatus,
    /// `SnapshotType`.
    pub kind: SnapshotKind,
    /// What its tags say.
    pub marks: Marks,
    /// `AllocatedStorage` in GiB.
    pub size_gib: Option<u32>,
    /// `KmsKeyId`; none when it is not encrypted, or RDS does not say with which key.
    pub key: Option<String>,
}

/// What RDS says of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotStatus {
    /// It can be restored, copied and deleted.
    Available,
    /// RDS still makes it.
    Creating,
    /// RDS still copies it.
    Copying,
    /// It will never be one.
    Failed,
    /// Another word.
    Other(String),
}

/// Who took a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotKind {
    /// Somebody who asked for it.
    Manual,
    /// RDS, in its backup window.
    Automated,
    /// Another word, such as `awsbackup`.
    Other(String),
}

/// What a snapshot's tags say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Whether Mainstay took it: the tag [`OURS`] holds its own id.
    pub ours: bool,
    /// The plan's name of its database, from [`DATABASE`].
    pub database: Option<String>,
    /// The moment for which it was scheduled, from [`SCHEDULED`]; none when the tag is missing or no moment.
    pub scheduled: Option<Timestamp>,
}

impl Marks {
    /// Reads the tags of the snapshot `id`.
    #[must_use]
    pub fn read(id: &ClusterSnapshotId, tags: &BTreeMap<&str, &str>) -> Self {
        let tag = |key| tags.get(key).copied();
        Self {
            ours: tag(OURS) == Some(id.as_str()),
            database: tag(DATABASE).map(str::to_owned),
            scheduled: tag(SCHEDULED).and_then(|time| time.parse().ok()),
        }
    }
}

impl Snapshot {
    /// The moment to which this snapshot takes its database back: the one for which it was scheduled. None when it is
    /// none of ours, not complete, or of an age that nobody knows: then it is no recovery point.
    #[must_use]
    pub fn recovery_point(&self) -> Option<Timestamp> {
        let whole = self.status == SnapshotStatus::Available && self.kind == SnapshotKind::Manual;
        self.marks.scheduled.filter(|_| self.marks.ours && whole)
    }
}

impl From<&str> for SnapshotStatus {
    fn from(word: &str) -> Self {
        match word {
            "available" => Self::Available,
            "creating" => Self::Creating,
            "copying" => Self::Copying,
            "failed" => Self::Failed,
            other => Self::Other(crate::text::plain(other, 60)),
        }
    }
}

impl fmt::Display for SnapshotStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Available => "available",
            Self::Creating => "creating",
            Self::Copying => "copying",
            Self::Failed => "failed",
            Self::Other(word) => word,
        })
    }
}

impl From<&str> for SnapshotKind {
    fn from(word: &str) -> Self {
        match word {
            "manual" => Self::Manual,
            "automated" => Self::Automated,
            other => Self::Other(crate::text::plain(other, 60)),
        }
    }
}

impl fmt::Display for SnapshotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manual => "manual",
            Self::Automated => "automated",
            Self::Other(word) => word,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rds_could_not_have_given_is_no_identifier() {
        for good in ["mainstay-orders-202603011000", "rds:orders-2026-03-01-10-00", "A"] {
            assert_eq!(ClusterSnapshotId::parse(good).map(String::from).as_deref(), Some(good));
        }
        let long = "a".repeat(256);
        let arn = "arn:aws:rds:ca-central-1:123456789012:cluster-snapshot:orders";
        for bad in ["", "1a", "-a", "a b", "a\n", "é", "a/b", &long, arn] {
            assert_eq!(ClusterSnapshotId::parse(bad), None, "{bad}");
        }
        assert!(serde_json::from_str::<ClusterSnapshotId>("\"a b\"").is_err());
    }

    #[test]
    fn a_tag_that_was_inherited_is_not_ours() {
        let id = ClusterSnapshotId::parse("mainstay-orders-202603011000").unwrap();
        let scheduled = "2026-03-01T10:00:00Z";
        let tags = |ours, time| BTreeMap::from([(OURS, ours), (DATABASE, "orders"), (SCHEDULED, time)]);
        let marks = Marks::read(&id, &tags(id.as_str(), scheduled));
        assert_eq!(
            marks,
            Marks { ours: true, database: Some("orders".to_owned()), scheduled: scheduled.parse().ok() }
        );
        assert!(!Marks::read(&id, &tags("orders", scheduled)).ours);
        assert_eq!(Marks::read(&id, &tags(id.as_str(), "soon")).scheduled, None);
        assert_eq!(Marks::read(&id, &BTreeMap::new()), Marks::default());
    }

    #[test]
    fn only_what_is_whole_ours_and_of_a_known_age_is_a_recovery_point() {
        let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let whole = Snapshot {
            id: ClusterSnapshotId::parse("a").unwrap(),
            cluster: "orders".to_owned(),
            status: SnapshotStatus::Available,
            kind: SnapshotKind::Manual,
            marks: Marks { ours: true, database: None, scheduled: Some(at) },
            size_gib: None,
            key: None,
        };
        assert_eq!(whole.recovery_point(), Some(at));
        for status in ["creating", "copying", "failed", "deleting"] {
            let other = Snapshot { status: status.into(), ..whole.clone() };
            assert_eq!((other.recovery_point(), other.status.to_string()), (None, status.to_owned()));
        }
        let automated = Snapshot { kind: "automated".into(), ..whole.clone() };
        assert_eq!(automated.recovery_point(), None);
        let unmarked = Snapshot { marks: Marks { ours: false, ..whole.marks.clone() }, ..whole.clone() };
        assert_eq!(unmarked.recovery_point(), None);
        let ageless = Snapshot { marks: Marks { scheduled: None, ..whole.marks.clone() }, ..whole };
        assert_eq!(ageless.recovery_point(), None);
    }
}
