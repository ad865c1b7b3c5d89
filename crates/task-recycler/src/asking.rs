//! Asks the checks of services whose tasks are all new which server their pools write to.

use crate::{
    Ports,
    pool::{Pool, Pools, new_since},
    progress::{Progress, progress},
    round::Sight,
};
use jiff::Timestamp;
use recovery::incident::{ServiceNews, ServiceState};
use std::{collections::BTreeMap, sync::Arc};
use tokio::task::JoinSet;

/// The most questions to one service in one round. A load balancer leads each to a task of its own choice, so that
/// more questions than tasks tell little.
const MOST_QUESTIONS: usize = 5;

/// What the endpoint was confirmed for.
pub(crate) struct Confirmed<'a> {
    /// When.
    pub(crate) at: Timestamp,
    /// The new writer.
    pub(crate) writer: &'a str,
}

/// Asks as often as each service has running tasks, all at once.
pub(crate) async fn ask(
    now: Timestamp,
    ports: &Ports,
    plan: &[plan::Service],
    known: &[ServiceNews],
    sights: &[Sight],
    confirmed: Confirmed<'_>,
) -> Pools {
    let mut asked = JoinSet::new();
    for (service, sight) in plan.iter().zip(sights) {
        let tasks = new_tasks(now, service, known, sight, confirmed.at);
        let (Some(check), Some(tasks)) = (&service.check, tasks) else {
            continue;
        };
        for _ in 0..tasks.clamp(1, MOST_QUESTIONS) {
            let (pools, check) = (Arc::clone(&ports.pools), check.clone());
            let key = (service.cluster.clone(), service.name.clone());
            asked.spawn(async move { (key, tasks, pools.ask(&check).await) });
        }
    }
    let mut answers: BTreeMap<_, (usize, Vec<_>)> = BTreeMap::new();
    for (key, tasks, answer) in asked.join_all().await {
        answers.entry(key).or_insert_with(|| (tasks, Vec::new())).1.push(answer);
    }
    let read =
        |(key, (tasks, answers)): (_, (usize, Vec<_>))| (key, Pool::read(confirmed.writer, tasks, &answers));
    answers.into_iter().map(read).collect()
}

/// How many tasks run of a service that was started and whose tasks are all new; none of any other.
fn new_tasks(
    now: Timestamp,
    service: &plan::Service,
    known: &[ServiceNews],
    sight: &Sight,
    confirmed_at: Timestamp,
) -> Option<usize> {
    let news = known.iter().find(|n| n.name == service.name && n.cluster == service.cluster)?;
    let Sight::Seen(seen, Some(tasks)) = sight else { return None };
    if news.state != ServiceState::Started {
        return None;
    }
    let progress = progress(now, new_since(confirmed_at, news), news, seen, Some(tasks.as_slice()));
    let all_new = matches!(progress, Progress::Ended(news) if news.state == ServiceState::Recycled);
    all_new.then(|| tasks.iter().filter(|task| task.status == "RUNNING").count())
}
