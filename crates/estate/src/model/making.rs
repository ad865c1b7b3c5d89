//! `CreateDBInstance` (API reference) for an instance of a cluster: the first one is the writer.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::answering::Done;
use super::aurora::wrong_state;
use super::database::{Health, Tags};
use super::effect::SourceType;
use super::key::Key;
use super::reply::{Refusal, Reply};
use super::restore_request::NewInstance;
use super::seed::InstanceSeed;
use super::snapshots::valid_identifier;

impl Estate {
    pub(crate) fn create_instance(&mut self, at: Timestamp, region: &str, asked: NewInstance) -> Done {
        let key = Key::new(region, asked.instance.to_lowercase());
        let invalid = |message: String| Err(Refusal::new("InvalidParameterValue", message));
        if !valid_identifier(&key.id, 63) {
            return invalid(format!("Invalid instance identifier: {}", asked.instance));
        }
        let Some(cluster) = asked.cluster.as_deref() else {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "The estate makes instances of clusters only: DBClusterIdentifier is missing.",
            ));
        };
        let cluster_key = self.cluster_key(region, cluster)?;
        if self.instances.contains_key(&key) {
            let message = format!("DB instance {} already exists.", key.id);
            return Err(Refusal::new("DBInstanceAlreadyExists", message));
        }
        let cluster = self.clusters.get(&cluster_key).ok_or_else(|| Self::no_cluster(cluster))?.clone();
        if cluster.status != "available" {
            return Err(wrong_state(&format!("DB cluster {} is not in available state.", cluster_key.id)));
        }
        if cluster.engine != asked.engine {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                format!("The engine of the cluster is {}, not {}.", cluster.engine, asked.engine),
            ));
        }
        let zone = asked.availability_zone.unwrap_or_else(|| format!("{region}a"));
        if !zone.starts_with(region) {
            return invalid(format!("Invalid availability zone: {zone}"));
        }
        let seed = InstanceSeed {
            identifier: key.id.clone(),
            availability_zone: zone,
            class: asked.class,
            promotion_tier: asked.promotion_tier.unwrap_or(1),
            status: "creating".into(),
            parameter_group: asked.parameter_group,
            tags: asked.tags,
            ..InstanceSeed::default()
        };
        self.plant_instance(at, region, Some(&cluster), &seed, &Tags::new());
        if let Some(cluster) = self.clusters.get_mut(&cluster_key) {
            cluster.members.push(key.id.clone());
            if cluster.writer.is_empty() {
                cluster.writer.clone_from(&key.id);
                cluster.endpoint_target.clone_from(&key.id);
            }
        }
        let delay = self.settings.delays.instance;
        let seconds = self.draw(delay);
        let instance = self.instances.get_mut(&key).ok_or_else(|| Self::no_instance(&key.id))?;
        instance.health = Health::Restarting;
        let (reply, generation) = (Reply::Instance(Box::new(instance.clone())), instance.generation);
        let effect = format!("instance {} of {}", key.id, cluster_key.id);
        self.plan(at, seconds, Occurrence::InstanceReady { instance: key, generation });
        Ok((reply, Some(effect)))
    }

    pub(crate) fn instance_ready(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(instance) = self.instances.get_mut(key).filter(|found| found.generation == generation)
        else {
            return;
        };
        instance.health = Health::Serving;
        instance.status = "available".into();
        let (arn, cluster) = (instance.arn.clone(), instance.cluster.clone().unwrap_or_default());
        let message = "DB instance created.".to_owned();
        self.tell(at, key, SourceType::Instance, arn, &["creation"], "RDS-EVENT-0005", message);
        // The writer may have gone while this one was made.
        if let Some(cluster) = self.clusters.get_mut(&key.beside(&cluster))
            && !cluster.members.contains(&cluster.writer)
            && cluster.failover.is_none()
        {
            cluster.writer.clone_from(&key.id);
            cluster.endpoint_target.clone_from(&key.id);
        }
    }
}
