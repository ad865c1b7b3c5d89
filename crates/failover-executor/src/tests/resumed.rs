//! A new attempt after one that died: it goes on by what was written and by what it sees, and never calls again.

use super::scene::{Scene, said};
use plan::NoticeKind;
use recovery::{
    Closing, Entry, Guard, Next, Step,
    incident::{Event, FailoverAnswer},
    signal::AlarmValue,
    twins::fixture::{self, at},
};

fn intent() -> Event {
    Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() }
}

async fn assessed() -> Scene {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess] {
        assert_eq!(scene.once(step, 30).await.unwrap().next, Next::Done);
    }
    scene
}

#[tokio::test]
async fn before_the_call_everything_is_looked_at_again() {
    let mut scene = assessed().await;
    assert_eq!(scene.resume(700).await, Entry::Assess);
    assert_eq!(scene.twice(Step::Assess, 701).await.next, Next::Done);
    assert_eq!(
        scene.twice(Step::FailOver, 702).await.next,
        Next::Done,
        "the new choice is as old as this attempt"
    );
    assert_eq!(scene.calls().len(), 1);

    let mut recovered = assessed().await;
    recovered.resume(700).await;
    recovered.alarm(AlarmValue::Ok, at(600));
    assert_eq!(recovered.twice(Step::Assess, 701).await.next, Next::Done);
    assert_eq!(recovered.twice(Step::FailOver, 702).await.next, Next::Stop);
    assert_eq!(recovered.closed().await, Some(Closing::StoodDown));
    assert!(recovered.calls().is_empty());
}

#[tokio::test]
async fn a_confirmation_goes_on_and_tells_nobody_twice() {
    let mut scene = Scene::open().await;
    scene.alarm(AlarmValue::InsufficientData, at(5));
    assert_eq!(said(&scene.twice(Step::Confirm, 6).await), (Next::Again, Guard::EvidenceMissing));
    assert_eq!(scene.resume(100).await, Entry::Confirm);
    assert_eq!(said(&scene.twice(Step::Confirm, 101).await), (Next::Again, Guard::EvidenceMissing));
    assert_eq!(scene.owed().await, [NoticeKind::Held]);
    scene.alarm(AlarmValue::Alarm, at(0));
    assert_eq!(scene.twice(Step::Confirm, 102).await.next, Next::Done);
}

/// The attempt that was given up was at its call: the writer may be another one already.
#[tokio::test]
async fn an_intent_that_came_in_between_is_followed_and_not_assessed_again() {
    let mut scene = Scene::with(fixture::slice(), fixture::person_trigger(), Entry::Assess).await;
    assert_eq!(scene.once(Step::Assess, 30).await.unwrap().next, Next::Done);
    scene.write(31, intent()).await;
    scene.resume(40).await;
    scene.writer("orders-2");
    let before = scene.events().await.len();
    assert_eq!(scene.twice(Step::Assess, 41).await.next, Next::Done);
    assert_eq!(scene.twice(Step::FailOver, 41).await.next, Next::Done);
    assert_eq!(scene.events().await.len(), before, "nothing is written before the promotion");
    assert_eq!(scene.twice(Step::Promotion, 42).await.next, Next::Done);
    assert!(matches!(scene.last().await, Event::Promoted { from: Some(w), .. } if w == "orders-1"));
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn a_promotion_gets_its_time_anew_and_no_second_call() {
    let mut scene = assessed().await;
    scene.write(31, intent()).await;
    assert_eq!(scene.resume(500).await, Entry::Promotion);
    assert_eq!(scene.twice(Step::Promotion, 799).await.next, Next::Again);
    assert_eq!(said(&scene.twice(Step::Promotion, 800).await), (Next::Escalate, Guard::TookTooLong));
    scene.writer("orders-2");
    assert_eq!(scene.twice(Step::Promotion, 801).await.next, Next::Done);
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn a_refusal_that_nobody_heard_of_is_escalated_at_once_unless_the_writer_moves() {
    for status in ["available", "failing-over"] {
        let mut scene = assessed().await;
        scene.write(31, intent()).await;
        let answer = FailoverAnswer::Refused { cause: "InvalidDBClusterStateFault".to_owned() };
        scene.write(32, Event::FailoverAnswered { answer }).await;
        assert_eq!(
            scene.twice(Step::Promotion, 33).await.next,
            Next::Again,
            "this attempt has looked itself"
        );
        assert_eq!(scene.resume(40).await, Entry::Promotion);
        let mut cluster = fixture::cluster("orders-1");
        status.clone_into(&mut cluster.status);
        scene.cluster(cluster);
        let reply = scene.twice(Step::Promotion, 41).await;
        if status == "available" {
            assert_eq!(said(&reply), (Next::Escalate, Guard::CallRefused));
            assert!(reply.outcome.summary.contains("InvalidDBClusterStateFault"));
        } else {
            assert_eq!(reply.next, Next::Again);
        }
        scene.writer("orders-2");
        assert_eq!(scene.twice(Step::Promotion, 42).await.next, Next::Done);
    }
}

#[tokio::test]
async fn health_that_nobody_watched_holds_no_window() {
    let mut scene = Scene::open().await;
    let promoted = Event::Promoted { from: None, writer: "orders-2".to_owned(), zone: None };
    let moved = Event::EndpointMoved {
        endpoint: fixture::ENDPOINT.to_owned(),
        leads_to: fixture::instance_endpoint("orders-2"),
        seen_at: at(95),
        proof: recovery::probes::Proof::Name,
    };
    for event in [promoted, moved, Event::Recycled { recycled: 0, failed: Vec::new() }] {
        scene.write(100, event).await;
    }
    scene.writer("orders-2");
    scene.alarm(AlarmValue::Ok, at(101));
    assert_eq!(scene.twice(Step::Verify, 110).await.next, Next::Again);
    assert_eq!(scene.resume(160).await, Entry::Verify);
    // Without the death, the plan's 60 s would be over at 170.
    assert_eq!(scene.twice(Step::Verify, 171).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 230).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 231).await.next, Next::Done);
    assert!(matches!(scene.last().await, Event::Verified { healthy_since, .. } if healthy_since == at(171)));
    assert_eq!(scene.resume(240).await, Entry::Verify);
    assert_eq!(scene.twice(Step::Verify, 241).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Verify, 301).await.next, Next::Done);
    assert_eq!(scene.twice(Step::Close, 302).await.next, Next::Done);
    assert_eq!(scene.closed().await, Some(Closing::Recovered));
}
