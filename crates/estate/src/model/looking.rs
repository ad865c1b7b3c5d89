//! One look of a service's scheduler: tasks are replaced one by one within the service's bounds.

use super::service::{Deployment, RolloutState, Service, Task};

/// What the scheduler wants after a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Tasks to start under the primary deployment.
    pub(crate) start: u32,
    /// Tasks to stop.
    pub(crate) stop: Vec<String>,
    /// Whether the primary deployment has all it should, and nothing else is left.
    pub(crate) complete: bool,
}

/// One look at a service: what to start and stop now. Pure.
pub(crate) fn plan(service: &Service, primary: &Deployment, tasks: &[&Task]) -> Wanted {
    let living: Vec<&&Task> = tasks.iter().filter(|task| task.lives()).collect();
    let of_primary = |task: &Task| task.deployment == primary.id;
    let own = living.iter().filter(|task| of_primary(task)).count();
    let desired = usize::try_from(service.desired).unwrap_or(usize::MAX);
    let percent = |percent: u32, up: bool| {
        let share = desired.saturating_mul(usize::try_from(percent).unwrap_or(usize::MAX));
        if up { share.div_ceil(100) } else { share / 100 }
    };
    // Bounds as ECS rounds them: the least up, the most down.
    let (least, most) =
        (percent(service.minimum_healthy_percent, true), percent(service.maximum_percent, false));

    let mut wanted = Wanted::default();
    if primary.rollout != RolloutState::Failed {
        let room = most.max(desired).saturating_sub(living.len());
        wanted.start = u32::try_from(desired.saturating_sub(own).min(room)).unwrap_or(u32::MAX);
    }
    // Old tasks go as far as enough healthy ones remain; those that don't serve go first and cost nothing.
    let mut serving = living.iter().filter(|task| task.serves()).count();
    let mut old: Vec<&&&Task> = living.iter().filter(|task| !of_primary(task) && !task.protected).collect();
    old.sort_by_key(|task| (task.serves(), task.started, task.id.clone()));
    for task in old {
        if task.serves() {
            if serving <= least {
                break;
            }
            serving -= 1;
        }
        wanted.stop.push(task.id.clone());
    }
    // Scaling in: the youngest of the primary's own go.
    let mut surplus: Vec<&&&Task> =
        living.iter().filter(|task| of_primary(task) && !task.protected).collect();
    surplus.sort_by_key(|task| (task.serves(), std::cmp::Reverse(task.created), task.id.clone()));
    wanted.stop.extend(surplus.into_iter().take(own.saturating_sub(desired)).map(|task| task.id.clone()));
    // An unhealthy task is replaced.
    let unhealthy = living.iter().filter(|task| of_primary(task) && task.health == "UNHEALTHY");
    for task in unhealthy {
        if !wanted.stop.contains(&task.id) {
            wanted.stop.push(task.id.clone());
        }
    }
    let left = tasks.iter().any(|task| task.deployment != primary.id && task.last_status != "STOPPED");
    let ready = living.iter().filter(|task| of_primary(task) && task.serves()).count();
    wanted.complete = !left && ready == desired && own == desired;
    wanted
}
