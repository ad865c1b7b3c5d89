//! What every implementation of a port must do: run against the twins here, and against the adapters of crate
//! `aws` on the local cloud. A twin that passed what the real store fails would make every test above it worthless.
//!
//! Each function asserts, and returns the store's own errors. Names are arguments, so that a shared table, topic
//! or bus can be used again and again.

mod cloud;
mod incidents;

pub use cloud::{databases, names, snapshots};
pub use incidents::incidents;

use super::fixture;
use crate::{
    decision::{Decision, Guard, Verdict},
    error::CallError,
    incident::{Event, IncidentId, Record},
    notice::{Notice, Severity},
    ports::{Alarms, Bus, DeadLetter, DeadLetters, Executions, Services, Topic},
    run::{Entry, Run},
};
use plan::NoticeKind;

/// Text as it comes from outside: it must survive every store unharmed.
const AWKWARD: &str = "\"quoted\" <b>\u{e9}\u{1f525}</b>\r\n\u{7}\\ {} ' % #";

/// Step Functions: a run starts once under its name, and is found again. `run` has never been started, `unknown`
/// never will be.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn executions(store: &dyn Executions, run: &Run, unknown: &Run) -> Result<(), CallError> {
    assert_eq!(store.find(run).await?, None);
    let started = store.start(run).await?;
    assert_eq!(started.status, "RUNNING");
    assert!(started.arn.ends_with(&format!(":{}", run.execution_name())), "{}", started.arn);
    let again = store.start(run).await?;
    assert_eq!(again.arn, started.arn, "the same name is the same execution");
    let found = store.find(run).await?;
    assert_eq!(found.map(|e| e.arn), Some(started.arn));
    assert_eq!(store.find(unknown).await?, None);
    Ok(())
}

/// The topic: every notice gets an id of its own, an awkward one too.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn topic(store: &dyn Topic, database: &str) -> Result<(), CallError> {
    let plain = store.publish(&notice(database, "on-call", "Services are interrupted.")).await?;
    let awkward = store.publish(&notice(database, "on-call", AWKWARD)).await?;
    let mut empty = notice(database, "", "");
    empty.body = String::new();
    let empty = store.publish(&empty).await?;
    let long = store.publish(&notice(database, "on-call", &"é".repeat(200_000))).await?;
    let mut ids = vec![plain, awkward, empty, long];
    assert!(ids.iter().all(|id| !id.is_empty()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "each message has its own id");
    Ok(())
}

/// The bus: a record goes out.
///
/// # Panics
/// Never; the store's own errors say what is wrong.
pub async fn bus(store: &dyn Bus, database: &str) -> Result<(), CallError> {
    let id = IncidentId::new(database, fixture::start());
    store.put(&opened(database, &id, 1)).await
}

/// The dead-letter queue; see there. Returns the letters that it was given.
///
/// # Panics
/// When the queue does not do what the port promises.
pub async fn dead_letters(queue: &dyn DeadLetters) -> Result<Vec<DeadLetter>, CallError> {
    super::dead_letters::conformance(queue, AWKWARD).await
}

/// CloudWatch: `existing` alarms are told once each, one that does not exist is left out, and no name asks for
/// nothing.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn alarms(store: &dyn Alarms, existing: &[String]) -> Result<(), CallError> {
    let mut asked = existing.to_vec();
    asked.push("mainstay-no-such-alarm".to_owned());
    let mut told: Vec<String> = store.alarms(&asked).await?.into_iter().map(|a| a.name).collect();
    told.sort();
    let mut expected = existing.to_vec();
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(store.alarms(&[]).await?, [], "no name asks for nothing, not for all");
    let lag = store.replica_lag_ms("mainstay-no-such-instance", fixture::start(), None).await?;
    assert_eq!(lag, None, "no datapoint is not zero");
    let strangers = ["mainstay-no-such-instance", "mainstay-nor-this-one"];
    let told = store.connections(&strangers, fixture::start()).await?;
    assert_eq!(
        told.iter().map(|c| c.instance.as_str()).collect::<Vec<_>>(),
        strangers,
        "in the order asked for"
    );
    assert!(told.iter().all(|c| c.points.is_empty()), "no datapoint is not zero: {told:?}");
    let told = store.probes("mainstay-no-such-database", &strangers, fixture::start()).await?;
    assert_eq!(told, [], "no datapoint is no probe");
    Ok(())
}

/// ECS: `existing` services are told once each, however many, and one that does not exist is left out.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn services(store: &dyn Services, cluster: &str, existing: &[String]) -> Result<(), CallError> {
    let mut asked = existing.to_vec();
    asked.push("mainstay-no-such-service".to_owned());
    let found = store.services(cluster, &asked).await?;
    let mut told: Vec<String> = found.iter().map(|s| s.name.clone()).collect();
    told.sort();
    let mut expected = existing.to_vec();
    expected.sort();
    assert_eq!(told, expected);
    assert!(found.iter().all(|s| s.cluster == cluster));
    assert_eq!(store.services(cluster, &[]).await?, []);
    for service in &found {
        let tasks = store.tasks(cluster, &service.name).await?;
        let running = tasks.iter().filter(|t| t.status == "RUNNING" && t.started_at.is_some()).count();
        assert_eq!(u32::try_from(running).ok(), Some(service.running), "the tasks of {}", service.name);
    }
    Ok(())
}

/// ECS: each request for a new deployment of a service makes one of its own.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn redeployment(store: &dyn Services, cluster: &str, service: &str) -> Result<(), CallError> {
    let first = store.redeploy(cluster, service, None).await?;
    let second = store.redeploy(cluster, service, None).await?;
    assert!(!first.is_empty() && first != second, "{first} and {second}");
    Ok(())
}

/// A notice of `database` for an audience.
#[must_use]
pub fn notice(database: &str, audience: &str, text: &str) -> Notice {
    let incident = IncidentId::new(database, fixture::start());
    Notice {
        id: format!("{incident}-1-{audience}"),
        incident,
        sequence: 1,
        database: database.to_owned(),
        kind: NoticeKind::Interruption,
        severity: Severity::Critical,
        audience: audience.to_owned(),
        subject: text.to_owned(),
        body: text.to_owned(),
        drill: true,
    }
}

/// The opening event of an incident.
#[must_use]
pub fn opened(database: &str, incident: &IncidentId, fence: u64) -> Record {
    let event = Event::Opened {
        trigger: fixture::alarm_trigger(),
        verdict: Verdict::new(Decision::Open, Guard::WitnessSpeaks, AWKWARD).seeing("alarm", AWKWARD),
        entry: Entry::Confirm,
        plan: Box::new(fixture::slice()),
        drill: true,
        writer: Some("orders-1".to_owned()),
        closing: None,
    };
    Record {
        incident: incident.clone(),
        database: database.to_owned(),
        sequence: 1,
        fence,
        at: fixture::start(),
        event,
        owes: vec![NoticeKind::Interruption],
    }
}
