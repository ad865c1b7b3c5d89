//! Data that has not reached a reader is lost only when a person says so.

use super::scene::{Scene, said};
use plan::{Kind, Slice};
use recovery::{
    Closing, Decision, Entry, Event, Guard, Next, Step, Verdict,
    incident::Trigger,
    twins::fixture::{self, at},
};

/// A Multi-AZ DB cluster, whose readers have copies of their own; its RPO is 5 s.
fn plan() -> Slice {
    let mut plan = fixture::slice();
    plan.database.kind = Kind::MultiAzCluster;
    plan
}

fn asked(accept_data_loss: bool) -> Trigger {
    Trigger::Person { by: "sam".to_owned(), reason: "exercise".to_owned(), at: at(0), accept_data_loss }
}

/// `orders-2` lags 6 s; how much `orders-3` lags is not known.
fn late(scene: &Scene) {
    scene.alarms.lag("orders-2", 6000.0);
}

fn noted(guard: Guard) -> Event {
    Event::Noted { verdict: Verdict::new(Decision::Note, guard, "sam asks: exercise"), alarm_at: None }
}

async fn refused_for_lag(scene: &Scene) {
    assert_eq!(scene.closed().await, Some(Closing::Refused));
    let Event::Closed { verdict, .. } = scene.last().await else { panic!("not closed") };
    assert_eq!(verdict.guard, Guard::LagAboveRpo);
    for words in ["RPO of 5s", "orders-2: 6000 ms", "orders-3: not known"] {
        assert!(verdict.reason.contains(words), "{}", verdict.reason);
    }
    let command = "drp failover orders --accept-data-loss --reason";
    assert!(verdict.reason.contains(command) && verdict.would_change.contains(command), "{verdict:?}");
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn asking_alone_accepts_no_loss() {
    let scene = Scene::with(plan(), asked(false), Entry::Assess).await;
    late(&scene);
    assert_eq!(said(&scene.twice(Step::Assess, 1).await).0, Next::Stop);
    refused_for_lag(&scene).await;
}

#[tokio::test]
async fn a_person_who_accepts_the_loss_gets_the_best_reader() {
    let scene = Scene::with(plan(), asked(true), Entry::Assess).await;
    late(&scene);
    assert_eq!(scene.twice(Step::Assess, 1).await.next, Next::Done);
    let Event::Assessed { target, lag_ms, .. } = scene.last().await else { panic!("not assessed") };
    assert_eq!((target.as_str(), lag_ms), ("orders-2", Some(6000.0)));
    assert_eq!(scene.twice(Step::FailOver, 2).await.next, Next::Done);
    assert_eq!(scene.calls(), [("orders".to_owned(), "orders-2".to_owned())]);
}

#[tokio::test]
async fn during_an_incident_the_same_words_are_needed() {
    for (guard, next) in [(Guard::PersonAsks, Next::Stop), (Guard::PersonAcceptsLoss, Next::Done)] {
        let scene = Scene::with(plan(), fixture::alarm_trigger(), Entry::Confirm).await;
        late(&scene);
        scene.write(1, noted(guard)).await;
        let confirmed = scene.twice(Step::Confirm, 2).await;
        assert_eq!(said(&confirmed), (Next::Done, Guard::PersonAsks), "either ends a hold");
        let consents = guard == Guard::PersonAcceptsLoss;
        assert_eq!(confirmed.outcome.summary.contains("loss of data is accepted"), consents);
        assert_eq!(scene.twice(Step::Assess, 3).await.next, next);
        if consents {
            assert_eq!(scene.twice(Step::FailOver, 4).await.next, Next::Done);
            assert_eq!(scene.calls().len(), 1);
        } else {
            refused_for_lag(&scene).await;
        }
    }
}

/// The lag grows between the choice and the call.
#[tokio::test]
async fn the_last_look_holds_the_bound_too() {
    for accepts in [false, true] {
        let scene = Scene::with(plan(), asked(accepts), Entry::Assess).await;
        scene.alarms.lag("orders-2", 100.0);
        assert_eq!(scene.twice(Step::Assess, 1).await.next, Next::Done);
        late(&scene);
        let next = scene.twice(Step::FailOver, 2).await.next;
        if accepts {
            assert_eq!((next, scene.calls().len()), (Next::Done, 1));
        } else {
            assert_eq!(next, Next::Stop);
            refused_for_lag(&scene).await;
        }
    }
}

#[test]
fn an_incident_of_before_holds_no_consent() {
    let old = serde_json::json!({"source": "person", "by": "sam", "reason": "x", "at": at(0)});
    let trigger: Trigger = serde_json::from_value(old).unwrap();
    assert!(matches!(trigger, Trigger::Person { accept_data_loss: false, .. }));
}
