//! The RDS calls that only read.

use super::Estate;
use super::answering::{Done, read};
use super::database::{Cluster, ClusterView};
use super::key::{Key, bare};
use super::reply::{Refusal, Reply, page};
use super::request::{Filter, Select};
use super::snapshots::no_snapshot;

/// The largest page of the RDS describe calls.
pub(crate) const RDS_PAGE: usize = 100;
/// The code for a marker that was never given out.
pub(crate) const BAD_MARKER: &str = "InvalidParameterValue";

impl Estate {
    /// The error for a cluster that is not there.
    pub(crate) fn no_cluster(id: &str) -> Refusal {
        Refusal::missing("DBClusterNotFoundFault", format!("DBCluster {id} not found."))
    }

    /// The error for an instance that is not there.
    pub(crate) fn no_instance(id: &str) -> Refusal {
        Refusal::missing("DBInstanceNotFound", format!("DBInstance {id} not found."))
    }

    /// A cluster with its members.
    pub(crate) fn cluster_view(&self, cluster: &Cluster) -> ClusterView {
        let members = cluster.members.iter();
        let members = members.filter_map(|id| self.instances.get(&cluster.key.beside(id)).cloned()).collect();
        ClusterView { cluster: cluster.clone(), members, restorable: self.restorable(cluster) }
    }

    pub(crate) fn describe_clusters(&self, region: &str, select: &Select) -> Done {
        let wanted = select.identifier.as_deref().map(|id| bare(id).to_lowercase());
        let mut found = Vec::new();
        for cluster in self.clusters.values().filter(|cluster| cluster.key.region == region) {
            let named = wanted.as_ref().is_none_or(|id| {
                *id == cluster.key.id || select.identifier.as_ref() == Some(&cluster.resource_id)
            });
            if named
                && matches(&select.filters, |name| match name {
                    "db-cluster-id" => Some(vec![&cluster.key.id, &cluster.arn]),
                    "db-cluster-resource-id" => Some(vec![&cluster.resource_id]),
                    "engine" => Some(vec![&cluster.engine]),
                    _ => None,
                })?
            {
                found.push(self.cluster_view(cluster));
            }
        }
        match select.identifier.as_deref() {
            Some(id) if found.is_empty() => Err(Self::no_cluster(id)),
            _ => {
                let (clusters, marker) = page(found, &select.page, RDS_PAGE, BAD_MARKER)?;
                read(Reply::Clusters(clusters, marker))
            }
        }
    }

    pub(crate) fn describe_instances(&self, region: &str, select: &Select) -> Done {
        let wanted = select.identifier.as_deref().map(|id| bare(id).to_lowercase());
        let mut found = Vec::new();
        let none = String::new();
        for instance in self.instances.values().filter(|instance| instance.key.region == region) {
            let named = wanted.as_ref().is_none_or(|id| {
                *id == instance.key.id || select.identifier.as_ref() == Some(&instance.resource_id)
            });
            if named
                && matches(&select.filters, |name| match name {
                    "db-cluster-id" => Some(vec![instance.cluster.as_ref().unwrap_or(&none)]),
                    "db-instance-id" => Some(vec![&instance.key.id, &instance.arn]),
                    "dbi-resource-id" => Some(vec![&instance.resource_id]),
                    "engine" => Some(vec![&instance.engine]),
                    _ => None,
                })?
            {
                found.push(instance.clone());
            }
        }
        match select.identifier.as_deref() {
            Some(id) if found.is_empty() => Err(Self::no_instance(id)),
            _ => {
                let (instances, marker) = page(found, &select.page, RDS_PAGE, BAD_MARKER)?;
                read(Reply::Instances(instances, marker))
            }
        }
    }

    pub(crate) fn describe_blue_green(&self, select: &Select) -> Done {
        let mut found = Vec::new();
        for deployment in &self.blue_green {
            let named = select.identifier.as_ref().is_none_or(|id| *id == deployment.identifier);
            if named
                && matches(&select.filters, |name| match name {
                    "blue-green-deployment-identifier" => Some(vec![&deployment.identifier]),
                    "blue-green-deployment-name" => Some(vec![&deployment.name]),
                    "source" => Some(vec![&deployment.source]),
                    "target" => Some(vec![&deployment.target]),
                    _ => None,
                })?
            {
                found.push(deployment.clone());
            }
        }
        match select.identifier.as_deref() {
            Some(id) if found.is_empty() => Err(Refusal::missing(
                "BlueGreenDeploymentNotFoundFault",
                format!("Blue/green deployment {id} not found."),
            )),
            _ => read(Reply::BlueGreen(found)),
        }
    }

