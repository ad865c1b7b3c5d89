//! The twins do what the ports promise; the same functions run against AWS's own in `tests/`.
#![cfg(feature = "twins")]

mod done;

use done::done;
use recovery::twins::{
    MemoryBus, MemoryDeadLetters, MemoryExecutions, MemoryIncidents, MemoryTopic, ScriptedAlarms,
    ScriptedDatabases, ScriptedNames, ScriptedServices, ScriptedSnapshots, conformance, fixture,
};
use recovery::{
    Entry, IncidentId, Run,
    signal::{AlarmValue, DatabaseNews},
};
fn run(number: i64) -> Run {
    Run {
        entry: Entry::Confirm,
        incident: IncidentId::new("orders", fixture::at(number)),
        fence: 1,
        drill: true,
        opened_at: fixture::start(),
        plan: fixture::slice(),
    }
}

#[test]
fn the_table() {
    done(conformance::incidents(&MemoryIncidents::default(), "orders")).expect("no failure");
}

#[test]
fn the_executions() {
    done(conformance::executions(&MemoryExecutions::default(), &run(1), &run(2))).expect("no failure");
}

#[test]
fn the_topic_and_the_bus() {
    done(conformance::topic(&MemoryTopic::default(), "orders")).expect("no failure");
    done(conformance::bus(&MemoryBus::default(), "orders")).expect("no failure");
}

#[test]
fn the_dead_letters() {
    let queue = MemoryDeadLetters::default();
    let sent = done(conformance::dead_letters(&queue)).expect("no failure");
    assert_eq!(queue.kept(), sent);
}

#[test]
fn the_alarms() {
    let alarms = ScriptedAlarms::default();
    alarms.set(fixture::alarm(fixture::ALARM, AlarmValue::Ok, fixture::start()));
    done(conformance::alarms(&alarms, &[fixture::ALARM.to_owned()])).expect("no failure");
}

#[test]
fn the_databases() {
    let databases = ScriptedDatabases::default();
    let started = |seconds| {
        let meaning = DatabaseNews::FailoverStarted;
        fixture::database_event("RDS-EVENT-0073", meaning, Some("orders-2"), fixture::at(seconds))
    };
    let mut others = started(15);
    "users".clone_into(&mut others.identifier);
    databases.script(|s| {
        s.clusters.insert("orders".to_owned(), fixture::cluster("orders-1"));
        s.events = vec![started(20), others, started(-5), started(10)];
    });
    let before = done(conformance::databases(&databases, "orders", fixture::start())).expect("no failure");
    assert_eq!(before, fixture::cluster("orders-1"));
    let asked = databases.script(|s| s.failovers.last().cloned());
    assert_eq!(asked, Some(("orders".to_owned(), "orders-2".to_owned())));
}

#[test]
fn the_snapshots() {
    done(conformance::snapshots(&ScriptedSnapshots::default(), "orders", fixture::start()))
        .expect("no failure");
}

#[test]
fn the_names() {
    let names = ScriptedNames::default();
    let leads_to = fixture::instance_endpoint("orders-1");
    names.set(fixture::ENDPOINT, Ok(Some(leads_to.clone())));
    done(conformance::names(&names, fixture::ENDPOINT, &leads_to, &leads_to)).expect("no failure");
}

#[test]
fn the_services() {
    let services = ScriptedServices::default();
    services.script(|s| s.services = vec![fixture::service("orders-api"), fixture::service("orders-worker")]);
    let names = ["orders-api", "orders-worker"].map(str::to_owned);
    services.script(|s| {
        for service in &s.services {
            let number = usize::try_from(service.running).unwrap_or_default();
            let task = fixture::task("task/shop/1", "ecs-svc/1", fixture::start());
            s.tasks.insert(service.name.clone(), vec![task; number]);
        }
    });
    done(conformance::services(&services, "shop", &names)).expect("no failure");
    done(conformance::redeployment(&services, "shop", "orders-api")).expect("no failure");
}
