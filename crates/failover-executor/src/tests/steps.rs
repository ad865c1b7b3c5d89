//! The steps up to the call, over twins.

use super::scene::{Scene, said};
use plan::{Mode, NoticeKind};
use recovery::{
    CallError, Closing, Decision, Entry, Failure, Guard, Next, Step, StepError, Verdict,
    incident::{Event, FailoverAnswer},
    ports::{Incidents, Scope, Switch},
    signal::{AlarmValue, DatabaseNews},
    twins::{
        MemoryIncidents,
        fixture::{self, at},
    },
};
use std::sync::Arc;

fn call_error(failure: Failure) -> CallError {
    CallError::new("RDS", "FailoverDBCluster", failure, "no")
}

/// Confirmed and assessed, one second before the call.
async fn assessed() -> Scene {
    let scene = Scene::open().await;
    assert_eq!(scene.twice(Step::Confirm, 30).await.next, Next::Done);
    assert_eq!(scene.twice(Step::Assess, 30).await.next, Next::Done);
    scene
}

#[tokio::test]
async fn from_the_alarm_to_one_call() {
    let scene = assessed().await;
    let reply = scene.twice(Step::FailOver, 31).await;
    assert_eq!(reply.next, Next::Done);
    assert_eq!(scene.calls(), [("orders".to_owned(), "orders-2".to_owned())]);
    let events = scene.events().await;
    let order: Vec<bool> = events
        .iter()
        .skip(2)
        .zip([
            |e: &Event| matches!(e, Event::Confirmed { .. }),
            |e: &Event| matches!(e, Event::Assessed { target, .. } if target == "orders-2"),
            |e: &Event| matches!(e, Event::FailoverIntended { from, target } if from == "orders-1" && target == "orders-2"),
            |e: &Event| matches!(e, Event::FailoverAnswered { answer: FailoverAnswer::Accepted }),
        ])
        .map(|(event, fits)| fits(event))
        .collect();
    assert_eq!(order, [true; 4], "{events:?}");
    assert_eq!(scene.owed().await, [NoticeKind::Interruption]);
    assert_eq!(scene.head().await.failed_over_at, Some(at(31)));
}

#[tokio::test]
async fn the_plain_window_writes_nothing() {
    let scene = Scene::open().await;
    let reply = scene.twice(Step::Confirm, 5).await;
    assert_eq!((reply.next, reply.after_s), (Next::Again, 10));
    assert_eq!(scene.events().await.len(), 2);
}

#[tokio::test]
async fn recovered_during_the_window_stands_down_without_a_word() {
    let scene = Scene::open().await;
    scene.alarm(AlarmValue::Ok, at(10));
    assert_eq!(scene.twice(Step::Confirm, 20).await.next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::StoodDown));
    assert!(scene.owed().await.is_empty());
}

#[tokio::test]
async fn recovered_after_a_hold_was_told_gives_the_all_clear() {
    let scene = Scene::open().await;
    scene.alarm(AlarmValue::InsufficientData, at(5));
    assert_eq!(said(&scene.twice(Step::Confirm, 6).await), (Next::Again, Guard::EvidenceMissing));
    assert_eq!(said(&scene.twice(Step::Confirm, 16).await), (Next::Again, Guard::EvidenceMissing));
    scene.alarm(AlarmValue::Ok, at(20));
    assert_eq!(scene.twice(Step::Confirm, 26).await.next, Next::Stop);
    assert_eq!(scene.owed().await, [NoticeKind::Held, NoticeKind::AllClear]);
}

