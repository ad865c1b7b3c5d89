//! What an estate starts with, as data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::database::{BlueGreen, Tags};
use super::snapshot_seed::SnapshotSeed;

/// Things to add to an estate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Aurora clusters with their instances.
    pub clusters: Vec<ClusterSeed>,
    /// Instances that belong to no cluster.
    pub instances: Vec<InstanceSeed>,
    /// ECS services with their tasks; their clusters come with them.
    pub services: Vec<ServiceSeed>,
    /// Blue/green deployments that run.
    pub blue_green: Vec<BlueGreen>,
    /// Snapshots of clusters.
    pub snapshots: Vec<SnapshotSeed>,
}

/// An Aurora cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSeed {
    /// The region; the estate's own when absent.
    pub region: Option<String>,
    /// The identifier.
    pub identifier: String,
    /// The engine.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// The status, `available` unless said otherwise.
    pub status: String,
    /// The port of the database.
    pub port: u16,
    /// Tags of the cluster.
    pub tags: Tags,
    /// Whether its snapshots get its tags (`CopyTagsToSnapshot`).
    pub copy_tags_to_snapshot: bool,
    /// The size of its storage in GiB.
    pub storage_gib: u32,
    /// The ARN of the key of its storage; absent: not encrypted.
    pub kms_key: Option<String>,
    /// The parameter group; the engine's default when absent.
    pub parameter_group: Option<String>,
    /// The subnet group.
    pub subnet_group: String,
    /// Ids of its security groups.
    pub security_groups: Vec<String>,
    /// Whether it can't be deleted.
    pub deletion_protection: bool,
    /// For how many days its automated backups are kept.
    pub backup_days: u8,
    /// The instances: one is the writer.
    pub instances: Vec<InstanceSeed>,
}

/// A DB instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceSeed {
    /// The region of an instance without a cluster; the estate's own when absent.
    pub region: Option<String>,
    /// The identifier.
    pub identifier: String,
    /// The availability zone.
    pub availability_zone: String,
    /// The standby's zone: makes an instance without a cluster Multi-AZ.
    pub secondary_availability_zone: Option<String>,
    /// The class.
    pub class: String,
    /// The engine of an instance without a cluster.
    pub engine: String,
    /// The parameter group; the engine's default when absent.
    pub parameter_group: Option<String>,
    /// The promotion tier in a cluster.
    pub promotion_tier: i32,
    /// Whether it is its cluster's writer.
    pub writer: bool,
    /// The status, `available` unless said otherwise.
    pub status: String,
    /// Tags; a cluster's instance without tags has the cluster's.
    pub tags: Tags,
}

/// An ECS service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceSeed {
    /// The region; the estate's own when absent.
    pub region: Option<String>,
    /// The ECS cluster.
    pub cluster: String,
    /// The service's name.
    pub name: String,
    /// How many tasks it should have.
    pub desired_count: u32,
    /// `family:revision`.
    pub task_definition: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// Who deploys: `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// The strategy under the ECS controller: `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: String,
    /// Tasks that must run during a deployment, in percent of the desired count.
    pub minimum_healthy_percent: u32,
    /// Tasks that may run during a deployment, in percent of the desired count.
    pub maximum_percent: u32,
    /// Whether a deployment whose tasks keep failing is given up.
    pub circuit_breaker: bool,
    /// Whether it is then rolled back.
    pub rollback: bool,
    /// Whether its tasks have a container health check.
    pub health_check: bool,
    /// How many of its first tasks are protected from scale-in, and so spared by deployments.
    pub protected_tasks: u32,
    /// Tags of the service.
    pub tags: Tags,
}

impl Default for ClusterSeed {
    fn default() -> Self {
        Self {
            region: None,
            identifier: String::new(),
            engine: "aurora-postgresql".into(),
            engine_version: "16.6".into(),
            status: "available".into(),
            port: 5432,
            tags: Tags::new(),
            copy_tags_to_snapshot: false,
            storage_gib: 1,
            kms_key: None,
            parameter_group: None,
            subnet_group: "default".into(),
            security_groups: vec!["sg-default".into()],
            deletion_protection: true,
            backup_days: 7,
            instances: Vec::new(),
        }
    }
}

impl Default for InstanceSeed {
    fn default() -> Self {
        Self {
            region: None,
            identifier: String::new(),
            availability_zone: "ca-central-1a".into(),
            secondary_availability_zone: None,
            class: "db.r6g.large".into(),
            engine: "postgres".into(),
            parameter_group: None,
            promotion_tier: 1,
            writer: false,
            status: "available".into(),
            tags: Tags::new(),
        }
    }
}

impl Default for ServiceSeed {
    fn default() -> Self {
        Self {
            region: None,
            cluster: "default".into(),
            name: String::new(),
            desired_count: 2,
            task_definition: String::new(),
            status: "ACTIVE".into(),
            controller: "ECS".into(),
            strategy: "ROLLING".into(),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: true,
            rollback: true,
            health_check: true,
            protected_tasks: 0,
            tags: Tags::new(),
        }
    }
}

/// Why a seed was refused. Nothing of it was added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// A thing has no name.
    #[error("a {0} of the seed has no name")]
    Nameless(&'static str),
    /// A thing exists already.
    #[error("{0} exists already: reset the estate first, or name it otherwise")]
    Exists(String),
    /// A cluster has no writer, or more than one.
    #[error("cluster {cluster}: exactly one instance must have `writer = true`, {writers} have")]
    Writers {
        /// The cluster.
        cluster: String,
        /// How many writers it has.
        writers: usize,
    },
}

impl Seed {
    /// Finds what is wrong with the seed in itself.
    pub fn check(&self) -> Result<(), SeedError> {
        let mut names = BTreeSet::new();
        let mut once = |kind: &'static str, region: &Option<String>, name: &str| {
            if name.is_empty() {
                return Err(SeedError::Nameless(kind));
            }
            if names.insert((kind, region.clone(), name.to_owned())) {
                return Ok(());
            }
            Err(SeedError::Exists(format!("{kind} {name}")))
        };
        for cluster in &self.clusters {
            once("cluster", &cluster.region, &cluster.identifier)?;
            let writers = cluster.instances.iter().filter(|instance| instance.writer).count();
            if writers != 1 {
                return Err(SeedError::Writers { cluster: cluster.identifier.clone(), writers });
            }
            for instance in &cluster.instances {
                once("instance", &cluster.region, &instance.identifier)?;
            }
        }
        for instance in &self.instances {
            once("instance", &instance.region, &instance.identifier)?;
        }
        for service in &self.services {
            if service.name.is_empty() {
                return Err(SeedError::Nameless("service"));
            }
            once("service", &service.region, &format!("{}/{}", service.cluster, service.name))?;
        }
        for snapshot in &self.snapshots {
            once("snapshot", &snapshot.region, &snapshot.identifier)?;
        }
        Ok(())
    }
}
