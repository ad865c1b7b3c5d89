//! Scripted RDS, ECS, CloudWatch and DNS: a test sets what they answer, and reads what they were asked.
//!
//! They have no behaviour of their own. What AWS does over time is modelled by crate `estate`.

use super::lock;
use crate::{
    error::{CallError, Failure},
    ports::{Alarms, Databases, Names, Services},
    probes::Probe,
    signal::DatabaseEvent,
    topology::{AlarmState, Cluster, Connections, Datapoint, Service, Task},
};
use async_trait::async_trait;
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Mutex};

/// Uses up the next scripted failure of an action, if there is one.
pub(super) fn next_failure(failures: &mut Vec<CallError>, action: &str) -> Result<(), CallError> {
    match failures.iter().position(|f| f.action == action) {
        Some(index) => Err(failures.remove(index)),
        None => Ok(()),
    }
}

/// RDS as a script.
#[derive(Debug, Default)]
pub struct ScriptedDatabases {
    state: Mutex<DatabaseScript>,
}

/// What a [`ScriptedDatabases`] answers, and what it was asked to change.
#[derive(Debug, Default)]
pub struct DatabaseScript {
    /// The clusters by identifier.
    pub clusters: BTreeMap<String, Cluster>,
    /// The events of all clusters.
    pub events: Vec<DatabaseEvent>,
    /// A blue/green deployment under way.
    pub switchover: Option<String>,
    /// Answers of the next calls by action, used up one by one; then success.
    pub failures: Vec<CallError>,
    /// `(cluster, target)` of each failover call that arrived.
    pub failovers: Vec<(String, String)>,
}

impl ScriptedDatabases {
    /// Reads or changes the script.
    pub fn script<T>(&self, change: impl FnOnce(&mut DatabaseScript) -> T) -> T {
        change(&mut lock(&self.state))
    }

    fn failing(&self, action: &str) -> Result<(), CallError> {
        next_failure(&mut lock(&self.state).failures, action)
    }
}

#[async_trait]
impl Databases for ScriptedDatabases {
    async fn cluster(&self, identifier: &str) -> Result<Cluster, CallError> {
        self.failing("DescribeDBClusters")?;
        let found = lock(&self.state).clusters.get(identifier).cloned();
        found.ok_or_else(|| CallError::new("RDS", "DescribeDBClusters", Failure::NotFound, "no such cluster"))
    }

    async fn events(&self, cluster: &Cluster, since: Timestamp) -> Result<Vec<DatabaseEvent>, CallError> {
        self.failing("DescribeEvents")?;
        let of_cluster = |e: &DatabaseEvent| {
            if e.cluster {
                e.identifier == cluster.identifier
            } else {
                cluster.member(&e.identifier).is_some()
            }
        };
        let mut told = lock(&self.state).events.clone();
        told.retain(|e| e.at >= since && of_cluster(e));
        told.sort_by_key(|e| e.at);
        Ok(told)
    }

    async fn switchover(&self, _cluster: &Cluster) -> Result<Option<String>, CallError> {
        self.failing("DescribeBlueGreenDeployments")?;
        Ok(lock(&self.state).switchover.clone())
    }

    async fn fail_over(&self, identifier: &str, target: &str) -> Result<(), CallError> {
        let mut state = lock(&self.state);
        state.failovers.push((identifier.to_owned(), target.to_owned()));
        next_failure(&mut state.failures, "FailoverDBCluster")?;
        let known = state.clusters.get(identifier).is_some_and(|c| c.member(target).is_some());
        let missing =
            || CallError::new("RDS", "FailoverDBCluster", Failure::NotFound, "no such cluster or instance");
        if known { Ok(()) } else { Err(missing()) }
    }
}

/// ECS as a script.
#[derive(Debug, Default)]
pub struct ScriptedServices {
    state: Mutex<ServiceScript>,
}

/// What a [`ScriptedServices`] answers, and what it was asked to change.
#[derive(Debug, Default)]
pub struct ServiceScript {
    /// All services.
    pub services: Vec<Service>,
    /// Tasks by service name.
    pub tasks: BTreeMap<String, Vec<Task>>,
    /// Answers of the next calls by action, used up one by one; then success.
    pub failures: Vec<CallError>,
    /// `(service, count)` of each `UpdateService` that arrived.
    pub redeployed: Vec<(String, Option<u32>)>,
}

impl ScriptedServices {
    /// Reads or changes the script.
    pub fn script<T>(&self, change: impl FnOnce(&mut ServiceScript) -> T) -> T {
        change(&mut lock(&self.state))
    }

    fn failing(&self, action: &str) -> Result<(), CallError> {
        next_failure(&mut lock(&self.state).failures, action)
    }
}

#[async_trait]
impl Services for ScriptedServices {
    async fn services(&self, cluster: &str, names: &[String]) -> Result<Vec<Service>, CallError> {
        self.failing("DescribeServices")?;
        let state = lock(&self.state);
        Ok(state
            .services
            .iter()
            .filter(|s| s.cluster == cluster && names.contains(&s.name))
            .cloned()
            .collect())
    }