#[tokio::test]
async fn recovered_right_before_the_call_stands_down() {
    let scene = assessed().await;
    scene.alarm(AlarmValue::Ok, at(30));
    assert_eq!(scene.twice(Step::FailOver, 31).await.next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::StoodDown));
    assert_eq!(scene.owed().await, [NoticeKind::Interruption, NoticeKind::AllClear]);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn observe_mode_says_what_it_would_have_done_and_acts_on_nothing() {
    let mut plan = fixture::slice();
    plan.database.mode = Mode::Observe;
    let scene = Scene::with(plan, fixture::alarm_trigger(), Entry::Confirm).await;
    assert_eq!(said(&scene.once(Step::Confirm, 30).await.unwrap()), (Next::Stop, Guard::ObserveMode));
    assert_eq!(scene.once(Step::Confirm, 30).await.unwrap().next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::Observed));
    assert_eq!(scene.owed().await, [NoticeKind::Interruption]);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn aws_was_faster_with_and_without_its_event() {
    let moved = Scene::open().await;
    moved.writer("orders-3");
    assert_eq!(moved.twice(Step::Confirm, 1).await.next, Next::Recycle);
    assert!(matches!(moved.last().await, Event::AlreadyMoved { from: Some(w), .. } if w == "orders-1"));
    assert_eq!(moved.owed().await, [NoticeKind::Interruption]);
    assert_eq!(moved.twice(Step::Promotion, 2).await.next, Next::Done);

    // The first incident ever: no writer was seen before, but RDS spoke.
    let first = Scene::on(
        Arc::new(MemoryIncidents::default()),
        fixture::slice(),
        fixture::alarm_trigger(),
        Entry::Confirm,
    )
    .await;
    first.writer("orders-3");
    let event =
        fixture::database_event("RDS-EVENT-0071", DatabaseNews::FailoverCompleted, Some("orders-3"), at(-20));
    first.databases.script(|s| s.events.push(event));
    assert_eq!(said(&first.twice(Step::Confirm, 1).await).0, Next::Recycle);
    assert_eq!(first.twice(Step::Promotion, 2).await.next, Next::Done);
    assert!(moved.calls().is_empty() && first.calls().is_empty());
}

#[tokio::test]
async fn a_muted_alarm_holds_and_tells_once() {
    let scene = Scene::open().await;
    scene.set_alarm(|a| a.actions_enabled = false);
    for now in [40, 45, 50] {
        assert_eq!(said(&scene.twice(Step::Confirm, now).await), (Next::Again, Guard::Muted));
    }
    assert_eq!(scene.owed().await, [NoticeKind::Held]);
    scene.set_alarm(|_| {});
    assert_eq!(scene.twice(Step::Confirm, 55).await.next, Next::Done, "the silence has ended");
}

