//! Names that must be unique, and names that should be.

use std::collections::HashMap;
use std::hash::Hash;

use crate::draft::{DatabaseDraft, PlanDraft};
use crate::finding::{At, Findings};
use crate::text::quoted;

pub(super) fn check(plan: &PlanDraft, findings: &mut Findings<'_>) {
    let names = plan.databases.iter().filter_map(|database| database.name.as_ref());
    once(names, findings, |name, line| {
        (format!("a database `{name}` is already on line {line}"), "give each database its own name".into())
    });
    let identifiers = plan.databases.iter().filter_map(|database| database.identifier.as_ref());
    once(identifiers, findings, |identifier, line| {
        let message = format!("the database `{identifier}` is already in the plan, on line {line}");
        (message, "describe it once; one identifier in two regions is not yet possible".into())
    });
    let audiences = plan.audiences.iter().flatten().filter_map(|audience| audience.name.as_ref());
    once(audiences, findings, |name, line| {
        (format!("an audience `{name}` is already on line {line}"), "describe each audience once".into())
    });
    for audience in plan.audiences.iter().flatten() {
        let notices = audience.notices.here().into_iter().flat_map(|notices| &notices.value);
        once(notices, findings, |kind, _| (format!("`{kind}` stands here twice"), "remove one".into()));
    }
    for database in &plan.databases {
        within(database, findings);
    }
    shared_alarms(plan, findings);
}

fn within(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let alarms = database.alarms.iter().filter_map(|alarm| alarm.name.as_ref());
    once(alarms, findings, |name, line| {
        let message = format!("the alarm `{name}` already speaks for this database, on line {line}");
        (message, "describe each alarm once".into())
    });
    let services = database.services.iter().filter_map(|service| service.name.as_ref());
    once(services, findings, |name, line| {
        let message = format!("a service `{name}` is already on line {line}");
        let mend = "describe each service once; services of one name in two clusters are not yet possible for \
                    one database";
        (message, mend.into())
    });
    for service in &database.services {
        once(service.waits_for(), findings, |name, _| {
            (format!("`{name}` stands here twice"), "remove one".into())
        });
    }
    let regions = database.allowed_regions.here().into_iter().flat_map(|regions| &regions.value);
    once(regions, findings, |region, _| {
        (format!("the region `{region}` stands here twice"), "remove one".into())
    });
    let snapshots = database.snapshots.iter().filter_map(|snapshot| snapshot.every.as_ref());
    once(snapshots, findings, |every, line| {
        let message = format!("snapshots every {every} are already asked for on line {line}");
        (message, "remove one of the two".into())
    });
}

/// Reports every value that was there before; `say` gives message and mend from the value and the first line.
fn once<'d, T: Eq + Hash + ToString + 'd>(
    values: impl IntoIterator<Item = &'d At<T>>,
    findings: &mut Findings<'_>,
    say: impl Fn(&str, usize) -> (String, String),
) {
    let mut first = HashMap::new();
    for At { value, place } in values {
        if let Some(line) = first.get(value) {
            let (message, mend) = say(&quoted(&value.to_string()), *line);
            findings.error(place, message, mend);
        } else {
            first.insert(value, place.line);
        }
    }
}

/// One alarm for two databases is allowed, but it says that both are down whenever one is.
fn shared_alarms(plan: &PlanDraft, findings: &mut Findings<'_>) {
    let mut first: HashMap<&str, (usize, &str)> = HashMap::new();
    for (count, database) in plan.databases.iter().enumerate() {
        let owner = database.name.as_ref().map_or("another database", |name| name.value.as_str());
        for name in database.alarms.iter().filter_map(|alarm| alarm.name.as_ref()) {
            let (other, of) = *first.entry(&name.value).or_insert((count, owner));
            if other != count {
                let message = format!(
                    "the alarm `{}` speaks for `{of}` too: each time, both are taken to be down",
                    quoted(&name.value)
                );
                findings.warning(&name.place, message, "give each database an alarm of its own");
            }
        }
    }
}
