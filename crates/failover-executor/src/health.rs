//! Whether alarms, services and the cluster are healthy after a recovery. No data is not OK.

use crate::{
    incident_of::Case,
    sight::{Seen, window_s},
};
use jiff::Timestamp;
use recovery::{
    CallError,
    deadline::shift,
    incident::{Incident, ServiceState},
    signal::AlarmValue,
    topology::{AlarmState, Cluster, Service},
};

/// What `verify` sees.
#[derive(Debug, Clone)]
pub struct View {
    /// The plan's alarms.
    pub alarms: Seen<Vec<AlarmState>>,
    /// The recycled services.
    pub services: Seen<Vec<Service>>,
    /// The cluster.
    pub cluster: Seen<Cluster>,
}

/// Whether everything is healthy, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it is.
    pub healthy: bool,
    /// What was seen.
    pub reason: String,
}

/// The services that were recycled: ECS cluster and name.
pub(crate) fn recycled(incident: &Incident) -> Vec<(&str, &str)> {
    incident
        .services()
        .into_iter()
        .filter(|s| s.state == ServiceState::Recycled)
        .map(|s| (s.cluster.as_str(), s.name.as_str()))
        .collect()
}

/// Whether everything that is seen is healthy.
#[must_use]
pub fn judge(now: Timestamp, case: &Case<'_>, view: &View) -> Health {
    let mut bad = Vec::new();
    let missing = |what: &str, error: &CallError| format!("{what} can't be read: {error}");
    match &view.cluster {
        Ok(cluster) if cluster.settled() => {}
        Ok(cluster) => bad.push(format!("cluster {} is `{}`", cluster.identifier, cluster.status)),
        Err(error) => bad.push(missing("the cluster", error)),
    }
    match &view.alarms {
        Ok(alarms) => {
            for witness in &case.plan.detection.alarms {
                let alarm = alarms.iter().find(|a| a.name == witness.name);
                bad.extend(unwell(now, case, &witness.name, alarm));
            }
        }
        Err(error) => bad.push(missing("the alarms", error)),
    }
    match &view.services {
        Ok(services) => {
            for (cluster, name) in recycled(case.incident) {
                let service = services.iter().find(|s| s.cluster == cluster && s.name == name);
                bad.extend(lame(name, service));
            }
        }
        Err(error) => bad.push(missing("the services", error)),
    }
    let healthy = bad.is_empty();
    let reason = if healthy {
        "Every alarm is OK on fresh data, and every recycled service runs in full.".to_owned()
    } else {
        recovery::text::plain(&format!("Not yet: {}.", bad.join("; ")), 600)
    };
    Health { healthy, reason }
}

/// Why an alarm does not count as OK.
fn unwell(now: Timestamp, case: &Case<'_>, name: &str, alarm: Option<&AlarmState>) -> Option<String> {
    let Some(alarm) = alarm else {
        return Some(format!("alarm {name} does not exist"));
    };
    if alarm.state != AlarmValue::Ok {
        return Some(format!("alarm {name} says {}", crate::sight::word(&alarm.state)));
    }
    let Some(confirmed) = case.incident.endpoint_confirmed_at() else {
        return Some("the endpoint was not confirmed".to_owned());
    };
    let newer = alarm.since > confirmed || alarm.newest_datapoint.is_some_and(|at| at > confirmed);
    if newer || now >= shift(confirmed, evaluated_within(alarm)) {
        return None;
    }
    Some(format!("alarm {name} is OK on older data only"))
}

/// Seconds after which an alarm that stays OK has been evaluated on newer data alone. CloudWatch writes its
/// state, and the datapoints behind it, only when the state changes: an alarm that was OK before would wait for
/// ever. One period more than the window is how late datapoints are waited for.
fn evaluated_within(alarm: &AlarmState) -> i64 {
    window_s(alarm) + i64::from(alarm.period_s.unwrap_or_default())
}

/// Why a service does not count as healthy.
fn lame(name: &str, service: Option<&Service>) -> Option<String> {
    let Some(service) = service else {
        return Some(format!("service {name} is not there"));
    };
    let Service { desired, running, pending, .. } = service;
    if service.status != "ACTIVE" {
        return Some(format!("service {name} is {}", service.status));
    }
    (running < desired || *pending > 0)
        .then(|| format!("service {name} runs {running} of {desired} tasks, {pending} pending"))
}
