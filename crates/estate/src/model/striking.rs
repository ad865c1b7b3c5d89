//! What each fault does to the estate.

use jiff::Timestamp;

use super::Estate;
use super::agenda::{Occurrence, later};
use super::database::{Failover, Health};
use super::effect::SourceType;
use super::faults::{Calls, Fault, Planned, Trigger};
use super::interference::{Interference, Kind};
use super::key::{Key, arn};

/// A fault that names something which does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fault names {kind} `{name}`, which is not in the estate")]
pub struct NoSuchThing {
    /// What kind of thing.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

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

    fn check_names(&self, fault: &Fault) -> Result<(), NoSuchThing> {
        let missing = |kind, name: &str| {
            Err(NoSuchThing {
                kind,
                name: name.to_owned(),
            })
        };
        match fault {
            Fault::CrashWriter { cluster, region }
            | Fault::SilenceWriter { cluster, region }
            | Fault::SickWriter { cluster, region }
            | Fault::LoseReaders { cluster, region, .. }
            | Fault::HoldEndpoint { cluster, region, .. }
            | Fault::Heal {
                cluster: Some(cluster),
                region,
            }
            | Fault::AwsFailover {
                cluster,
                region,
                target: None,
                ..
            }
            | Fault::LagReaders {
                cluster,
                region,
                instance: None,
                ..
            }
            | Fault::SetStatus {
                cluster,
                region,
                instance: None,
                ..
            } => self
                .named_cluster(cluster, region.as_deref())
                .map_or_else(|| missing("cluster", cluster), |_| Ok(())),
            Fault::AwsFailover {
                cluster,
                region,
                target: Some(instance),
                ..
            }
            | Fault::MoveWriter {
                cluster,
                region,
                to: instance,
                ..
            }
            | Fault::LagReaders {
                cluster,
                region,
                instance: Some(instance),
                ..
            }
            | Fault::SetStatus {
                cluster,
                region,
                instance: Some(instance),
                ..
            } => {
                let Some(key) = self.named_cluster(cluster, region.as_deref()) else {
                    return missing("cluster", cluster);
                };
                let member = self
                    .clusters
                    .get(&key)
                    .is_some_and(|found| found.members.contains(instance));
                if member {
                    Ok(())
                } else {
                    missing("instance", instance)
                }
            }
            Fault::FailDeployments { service, cluster }
            | Fault::SlowDeployments { service, cluster, .. }
            | Fault::Deploy { service, cluster }
            | Fault::CrashTask { service, cluster }
            | Fault::ProtectTasks { service, cluster, .. } => self
                .named_service(service, cluster.as_deref())
                .map_or_else(|| missing("service", service), |_| Ok(())),
            Fault::Heal { cluster: None, .. }
            | Fault::Throttle(_)
            | Fault::LoseReply(_)
            | Fault::ServerError(_)
            | Fault::Deny(_)
            | Fault::TellRdsEvent { .. }
            | Fault::SetDelays { .. } => Ok(()),
        }
    }

    fn named_cluster(&self, id: &str, region: Option<&str>) -> Option<Key> {
        self.clusters
            .keys()
            .find(|key| key.id == id && region.is_none_or(|region| region == key.region))
            .cloned()
    }

    fn named_service(&self, name: &str, cluster: Option<&str>) -> Option<Key> {
        let mut services = self.services.values();
        let found =
            services.find(|found| found.name == name && cluster.is_none_or(|id| id == found.cluster.id));
        found.map(|found| found.key.clone())
    }

