//! The order in which services start: what they wait for must exist, come earlier, and not go in circles.

use std::collections::HashMap;

use crate::draft::{DatabaseDraft, ServiceDraft};
use crate::finding::Findings;
use crate::text::{meant, one_of, quoted};

type ByName<'d> = HashMap<&'d str, &'d ServiceDraft>;

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let services: ByName<'_> = database
        .services
        .iter()
        .filter_map(|service| Some((service.name.as_ref()?.value.as_str(), service)))
        .collect();
    let named = database.services.iter().filter(|service| service.name.is_some()).count();
    if services.len() < named {
        // Two services of one name are an error already; which one is meant can't be told.
        return;
    }
    for service in &database.services {
        unknown(service, &services, findings);
        waves(service, &services, findings);
    }
    circles(database, &services, findings);
}

fn unknown(service: &ServiceDraft, services: &ByName<'_>, findings: &mut Findings<'_>) {
    for after in service.waits_for() {
        if services.contains_key(after.value.as_str()) {
            continue;
        }
        let mut known: Vec<_> = services.keys().copied().collect();
        known.sort_unstable();
        let mend = match meant(&after.value, known.iter().copied()) {
            Some(guess) => format!("did you mean `{guess}`?"),
            None => format!("name a service of this database: {}", one_of(known.into_iter().take(10))),
        };
        let message = format!("`{}` is not a service of this database", quoted(&after.value));
        findings.error(&after.place, message, mend);
    }
}

fn waves(service: &ServiceDraft, services: &ByName<'_>, findings: &mut Findings<'_>) {
    let Some(wave) = &service.wave else { return };
    for after in service.waits_for() {
        let other = services.get(after.value.as_str()).and_then(|other| other.wave.as_ref());
        let Some(later) = other.filter(|other| other.value > wave.value) else {
            continue;
        };
        let message = format!(
            "this service is in wave {} and waits for `{}`, which starts only in wave {}",
            wave.value,
            quoted(&after.value),
            later.value
        );
        let mend = format!("put this service in wave {} or later, or the other one earlier", later.value);
        findings.error(&after.place, message, mend);
    }
}

/// Reports each circle once, at the service that stands first in the file.
fn circles(database: &DatabaseDraft, services: &ByName<'_>, findings: &mut Findings<'_>) {
    let mut done: HashMap<&str, bool> = HashMap::new();
    for name in database.services.iter().filter_map(|service| service.name.as_ref()) {
        if !done.contains_key(name.value.as_str()) {
            follow(&name.value, services, &mut done, &mut Vec::new(), findings);
        }
    }
}

/// Depth first; `done` holds false while a service is on the path. Services are bounded, and so is the depth.
fn follow<'d>(
    name: &'d str,
    services: &ByName<'d>,
    done: &mut HashMap<&'d str, bool>,
    path: &mut Vec<&'d str>,
    findings: &mut Findings<'_>,
) {
    let Some(service) = services.get(name) else { return };
    done.insert(name, false);
    path.push(name);
    for after in service.waits_for() {
        match done.get(after.value.as_str()) {
            None => follow(&after.value, services, done, path, findings),
            Some(true) => {}
            Some(false) => {
                let circle = path.iter().skip_while(|on_path| **on_path != after.value);
                let circle: Vec<_> = circle.map(|name| quoted(name)).collect();
                let message = format!(
                    "services wait for each other in a circle: {} waits for {}",
                    circle.join(" waits for "),
                    quoted(&after.value)
                );
                findings.error(&after.place, message, "remove one `after` of the circle");
            }
        }
    }
    path.pop();
    done.insert(name, true);
}