    pub(crate) fn describe_snapshots(
        &self,
        region: &str,
        of_cluster: bool,
        source: Option<&str>,
        kind: Option<&str>,
        select: &Select,
    ) -> Done {
        // Others' snapshots are not in this account.
        if kind.is_some_and(|kind| !["manual", "automated", "shared", "public", "awsbackup"].contains(&kind))
        {
            return Err(Refusal::new("InvalidParameterValue", "Invalid snapshot type."));
        }
        let wanted = select.identifier.as_deref().map(|id| self.snapshot_place(region, id).id);
        let (wanted, source) = (wanted.as_deref(), source.map(bare));
        let mut found = Vec::new();
        for ((for_cluster, key), snapshot) in &self.snapshots {
            let named = *for_cluster == of_cluster
                && kind.is_none_or(|kind| kind == snapshot.kind)
                && key.region == region
                && wanted.is_none_or(|id| id.eq_ignore_ascii_case(&key.id))
                && source.is_none_or(|id| id.eq_ignore_ascii_case(&snapshot.source));
            if named
                && matches(&select.filters, |name| match name {
                    "db-cluster-id" | "db-instance-id" => Some(vec![&snapshot.source]),
                    "db-cluster-snapshot-id" | "db-snapshot-id" => Some(vec![&key.id]),
                    "dbi-resource-id" => Some(vec![&snapshot.source_resource_id]),
                    "engine" => Some(vec![&snapshot.engine]),
                    "snapshot-type" => Some(vec![&snapshot.kind]),
                    _ => None,
                })?
            {
                found.push(snapshot);
            }
        }
        match wanted {
            Some(id) if found.is_empty() => Err(no_snapshot(of_cluster, id)),
            _ => {
                let (snapshots, marker) = page(found, &select.page, RDS_PAGE, BAD_MARKER)?;
                let snapshots = snapshots.into_iter().map(|snapshot| self.progressed(snapshot)).collect();
                read(Reply::Snapshots(snapshots, marker))
            }
        }
    }

    /// The quotas of which the estate knows something, under RDS's own names.
    pub(crate) fn quotas(&self, region: &str) -> Reply {
        let clusters = self.clusters.keys().filter(|key| key.region == region).count();
        let instances = self.instances.keys().filter(|key| key.region == region).count();
        let most = self.settings.snapshot_quota;
        // 40 is what an account has that never asked for more.
        Reply::Quotas(vec![
            ("DBInstances", instances, instances.max(40)),
            ("ManualSnapshots", self.manual_snapshots(region, false), most),
            ("DBClusters", clusters, clusters.max(self.settings.cluster_quota)),
            ("ManualClusterSnapshots", self.manual_snapshots(region, true), most),
        ])
    }

    /// The key of a cluster that must exist.
    pub(crate) fn cluster_key(&self, region: &str, id: &str) -> Result<Key, Refusal> {
        let key = Key::new(region, bare(id).to_lowercase());
        if self.clusters.contains_key(&key) { Ok(key) } else { Err(Self::no_cluster(id)) }
    }

    /// The key of an instance that must exist.
    pub(crate) fn instance_key(&self, region: &str, id: &str) -> Result<Key, Refusal> {
        let key = Key::new(region, bare(id).to_lowercase());
        if self.instances.contains_key(&key) { Ok(key) } else { Err(Self::no_instance(id)) }
    }
}

/// Whether a thing matches every filter. A filter that AWS doesn't know is an error, as there.
pub(crate) fn matches<'a>(
    filters: &[Filter],
    value_of: impl Fn(&str) -> Option<Vec<&'a String>>,
) -> Result<bool, Refusal> {
    for filter in filters {
        let Some(values) = value_of(&filter.name) else {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!("Unrecognized filter name: {}", filter.name),
            ));
        };
        if !values.iter().any(|value| filter.values.contains(value)) {
            return Ok(false);
        }
    }
    Ok(true)
}
