//! The step that calls begins anew after what may pass, and not for ever; a look does not wait for what is slow.

use super::scene::{Scene, said};
use crate::{Case, Ports, fail_over, sight};
use async_trait::async_trait;
use jiff::Timestamp;
use recovery::{
    CallError, Entry, Failure, Guard, Next, Step, StepReply,
    incident::Event,
    log::Log,
    ports::Alarms,
    probes::Probe,
    signal::AlarmValue,
    topology::{AlarmState, Connections},
    twins::{
        ScriptedAlarms,
        fixture::{self, ALARM, at},
    },
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn down() -> CallError {
    CallError::new("DynamoDB", "GetItem", Failure::Doubtful, "timed out")
}

fn throttled() -> CallError {
    CallError::new("CloudWatch", "DescribeAlarms", Failure::Throttled, "Rate exceeded")
}

async fn assessed() -> Scene {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess] {
        assert_eq!(scene.once(step, 30).await.unwrap().next, Next::Done);
    }
    scene
}

#[tokio::test]
async fn what_passes_costs_a_moment_and_not_the_recovery() {
    let scene = assessed().await;
    scene.incidents.fail_with(Some(down()));
    for seconds in [31, 33, 599] {
        let error = scene.once(Step::FailOver, seconds).await.unwrap_err();
        assert_eq!(error.name(), "Unavailable", "{seconds}: begun anew");
    }
    scene.incidents.fail_with(None);
    assert_eq!(scene.twice(Step::FailOver, 601).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
}

/// The incident is older than the plan lets it be held, but this attempt has only begun.
#[tokio::test]
async fn a_later_attempt_bears_as_much_at_the_call_as_the_first() {
    let mut scene = assessed().await;
    scene.resume(700).await;
    assert_eq!(scene.once(Step::Assess, 701).await.unwrap().next, Next::Done);
    scene.incidents.fail_with(Some(down()));
    assert_eq!(scene.once(Step::FailOver, 702).await.unwrap_err().name(), "Unavailable");
    scene.incidents.fail_with(None);
    scene.alarms.fail_with(Some(throttled()));
    assert_eq!(said(&scene.twice(Step::FailOver, 704).await), (Next::Again, Guard::EvidenceMissing));
    scene.alarms.fail_with(None);
    assert_eq!(scene.twice(Step::FailOver, 706).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn after_a_long_hold_the_last_look_has_its_own_patience() {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess] {
        assert_eq!(scene.once(step, 598).await.unwrap().next, Next::Done);
    }
    scene.alarms.fail_with(Some(throttled()));
    assert_eq!(said(&scene.twice(Step::FailOver, 601).await), (Next::Again, Guard::EvidenceMissing));
    scene.alarms.fail_with(None);
    assert_eq!(scene.twice(Step::FailOver, 603).await.next, Next::Done);
    // But a confirmation that is not given ends when people were told that it does.
    let held = Scene::open().await;
    held.alarms.fail_with(Some(throttled()));
    assert_eq!(held.twice(Step::Confirm, 599).await.next, Next::Again);
    assert_eq!(held.twice(Step::Confirm, 600).await.next, Next::Stop);
}

#[tokio::test]
async fn an_old_decision_is_not_carried_out() {
    let scene = Scene::with(fixture::slice(), fixture::person_trigger(), Entry::Assess).await;
    assert_eq!(scene.once(Step::Assess, 30).await.unwrap().next, Next::Done);
    let reply = scene.twice(Step::FailOver, 630).await;
    assert_eq!(said(&reply), (Next::Escalate, Guard::DeadlinePassed));
    assert!(scene.calls().is_empty());
    assert_eq!(scene.twice(Step::FailOver, 629).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
    // Once it is called, no deadline hides that.
    assert_eq!(scene.twice(Step::FailOver, 900).await.next, Next::Done);
}

#[tokio::test]
async fn a_function_that_died_after_the_intent_goes_on_by_reading() {
    let scene = assessed().await;
    let intent = Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() };
    scene.write(31, intent).await;
    assert_eq!(scene.twice(Step::FailOver, 33).await.next, Next::Done);
    assert!(scene.calls().is_empty());
}

/// CloudWatch that never answers.
pub(super) struct Silent;

#[async_trait]
impl Alarms for Silent {
    async fn alarms(&self, _: &[String]) -> Result<Vec<AlarmState>, CallError> {
        std::future::pending().await
    }

    async fn replica_lag_ms(
        &self,
        _: &str,
        _: Timestamp,
        _: Option<Timestamp>,
    ) -> Result<Option<f64>, CallError> {
        std::future::pending().await
    }

    async fn connections(&self, _: &[&str], _: Timestamp) -> Result<Vec<Connections>, CallError> {
        std::future::pending().await
    }

    async fn probes(&self, _: &str, _: &[&str], _: Timestamp) -> Result<Vec<Probe>, CallError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn what_is_too_slow_is_missing_and_the_rest_is_seen() {
    let scene = Scene::open().await;
    let (head, incident, plan) = (scene.head().await, scene.incident().await, fixture::slice());
    let case = Case { plan: &plan.database, head: &head, incident: &incident };
    let mut ports = scene.ports.clone();
    ports.alarms = Arc::new(Silent);
    let look = sight::look_within(Duration::from_millis(20), &case, &ports);
    let seen = tokio::time::timeout(Duration::from_secs(2), look).await.expect("it does not wait for ever");
    let error = seen.alarms.clone().unwrap_err();
    assert_eq!((error.service, error.failure), ("CloudWatch", Failure::Doubtful));
    assert!(seen.cluster.is_ok() && seen.events.is_ok() && seen.switchover.is_ok() && seen.switches.is_ok());
    let judgement = crate::confirm::decide(at(60), &case, &seen);
    assert_eq!(judgement.verdict.guard, Guard::EvidenceMissing);
}

/// CloudWatch that answers late, but answers.
struct Slow(Arc<ScriptedAlarms>);

impl Slow {
    const ANSWERS_IN: Duration = Duration::from_millis(40);
}

#[async_trait]
impl Alarms for Slow {
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmState>, CallError> {
        std::thread::sleep(Self::ANSWERS_IN);
        self.0.alarms(names).await
    }

    async fn replica_lag_ms(
        &self,
        instance: &str,
        since: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<Option<f64>, CallError> {
        self.0.replica_lag_ms(instance, since, before).await
    }

    async fn connections(&self, instances: &[&str], since: Timestamp) -> Result<Vec<Connections>, CallError> {
        self.0.connections(instances, since).await
    }

    async fn probes(
        &self,
        database: &str,
        servers: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Probe>, CallError> {
        self.0.probes(database, servers, since).await
    }
}

/// How it ends when the invocation has `left` until the call must have begun.
async fn last_look(scene: &Scene, ports: &Ports, left: Duration) -> StepReply {
    let mut log = Log::of_run(scene.incidents.as_ref(), &scene.run).await.unwrap();
    let until = Instant::now() + left;
    let step = fail_over::step(at(31), until, &scene.run, ports, &mut log);
    tokio::time::timeout(Duration::from_secs(3), step).await.expect("it ends in time").unwrap()
}

#[tokio::test]
async fn nothing_is_called_that_the_function_can_not_see_through() {
    let scene = assessed().await;
    let before = scene.events().await;
    let mut slow = scene.ports.clone();
    slow.alarms = Arc::new(Slow(scene.alarms.clone()));
    for (ports, left) in [(&scene.ports, Duration::ZERO), (&slow, Slow::ANSWERS_IN / 2)] {
        assert_eq!(last_look(&scene, ports, left).await.next, Next::Again);
        assert_eq!(scene.events().await, before, "no intent, so the next invocation may call");
    }
    assert_eq!(last_look(&scene, &scene.ports, Duration::from_secs(2)).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);

    let began = Instant::now();
    assert_eq!(fail_over::call_until(began).duration_since(began), Duration::from_secs(9));
}

#[tokio::test]
async fn a_slow_look_leaves_the_call_its_time() {
    let scene = assessed().await;
    let mut ports = scene.ports.clone();
    ports.alarms = Arc::new(Silent);
    let reply = last_look(&scene, &ports, Duration::from_millis(50)).await;
    assert_eq!(said(&reply), (Next::Again, Guard::EvidenceMissing));
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn an_event_explains_the_alarm_within_all_its_periods() {
    let scene = Scene::open().await;
    let (head, incident, plan) = (scene.head().await, scene.incident().await, fixture::slice());
    let case = Case { plan: &plan.database, head: &head, incident: &incident };
    let mut alarm = fixture::alarm(ALARM, AlarmValue::Alarm, at(0));
    (alarm.datapoints, alarm.evaluation_periods) = (Some(2), Some(5));
    assert_eq!(sight::window_start(&case, std::slice::from_ref(&alarm)), at(-360), "two of five");
    alarm.evaluation_periods = None;
    assert_eq!(sight::window_start(&case, &[alarm]), at(-180));
}
