//! Step `verify`: watch until alarms and services have been healthy for the plan's window. No data is not OK.

use crate::{
    Ports,
    carry_out::LOOK_AT_NEWS_S,
    connections,
    health::{Health, View, judge, recycled},
    incident_of::Case,
    passes,
    sight::Seen,
};
use jiff::Timestamp;
use plan::Span;
use recovery::{
    Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::{after, seconds_until},
    incident::{Event, Incident},
    log::Log,
    pools::{EVIDENCE, Pools},
    topology::Service,
};

/// What verifying may take besides the plan's window.
const PATIENCE: Span = Span::from_mins(15);
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
    watch_for(Step::Verify, now, run, ports, log).await
}

/// Looks once, for this step.
pub(crate) async fn watch_for(
    step: Step,
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    let reply = |next, summary: String| StepReply::new(run, step, next, summary);
    if log.incident.healthy_still_since().is_some() {
        return Ok(reply(Next::Done, "Health has held for the plan's window.".to_owned()));
    }
    let news = log.incident.newest_news();
    let case = Case::new(run, log);
    let (view, pools) = tokio::join!(look(&case, ports), connections::look(&case, ports));
    let view = view?;
    let health = judge(now, &case, &view);
    if latest(&log.incident).is_none_or(|(healthy, _)| healthy != health.healthy) {
        let event = Event::Health { healthy: health.healthy, reason: with_pools(&health.reason, &pools) };
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
                .seeing("healthy since", since.to_string())
                .seeing(EVIDENCE, pools.words());
            let reason = with_pools(&health.reason, &pools);
            let event =
                Event::Verified { healthy_since: since, verdict: verdict.clone(), pools: Some(pools) };
            if !log.append_when(now, event, &[], |i| i.newest_news() == news).await? {
                let summary = "News came in the moment of this look: it is looked at first.";
                return Ok(StepReply::again(run, step, LOOK_AT_NEWS_S, summary));
            }
            let summary = format!("Healthy for {}. {reason}", plan.verify_for);
            Ok(reply(Next::Done, summary).because(verdict))
        }
        Watch::Again(after_s) => Ok(StepReply::again(run, step, after_s, with_pools(&health.reason, &pools))),
        Watch::TooLong => give_up(
            Guard::TookTooLong,
            format!("Health has not held for {} in time. {}", plan.verify_for, health.reason),
        ),
        Watch::WriterMoved(reason) => give_up(Guard::WriterChanged, reason),
    }
}

/// What was seen, and whether clients hold on to the old writer, where the counts tell.
fn with_pools(reason: &str, pools: &Pools) -> String {
    match pools {
        Pools::Unknown { .. } => reason.to_owned(),
        Pools::Moved(_) | Pools::Stuck(_) => format!("{reason} Connections: {}.", pools.words()),
    }
}

async fn look(case: &Case<'_>, ports: &Ports) -> Result<View, StepError> {
    let names = case.plan.detection.names();
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

/// The newest word of this attempt on health, and when it was written. While nobody looked, health may have broken:
/// a new attempt begins its healthy window anew.
fn latest(incident: &Incident) -> Option<(bool, Timestamp)> {
    let spoken = incident.latest(|r| {
        if let Event::Health { healthy, .. } = &r.event {
            return Some(Some((*healthy, r.at)));
        }
        matches!(r.event, Event::Resumed { .. }).then_some(None)
    });
    spoken.flatten()
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
                Event::Recycled { .. }
                    | Event::EndpointMoved { .. }
                    | Event::Verified { .. }
                    | Event::Resumed { .. }
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
