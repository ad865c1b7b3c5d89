//! Step `verify`: watch until alarms and services have been healthy for the plan's window. No data is not OK.

use crate::{Ports, incident_of::Case, passes, sight::Seen};
use jiff::Timestamp;
use plan::Span;
use recovery::{
    CallError, Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::{after, seconds_until, shift},
    incident::{Event, Incident, ServiceState},
    log::Log,
    signal::AlarmValue,
    topology::{AlarmState, Cluster, Service},
};

/// What verifying may take besides the plan's window.
const PATIENCE: Span = Span::from_mins(15);
/// The evaluation window of an alarm without a period of its own (a composite).
const UNKNOWN_WINDOW_S: i64 = 300;

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

/// What follows from the health now and before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// Healthy for as long as the plan asks.
    Held {
        /// Since when.
        since: Timestamp,
    },
    /// Look again in so many seconds.
    Again(u64),
    /// Not healthy for too long.
    TooLong,
    /// The writer has moved once more: the services were restarted for another one.
    WriterMoved(String),
}

/// Looks once.
///
/// # Errors
/// AWS's, when the reason does not pass; the store's.
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    let reply = |next, summary: String| StepReply::new(run, Step::Verify, next, summary);
    if log.incident.healthy_since().is_some() {
        return Ok(reply(
            Next::Done,
            "Health has held for the plan's window.".to_owned(),
        ));
    }
    let view = look(&Case::new(run, log), ports).await?;
    let health = judge(now, &Case::new(run, log), &view);
    if latest(&log.incident).is_none_or(|(healthy, _)| healthy != health.healthy) {
        let event = Event::Health {
            healthy: health.healthy,
            reason: health.reason.clone(),
        };
        log.append(now, event, &[]).await?;
    }
    let plan = &run.plan.database;
    let give_up = |guard, reason: String| {
        let verdict = Verdict::new(Decision::Refuse, guard, reason.clone())
            .about(&plan.name)
            .unless("A person looks at the alarms and services that are named here.");
        Ok(reply(Next::Escalate, reason).because(verdict))
    };
    match watch(now, &Case::new(run, log), &view, &health) {
        Watch::Held { since } => {
            let verdict = Verdict::new(Decision::Note, Guard::AllHealthy, health.reason.clone())
                .about(&plan.name)
                .seeing("healthy since", since.to_string());
            let event = Event::Verified {
                healthy_since: since,
                verdict: verdict.clone(),
            };
            log.append(now, event, &[]).await?;
            let summary = format!("Healthy for {}. {}", plan.verify_for, health.reason);
            Ok(reply(Next::Done, summary).because(verdict))
        }
        Watch::Again(after_s) => Ok(StepReply::again(run, Step::Verify, after_s, health.reason)),
        Watch::TooLong => give_up(
            Guard::TookTooLong,
            format!(
                "Health has not held for {} in time. {}",
                plan.verify_for, health.reason
            ),
        ),
        Watch::WriterMoved(reason) => give_up(Guard::WriterChanged, reason),
    }
}

async fn look(case: &Case<'_>, ports: &Ports) -> Result<View, StepError> {
    let names: Vec<String> = case
        .plan
        .detection
        .alarms
        .iter()
        .map(|a| a.name.clone())
        .collect();
    let (alarms, services, cluster) = tokio::join!(
        ports.alarms.alarms(&names),
        services(case.incident, ports),
        ports.databases.cluster(&case.plan.identifier),
    );
    Ok(View {
        alarms: unless_final(alarms)?,
        services: unless_final(services)?,
        cluster: unless_final(cluster)?,
    })
}

/// A failure that passes is missing evidence; another one will not mend itself.
fn unless_final<T>(seen: Seen<T>) -> Result<Seen<T>, StepError> {
    match seen {
        Err(error) if !passes(&error) => Err(error.into()),
        other => Ok(other),
    }
}

/// Reads every service that was recycled, ECS cluster by ECS cluster.
async fn services(incident: &Incident, ports: &Ports) -> Seen<Vec<Service>> {
    let mut clusters: Vec<(String, Vec<String>)> = Vec::new();
    for (cluster, name) in recycled(incident) {
        match clusters.iter_mut().find(|(known, _)| known == cluster) {
            Some((_, names)) => names.push(name.to_owned()),
            None => clusters.push((cluster.to_owned(), vec![name.to_owned()])),
        }
    }
    let mut found = Vec::new();
    for (cluster, names) in &clusters {
        found.extend(ports.services.services(cluster, names).await?);
    }
    Ok(found)
}

fn recycled(incident: &Incident) -> Vec<(&str, &str)> {
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
    match (alarm.period_s, alarm.datapoints) {
        (Some(period), Some(datapoints)) => i64::from(period) * (i64::from(datapoints) + 1),
        _ => UNKNOWN_WINDOW_S,
    }
}

/// Why a service does not count as healthy.
fn lame(name: &str, service: Option<&Service>) -> Option<String> {
    let Some(service) = service else {
        return Some(format!("service {name} is not there"));
    };
    let Service {
        desired,
        running,
        pending,
        ..
    } = service;
    if service.status != "ACTIVE" {
        return Some(format!("service {name} is {}", service.status));
    }
    (running < desired || *pending > 0)
        .then(|| format!("service {name} runs {running} of {desired} tasks, {pending} pending"))
}

/// The newest word on health, and when it was written.
fn latest(incident: &Incident) -> Option<(bool, Timestamp)> {
    incident.latest(|r| {
        if let Event::Health { healthy, .. } = &r.event {
            Some((*healthy, r.at))
        } else {
            None
        }
    })
}

/// What follows, once the health of this look is in the incident.
#[must_use]
pub fn watch(now: Timestamp, case: &Case<'_>, view: &View, health: &Health) -> Watch {
    if let Some(reason) = moved_again(case, view) {
        return Watch::WriterMoved(reason);
    }
    let began = case
        .incident
        .latest(|r| {
            let begins = matches!(
                r.event,
                Event::Recycled { .. } | Event::EndpointMoved { .. } | Event::Resumed { .. }
            );
            begins.then_some(r.at)
        })
        .unwrap_or(case.head.opened_at);
    if let Some((true, since)) = latest(case.incident).filter(|_| health.healthy) {
        let until = after(since, case.plan.verify_for);
        if now >= until {
            return Watch::Held { since };
        }
        return Watch::Again(seconds_until(now, until).clamp(1, 5));
    }
    if now >= after(after(began, case.plan.verify_for), PATIENCE) {
        return Watch::TooLong;
    }
    Watch::Again(3)
}

/// The writer is settled and another than the one whose endpoint was confirmed.
fn moved_again(case: &Case<'_>, view: &View) -> Option<String> {
    let cluster = view.cluster.as_ref().ok().filter(|c| c.settled())?;
    let (now, (then, _)) = (cluster.writer()?, case.incident.promoted()?);
    (now.instance != then).then(|| {
        format!(
            "The writer moved once more, from {then} to {}: services that were restarted may hold connections \
             to the old one.",
            now.instance
        )
    })
}
