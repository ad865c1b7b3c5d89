//! The elements of RDS replies, as `quick-xml` writes them.

use serde::Serialize;

use crate::model::{BlueGreen, Instance, RdsEvent, Tags};

/// A list: an element that holds elements of one name.
macro_rules! list {
    ($name:ident, $element:literal, $of:ty) => {
        #[derive(Serialize)]
        pub(super) struct $name {
            #[serde(rename = $element)]
            pub(super) members: Vec<$of>,
        }

        impl FromIterator<$of> for $name {
            fn from_iter<I: IntoIterator<Item = $of>>(members: I) -> Self {
                Self { members: members.into_iter().collect() }
            }
        }
    };
}

pub(super) use list;

list!(DBInstances, "DBInstance", DBInstance);
list!(Events, "Event", Event);
list!(EventCategories, "EventCategory", String);
list!(BlueGreenDeployments, "member", BlueGreenDeployment);
list!(TagList, "Tag", Tag);
list!(DBParameterGroups, "DBParameterGroup", DBParameterGroup);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

pub(super) fn tag_list(tags: &Tags) -> TagList {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Endpoint {
    address: String,
    port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DBParameterGroup {
    #[serde(rename = "DBParameterGroupName")]
    name: String,
    parameter_apply_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DBInstance {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBInstanceArn")]
    arn: String,
    dbi_resource_id: String,
    #[serde(rename = "DBInstanceClass")]
    class: String,
    #[serde(rename = "DBInstanceStatus")]
    status: String,
    #[serde(rename = "DBClusterIdentifier", skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    engine: String,
    engine_version: String,
    /// Absent until the instance is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<Endpoint>,
    availability_zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_availability_zone: Option<String>,
    #[serde(rename = "MultiAZ")]
    multi_az: bool,
    #[serde(rename = "DBParameterGroups")]
    parameter_groups: DBParameterGroups,
    promotion_tier: i32,
    instance_create_time: String,
    storage_encrypted: bool,
    backup_retention_period: u8,
    tag_list: TagList,
}

impl From<&Instance> for DBInstance {
    fn from(instance: &Instance) -> Self {
        Self {
            identifier: instance.key.id.clone(),
            arn: instance.arn.clone(),
            dbi_resource_id: instance.resource_id.clone(),
            class: instance.class.clone(),
            status: instance.status.clone(),
            cluster: instance.cluster.clone(),
            engine: instance.engine.clone(),
            engine_version: instance.engine_version.clone(),
            endpoint: (instance.status != "creating")
                .then(|| Endpoint { address: instance.endpoint.clone(), port: instance.port }),
            availability_zone: instance.availability_zone.clone(),
            secondary_availability_zone: instance.secondary_availability_zone.clone(),
            multi_az: instance.secondary_availability_zone.is_some(),
            parameter_groups: std::iter::once(DBParameterGroup {
                name: instance.parameter_group.clone(),
                parameter_apply_status: "in-sync",
            })
            .collect(),
            promotion_tier: instance.promotion_tier,
            instance_create_time: instance.created.to_string(),
            storage_encrypted: true,
            backup_retention_period: 7,
            tag_list: tag_list(&instance.tags),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event {
    source_identifier: String,
    source_type: &'static str,
    message: String,
    #[serde(rename = "EventCategories")]
    categories: EventCategories,
    date: String,
    source_arn: String,
}

impl From<&RdsEvent> for Event {
    fn from(event: &RdsEvent) -> Self {
        Self {
            source_identifier: event.source.clone(),
            source_type: event.source_type.described(),
            message: event.message.clone(),
            categories: event.categories.iter().cloned().collect(),
            date: format!("{:.3}", event.at),
            source_arn: event.source_arn.clone(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BlueGreenDeployment {
    #[serde(rename = "BlueGreenDeploymentIdentifier")]
    identifier: String,
    #[serde(rename = "BlueGreenDeploymentName")]
    name: String,
    source: String,
    target: String,
    status: String,
}

impl From<&BlueGreen> for BlueGreenDeployment {
    fn from(deployment: &BlueGreen) -> Self {
        Self {
            identifier: deployment.identifier.clone(),
            name: deployment.name.clone(),
            source: deployment.source.clone(),
            target: deployment.target.clone(),
            status: deployment.status.clone(),
        }
    }
}
