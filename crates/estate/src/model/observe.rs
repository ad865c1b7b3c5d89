//! What was seen outside changes the model: the way in for real servers and real tasks.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::database::Health;
use super::effect::Observation;
use super::key::Key;
use super::metrics::Reading;

impl Estate {
    /// Takes in what was seen outside. What it names and does not exist is ignored: the outside may be late.
    pub fn observe(&mut self, now: Timestamp, observation: &Observation) {
        self.catch_up(now);
        let at = self.clock;
        match observation {
            Observation::ServerDied { instance } => self.crash(at, instance),
            Observation::ServerFroze { instance } => self.set_health(instance, Health::Silent),
            Observation::ServerServes { instance } => self.set_health(instance, Health::Serving),
            Observation::ServerLags { instance, milliseconds } => {
                if let Some(found) = self.instances.get_mut(instance) {
                    found.lag = Some(*milliseconds);
                }
            }
            Observation::ServerCounts { instance, connections, commits } => {
                if let Some(found) = self.instances.get_mut(instance) {
                    found.counted = Some(Reading { connections: *connections, commits: *commits });
                }
            }
            Observation::Promoted { instance } => self.promoted_outside(at, instance),
            Observation::TaskAnswers { task, healthy: true } => self.task_is_healthy(at, task),
            Observation::TaskAnswers { task, healthy: false } => self.task_is_unhealthy(at, task),
            Observation::TaskExited { task } => self.task_fails(at, task),
        }
        self.catch_up(at);
    }

    pub(crate) fn set_health(&mut self, key: &Key, health: Health) {
        if let Some(instance) = self.instances.get_mut(key) {
            instance.health = health;
        }
    }

    /// An instance's process dies. AWS looks at a writer after the time that the settings give, if any.
    pub(crate) fn crash(&mut self, at: Timestamp, key: &Key) {
        self.set_health(key, Health::Crashed(at));
        if let Some(instance) = self.instances.get_mut(key) {
            // A restart that was under way will not end.
            instance.generation += 1;
        }
        let cluster = self.instances.get(key).and_then(|instance| instance.cluster.clone());
        let Some(cluster) = cluster.map(|id| key.beside(&id)) else {
            return;
        };
        if self.clusters.get(&cluster).is_none_or(|found| found.writer != key.id) {
            return;
        }
        if let Some(span) = self.settings.aws_failover_after {
            let seconds = self.draw(span);
            self.plan(at, seconds, Occurrence::AwsNotices { cluster, writer: key.id.clone() });
        }
    }

    fn promoted_outside(&mut self, at: Timestamp, key: &Key) {
        let cluster = self.instances.get(key).and_then(|instance| instance.cluster.clone());
        let Some(cluster) = cluster.map(|id| key.beside(&id)) else {
            return;
        };
        let Some(found) = self.clusters.get(&cluster) else {
            return;
        };
        let expected = found.failover.as_ref().is_some_and(|move_| move_.begun && move_.target == key.id);
        if expected && found.writer != key.id {
            let generation = found.generation;
            self.promoted(at, &cluster, generation);
        }
    }
}
