//! Snapshots and their quotas in RDS replies.

use serde::Serialize;

use super::rds_xml::{TagList, list, tag_list};
use crate::model::Snapshot;

list!(DBClusterSnapshots, "DBClusterSnapshot", DBSnapshot);
list!(DBSnapshots, "DBSnapshot", DBSnapshot);
list!(AccountQuotas, "AccountQuota", AccountQuota);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccountQuota {
    #[serde(rename = "AccountQuotaName")]
    name: &'static str,
    used: usize,
    max: usize,
}

impl From<&(&'static str, usize, usize)> for AccountQuota {
    fn from((name, used, max): &(&'static str, usize, usize)) -> Self {
        Self { name, used: *used, max: *max }
    }
}

/// A snapshot of a cluster or an instance: each kind has its own names for the same things.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DBSnapshot {
    #[serde(rename = "DBClusterSnapshotIdentifier", skip_serializing_if = "Option::is_none")]
    cluster_snapshot: Option<String>,
    #[serde(rename = "DBClusterIdentifier", skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    #[serde(rename = "DBClusterSnapshotArn", skip_serializing_if = "Option::is_none")]
    cluster_snapshot_arn: Option<String>,
    #[serde(rename = "SourceDBClusterSnapshotArn", skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    db_cluster_resource_id: Option<String>,
    #[serde(rename = "DBSnapshotIdentifier", skip_serializing_if = "Option::is_none")]
    instance_snapshot: Option<String>,
    #[serde(rename = "DBInstanceIdentifier", skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(rename = "DBSnapshotArn", skip_serializing_if = "Option::is_none")]
    instance_snapshot_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dbi_resource_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_snapshot_create_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability_zone: Option<String>,
    engine: String,
    engine_version: String,
    snapshot_create_time: String,
    snapshot_type: String,
    allocated_storage: u32,
    /// Instances' snapshots have `Encrypted` in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    status: String,
    percent_progress: u8,
    port: u16,
    tag_list: TagList,
}

impl From<&Snapshot> for DBSnapshot {
    fn from(snapshot: &Snapshot) -> Self {
        let of_cluster = |value: &str| snapshot.of_cluster.then(|| value.to_owned());
        let of_instance = |value: &str| (!snapshot.of_cluster).then(|| value.to_owned());
        let created = format!("{:.3}", snapshot.created);
        Self {
            cluster_snapshot: of_cluster(&snapshot.key.id),
            cluster: of_cluster(&snapshot.source),
            cluster_snapshot_arn: of_cluster(&snapshot.arn),
            copy_of: snapshot.copy_of.clone(),
            db_cluster_resource_id: of_cluster(&snapshot.source_resource_id),
            instance_snapshot: of_instance(&snapshot.key.id),
            instance: of_instance(&snapshot.source),
            instance_snapshot_arn: of_instance(&snapshot.arn),
            dbi_resource_id: of_instance(&snapshot.source_resource_id),
            original_snapshot_create_time: of_instance(&created),
            availability_zone: of_instance(&snapshot.availability_zone),
            engine: snapshot.engine.clone(),
            engine_version: snapshot.engine_version.clone(),
            snapshot_create_time: created,
            snapshot_type: snapshot.kind.clone(),
            allocated_storage: snapshot.storage_gib,
            storage_encrypted: snapshot.of_cluster.then_some(snapshot.kms_key.is_some()),
            encrypted: (!snapshot.of_cluster).then_some(snapshot.kms_key.is_some()),
            kms_key_id: snapshot.kms_key.clone(),
            status: snapshot.status.clone(),
            percent_progress: snapshot.percent,
            port: snapshot.port,
            tag_list: tag_list(&snapshot.tags),
        }
    }
}
