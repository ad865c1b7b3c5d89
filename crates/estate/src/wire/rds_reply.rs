//! RDS replies and errors as XML documents.

use serde::Serialize;

use super::rds_cluster::{DBCluster, DBClusters};
use super::rds_snapshot::{AccountQuota, AccountQuotas, DBClusterSnapshots, DBSnapshot, DBSnapshots};
use super::rds_xml::{BlueGreenDeployments, DBInstance, DBInstances, Events};
use super::request_id;
use crate::model::{Refusal, Reply};

const NAMESPACE: &str = "http://rds.amazonaws.com/doc/2014-10-31/";

/// What is inside `<ActionResult>`: one of its lists or things, and where the next page begins.
#[derive(Default, Serialize)]
struct ActionResult {
    #[serde(rename = "Marker", skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(rename = "DBClusters", skip_serializing_if = "Option::is_none")]
    clusters: Option<DBClusters>,
    #[serde(rename = "DBCluster", skip_serializing_if = "Option::is_none")]
    cluster: Option<DBCluster>,
    #[serde(rename = "DBInstances", skip_serializing_if = "Option::is_none")]
    instances: Option<DBInstances>,
    #[serde(rename = "DBInstance", skip_serializing_if = "Option::is_none")]
    instance: Option<DBInstance>,
    #[serde(rename = "Events", skip_serializing_if = "Option::is_none")]
    events: Option<Events>,
    #[serde(rename = "DBClusterSnapshots", skip_serializing_if = "Option::is_none")]
    cluster_snapshots: Option<DBClusterSnapshots>,
    #[serde(rename = "DBClusterSnapshot", skip_serializing_if = "Option::is_none")]
    cluster_snapshot: Option<DBSnapshot>,
    #[serde(rename = "DBSnapshots", skip_serializing_if = "Option::is_none")]
    snapshots: Option<DBSnapshots>,
    #[serde(rename = "DBSnapshot", skip_serializing_if = "Option::is_none")]
    snapshot: Option<DBSnapshot>,
    #[serde(rename = "AccountQuotas", skip_serializing_if = "Option::is_none")]
    quotas: Option<AccountQuotas>,
    #[serde(rename = "BlueGreenDeployments", skip_serializing_if = "Option::is_none")]
    blue_green: Option<BlueGreenDeployments>,
    #[serde(rename = "GlobalClusters", skip_serializing_if = "Option::is_none")]
    global_clusters: Option<()>,
}

/// The document of a reply.
pub(super) fn reply(action: &str, reply: &Reply, number: usize) -> String {
    let none = ActionResult::default();
    let result = match reply {
        Reply::Clusters(clusters, marker) => ActionResult {
            clusters: Some(clusters.iter().map(DBCluster::from).collect()),
            marker: marker.clone(),
            ..none
        },
        Reply::Cluster(cluster) => ActionResult { cluster: Some(DBCluster::from(&**cluster)), ..none },
        Reply::Instances(instances, marker) => ActionResult {
            instances: Some(instances.iter().map(DBInstance::from).collect()),
            marker: marker.clone(),
            ..none
        },
        Reply::Instance(instance) => ActionResult { instance: Some(DBInstance::from(&**instance)), ..none },
        Reply::Events(events, marker) => ActionResult {
            events: Some(events.iter().map(super::rds_xml::Event::from).collect()),
            marker: marker.clone(),
            ..none
        },
        Reply::Snapshots(snapshots, marker) if action == "DescribeDBClusterSnapshots" => ActionResult {
            cluster_snapshots: Some(snapshots.iter().map(DBSnapshot::from).collect()),
            marker: marker.clone(),
            ..none
        },
        Reply::Snapshots(snapshots, marker) => ActionResult {
            snapshots: Some(snapshots.iter().map(DBSnapshot::from).collect()),
            marker: marker.clone(),
            ..none
        },
        Reply::Snapshot(snapshot) if snapshot.of_cluster => {
            ActionResult { cluster_snapshot: Some(DBSnapshot::from(&**snapshot)), ..none }
        }
        Reply::Snapshot(snapshot) => ActionResult { snapshot: Some(DBSnapshot::from(&**snapshot)), ..none },
        Reply::Quotas(quotas) => {
            ActionResult { quotas: Some(quotas.iter().map(AccountQuota::from).collect()), ..none }
        }
        Reply::BlueGreen(deployments) => {
            ActionResult { blue_green: Some(deployments.iter().map(Into::into).collect()), ..none }
        }
        Reply::NoGlobalClusters => ActionResult { global_clusters: Some(()), ..none },
        // ECS replies; they never come here, because RDS actions have RDS replies.
        Reply::EcsClusters(..)
        | Reply::ServiceArns(..)
        | Reply::Services(..)
        | Reply::Service(_)
        | Reply::TaskArns(..)
        | Reply::Tasks(..)
        | Reply::Task(_) => none,
    };
    let result = document(&format!("{action}Result"), &result);
    format!(
        "<{action}Response xmlns=\"{NAMESPACE}\">{result}<ResponseMetadata><RequestId>{}</RequestId>\
         </ResponseMetadata></{action}Response>",
        request_id(number)
    )
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse<'a> {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    error: ErrorElement<'a>,
    request_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorElement<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    code: &'a str,
    message: &'a str,
}

/// The document of an error.
pub(super) fn refusal(refusal: &Refusal, number: usize) -> String {
    let kind = if refusal.status < 500 { "Sender" } else { "Receiver" };
    document(
        "ErrorResponse",
        &ErrorResponse {
            namespace: NAMESPACE,
            error: ErrorElement { kind, code: &refusal.code, message: &refusal.message },
            request_id: request_id(number),
        },
    )
}

fn document<T: Serialize>(root: &str, value: &T) -> String {
    // The types above hold only what XML can hold. Were one to break that rule, an empty document makes the
    // client say so.
    quick_xml::se::to_string_with_root(root, value).unwrap_or_default()
}
