//! What happens to servers and tasks is told to the model: from there it shows in metrics, events and alarms.

use crate::{
    asking::{Counter, Counts, Place, lag_ms},
    postgres::Health,
    world::{World, name},
};
use estate::model::{Health as Modelled, Instance, Observation, State};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often servers and tasks are looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How often a server counts its connections and commits.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// How often in a row a server must not answer before it counts as frozen: a busy machine is not an outage.
const FROZEN_AFTER: u32 = 3;
/// How often in a row a task must not answer before it counts as unhealthy.
const UNHEALTHY_AFTER: u32 = 3;
/// How long a task may take to answer its health check.
const TASK_PATIENCE: Duration = Duration::from_secs(2);

/// Looks at everything until it is dropped. A task that hangs must not delay the look at the servers.
pub(crate) async fn watch(world: Arc<World>) {
    let servers = async {
        let mut monitor = Monitor::default();
        let mut ticks = ticks();
        loop {
            ticks.tick().await;
            monitor.servers(&world, &world.estate.state()).await;
        }
    };
    let tasks = async {
        let (http, mut unheard) = (crate::http_client(), BTreeMap::new());
        let mut ticks = ticks();
        loop {
            ticks.tick().await;
            look_at_tasks(&http, &mut unheard, &world).await;
        }
    };
    tokio::join!(servers, tasks);
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

#[derive(Default)]
struct Monitor {
    /// How often in a row a server did not answer.
    silent: BTreeMap<String, u32>,
    /// When servers counted last.
    counted: Option<Instant>,
    counters: BTreeMap<String, Counter>,
}

impl Monitor {
    async fn servers(&mut self, world: &Arc<World>, state: &State) {
        let ours = |i: &&Instance| i.cluster.as_deref() == Some(world.cluster.id.as_str());
        let due = self.counted.is_none_or(|at| at.elapsed() >= COUNT_EVERY);
        if due {
            self.counted = Some(Instant::now());
        }
        // Side by side: a server that does not answer must not delay the look at the others.
        let mut looks = tokio::task::JoinSet::new();
        for instance in state.instances.iter().filter(ours).filter(|i| watched(i)).cloned() {
            let world = Arc::clone(world);
            let mut counter = self.counters.remove(&instance.key.id).unwrap_or_default();
            looks.spawn(async move {
                let health = world.servers.health(&instance.key.id).await;
                let answers = matches!(health, Health::Writer | Health::Standby | Health::ReadOnly);
                let busy = match world.servers.address(&instance.key.id).filter(|_| due && answers) {
                    Some(address) => counter.ask(address, world.servers.login()).await,
                    None => None,
                };
                (instance, health, counter, busy)
            });
        }
        let mut places: Vec<(Instance, Place)> = Vec::new();
        while let Some(looked) = looks.join_next().await {
            let Ok((instance, health, counter, busy)) = looked else { continue };
            self.counters.insert(instance.key.id.clone(), counter);
            if let Some(observation) = self.seen(world, &instance, health) {
                tracing::info!(?observation, "seen");
                world.estate.observe(&observation);
            }
            let Some(Counts { connections, commits_per_s, place }) = busy else { continue };
            if let Some(commits) = commits_per_s {
                let instance = instance.key.clone();
                world.estate.observe(&Observation::ServerCounts { instance, connections, commits });
            }
            places.push((instance, place));
        }
        tell_lags(world, state, &places);
    }

    /// What a look at a server tells the model; none when it knows.
    fn seen(&mut self, world: &World, instance: &Instance, health: Health) -> Option<Observation> {
        if world.returns(&instance.key.id) {
            return None;
        }
        let key = instance.key.clone();
        let silent = self.silent.entry(key.id.clone()).or_default();
        *silent = if health == Health::Frozen { *silent + 1 } else { 0 };
        match (health, instance.health) {
            (Health::Dead, Modelled::Serving | Modelled::Silent | Modelled::Sick) => {
                Some(Observation::ServerDied { instance: key })
            }
            (Health::Frozen, Modelled::Serving | Modelled::Sick) if *silent >= FROZEN_AFTER => {
                Some(Observation::ServerFroze { instance: key })
            }
            (
                Health::Writer | Health::Standby | Health::ReadOnly,
                Modelled::Silent | Modelled::Crashed(_) | Modelled::Sick,
            ) => Some(Observation::ServerServes { instance: key }),
            _ => None,
        }
    }
}

/// Tells the model how far each standby is behind the writer. Where there is no writer that answers, nobody can say.
fn tell_lags(world: &World, state: &State, places: &[(Instance, Place)]) {
    let writer = world.cluster_of(state).map(|cluster| cluster.writer.as_str());
    let Some((_, written)) = places.iter().find(|(i, _)| Some(i.key.id.as_str()) == writer) else { return };
    for (instance, place) in places {
        if let Some(milliseconds) = lag_ms(*written, *place) {
            let instance = instance.key.clone();
            world.estate.observe(&Observation::ServerLags { instance, milliseconds });
        }
    }
}

/// Tells the model which tasks answer. Like a load balancer, it takes a task for unhealthy only after several looks.
async fn look_at_tasks(http: &reqwest::Client, unheard: &mut BTreeMap<String, u32>, world: &Arc<World>) {
    for task in world.tasks.take_ended() {
        world.estate.observe(&Observation::TaskExited { task });
    }
    let mut looks = tokio::task::JoinSet::new();
    for seen in world.tasks.all() {
        let http = http.clone();
        looks.spawn(async move {
            let url = format!("http://{}/health", seen.address);
            let answer = http.get(url).timeout(TASK_PATIENCE).send().await;
            (seen.task, answer.is_ok_and(|a| a.status().is_success()))
        });
    }
    while let Some(looked) = looks.join_next().await {
        let Ok((task, healthy)) = looked else { continue };
        let state = world.estate.state();
        let known = state.tasks.iter().find(|t| t.id == task);
        let Some(known) = known.filter(|t| t.last_status == "RUNNING" && t.desired_status == "RUNNING")
        else {
            continue;
        };
        let missed = unheard.entry(task.clone()).or_default();
        *missed = if healthy { 0 } else { *missed + 1 };
        if !healthy && *missed < UNHEALTHY_AFTER {
            continue;
        }
        if healthy {
            world.tasks.put_in_service(&task);
        }
        if (known.health == "HEALTHY") != healthy {
            tracing::info!(task, service = name(&known.service), healthy, "health check");
            world.estate.observe(&Observation::TaskAnswers { task, healthy });
        }
    }
}

/// Whether a look at an instance says something: not while the model restarts it.
fn watched(instance: &Instance) -> bool {
    instance.health != Modelled::Restarting && instance.status != "rebooting"
}
