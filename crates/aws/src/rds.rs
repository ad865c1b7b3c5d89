//! RDS: clusters, events, the one failover call.

use crate::{
    failure::{failed, missing},
    moment, sdk,
};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::{
    Client,
    types::{DbCluster, DbInstance, Event, Filter, SourceType},
};
use futures_util::future::{join, try_join_all};
use jiff::Timestamp;
use recovery::{
    CallError, deadline,
    ports::Databases,
    rds_event,
    signal::DatabaseEvent,
    topology::{Cluster, Member},
};

const RDS: &str = "RDS";

/// [`Databases`] on RDS.
pub struct Rds {
    reads: Client,
    /// Sends a call once: a repeat of the SDK's could fail over twice.
    acts: Client,
}

impl Rds {
    /// RDS in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { reads: Client::new(config), acts: Client::new(&sdk::acting(config)) }
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.reads.describe_db_clusters().max_records(20).send().await;
    }

    async fn instances(&self, cluster: &str) -> Result<Vec<DbInstance>, CallError> {
        let of_cluster = Filter::builder().name("db-cluster-id").values(cluster).build();
        let pages = self.reads.describe_db_instances().filters(of_cluster);
        pages
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|e| failed(RDS, "DescribeDBInstances", &e))
    }

    async fn events_of(
        &self,
        kind: SourceType,
        identifier: &str,
        since: Timestamp,
    ) -> Result<Vec<DatabaseEvent>, CallError> {
        let pages = self.reads.describe_events().source_type(kind).source_identifier(identifier);
        // With only one end given, the other is an hour away by default; and a start must lie before its end.
        let until = Timestamp::now().max(deadline::shift(since, 1));
        let found = pages
            .start_time(moment::to_sdk(since))
            .end_time(moment::to_sdk(until))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|e| failed(RDS, "DescribeEvents", &e))?;
        Ok(found.iter().filter_map(event).collect())
    }
}

#[async_trait]
impl Databases for Rds {
    async fn cluster(&self, identifier: &str) -> Result<Cluster, CallError> {
        let call = self.reads.describe_db_clusters().db_cluster_identifier(identifier);
        let (reply, instances) = join(call.send(), self.instances(identifier)).await;
        let reply = reply.map_err(|e| failed(RDS, "DescribeDBClusters", &e))?;
        let found =
            reply.db_clusters().first().ok_or_else(|| missing(RDS, "DescribeDBClusters", "DBClusters[0]"))?;
        cluster(found, &instances?)
    }

    async fn events(&self, cluster: &Cluster, since: Timestamp) -> Result<Vec<DatabaseEvent>, CallError> {
        let instances = cluster.members.iter().map(|m| (SourceType::DbInstance, m.instance.as_str()));
        let sources = std::iter::once((SourceType::DbCluster, cluster.identifier.as_str())).chain(instances);
        let calls = sources.map(|(kind, identifier)| self.events_of(kind, identifier, since));
        let mut all: Vec<DatabaseEvent> = try_join_all(calls).await?.into_iter().flatten().collect();
        all.sort_by_key(|e| e.at);
        Ok(all)
    }

    async fn switchover(&self, cluster: &Cluster) -> Result<Option<String>, CallError> {
        let pages = self.reads.describe_blue_green_deployments();
        let all = pages
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|e| failed(RDS, "DescribeBlueGreenDeployments", &e))?;
        let names = |arn: Option<&str>| {
            arn.and_then(rds_event::source).is_some_and(|s| s.cluster && s.identifier == cluster.identifier)
        };
        // A green copy may stand ready for days; only the switch itself moves names and writers about.
        let running = all.iter().find(|d| {
            d.status() == Some("SWITCHOVER_IN_PROGRESS") && (names(d.source()) || names(d.target()))
        });
        Ok(running.map(|d| {
            let name = d.blue_green_deployment_name().or(d.blue_green_deployment_identifier());
            name.unwrap_or("without a name").to_owned()
        }))
    }

    async fn fail_over(&self, identifier: &str, target: &str) -> Result<(), CallError> {
        let call = self.acts.failover_db_cluster().db_cluster_identifier(identifier);
        let call = call.target_db_instance_identifier(target);
        call.send().await.map_err(|e| failed(RDS, "FailoverDBCluster", &e))?;
        Ok(())
    }
}

/// The two replies together.
fn cluster(found: &DbCluster, instances: &[DbInstance]) -> Result<Cluster, CallError> {
    let need = |value: Option<&str>, field: &str| {
        let field = format!("DBClusters[0].{field}");
        value.map(str::to_owned).ok_or_else(|| missing(RDS, "DescribeDBClusters", &field))
    };
    let mut members = Vec::new();
    for (index, member) in found.db_cluster_members().iter().enumerate() {
        let field = |name: &str| format!("DBClusterMembers[{index}].{name}");
        let instance = need(member.db_instance_identifier(), &field("DBInstanceIdentifier"))?;
        let Some(writer) = member.is_cluster_writer() else {
            let field = format!("DBClusters[0].{}", field("IsClusterWriter"));
            return Err(missing(RDS, "DescribeDBClusters", &field));
        };
        let details = instances.iter().find(|i| i.db_instance_identifier() == Some(&instance));
        let told = |pick: fn(&DbInstance) -> Option<&str>| details.and_then(pick).map(str::to_owned);
        members.push(Member {
            writer,
            tier: member.promotion_tier().or(details.and_then(DbInstance::promotion_tier)),
            status: told(DbInstance::db_instance_status),
            zone: told(DbInstance::availability_zone),
            class: told(DbInstance::db_instance_class),
            endpoint: told(|i| i.endpoint().and_then(|e| e.address())),
            instance,
        });
    }
    Ok(Cluster {
        identifier: need(found.db_cluster_identifier(), "DBClusterIdentifier")?,
        resource_id: need(found.db_cluster_resource_id(), "DbClusterResourceId")?,
        status: need(found.status(), "Status")?,
        endpoint: found.endpoint().map(str::to_owned),
        reader_endpoint: found.reader_endpoint().map(str::to_owned),
        members,
    })
}

/// An event in our words; none when it lacks its source or its time, for events are only hints.
fn event(found: &Event) -> Option<DatabaseEvent> {
    let at = moment::from_sdk(found.date()?)?;
    rds_event::read(None, found.source_arn()?, found.message().unwrap_or_default(), at)
}
