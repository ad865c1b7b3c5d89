//! How far a service is whose restart was asked for.

use jiff::Timestamp;
use recovery::{
    incident::{ServiceNews, ServiceState},
    topology::{Deployment, Service, Task},
};

/// How long an `UpdateService` without a deployment to show for it is waited for, before it is sent again or the
/// deployment counts as undone: what ECS describes may lag behind what it was told.
pub const LOST_CALL_S: u64 = 15;

/// How long tasks of before the endpoint's move may be left in a deployment since it was first seen complete:
/// longer than what ECS lists lags behind.
pub const LEFT_OVER_S: u64 = 30;

/// How far a started service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not yet; what is seen.
    Waiting(String),
    /// What to wait for is another deployment than before, is known only now, or has come further.
    Follow(ServiceNews),
    /// It has ended, one way or another.
    Ended(ServiceNews),
    /// The call never took effect: send it again.
    NeverArrived,
    /// It is restarted, yet a pool of it writes to another server: restart it once more.
    Again(ServiceNews),
}

/// How far `news`'s service is. `tasks`: all tasks that ECS wants running; none when they were not read.
#[must_use]
pub fn progress(
    now: Timestamp,
    confirmed_at: Timestamp,
    news: &ServiceNews,
    service: &Service,
    tasks: Option<&[Task]>,
) -> Progress {
    let primary = service.primary();
    let newer = primary.filter(|p| p.created_at > confirmed_at);
    let Some(id) = news.deployment.as_deref() else {
        // The answer of `UpdateService` was lost: a deployment of that time is the one.
        return match newer {
            Some(deployment) => {
                Progress::Follow(follow(news, deployment, "the deployment that was asked for"))
            }
            None if since_asked(now, news) >= LOST_CALL_S => Progress::NeverArrived,
            None => Progress::Waiting(format!("{} was asked to restart", news.name)),
        };
    };
    let ours = service.deployments.iter().find(|d| d.id == id);
    if let Some(failed) = ours.filter(|d| d.rollout.as_deref() == Some("FAILED")) {
        let why = failed.reason.as_deref().unwrap_or("ECS gives no reason");
        return ended(news, ServiceState::Failed, &format!("Deployment {id} failed: {why}"));
    }
    if let Some(back) = newer.filter(|p| p.id != id && rolls_back(p)) {
        let why = back.reason.as_deref().unwrap_or_default();
        let reason = format!("Deployment {id} was rolled back: {why}");
        return ended(news, ServiceState::Failed, &reason);
    }
    match (ours, primary) {
        (_, Some(primary)) if primary.id != id && primary.created_at > confirmed_at => {
            Progress::Follow(follow(news, primary, "a later deployment took over"))
        }
        // An older deployment is in charge again: ours was undone. Right after the call it may not be shown yet.
        (None, Some(primary)) if primary.id != id && since_asked(now, news) >= LOST_CALL_S => {
            let reason = format!("Deployment {id} is gone and {} is in charge again.", primary.id);
            ended(news, ServiceState::Failed, &reason)
        }
        (Some(deployment), _) if completed(deployment, service) => {
            fresh(now, confirmed_at, news, service, deployment, tasks)
        }
        (Some(deployment), _) => Progress::Waiting(format!(
            "{}: {} of {} new tasks run",
            news.name, deployment.running, deployment.desired
        )),
        (None, _) => Progress::Waiting(format!("{}: deployment {id} is not shown yet", news.name)),
    }
}

/// Whether the tasks of a service have to be read to tell how far it is.
#[must_use]
pub fn needs_tasks(news: &ServiceNews, service: &Service) -> bool {
    let Some(id) = news.deployment.as_deref() else {
        return false;
    };
    service.deployments.iter().any(|d| d.id == id && completed(d, service))
}

/// Whether a deployment has ended well. Where ECS keeps no rollout state, its counts tell.
fn completed(deployment: &Deployment, service: &Service) -> bool {
    match deployment.rollout.as_deref() {
        Some(state) => state == "COMPLETED",
        None => service.deployments.len() == 1 && deployment.running >= deployment.desired,
    }
}

fn rolls_back(deployment: &Deployment) -> bool {
    deployment.reason.as_deref().is_some_and(|r| r.contains("rolling back") || r.contains("rolled back"))
}

/// A deployment that is complete is the restart only if no task of before the endpoint's move is left. When nothing
/// else is under way, tasks that are left stay: a rollback took them over, or they are protected from scale-in.
fn fresh(
    now: Timestamp,
    confirmed_at: Timestamp,
    news: &ServiceNews,
    service: &Service,
    deployment: &Deployment,
    tasks: Option<&[Task]>,
) -> Progress {
    let Some(tasks) = tasks else {
        return Progress::Waiting(format!("{}: its tasks can't be read", news.name));
    };
    let running: Vec<&Task> = tasks.iter().filter(|t| t.status == "RUNNING").collect();
    let old = running.iter().filter(|t| t.started_at.is_none_or(|at| at <= confirmed_at)).count();
    let left = format!("{old} of {} running tasks started before the endpoint was confirmed", running.len());
    if old > 0 && service.deployments.len() == 1 {
        let Some(complete_since) = news.complete_since else {
            return Progress::Follow(ServiceNews {
                complete_since: Some(now),
                reason: format!("Deployment {} is complete; waiting, for {left}.", deployment.id),
                ..news.clone()
            });
        };
        if recovery::deadline::seconds_since(now, complete_since) >= LEFT_OVER_S {
            let reason = format!(
                "Deployment {} is complete, yet {left}: the restart was rolled back, or these tasks are protected.",
                deployment.id
            );
            return ended(news, ServiceState::Failed, &reason);
        }
    }
    if old > 0 {
        return Progress::Waiting(format!("{}: {left}", news.name));
    }
    let reason = format!(
        "Deployment {} is complete; all {} running tasks started after the endpoint was confirmed.",
        deployment.id,
        running.len()
    );
    ended(news, ServiceState::Recycled, &reason)
}

/// Seconds since the last call for this service.
fn since_asked(now: Timestamp, news: &ServiceNews) -> u64 {
    let asked = news.asked_at.or(news.started_at);
    asked.map_or(u64::MAX, |at| recovery::deadline::seconds_since(now, at))
}

fn follow(news: &ServiceNews, deployment: &Deployment, why: &str) -> ServiceNews {
    ServiceNews {
        state: ServiceState::Started,
        deployment: Some(deployment.id.clone()),
        complete_since: None,
        reason: format!("Waiting for {}: {why}.", deployment.id),
        ..news.clone()
    }
}

fn ended(news: &ServiceNews, state: ServiceState, reason: &str) -> Progress {
    Progress::Ended(ServiceNews { state, reason: recovery::text::plain(reason, 400), ..news.clone() })
}
