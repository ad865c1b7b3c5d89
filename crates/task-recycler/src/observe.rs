//! Reads what a round needs to see.

use crate::{Ports, progress::needs_tasks, round::Sight};
use recovery::{
    CallError, Failure,
    incident::{ServiceNews, ServiceState},
    topology::{Service, Task},
};
use std::collections::BTreeMap;

/// What is seen of each service of the plan, in the plan's order. A failure is of the services that it hits.
pub(crate) async fn observe(ports: &Ports, plan: &[plan::Service], known: &[ServiceNews]) -> Vec<Sight> {
    let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for service in plan {
        clusters.entry(&service.cluster).or_default().push(service.name.clone());
    }
    let mut found: BTreeMap<&str, Result<Vec<Service>, CallError>> = BTreeMap::new();
    for (cluster, names) in clusters {
        found.insert(cluster, ports.services.services(cluster, &names).await);
    }
    let mut sights = Vec::new();
    for service in plan {
        sights.push(match found.get(service.cluster.as_str()) {
            Some(Ok(services)) => match services.iter().find(|s| s.name == service.name) {
                Some(seen) => seen_with_tasks(ports, seen, known).await,
                None => Sight::NotThere(format!(
                    "ECS cluster {} has no service {}.",
                    service.cluster, service.name
                )),
            },
            Some(Err(error)) => unread(&service.name, error),
            None => Sight::Unseen(format!("{} was not read", service.name)),
        });
    }
    sights
}

async fn seen_with_tasks(ports: &Ports, seen: &Service, known: &[ServiceNews]) -> Sight {
    let news = known
        .iter()
        .find(|n| n.name == seen.name && n.cluster == seen.cluster && n.state == ServiceState::Started);
    let tasks: Option<Vec<Task>> = match news {
        // Unread tasks are waited for; they never count as restarted.
        Some(news) if needs_tasks(news, seen) => ports.services.tasks(&seen.cluster, &seen.name).await.ok(),
        _ => None,
    };
    Sight::Seen(Box::new(seen.clone()), tasks)
}

fn unread(name: &str, error: &CallError) -> Sight {
    let text = format!("{name} can't be read: {error}");
    match error.failure {
        Failure::Throttled | Failure::Doubtful | Failure::Unreachable | Failure::Malformed => {
            Sight::Unseen(text)
        }
        Failure::Denied | Failure::NotFound | Failure::WrongState | Failure::Refused => Sight::NotThere(text),
    }
}
