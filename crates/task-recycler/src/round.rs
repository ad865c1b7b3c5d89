//! One round of recycling as data: what is due, and what has become of what was started. Pure.

use crate::{
    fitness::unfit,
    pool::{Pools, new_since, settle},
    progress::{Progress, progress},
};
use jiff::Timestamp;
use recovery::{
    deadline::after,
    incident::{ServiceNews, ServiceState},
    topology::{Deployment, Service, Task},
};

/// What is seen of one service of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It could not be read just now.
    Unseen(String),
    /// ECS does not know it, or does not let Mainstay see it.
    NotThere(String),
    /// The service, and its tasks where they matter and could be read.
    Seen(Box<Service>, Option<Vec<Task>>),
}

/// A restart that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// ECS cluster.
    pub cluster: String,
    /// ECS service.
    pub name: String,
    /// Another desired count, where the plan asks for more than there is.
    pub count: Option<u32>,
}

/// What a round does and tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// Services to restart now. Their intent is among the news.
    pub restarts: Vec<Restart>,
    /// What has changed.
    pub news: Vec<ServiceNews>,
    /// What is waited for, for people.
    pub waiting: Vec<String>,
    /// Whether every service has ended.
    pub over: bool,
}

/// What every round knows.
#[derive(Debug, Clone, Copy)]
pub struct Recycling<'a> {
    /// The services of the plan.
    pub services: &'a [plan::Service],
    /// When the endpoint was confirmed.
    pub confirmed_at: Timestamp,
    /// When the incident last had news of services; else when the endpoint was confirmed.
    pub quiet_since: Timestamp,
    /// When this attempt began, if an earlier one died: the time in which nobody looked is not a service's.
    pub resumed_at: Option<Timestamp>,
    /// The latest news of each service.
    pub known: &'a [ServiceNews],
    /// Why the database lets nothing new start; none: it does.
    pub shaky: Option<&'a str>,
    /// What the checks of restarted services said just now, by ECS cluster and service.
    pub pools: &'a Pools,
}

/// The next round. `sights` are in the order of the plan's services.
#[must_use]
pub fn plan_next(now: Timestamp, recycling: &Recycling<'_>, sights: &[Sight]) -> Round {
    let mut round = Round::default();
    let mut known = recycling.known.to_vec();
    let mut tell = |known: &mut Vec<ServiceNews>, news: ServiceNews| {
        known.retain(|k| k.name != news.name || k.cluster != news.cluster);
        known.push(news.clone());
        round.news.push(news);
    };
    // First what was started, so that what has just ended lets the next wave begin.
    for (service, sight) in recycling.services.iter().zip(sights) {
        let before = latest(&known, service).filter(|n| n.state == ServiceState::Started);
        let Some(before) = before.cloned() else {
            continue;
        };
        match started(now, recycling, service, &before, sight) {
            Progress::Waiting(what) => round.waiting.push(what),
            Progress::Follow(news) | Progress::Ended(news) => tell(&mut known, news),
            Progress::NeverArrived | Progress::Again(_) if recycling.shaky.is_some() => {
                round.waiting.push(format!("{} waits for the database", service.name));
            }
            Progress::NeverArrived => {
                if let Sight::Seen(seen, _) = sight {
                    round.restarts.push(restart(service, seen));
                    tell(&mut known, asked_again(now, before));
                }
            }
            Progress::Again(news) => {
                if let Sight::Seen(seen, _) = sight {
                    round.restarts.push(restart(service, seen));
                    tell(&mut known, news);
                }
            }
        }
    }
    // Then what can never be restarted, and what waits for something that has failed: told at once. A service
    // that depends on one of these is found in the next pass.
    for _ in recycling.services {
        for (service, sight) in recycling.services.iter().zip(sights) {
            if latest(&known, service).is_none()
                && let Some(news) = hopeless(now, recycling, &known, service, sight)
            {
                tell(&mut known, news);
            }
        }
    }
    for (service, sight) in recycling.services.iter().zip(sights) {
        if latest(&known, service).is_some() {
            continue;
        }
        match (sight, recycling.shaky) {
            (Sight::Seen(..), Some(why)) => {
                round.waiting.push(format!("{} waits for the database: {why}", service.name));
            }
            (Sight::Seen(seen, _), None) if due(recycling, &known, service) => {
                let (news, restart) = begin(now, recycling, service, seen);
                round.restarts.extend(restart);
                tell(&mut known, news);
            }
            (Sight::Seen(..), None) => round.waiting.push(format!("{} waits for its turn", service.name)),
            (Sight::Unseen(why) | Sight::NotThere(why), _) => round.waiting.push(why.clone()),
        }
    }
    round.over = recycling
        .services
        .iter()
        .all(|s| latest(&known, s).is_some_and(|n| n.state != ServiceState::Started));
    round
}

fn latest<'a>(known: &'a [ServiceNews], service: &plan::Service) -> Option<&'a ServiceNews> {
    known.iter().find(|n| n.name == service.name && n.cluster == service.cluster)
}

