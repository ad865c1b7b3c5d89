//! Adding a seed to an estate.

use jiff::Timestamp;

use super::Estate;
use super::database::{Cluster, Health, Instance, Tags};
use super::key::{Key, arn, host_suffix};
use super::seed::{ClusterSeed, InstanceSeed, Seed, SeedError};

impl Estate {
    /// Adds what a seed names. On an error nothing is added.
    pub fn seed(&mut self, now: Timestamp, seed: &Seed) -> Result<(), SeedError> {
        self.catch_up(now);
        let at = self.clock;
        seed.check()?;
        self.check_new(seed)?;
        for cluster in &seed.clusters {
            self.plant_cluster(at, cluster);
        }
        for instance in &seed.instances {
            let region = instance.region.clone().unwrap_or_else(|| self.settings.region.clone());
            self.plant_instance(at, &region, None, instance, &Tags::new());
        }
        for service in &seed.services {
            self.plant_service(at, service);
        }
        for snapshot in &seed.snapshots {
            self.plant_snapshot(at, snapshot);
        }
        self.blue_green.extend(seed.blue_green.iter().cloned());
        self.start_metrics(at);
        self.catch_up(at);
        Ok(())
    }

    fn check_new(&self, seed: &Seed) -> Result<(), SeedError> {
        let region = |given: &Option<String>| given.clone().unwrap_or_else(|| self.settings.region.clone());
        for cluster in &seed.clusters {
            let key = Key::new(region(&cluster.region), &cluster.identifier);
            if self.clusters.contains_key(&key) {
                return Err(SeedError::Exists(format!("cluster {}", key.id)));
            }
            self.check_instances(&key.region, &cluster.instances)?;
        }
        for instance in &seed.instances {
            self.check_instances(&region(&instance.region), std::slice::from_ref(instance))?;
        }
        for service in &seed.services {
            let key = Key::new(region(&service.region), format!("{}/{}", service.cluster, service.name));
            if self.services.contains_key(&key) {
                return Err(SeedError::Exists(format!("service {}", key.id)));
            }
        }
        self.check_new_snapshots(&seed.snapshots)
    }

    fn check_instances(&self, region: &str, instances: &[InstanceSeed]) -> Result<(), SeedError> {
        for instance in instances {
            if self.instances.contains_key(&Key::new(region, &instance.identifier)) {
                return Err(SeedError::Exists(format!("instance {}", instance.identifier)));
            }
        }
        Ok(())
    }

    pub(crate) fn plant_cluster(&mut self, at: Timestamp, seed: &ClusterSeed) {
        let region = seed.region.clone().unwrap_or_else(|| self.settings.region.clone());
        let key = Key::new(&region, &seed.identifier);
        let suffix = host_suffix(&self.settings.account, &region);
        let writer = seed.instances.iter().find(|instance| instance.writer);
        let writer = writer.map(|instance| instance.identifier.clone()).unwrap_or_default();
        let cluster = Cluster {
            arn: arn("rds", &region, &self.settings.account, &format!("cluster:{}", key.id)),
            resource_id: format!("cluster-{}", self.chance.resource()),
            status: seed.status.clone(),
            engine: seed.engine.clone(),
            engine_version: seed.engine_version.clone(),
            members: seed.instances.iter().map(|instance| instance.identifier.clone()).collect(),
            endpoint: format!("{}.cluster-{suffix}.{region}.rds.amazonaws.com", key.id),
            reader_endpoint: format!("{}.cluster-ro-{suffix}.{region}.rds.amazonaws.com", key.id),
            endpoint_target: writer.clone(),
            writer,
            endpoint_held_until: None,
            endpoint_held_after_promotion: None,
            port: seed.port,
            created: at,
            tags: seed.tags.clone(),
            copy_tags_to_snapshot: seed.copy_tags_to_snapshot,
            storage_gib: seed.storage_gib,
            kms_key: seed.kms_key.clone(),
            parameter_group: seed
                .parameter_group
                .clone()
                .unwrap_or_else(|| default_group(&seed.engine, &seed.engine_version)),
            subnet_group: seed.subnet_group.clone(),
            security_groups: seed.security_groups.clone(),
            deletion_protection: seed.deletion_protection,
            backup_days: seed.backup_days,
            // A seeded cluster was there before.
            restorable_from: Timestamp::MIN,
            restored_from: None,
            snapshots_fail: false,
            failover: None,
            generation: 0,
            key: key.clone(),
        };
        for instance in &seed.instances {
            self.plant_instance(at, &region, Some(&cluster), instance, &seed.tags);
        }
        self.clusters.insert(key, cluster);
    }

    pub(crate) fn plant_instance(
        &mut self,
        at: Timestamp,
        region: &str,
        cluster: Option<&Cluster>,
        seed: &InstanceSeed,
        tags: &Tags,
    ) {
        let key = Key::new(region, &seed.identifier);
        let suffix = host_suffix(&self.settings.account, region);
        let engine = cluster.map_or(&seed.engine, |cluster| &cluster.engine).clone();
        let engine_version =
            cluster.map_or_else(|| "16.6".into(), |cluster: &Cluster| cluster.engine_version.clone());
        let instance = Instance {
            arn: arn("rds", region, &self.settings.account, &format!("db:{}", key.id)),
            resource_id: format!("db-{}", self.chance.resource()),
            cluster: cluster.map(|cluster| cluster.key.id.clone()),
            status: seed.status.clone(),
            health: Health::Serving,
            availability_zone: seed.availability_zone.clone(),
            secondary_availability_zone: seed.secondary_availability_zone.clone(),
            class: seed.class.clone(),
            parameter_group: seed
                .parameter_group
                .clone()
                .unwrap_or_else(|| default_group(&engine, &engine_version)),
            engine,
            engine_version,
            promotion_tier: seed.promotion_tier,
            lag: None,
            reports_lag: true,
            counted: None,
            endpoint: format!("{}.{suffix}.{region}.rds.amazonaws.com", key.id),
            address: self.next_address(),
            port: cluster.map_or(5432, |cluster| cluster.port),
            created: at,
            tags: if seed.tags.is_empty() { tags.clone() } else { seed.tags.clone() },
            generation: 0,
            key: key.clone(),
        };
        self.instances.insert(key, instance);
    }
}

/// The name of the default parameter group of an engine and its major version.
fn default_group(engine: &str, version: &str) -> String {
    let parts = if engine.contains("mysql") { 2 } else { 1 };
    let major: Vec<&str> = version.split('.').take(parts).collect();
    format!("default.{engine}{}", major.join("."))
}
