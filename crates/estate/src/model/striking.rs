//! What each fault does to the estate.

use jiff::Timestamp;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::database::{Failover, Health, Instance};
use super::effect::SourceType;
use super::faults::{Calls, Fault};
use super::interference::{Interference, Kind};
use super::key::{Key, arn};
use super::naming::NoSuchThing;
use super::planned::{Planned, Trigger};

impl Estate {
    /// Plans a fault: at once, later, or on a call. What it names must exist now.
    pub fn fault(&mut self, now: Timestamp, planned: impl Into<Planned>) -> Result<(), NoSuchThing> {
        self.catch_up(now);
        let (at, planned) = (self.clock, planned.into());
        self.check_names(&planned.fault)?;
        if planned.when.on.is_some() {
            self.triggers.push(Trigger { planned, seen: 0 });
        } else if planned.when.after > 0.0 {
            self.plan(at, planned.when.after, Occurrence::Strikes(planned.fault));
        } else {
            self.strike(at, &planned.fault);
        }
        self.catch_up(at);
        Ok(())
    }

    /// A fault strikes.
    pub(crate) fn strike(&mut self, at: Timestamp, fault: &Fault) {
        match fault {
            Fault::CrashWriter { cluster, region }
            | Fault::SilenceWriter { cluster, region }
            | Fault::SickWriter { cluster, region }
            | Fault::AwsFailover { cluster, region, .. }
            | Fault::MoveWriter { cluster, region, .. }
            | Fault::LoseReaders { cluster, region, .. }
            | Fault::LagReaders { cluster, region, .. }
            | Fault::HoldEndpoint { cluster, region, .. }
            | Fault::SetStatus { cluster, region, .. } => {
                if let Some(key) = self.named_cluster(cluster, region.as_deref()) {
                    self.strike_cluster(at, &key, fault);
                }
            }
            Fault::FailDeployments { service, cluster }
            | Fault::SlowDeployments { service, cluster, .. }
            | Fault::Deploy { service, cluster }
            | Fault::CrashTask { service, cluster }
            | Fault::ProtectTasks { service, cluster, .. } => {
                if let Some(key) = self.named_service(service, cluster.as_deref()) {
                    self.strike_service(at, &key, fault);
                }
            }
            Fault::Heal { cluster, region } => self.heal(cluster.as_deref(), region.as_deref()),
            Fault::Throttle(calls) => self.meddle(Kind::Throttle, calls),
            Fault::LoseReply(calls) => self.meddle(Kind::LoseReply, calls),
            Fault::ServerError(calls) => self.meddle(Kind::ServerError, calls),
            Fault::Deny(calls) => self.meddle(Kind::Deny, calls),
            Fault::TellRdsEvent { source_type, source, region, event_id, categories, message } => {
                let region = region.clone().unwrap_or_else(|| self.settings.region.clone());
                let key = Key::new(region, source);
                let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
                let source_arn = self.source_arn(*source_type, &key);
                self.tell(at, &key, *source_type, source_arn, &categories, event_id, message.clone());
            }
            Fault::SetDelays { delays } => self.settings.delays = delays.clone(),
        }
    }

    fn strike_cluster(&mut self, at: Timestamp, key: &Key, fault: &Fault) {
        let Some(cluster) = self.clusters.get(key) else {
            return;
        };
        let writer = key.beside(&cluster.writer);
        match fault {
            Fault::CrashWriter { .. } => self.crash(at, &writer),
            Fault::SilenceWriter { .. } => self.set_health(&writer, Health::Silent),
            Fault::SickWriter { .. } => self.set_health(&writer, Health::Sick),
            Fault::AwsFailover { target, events, promotion, .. } => {
                if let Some(target) = target.clone().or_else(|| self.best_reader(cluster)) {
                    self.move_writer(at, key, target, *events, *promotion);
                }
            }
            Fault::MoveWriter { to, events, promotion, .. } => {
                self.move_writer(at, key, to.clone(), *events, *promotion);
            }
            Fault::LoseReaders { status, .. } => {
                self.each_reader(key, |reader| {
                    reader.health = Health::Crashed(at);
                    reader.generation += 1;
                    reader.status.clone_from(status);
                });
            }
            Fault::LagReaders { milliseconds, instance, .. } => {
                self.each_reader(key, |reader| {
                    if instance.as_ref().is_none_or(|id| *id == reader.key.id) {
                        reader.lag = *milliseconds;
                        reader.reports_lag = milliseconds.is_some();
                    }
                });
            }
            Fault::HoldEndpoint { seconds, .. } => {
                if let Some(cluster) = self.clusters.get_mut(key) {
                    cluster.endpoint_held_until = Some(later(at, *seconds));
                }
            }
            Fault::SetStatus { instance, status, seconds, .. } => {
                self.set_status(at, key, instance.as_deref(), status, *seconds);
            }
            // Not faults of a cluster.
            Fault::FailDeployments { .. }
            | Fault::SlowDeployments { .. }
            | Fault::Deploy { .. }
            | Fault::CrashTask { .. }
            | Fault::ProtectTasks { .. }
            | Fault::Heal { .. }
            | Fault::Throttle(_)
            | Fault::LoseReply(_)
            | Fault::ServerError(_)
            | Fault::Deny(_)
            | Fault::TellRdsEvent { .. }
            | Fault::SetDelays { .. } => {}
        }
    }

    fn each_reader(&mut self, key: &Key, mut change: impl FnMut(&mut Instance)) {
        let Some(cluster) = self.clusters.get(key) else {
            return;
        };
        for id in cluster.members.iter().filter(|id| **id != cluster.writer) {
            if let Some(reader) = self.instances.get_mut(&key.beside(id)) {
                change(reader);
            }
        }
    }

    fn move_writer(
        &mut self,
        at: Timestamp,
        key: &Key,
        target: String,
        announced: bool,
        promotion: Option<f64>,
    ) {
        let failover = Failover { target, announced, begun: false, promotion };
        self.start_failover(at, key, failover, 0.0);
    }

    fn meddle(&mut self, kind: Kind, calls: &Calls) {
        self.interference.push(Interference { kind, calls: calls.clone() });
    }

    fn source_arn(&self, source_type: SourceType, key: &Key) -> String {
        let kind = match source_type {
            SourceType::Cluster => "cluster",
            SourceType::Instance => "db",
            SourceType::ClusterSnapshot => "cluster-snapshot",
            SourceType::Snapshot => "snapshot",
        };
        arn("rds", &key.region, &self.settings.account, &format!("{kind}:{}", key.id))
    }
}
