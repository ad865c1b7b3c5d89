//! What each fault does to the estate.

use jiff::Timestamp;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::database::{Failover, Health, Instance};
use super::effect::SourceType;
use super::faults::Fault;
use super::interference::{Calls, Interference, Kind};
use super::key::{Key, arn};
use super::naming::NoSuchThing;
use super::planned::{Fate, Number, Planned, Trigger};
use super::restore_faults::{RestoreFault, Trouble};

impl Estate {
    /// Plans a fault: at once, later, or on a call. What it names must exist now.
    pub fn fault(&mut self, now: Timestamp, planned: impl Into<Planned>) -> Result<(), NoSuchThing> {
        self.catch_up(now);
        let (at, planned) = (self.clock, planned.into());
        self.check_names(&planned.fault)?;
        let (number, when) = (self.fates.len(), planned.when.clone());
        self.fates.push(Fate { planned, planned_at: at, struck_at: None });
        if when.on.is_some() {
            self.triggers.push(Trigger { number, when, seen: 0 });
        } else if when.after > 0.0 {
            self.plan(at, when.after, Occurrence::Strikes(number));
        } else {
            self.strike(at, number);
        }
        self.catch_up(at);
        Ok(())
    }

    /// Every fault that was planned since the last reset, in that order, with the moment in which it struck.
    #[must_use]
    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    /// A fault's time has come.
    pub(crate) fn strike(&mut self, at: Timestamp, number: Number) {
        let Some(fault) = self.fates.get(number).map(|fate| fate.planned.fault.clone()) else {
            return;
        };
        if self.brings_about(at, number, &fault) {
            self.struck(at, number);
        }
    }

    /// A fault did something: the first time is remembered.
    pub(crate) fn struck(&mut self, at: Timestamp, number: Number) {
        if let Some(fate) = self.fates.get_mut(number) {
            fate.struck_at.get_or_insert(at);
        }
    }

    /// Does what a fault does, and says whether there was something to do it to. Interference says so later, when
    /// it meets a call.
    fn brings_about(&mut self, at: Timestamp, number: Number, fault: &Fault) -> bool {
        match fault {
            Fault::CrashWriter { cluster, region }
            | Fault::SilenceWriter { cluster, region }
            | Fault::SickWriter { cluster, region }
            | Fault::AwsFailover { cluster, region, .. }
            | Fault::MoveWriter { cluster, region, .. }
            | Fault::LoseReaders { cluster, region, .. }
            | Fault::LagReaders { cluster, region, .. }
            | Fault::HoldEndpoint { cluster, region, .. }
            | Fault::FailSnapshots { cluster, region }
            | Fault::SetStatus { cluster, region, .. } => {
                let key = self.named_cluster(cluster, region.as_deref());
                return key.is_some_and(|key| self.strike_cluster(at, &key, fault));
            }
            Fault::FailDeployments { service, cluster }
            | Fault::SlowDeployments { service, cluster, .. }
            | Fault::Deploy { service, cluster }
            | Fault::CrashTask { service, cluster }
            | Fault::ProtectTasks { service, cluster, .. } => {
                let Some(key) = self.named_service(service, cluster.as_deref()) else {
                    return false;
                };
                self.strike_service(at, &key, fault);
            }
            Fault::Heal { cluster, region } => self.heal(cluster.as_deref(), region.as_deref()),
            Fault::FailRestores { cluster, status } => {
                // A status of clusters in the Aurora User Guide (`Aurora.Status`) that this may end in.
                let status = status.clone().unwrap_or_else(|| "inaccessible-encryption-credentials".into());
                return self.trouble(number, Trouble::Fails { cluster: cluster.clone(), status });
            }
            Fault::SlowRestores { cluster, seconds } => {
                return self.trouble(number, Trouble::Slow { cluster: cluster.clone(), seconds: *seconds });
            }
            Fault::RefuseKey { key } => return self.trouble(number, Trouble::Key(key.clone())),
            Fault::Throttle(calls) => return self.meddle(number, Kind::Throttle, calls),
            Fault::LoseReply(calls) => return self.meddle(number, Kind::LoseReply, calls),
            Fault::ServerError(calls) => return self.meddle(number, Kind::ServerError, calls),
            Fault::Deny(calls) => return self.meddle(number, Kind::Deny, calls),
            Fault::TellRdsEvent { source_type, source, region, event_id, categories, message } => {
                let region = region.clone().unwrap_or_else(|| self.settings.region.clone());
                let key = Key::new(region, source);
                let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
                let source_arn = self.source_arn(*source_type, &key);
                self.tell(at, &key, *source_type, source_arn, &categories, event_id, message.clone());
            }
            Fault::SetDelays { delays } => self.settings.delays = delays.clone(),
        }
        true
    }

    fn strike_cluster(&mut self, at: Timestamp, key: &Key, fault: &Fault) -> bool {
        let Some(cluster) = self.clusters.get(key) else {
            return false;
        };
        let writer = key.beside(&cluster.writer);
        match fault {
            Fault::CrashWriter { .. } => self.crash(at, &writer),
            Fault::SilenceWriter { .. } => self.set_health(&writer, Health::Silent),
            Fault::SickWriter { .. } => self.set_health(&writer, Health::Sick),
            Fault::AwsFailover { target, events, promotion, .. } => {
                let Some(target) = target.clone().or_else(|| self.best_reader(cluster)) else {
                    return false;
                };
                self.move_writer(at, key, target, *events, *promotion);
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
            Fault::HoldEndpoint { seconds, from_promotion, .. } => {
                if let Some(cluster) = self.clusters.get_mut(key) {
                    if *from_promotion {
                        cluster.endpoint_held_after_promotion = Some(*seconds);
                    } else {
                        cluster.endpoint_held_until = Some(later(at, *seconds));
                    }
                }
            }
            Fault::FailSnapshots { .. } => {
                if let Some(cluster) = self.clusters.get_mut(key) {
                    cluster.snapshots_fail = true;
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
            | Fault::FailRestores { .. }
            | Fault::SlowRestores { .. }
            | Fault::RefuseKey { .. }
            | Fault::Heal { .. }
            | Fault::Throttle(_)
            | Fault::LoseReply(_)
            | Fault::ServerError(_)
            | Fault::Deny(_)
            | Fault::TellRdsEvent { .. }
            | Fault::SetDelays { .. } => return false,
        }
        true
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

    /// From now on some calls meet this; it strikes with the first of them.
    fn meddle(&mut self, number: Number, kind: Kind, calls: &Calls) -> bool {
        self.interference.push(Interference { number, kind, calls: calls.clone() });
        false
    }

    /// From now on restores or uses of a key meet this; it strikes with the first of them.
    fn trouble(&mut self, number: Number, trouble: Trouble) -> bool {
        self.restore_faults.push(RestoreFault { number, trouble });
        false
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
