//! How a writer moves: accepted, `failing-over`, promoted, settled; the endpoint follows later, and the old
//! writer comes back as a reader.

use jiff::Timestamp;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::database::{Cluster, Failover, Health};
use super::effect::Effect;
use super::events::{ClusterNews, InstanceNews};
use super::key::Key;
use super::moves::Moving;

impl Estate {
    /// Starts a writer move. An earlier one that is not complete is void from now on.
    pub(crate) fn start_failover(&mut self, at: Timestamp, cluster: &Key, failover: Failover, seconds: f64) {
        let Some(found) = self.clusters.get_mut(cluster) else {
            return;
        };
        found.generation += 1;
        found.failover = Some(failover);
        let generation = found.generation;
        self.plan(at, seconds, Occurrence::FailoverBegins { cluster: cluster.clone(), generation });
    }

    /// The cluster, if the move of that generation is still the present one.
    fn moving(&mut self, cluster: &Key, generation: u64) -> Option<&mut Cluster> {
        self.clusters.get_mut(cluster).filter(|cluster| cluster.generation == generation)
    }

    pub(crate) fn failover_begins(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(cluster) = self.moving(key, generation) else {
            return;
        };
        let Some(failover) = cluster.failover.as_mut() else {
            return;
        };
        failover.begun = true;
        cluster.status = "failing-over".into();
        let (old, failover, again) =
            (cluster.writer.clone(), failover.clone(), cluster.writer == failover.target);
        let (from, to) = (self.zone(key, &old), self.zone(key, &failover.target));
        if failover.announced {
            let target = failover.target.clone();
            let news = match (again, from == to) {
                (true, _) => ClusterNews::PromotesPreviousAgain(target),
                (false, true) => ClusterNews::StartedSameZone(target),
                (false, false) => ClusterNews::StartedCrossZone(target),
            };
            self.tell_cluster(at, key, &news);
        }
        if old != failover.target {
            if let Some(instance) = self.instances.get_mut(&key.beside(&old)) {
                instance.generation += 1;
                instance.health = Health::Restarting;
                instance.counted = None;
            }
            self.outbox.push(Effect::Fence { at, cluster: key.clone(), instance: old });
        }
        let promotion = self.settings.delays.promotion;
        let seconds = failover.promotion.unwrap_or_else(|| self.draw(promotion));
        self.plan(at, seconds, Occurrence::Promoted { cluster: key.clone(), generation });
    }

    pub(crate) fn promoted(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(cluster) = self.moving(key, generation) else {
            return;
        };
        let Some(failover) = cluster.failover.clone().filter(|failover| failover.begun) else {
            return;
        };
        let old = std::mem::replace(&mut cluster.writer, failover.target.clone());
        if let Some(seconds) = cluster.endpoint_held_after_promotion.take() {
            cluster.endpoint_held_until = Some(later(at, seconds));
        }
        let others: Vec<String> =
            cluster.members.iter().filter(|id| **id != failover.target).cloned().collect();
        if let Some(instance) = self.instances.get_mut(&key.beside(&failover.target)) {
            instance.generation += 1;
            instance.health = Health::Serving;
            instance.status = "available".into();
        }
        self.outbox.push(Effect::Promote { at, cluster: key.clone(), instance: failover.target.clone() });
        for instance in others {
            let source = failover.target.clone();
            self.outbox.push(Effect::Repoint { at, cluster: key.clone(), instance, source });
        }
        if failover.announced {
            self.tell_cluster(at, key, &ClusterNews::Completed(failover.target.clone()));
        }
        if old != failover.target {
            self.moved(at, key, Moving::Writer, &failover.target);
            self.restart_instance(at, &key.beside(&old), failover.announced);
        }
        let (settling, endpoint) = (self.settings.delays.settling, self.settings.delays.endpoint);
        let (settling, endpoint) = (self.draw(settling), self.draw(endpoint));
        self.plan(at, settling, Occurrence::Settled { cluster: key.clone(), generation });
        self.plan(at, endpoint, Occurrence::EndpointMoves { cluster: key.clone(), generation });
    }

