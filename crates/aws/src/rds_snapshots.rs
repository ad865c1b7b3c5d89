//! RDS: the snapshots of a region's DB clusters.

use crate::{
    failure::{failed, missing},
    sdk,
};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::{
    Client,
    operation::{
        create_db_cluster_snapshot::CreateDBClusterSnapshotError,
        delete_db_cluster_snapshot::DeleteDBClusterSnapshotError,
    },
    types::{DbClusterSnapshot, Tag},
};
use recovery::{
    CallError,
    ports::Snapshots,
    snapshot::{ClusterSnapshotId, Marks, Snapshot, SnapshotAnswer, SnapshotRequest},
};
use std::collections::HashSet;

const RDS: &str = "RDS";
const LIST: &str = "DescribeDBClusterSnapshots";
const QUOTAS: &str = "DescribeAccountAttributes";
/// How RDS calls the quota of manual DB cluster snapshots (`AccountQuotaName`).
const QUOTA: &str = "ManualClusterSnapshots";
/// The largest page that RDS gives out.
const PAGE: i32 = 100;

/// [`Snapshots`] on RDS.
pub struct RdsSnapshots {
    client: Client,
}

impl RdsSnapshots {
    /// The snapshots in the region of `config`. All calls share one client, and so its pace when AWS throttles.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(&sdk::patient(config)) }
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.client.describe_account_attributes().send().await;
    }
}

#[async_trait]
impl Snapshots for RdsSnapshots {
    async fn take(&self, request: &SnapshotRequest) -> Result<SnapshotAnswer, CallError> {
        let tags = request.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let call = self
            .client
            .create_db_cluster_snapshot()
            .db_cluster_identifier(&request.cluster)
            .db_cluster_snapshot_identifier(request.snapshot.as_str())
            .set_tags(Some(tags.collect()));
        let Err(error) = call.send().await else {
            return Ok(SnapshotAnswer::Creating);
        };
        let exists = error
            .as_service_error()
            .is_some_and(CreateDBClusterSnapshotError::is_db_cluster_snapshot_already_exists_fault);
        if exists {
            return Ok(SnapshotAnswer::Exists);
        }
        Err(failed(RDS, "CreateDBClusterSnapshot", &error))
    }

    async fn manual(&self) -> Result<Vec<Snapshot>, CallError> {
        // Page by page by hand: the SDK's paginator takes a marker that came before for the end, and a part of the
        // list would pass for the whole.
        let (mut all, mut marker, mut seen) = (Vec::new(), None, HashSet::new());
        loop {
            let call = self.client.describe_db_cluster_snapshots().snapshot_type("manual");
            let call = call.max_records(PAGE).set_marker(marker);
            let page = call.send().await.map_err(|e| failed(RDS, LIST, &e))?;
            for found in page.db_cluster_snapshots() {
                all.push(snapshot(found, all.len())?);
            }
            let Some(next) = page.marker.filter(|marker| !marker.is_empty()) else {
                return Ok(all);
            };
            if !seen.insert(next.clone()) {
                return Err(missing(RDS, LIST, "Marker that leads on"));
            }
            marker = Some(next);
        }
    }

    async fn delete(&self, id: &ClusterSnapshotId) -> Result<(), CallError> {
        let call = self.client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id.as_str());
        let Err(error) = call.send().await else { return Ok(()) };
        // A bare 404 may be a proxy's: only RDS's own word says that it is gone.
        let gone = error
            .as_service_error()
            .is_some_and(DeleteDBClusterSnapshotError::is_db_cluster_snapshot_not_found_fault);
        if gone { Ok(()) } else { Err(failed(RDS, "DeleteDBClusterSnapshot", &error)) }
    }

    async fn quota(&self) -> Result<u64, CallError> {
        let call = self.client.describe_account_attributes();
        let reply = call.send().await.map_err(|e| failed(RDS, QUOTAS, &e))?;
        let quota = reply.account_quotas().iter().find(|quota| quota.account_quota_name() == Some(QUOTA));
        let most = quota.and_then(|quota| u64::try_from(quota.max()?).ok());
        most.ok_or_else(|| missing(RDS, QUOTAS, &format!("AccountQuotas[{QUOTA}].Max")))
    }
}

/// One snapshot in our words. What a decision about it needs must be there.
fn snapshot(found: &DbClusterSnapshot, index: usize) -> Result<Snapshot, CallError> {
    let need = |value: Option<&str>, field: &str| {
        let field = format!("DBClusterSnapshots[{index}].{field}");
        value.map(str::to_owned).ok_or_else(|| missing(RDS, LIST, &field))
    };
    let id = found.db_cluster_snapshot_identifier().and_then(ClusterSnapshotId::parse);
    let field = format!("DBClusterSnapshots[{index}].DBClusterSnapshotIdentifier that can be one");
    let id = id.ok_or_else(|| missing(RDS, LIST, &field))?;
    let tags = found.tag_list().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))).collect();
    Ok(Snapshot {
        marks: Marks::read(&id, &tags),
        cluster: need(found.db_cluster_identifier(), "DBClusterIdentifier")?,
        status: need(found.status(), "Status")?.as_str().into(),
        kind: need(found.snapshot_type(), "SnapshotType")?.as_str().into(),
        size_gib: found.allocated_storage().and_then(|size| u32::try_from(size).ok()),
        key: found.kms_key_id().map(str::to_owned),
        id,
    })
}
