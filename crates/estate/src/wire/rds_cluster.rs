//! Clusters in RDS replies.

use serde::Serialize;

use super::rds_xml::{TagList, list, tag_list};
use crate::model::ClusterView;

list!(DBClusters, "DBCluster", DBCluster);
list!(DBClusterMembers, "DBClusterMember", DBClusterMember);
list!(AvailabilityZones, "AvailabilityZone", String);
list!(VpcSecurityGroups, "VpcSecurityGroupMembership", VpcSecurityGroup);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VpcSecurityGroup {
    vpc_security_group_id: String,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "the fields are those of RDS")]
pub(super) struct DBCluster {
    #[serde(rename = "DBClusterIdentifier")]
    identifier: String,
    #[serde(rename = "DBClusterArn")]
    arn: String,
    db_cluster_resource_id: String,
    status: String,
    engine: String,
    engine_version: String,
    engine_mode: &'static str,
    endpoint: String,
    reader_endpoint: String,
    port: u16,
    #[serde(rename = "MultiAZ")]
    multi_az: bool,
    availability_zones: AvailabilityZones,
    #[serde(rename = "DBClusterMembers")]
    members: DBClusterMembers,
    cluster_create_time: String,
    #[serde(rename = "DBClusterParameterGroup")]
    parameter_group: String,
    #[serde(rename = "DBSubnetGroup")]
    subnet_group: String,
    vpc_security_groups: VpcSecurityGroups,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest_restorable_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_restorable_time: Option<String>,
    storage_encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    copy_tags_to_snapshot: bool,
    deletion_protection: bool,
    backup_retention_period: u8,
    tag_list: TagList,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DBClusterMember {
    #[serde(rename = "DBInstanceIdentifier")]
    instance: String,
    is_cluster_writer: bool,
    #[serde(rename = "DBClusterParameterGroupStatus")]
    parameter_group_status: &'static str,
    promotion_tier: i32,
}

impl From<&ClusterView> for DBCluster {
    fn from(view: &ClusterView) -> Self {
        let cluster = &view.cluster;
        let mut zones: Vec<String> =
            view.members.iter().map(|instance| instance.availability_zone.clone()).collect();
        zones.sort();
        zones.dedup();
        Self {
            identifier: cluster.key.id.clone(),
            arn: cluster.arn.clone(),
            db_cluster_resource_id: cluster.resource_id.clone(),
            status: cluster.status.clone(),
            engine: cluster.engine.clone(),
            engine_version: cluster.engine_version.clone(),
            engine_mode: "provisioned",
            endpoint: cluster.endpoint.clone(),
            reader_endpoint: cluster.reader_endpoint.clone(),
            port: cluster.port,
            multi_az: zones.len() > 1,
            availability_zones: zones.into_iter().collect(),
            members: view
                .members
                .iter()
                .map(|instance| DBClusterMember {
                    instance: instance.key.id.clone(),
                    is_cluster_writer: instance.key.id == cluster.writer,
                    parameter_group_status: "in-sync",
                    promotion_tier: instance.promotion_tier,
                })
                .collect(),
            cluster_create_time: cluster.created.to_string(),
            parameter_group: cluster.parameter_group.clone(),
            subnet_group: cluster.subnet_group.clone(),
            vpc_security_groups: cluster
                .security_groups
                .iter()
                .map(|id| VpcSecurityGroup { vpc_security_group_id: id.clone(), status: "active" })
                .collect(),
            earliest_restorable_time: view.restorable.map(|(earliest, _)| format!("{earliest:.3}")),
            latest_restorable_time: view.restorable.map(|(_, latest)| format!("{latest:.3}")),
            storage_encrypted: cluster.kms_key.is_some(),
            kms_key_id: cluster.kms_key.clone(),
            copy_tags_to_snapshot: cluster.copy_tags_to_snapshot,
            deletion_protection: cluster.deletion_protection,
            backup_retention_period: cluster.backup_days,
            tag_list: tag_list(&cluster.tags),
        }
    }
}