    async fn tasks(&self, _cluster: &str, service: &str) -> Result<Vec<Task>, CallError> {
        self.failing("ListTasks")?;
        Ok(lock(&self.state).tasks.get(service).cloned().unwrap_or_default())
    }

    async fn redeploy(&self, _cluster: &str, service: &str, count: Option<u32>) -> Result<String, CallError> {
        self.failing("UpdateService")?;
        let mut state = lock(&self.state);
        state.redeployed.push((service.to_owned(), count));
        Ok(format!("ecs-svc/{service}-{}", state.redeployed.len()))
    }
}

/// CloudWatch as a script.
#[derive(Debug, Default)]
pub struct ScriptedAlarms {
    state: Mutex<AlarmScript>,
}

#[derive(Debug, Default)]
struct AlarmScript {
    alarms: Vec<AlarmState>,
    lag_ms: BTreeMap<String, f64>,
    lag_asked: Vec<(Timestamp, Option<Timestamp>)>,
    connections: BTreeMap<String, Vec<Datapoint>>,
    probes: Vec<(String, Probe)>,
    fail_metrics: Option<CallError>,
    fail: Option<CallError>,
}

impl ScriptedAlarms {
    /// Sets or replaces an alarm.
    pub fn set(&self, alarm: AlarmState) {
        let mut state = lock(&self.state);
        state.alarms.retain(|a| a.name != alarm.name);
        state.alarms.push(alarm);
    }

    /// Sets an instance's replica lag in milliseconds.
    pub fn lag(&self, instance: &str, millis: f64) {
        lock(&self.state).lag_ms.insert(instance.to_owned(), millis);
    }

    /// Since when, and before when, lag was asked for.
    #[must_use]
    pub fn lag_asked(&self) -> Vec<(Timestamp, Option<Timestamp>)> {
        lock(&self.state).lag_asked.clone()
    }

    /// Adds a minute of an instance's connections.
    pub fn connected(&self, instance: &str, at: Timestamp, value: f64) {
        let mut state = lock(&self.state);
        state.connections.entry(instance.to_owned()).or_default().push(Datapoint { at, value });
    }

    /// Adds a probe of a database.
    pub fn probed(&self, database: &str, probe: Probe) {
        lock(&self.state).probes.push((database.to_owned(), probe));
    }

    /// Every question about connections and probes fails with this until it is taken back with `None`.
    pub fn fail_metrics_with(&self, error: Option<CallError>) {
        lock(&self.state).fail_metrics = error;
    }

    /// Every call fails with this until it is taken back with `None`.
    pub fn fail_with(&self, error: Option<CallError>) {
        lock(&self.state).fail = error;
    }
}

#[async_trait]
impl Alarms for ScriptedAlarms {
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmState>, CallError> {
        let state = lock(&self.state);
        state.fail.clone().map_or(Ok(()), Err)?;
        Ok(state.alarms.iter().filter(|a| names.contains(&a.name)).cloned().collect())
    }

    async fn replica_lag_ms(
        &self,
        instance: &str,
        since: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<Option<f64>, CallError> {
        let mut state = lock(&self.state);
        state.lag_asked.push((since, before));
        state.fail.clone().map_or(Ok(()), Err)?;
        Ok(state.lag_ms.get(instance).copied())
    }

    async fn connections(&self, instances: &[&str], since: Timestamp) -> Result<Vec<Connections>, CallError> {
        let state = lock(&self.state);
        state.fail.clone().or(state.fail_metrics.clone()).map_or(Ok(()), Err)?;
        let told = instances.iter().map(|instance| {
            let points = state.connections.get(*instance).into_iter().flatten();
            Connections {
                instance: (*instance).to_owned(),
                points: points.filter(|p| p.at >= since).copied().collect(),
            }
        });
        Ok(told.collect())
    }

    async fn probes(
        &self,
        database: &str,
        servers: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Probe>, CallError> {
        let state = lock(&self.state);
        state.fail.clone().or(state.fail_metrics.clone()).map_or(Ok(()), Err)?;
        let of_it = state.probes.iter().filter(|(of, probe)| of == database && probe.at >= since);
        let mut told: Vec<Probe> = of_it.map(|(_, probe)| probe.clone()).collect();
        for probe in &mut told {
            probe.server = probe.server.take().filter(|server| servers.contains(&server.as_str()));
        }
        told.sort_by_key(|probe| probe.at);
        Ok(told)
    }
}

/// DNS as a script.
#[derive(Debug, Default)]
pub struct ScriptedNames {
    cnames: Mutex<BTreeMap<String, Result<Option<String>, CallError>>>,
}

impl ScriptedNames {
    /// Sets where a name leads, or how the question fails.
    pub fn set(&self, name: &str, answer: Result<Option<String>, CallError>) {
        lock(&self.cnames).insert(name.to_lowercase(), answer);
    }
}

#[async_trait]
impl Names for ScriptedNames {
    async fn cname(&self, name: &str) -> Result<Option<String>, CallError> {
        lock(&self.cnames).get(&name.to_lowercase()).cloned().unwrap_or(Ok(None))
    }
}