#[tokio::test]
async fn a_pause_refuses_even_at_the_last_look() {
    let scene = assessed().await;
    let switch = Switch {
        scope: Scope::Database("orders".to_owned()),
        by: "kim".to_owned(),
        reason: "no".to_owned(),
        at: at(30),
    };
    scene.incidents.pause(&switch).await.unwrap();
    assert_eq!(scene.twice(Step::FailOver, 31).await.next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::Refused));
    assert!(scene.owed().await.contains(&NoticeKind::Refused));
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn a_person_ends_a_hold() {
    let scene = Scene::open().await;
    scene.alarm(AlarmValue::InsufficientData, at(5));
    assert_eq!(scene.twice(Step::Confirm, 6).await.next, Next::Again);
    let asks = Verdict::new(Decision::Note, Guard::PersonAsks, "sam asks: exercise");
    let noted = Event::Noted { verdict: asks, alarm_at: None };
    scene.write(7, noted).await;
    assert_eq!(said(&scene.twice(Step::Confirm, 8).await), (Next::Done, Guard::PersonAsks));
    assert_eq!(scene.twice(Step::Assess, 8).await.next, Next::Done);
    assert_eq!(scene.twice(Step::FailOver, 9).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn a_person_needs_no_alarm_and_is_not_stopped_by_a_pause_or_a_cooldown() {
    let store = Arc::new(MemoryIncidents::default());
    fixture::earlier(store.as_ref(), "orders-1", Some(at(-60))).await.unwrap();
    let scene = Scene::on(store, fixture::slice(), fixture::person_trigger(), Entry::Assess).await;
    scene.alarm(AlarmValue::Ok, at(-9000));
    let switch = Switch { scope: Scope::All, by: "kim".to_owned(), reason: "no".to_owned(), at: at(-30) };
    scene.incidents.pause(&switch).await.unwrap();
    assert_eq!(scene.twice(Step::Assess, 1).await.next, Next::Done);
    assert_eq!(scene.twice(Step::FailOver, 2).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn a_person_does_not_start_a_second_failover_beside_aws() {
    let scene = Scene::with(fixture::slice(), fixture::person_trigger(), Entry::Assess).await;
    assert_eq!(scene.twice(Step::Assess, 1).await.next, Next::Done);
    scene.writer("orders-3");
    assert_eq!(scene.twice(Step::FailOver, 2).await.next, Next::Recycle);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn no_reader_is_refused_and_told_with_the_command() {
    let scene = Scene::open().await;
    let mut cluster = fixture::cluster("orders-1");
    cluster.members.truncate(1);
    scene.cluster(cluster);
    assert_eq!(scene.twice(Step::Confirm, 30).await.next, Next::Done);
    assert_eq!(scene.twice(Step::Assess, 30).await.next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::Refused));
    let Event::Closed { verdict, .. } = scene.last().await else {
        panic!("not closed");
    };
    assert_eq!(verdict.guard, Guard::NoReader);
    assert!(verdict.would_change.contains("aws rds failover-db-cluster --db-cluster-identifier orders"));
}

#[tokio::test]
async fn the_lag_is_written_down_and_unknown_stays_unknown() {
    for (lag, expected) in [(Some(12.0), Some(12.0)), (None, None)] {
        let scene = Scene::open().await;
        if let Some(ms) = lag {
            scene.alarms.lag("orders-2", ms);
        }
        scene.once(Step::Assess, 30).await.unwrap();
        let Event::Assessed { lag_ms, .. } = scene.last().await else {
            panic!("not assessed");
        };
        assert_eq!(lag_ms, expected);
        // The sample alarm was breached two minutes before it opened the incident: the lag is that of before.
        let asked = scene.alarms.lag_asked();
        assert_eq!(asked, [(at(-420), Some(at(-120))); 2]);
    }
}

#[tokio::test]
async fn a_target_that_falls_ill_before_the_call_is_replaced() {
    let scene = assessed().await;
    let mut cluster = fixture::cluster("orders-1");
    cluster.members[1].status = Some("rebooting".to_owned());
    scene.cluster(cluster);
    assert_eq!(scene.twice(Step::FailOver, 31).await.next, Next::Done);
    assert_eq!(scene.calls(), [("orders".to_owned(), "orders-3".to_owned())]);
}

#[tokio::test]
async fn a_lost_answer_never_leads_to_a_second_call() {
    let scene = assessed().await;
    scene.databases.script(|s| s.failures.push(call_error(Failure::Doubtful)));
    assert_eq!(said(&scene.twice(Step::FailOver, 31).await), (Next::Done, Guard::DoubtfulAnswer));
    assert_eq!(scene.calls().len(), 1);
    assert!(
        scene
            .events()
            .await
            .iter()
            .any(|e| matches!(e, Event::FailoverAnswered { answer: FailoverAnswer::Doubtful { .. } }))
    );
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 40).await.next, Next::Done);
}

#[tokio::test]
async fn an_intent_without_an_answer_is_read_not_repeated() {
    let scene = assessed().await;
    let intent = Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() };
    scene.write(31, intent).await;
    assert_eq!(scene.twice(Step::FailOver, 40).await.next, Next::Done);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn a_refused_call_is_escalated_unless_the_writer_moves_anyway() {
    for failure in [Failure::WrongState, Failure::Denied, Failure::Throttled] {
        let scene = assessed().await;
        scene.databases.script(|s| s.failures.push(call_error(failure)));
        let reply = scene.twice(Step::FailOver, 31).await;
        assert_eq!(said(&reply), (Next::Escalate, Guard::CallRefused));
        assert_eq!(scene.calls().len(), 1);
        assert_eq!(scene.head().await.failed_over_at, None, "no failover, so no cooldown follows");
        scene.writer("orders-2");
        assert_eq!(scene.twice(Step::FailOver, 32).await.next, Next::Done, "somebody was faster");
        assert_eq!(scene.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_stale_fence_and_another_plan_do_nothing() {
    let scene = assessed().await;
    let mut stale = fixture::request(&scene.run, Step::FailOver);
    stale.run.fence -= 1;
    let error = crate::handle(at(31), stale, &scene.ports).await.unwrap_err();
    assert!(matches!(error, StepError::Fenced { .. }), "{error}");
    let mut forged = fixture::request(&scene.run, Step::FailOver);
    forged.run.plan.database.identifier = "payroll".to_owned();
    let error = crate::handle(at(31), forged, &scene.ports).await.unwrap_err();
    assert!(matches!(error, StepError::MalformedEvent(_)), "{error}");
    let wrong = fixture::request(&scene.run, Step::Recycle);
    assert!(crate::handle(at(31), wrong, &scene.ports).await.is_err());
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn without_its_table_nothing_is_called() {
    let scene = assessed().await;
    let down = CallError::new("DynamoDB", "GetItem", Failure::Doubtful, "timed out");
    scene.incidents.fail_with(Some(down));
    let error = scene.once(Step::FailOver, 31).await.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    assert!(scene.calls().is_empty());
}
