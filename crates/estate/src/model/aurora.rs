//! `FailoverDBCluster`: what it refuses and what it starts.

use jiff::Timestamp;

use super::Estate;
use super::answering::Done;
use super::database::{Cluster, Failover};
use super::key::{Key, bare};
use super::reply::{Refusal, Reply};
use super::settings::TargetIsWriter;

impl Estate {
    pub(crate) fn failover_cluster(
        &mut self,
        at: Timestamp,
        region: &str,
        cluster: &str,
        target: Option<&str>,
    ) -> Done {
        let key = self.cluster_key(region, cluster)?;
        let Some(found) = self.clusters.get(&key).cloned() else {
            return Err(Self::no_cluster(cluster));
        };
        if found.status != "available" || found.failover.is_some() {
            return Err(wrong_state(&format!("DB cluster {} is not in available state.", key.id)));
        }
        let target = match target {
            Some(target) => match self.named_target(&found, target)? {
                Some(target) => target,
                None => {
                    return Ok((self.acted_on(&key)?, Some("nothing: the target is the writer".into())));
                }
            },
            // AWS's documents don't say what a cluster without a reader that could be promoted answers; Aurora
            // would have to rebuild its writer, which the call does not do.
            None => self.best_reader(&found).ok_or_else(|| {
                wrong_state(&format!("DB cluster {} has no available reader instance.", key.id))
            })?,
        };
        let begins = self.settings.delays.failover_begins;
        let seconds = self.draw(begins);
        let failover = Failover { target: target.clone(), announced: true, begun: false, promotion: None };
        self.start_failover(at, &key, failover, seconds);
        Ok((self.acted_on(&key)?, Some(format!("failover of {} from {} to {target}", key.id, found.writer))))
    }

    /// The target of a failover by its name. `None`: it is the writer, and that counts as success.
    fn named_target(&self, cluster: &Cluster, target: &str) -> Result<Option<String>, Refusal> {
        let key = cluster.key.beside(&bare(target).to_lowercase());
        let Some(instance) = self.instances.get(&key) else {
            return Err(Self::no_instance(target));
        };
        if instance.cluster.as_ref() != Some(&cluster.key.id) {
            return Err(wrong_instance(&format!(
                "DB instance {target} is not a member of DB cluster {}.",
                cluster.key.id
            )));
        }
        if instance.key.id == cluster.writer {
            let message =
                format!("DB instance {target} is already the writer of DB cluster {}.", cluster.key.id);
            return match self.settings.target_is_writer {
                TargetIsWriter::RefuseInstance => Err(wrong_instance(&message)),
                TargetIsWriter::RefuseCluster => Err(wrong_state(&message)),
                TargetIsWriter::Accept => Ok(None),
            };
        }
        if !instance.can_be_promoted() {
            return Err(wrong_instance(&format!("DB instance {target} is not in available state.")));
        }
        Ok(Some(key.id))
    }

    fn acted_on(&self, key: &Key) -> Result<Reply, Refusal> {
        let cluster = self.clusters.get(key).ok_or_else(|| Self::no_cluster(&key.id))?;
        Ok(Reply::Cluster(Box::new(self.cluster_view(cluster))))
    }
}

/// The error for a cluster in the wrong state.
pub(crate) fn wrong_state(message: &str) -> Refusal {
    Refusal::new("InvalidDBClusterStateFault", message)
}

/// The error for an instance in the wrong state.
pub(crate) fn wrong_instance(message: &str) -> Refusal {
    Refusal::new("InvalidDBInstanceState", message)
}
