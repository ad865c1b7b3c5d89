//! The metrics of RDS, on the estate's own clock.

use jiff::Timestamp;
use serde::Serialize;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::database::{Cluster, Health, Instance};
use super::effect::{Datapoint, Effect};

/// A shorter period would be no metric but a loop.
const SHORTEST_PERIOD: f64 = 0.1;

/// What an instance reports in a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Reading {
    /// Connections of clients.
    pub(crate) connections: f64,
    /// Commits in a second: writers only.
    pub(crate) commits: f64,
}

impl Estate {
    /// Starts the metrics, once.
    pub(crate) fn start_metrics(&mut self, at: Timestamp) {
        if !self.metrics_run {
            self.metrics_run = true;
            self.agenda.plan(at, Occurrence::Metrics);
        }
    }

    /// Reports one period, and plans the next.
    pub(crate) fn measure(&mut self, at: Timestamp) {
        let clusters: Vec<Cluster> = self.clusters.values().cloned().collect();
        for cluster in &clusters {
            self.measure_cluster(at, cluster);
        }
        let alone: Vec<Instance> =
            self.instances.values().filter(|instance| instance.cluster.is_none()).cloned().collect();
        for instance in &alone {
            if let Some(reading) = self.read_instance(at, instance, true) {
                self.report(at, instance, "DatabaseConnections", reading.connections, "Count");
            }
        }
        self.plan(at, self.settings.metric_period.max(SHORTEST_PERIOD), Occurrence::Metrics);
    }

    fn measure_cluster(&mut self, at: Timestamp, cluster: &Cluster) {
        for id in &cluster.members {
            // One that is being made reports nothing.
            let instance = self.instances.get(&cluster.key.beside(id));
            let Some(instance) = instance.filter(|found| found.status != "creating").cloned() else {
                continue;
            };
            let writes = *id == cluster.writer;
            // Clients reach a new writer only when the endpoint leads to it; until then it has AWS's own
            // connections alone.
            let reached = !writes || cluster.endpoint_target == *id;
            let Some(reading) = self.read_instance(at, &instance, reached) else {
                continue;
            };
            self.report(at, &instance, "DatabaseConnections", reading.connections, "Count");
            if writes {
                for (name, value, unit) in [
                    ("DatabaseConnections", reading.connections, "Count"),
                    ("CommitThroughput", reading.commits, "Count/Second"),
                ] {
                    self.outbox.push(Effect::Metric(Datapoint {
                        at,
                        region: cluster.key.region.clone(),
                        name,
                        dimensions: vec![
                            ("DBClusterIdentifier", cluster.key.id.clone()),
                            ("Role", "WRITER".into()),
                        ],
                        value,
                        unit,
                    }));
                }
            } else if instance.reports_lag && instance.health == Health::Serving {
                let lag = instance.lag.unwrap_or_else(|| self.chance.whole(8, 30));
                self.report(at, &instance, "AuroraReplicaLag", lag, "Milliseconds");
            }
        }
    }

    /// What an instance reports, or `None` when it reports nothing.
    fn read_instance(&mut self, at: Timestamp, instance: &Instance, reached: bool) -> Option<Reading> {
        let nothing = Reading { connections: 0.0, commits: 0.0 };
        match instance.health {
            Health::Serving if instance.counted.is_some() => instance.counted,
            Health::Serving if reached => {
                Some(Reading { connections: self.chance.whole(10, 40), commits: self.chance.whole(20, 60) })
            }
            Health::Serving => {
                Some(Reading { connections: self.chance.whole(2, 6), commits: self.chance.whole(1, 3) })
            }
            Health::Sick | Health::Restarting => Some(nothing),
            Health::Crashed(since) => {
                let silent = later(since, self.settings.delays.crash_zeroes.most());
                (at < silent).then_some(nothing)
            }
            Health::Silent => None,
        }
    }

    fn report(
        &mut self,
        at: Timestamp,
        instance: &Instance,
        name: &'static str,
        value: f64,
        unit: &'static str,
    ) {
        self.outbox.push(Effect::Metric(Datapoint {
            at,
            region: instance.key.region.clone(),
            name,
            dimensions: vec![("DBInstanceIdentifier", instance.key.id.clone())],
            value,
            unit,
        }));
    }
}
