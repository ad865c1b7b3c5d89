//! The twins do what the ports promise; the same functions run against AWS's own in `tests/`.
#![cfg(feature = "twins")]
#![expect(clippy::panic, reason = "helpers of tests fail like tests")]

use recovery::twins::{
    MemoryBus, MemoryDeadLetters, MemoryExecutions, MemoryIncidents, MemoryTopic, ScriptedAlarms,
    ScriptedServices, conformance, fixture,
};
use recovery::{Entry, IncidentId, Run, signal::AlarmValue};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The twins never wait, so one poll is enough and no runtime is needed.
fn done<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a twin waited"),
    }
}

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
fn the_services() {
    let services = ScriptedServices::default();
    services.script(|s| s.services = vec![fixture::service("orders-api"), fixture::service("orders-worker")]);
    let names = ["orders-api", "orders-worker"].map(str::to_owned);
    done(conformance::services(&services, "shop", &names)).expect("no failure");
}