    /// A fault strikes.
    pub(crate) fn strike(&mut self, at: Timestamp, fault: &Fault) {
        match fault {
            Fault::CrashWriter { cluster, region } => {
                if let Some(writer) = self.writer_of(cluster, region.as_deref()) {
                    self.crash(at, &writer);
                }
            }
            Fault::SilenceWriter { cluster, region } => {
                self.set_writer(cluster, region.as_deref(), Health::Silent);
            }
            Fault::SickWriter { cluster, region } => {
                self.set_writer(cluster, region.as_deref(), Health::Sick)
            }
            Fault::Heal { cluster, region } => self.heal(cluster.as_deref(), region.as_deref()),
            Fault::AwsFailover {
                cluster,
                region,
                target,
                events,
                promotion,
            } => {
                let Some(key) = self.named_cluster(cluster, region.as_deref()) else {
                    return;
                };
                let best = self.clusters.get(&key).and_then(|found| self.best_reader(found));
                if let Some(target) = target.clone().or(best) {
                    self.move_writer(at, &key, target, *events, *promotion);
                }
            }
            Fault::MoveWriter {
                cluster,
                region,
                to,
                events,
                promotion,
            } => {
                if let Some(key) = self.named_cluster(cluster, region.as_deref()) {
                    self.move_writer(at, &key, to.clone(), *events, *promotion);
                }
            }
            Fault::LoseReaders {
                cluster,
                region,
                status,
            } => {
                for key in self.readers_of(cluster, region.as_deref()) {
                    if let Some(reader) = self.instances.get_mut(&key) {
                        reader.health = Health::Crashed(at);
                        reader.generation += 1;
                        reader.status.clone_from(status);
                    }
                }
            }
            Fault::LagReaders {
                cluster,
                region,
                milliseconds,
                instance,
            } => {
                for key in self.readers_of(cluster, region.as_deref()) {
                    if let Some(reader) = self
                        .instances
                        .get_mut(&key)
                        .filter(|_| instance.as_ref().is_none_or(|id| *id == key.id))
                    {
                        reader.lag = *milliseconds;
                        reader.reports_lag = milliseconds.is_some();
                    }
                }
            }
            Fault::HoldEndpoint {
                cluster,
                region,
                seconds,
            } => {
                let key = self.named_cluster(cluster, region.as_deref());
                if let Some(found) = key.and_then(|key| self.clusters.get_mut(&key)) {
                    found.endpoint_held_until = Some(later(at, *seconds));
                }
            }
            Fault::SetStatus {
                cluster,
                region,
                instance,
                status,
                seconds,
            } => {
                let Some(key) = self.named_cluster(cluster, region.as_deref()) else {
                    return;
                };
                self.set_status(at, &key, instance.as_deref(), status, *seconds);
            }
            Fault::Throttle(calls) => self.meddle(Kind::Throttle, calls),
            Fault::LoseReply(calls) => self.meddle(Kind::LoseReply, calls),
            Fault::ServerError(calls) => self.meddle(Kind::ServerError, calls),
            Fault::Deny(calls) => self.meddle(Kind::Deny, calls),
            Fault::TellRdsEvent {
                source_type,
                source,
                region,
                event_id,
                categories,
                message,
            } => {
                let region = region.clone().unwrap_or_else(|| self.settings.region.clone());
                let key = Key::new(region, source);
                let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
                let source_arn = self.source_arn(*source_type, &key);
                self.tell(
                    at,
                    &key,
                    *source_type,
                    source_arn,
                    &categories,
                    event_id,
                    message.clone(),
                );
            }
            Fault::SetDelays { delays } => self.settings.delays = delays.clone(),
            Fault::FailDeployments { service, cluster }
            | Fault::SlowDeployments { service, cluster, .. }
            | Fault::Deploy { service, cluster }
            | Fault::CrashTask { service, cluster }
            | Fault::ProtectTasks { service, cluster, .. } => {
                if let Some(key) = self.named_service(service, cluster.as_deref()) {
                    self.strike_service(at, &key, fault);
                }
            }
        }
    }

    fn writer_of(&self, cluster: &str, region: Option<&str>) -> Option<Key> {
        let key = self.named_cluster(cluster, region)?;
        let cluster = self.clusters.get(&key)?;
        Some(key.beside(&cluster.writer))
    }

    fn readers_of(&self, cluster: &str, region: Option<&str>) -> Vec<Key> {
        let key = self.named_cluster(cluster, region);
        let Some((key, cluster)) = key.and_then(|key| self.clusters.get_key_value(&key)) else {
            return Vec::new();
        };
        let readers = cluster.members.iter().filter(|id| **id != cluster.writer);
        readers.map(|id| key.beside(id)).collect()
    }

    fn set_writer(&mut self, cluster: &str, region: Option<&str>, health: Health) {
        if let Some(writer) = self
            .writer_of(cluster, region)
            .and_then(|key| self.instances.get_mut(&key))
        {
            writer.health = health;
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
        let failover = Failover {
            target,
            announced,
            begun: false,
            promotion,
        };
        self.start_failover(at, key, failover, 0.0);
    }

    fn meddle(&mut self, kind: Kind, calls: &Calls) {
        self.interference.push(Interference {
            kind,
            calls: calls.clone(),
        });
    }

    fn source_arn(&self, source_type: SourceType, key: &Key) -> String {
        let kind = match source_type {
            SourceType::Cluster => "cluster",
            SourceType::Instance => "db",
            SourceType::ClusterSnapshot => "cluster-snapshot",
            SourceType::Snapshot => "snapshot",
        };
        arn(
            "rds",
            &key.region,
            &self.settings.account,
            &format!("{kind}:{}", key.id),
        )
    }
}