    /// Restarts an instance: `rebooting` until it is back.
    pub(crate) fn restart_instance(&mut self, at: Timestamp, key: &Key, announced: bool) {
        let restart = self.settings.delays.restart;
        let seconds = self.draw(restart);
        // What is being deleted does not come back.
        let Some(instance) = self.instances.get_mut(key).filter(|found| found.status != "deleting") else {
            return;
        };
        instance.generation += 1;
        instance.health = Health::Restarting;
        instance.status = "rebooting".into();
        let generation = instance.generation;
        if announced {
            self.tell_instance(at, key, InstanceNews::Shutdown);
        }
        self.plan(at, seconds, Occurrence::InstanceReturns { instance: key.clone(), generation });
    }

    pub(crate) fn settled(&mut self, key: &Key, generation: u64) {
        let Some(cluster) = self.moving(key, generation) else {
            return;
        };
        cluster.failover = None;
        // A fault may have set another status meanwhile; that one stays.
        if cluster.status == "failing-over" {
            cluster.status = "available".into();
        }
    }

    pub(crate) fn endpoint_moves(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(cluster) = self.moving(key, generation) else {
            return;
        };
        if let Some(until) = cluster.endpoint_held_until.filter(|until| *until > at) {
            self.agenda.plan(until, Occurrence::EndpointMoves { cluster: key.clone(), generation });
            return;
        }
        cluster.endpoint_held_until = None;
        if cluster.endpoint_target == cluster.writer {
            return;
        }
        cluster.endpoint_target.clone_from(&cluster.writer);
        let instance = cluster.writer.clone();
        self.moved(at, key, Moving::Endpoint, &instance);
        self.tell_instance(at, &key.beside(&instance), InstanceNews::TopologyUpdated);
        self.outbox.push(Effect::MoveEndpoint { at, cluster: key.clone(), instance });
    }

    pub(crate) fn instance_returns(&mut self, at: Timestamp, key: &Key, generation: u64) {
        let Some(instance) = self.instances.get_mut(key).filter(|found| found.generation == generation)
        else {
            return;
        };
        instance.health = Health::Serving;
        instance.status = "available".into();
        self.tell_instance(at, key, InstanceNews::Restarted);
        self.outbox.push(Effect::InstanceReturned { at, instance: key.clone() });
    }

    /// AWS's own failover, when the writer that crashed is still the writer and still down.
    pub(crate) fn aws_notices(&mut self, at: Timestamp, key: &Key, writer: &str) {
        let Some(cluster) = self.clusters.get(key) else {
            return;
        };
        let down = self
            .instances
            .get(&key.beside(writer))
            .is_some_and(|instance| matches!(instance.health, Health::Crashed(_) | Health::Silent));
        if cluster.writer != writer || cluster.failover.is_some() || !down {
            return;
        }
        let Some(target) = self.best_reader(cluster) else {
            return;
        };
        let failover = Failover { target, announced: true, begun: false, promotion: None };
        self.start_failover(at, key, failover, 0.0);
    }

    /// The reader that AWS itself would choose: the lowest promotion tier, then the first made.
    pub(crate) fn best_reader(&self, cluster: &Cluster) -> Option<String> {
        let readers = cluster.members.iter().filter(|id| **id != cluster.writer);
        let readers = readers.filter_map(|id| self.instances.get(&cluster.key.beside(id)));
        let able = readers.filter(|instance| instance.can_be_promoted());
        able.min_by_key(|instance| instance.promotion_tier).map(|instance| instance.key.id.clone())
    }

    fn zone(&self, cluster: &Key, instance: &str) -> Option<String> {
        self.instances.get(&cluster.beside(instance)).map(|found| found.availability_zone.clone())
    }
}