/// How far a started service is; over its time, it has failed.
fn started(
    now: Timestamp,
    recycling: &Recycling<'_>,
    service: &plan::Service,
    before: &ServiceNews,
    sight: &Sight,
) -> Progress {
    let seen = match sight {
        Sight::Seen(seen, tasks) => {
            progress(now, new_since(recycling.confirmed_at, before), before, seen, tasks.as_deref())
        }
        Sight::Unseen(why) => Progress::Waiting(why.clone()),
        Sight::NotThere(why) => Progress::Ended(ServiceNews {
            state: ServiceState::NotRecyclable,
            reason: why.clone(),
            ..before.clone()
        }),
    };
    let since = before.started_at.unwrap_or(recycling.quiet_since);
    let since = recycling.resumed_at.map_or(since, |resumed| since.max(resumed));
    match seen {
        Progress::Ended(news) if news.state == ServiceState::Recycled && service.check.is_some() => {
            let key = (service.cluster.clone(), service.name.clone());
            settle(now, before, news, recycling.pools.get(&key))
        }
        Progress::Ended(news) => Progress::Ended(news),
        other if now < after(since, service.within) => other,
        Progress::Waiting(what) => Progress::Ended(late(service, before, &what)),
        Progress::Follow(_) | Progress::NeverArrived | Progress::Again(_) => {
            Progress::Ended(late(service, before, "no deployment of it has ended"))
        }
    }
}

/// A lost call is about to be sent again. Written down before it is, so that this one too gets its time to show.
fn asked_again(now: Timestamp, before: ServiceNews) -> ServiceNews {
    ServiceNews {
        asked_at: Some(now),
        reason: "No deployment came of the call: a new deployment is asked for again.".to_owned(),
        ..before
    }
}

fn late(service: &plan::Service, before: &ServiceNews, what: &str) -> ServiceNews {
    ServiceNews {
        state: ServiceState::Failed,
        reason: recovery::text::plain(&format!("Not restarted within {}: {what}.", service.within), 400),
        ..before.clone()
    }
}

/// News of a service that is not started and never will be.
fn hopeless(
    now: Timestamp,
    recycling: &Recycling<'_>,
    known: &[ServiceNews],
    service: &plan::Service,
    sight: &Sight,
) -> Option<ServiceNews> {
    match sight {
        Sight::NotThere(why) => return Some(news(service, ServiceState::NotRecyclable, why)),
        Sight::Unseen(why) if now >= after(recycling.quiet_since, service.within) => {
            return Some(news(service, ServiceState::Failed, why));
        }
        Sight::Seen(seen, _) => {
            if let Some(why) = unfit(seen) {
                return Some(news(service, ServiceState::NotRecyclable, &why));
            }
        }
        Sight::Unseen(_) => {}
    }
    let broken = service.after.iter().find(|name| {
        known
            .iter()
            .any(|n| n.name == **name && !matches!(n.state, ServiceState::Recycled | ServiceState::Started))
    })?;
    let reason = format!("Left alone: {broken}, which it depends on, was not recycled.");
    Some(news(service, ServiceState::Skipped, &reason))
}

/// Whether every wave before this service's has ended, and what it depends on is recycled.
fn due(recycling: &Recycling<'_>, known: &[ServiceNews], service: &plan::Service) -> bool {
    let state = |s: &plan::Service| latest(known, s).map(|n| n.state);
    let earlier_ended = recycling
        .services
        .iter()
        .filter(|other| other.wave < service.wave)
        .all(|other| state(other).is_some_and(|s| s != ServiceState::Started));
    let ready = service
        .after
        .iter()
        .all(|name| known.iter().any(|n| n.name == *name && n.state == ServiceState::Recycled));
    earlier_ended && ready
}

/// Joins a deployment of others that is new enough, or asks for one.
fn begin(
    now: Timestamp,
    recycling: &Recycling<'_>,
    service: &plan::Service,
    seen: &Service,
) -> (ServiceNews, Option<Restart>) {
    let due = restart(service, seen);
    let joined = seen
        .primary()
        .filter(|p| p.created_at > recycling.confirmed_at && p.rollout.as_deref() != Some("FAILED"))
        .filter(|_| due.count.is_none());
    let started = |deployment: Option<&Deployment>, reason: String| ServiceNews {
        deployment: deployment.map(|d| d.id.clone()),
        started_at: Some(now),
        ..news(service, ServiceState::Started, &reason)
    };
    if let Some(deployment) = joined {
        let reason = format!(
            "Deployment {} began after the endpoint was confirmed: joined instead of forcing another.",
            deployment.id
        );
        return (started(Some(deployment), reason), None);
    }
    let reason = match due.count {
        Some(count) => {
            format!("A new deployment is asked for, scaled from {} to {count} tasks.", seen.desired)
        }
        None => "A new deployment is asked for.".to_owned(),
    };
    (started(None, reason), Some(due))
}

/// The restart of a service: scaled up to the plan's count, never below what it has.
fn restart(service: &plan::Service, seen: &Service) -> Restart {
    Restart {
        cluster: service.cluster.clone(),
        name: service.name.clone(),
        count: service.count_after_recovery.filter(|count| *count > seen.desired),
    }
}

fn news(service: &plan::Service, state: ServiceState, reason: &str) -> ServiceNews {
    ServiceNews {
        cluster: service.cluster.clone(),
        name: service.name.clone(),
        state,
        deployment: None,
        started_at: None,
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: recovery::text::plain(reason, 400),
    }
}
