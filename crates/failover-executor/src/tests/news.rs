//! News that is noted between a look and the close: CloudWatch does not repeat it, so the step looks again.

use super::{
    scene::{Scene, said},
    steps_after::recycled,
};
use plan::NoticeKind;
use recovery::{
    Closing, Decision, Entry, Guard, Next, Step, Verdict,
    incident::{Event, ServiceState},
    signal::{AlarmValue, DatabaseNews},
    twins::fixture::{self, at},
};

/// What the door writes when an alarm of an open incident changes its state.
fn alarm_news(seconds: i64) -> Event {
    let verdict =
        Verdict::new(Decision::Note, Guard::IncidentOpen, "An incident is open: this is news for it.");
    Event::Noted { verdict, alarm_at: Some(at(seconds)) }
}

fn request() -> Event {
    let verdict = Verdict::new(Decision::Note, Guard::PersonAsks, "sam asks for a failover of orders");
    Event::Noted { verdict, alarm_at: None }
}

async fn verified() -> Scene {
    let scene = recycled(ServiceState::Recycled).await;
    scene.alarm(AlarmValue::Ok, at(160));
    assert_eq!(scene.once(Step::Verify, 165).await.unwrap().next, Next::Again);
    assert_eq!(scene.once(Step::Verify, 225).await.unwrap().next, Next::Done);
    scene
}

#[tokio::test]
async fn an_alarm_that_comes_back_while_standing_down_is_looked_at_again() {
    let scene = Scene::open().await;
    scene.alarm(AlarmValue::Ok, at(10));
    scene.incidents.interject(alarm_news(20));
    assert_eq!(scene.once(Step::Confirm, 20).await.unwrap().next, Next::Again);
    assert_eq!(scene.closed().await, None, "the news would never be looked at again");
    scene.alarm(AlarmValue::Alarm, at(20));
    assert_eq!(scene.twice(Step::Confirm, 50).await.next, Next::Done);

    // News that is old when the step begins keeps nothing open.
    let calm = Scene::open().await;
    calm.alarm(AlarmValue::Ok, at(10));
    calm.write(10, alarm_news(10)).await;
    assert_eq!(calm.twice(Step::Confirm, 20).await.next, Next::Stop);
    assert_eq!(calm.closed().await, Some(Closing::StoodDown));
}

#[tokio::test]
async fn an_alarm_that_comes_back_at_the_last_look_is_looked_at_again() {
    let scene = Scene::open().await;
    for step in [Step::Confirm, Step::Assess] {
        assert_eq!(scene.once(step, 30).await.unwrap().next, Next::Done);
    }
    scene.alarm(AlarmValue::Ok, at(30));
    scene.incidents.interject(alarm_news(31));
    assert_eq!(scene.once(Step::FailOver, 31).await.unwrap().next, Next::Again);
    scene.alarm(AlarmValue::Alarm, at(31));
    assert_eq!(scene.twice(Step::FailOver, 61).await.next, Next::Done);
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn a_request_that_comes_while_standing_down_is_carried_out() {
    let scene = Scene::open().await;
    scene.alarm(AlarmValue::Ok, at(10));
    scene.incidents.interject(request());
    assert_eq!(scene.once(Step::Confirm, 20).await.unwrap().next, Next::Again);
    assert_eq!(said(&scene.twice(Step::Confirm, 21).await), (Next::Done, Guard::PersonAsks));
}

#[tokio::test]
async fn news_while_aws_gives_its_failover_up_is_looked_at_again() {
    let scene = Scene::with(fixture::slice(), fixture::aws_trigger(Some("orders-3")), Entry::Promotion).await;
    let failed = fixture::database_event("RDS-EVENT-0069", DatabaseNews::FailoverFailed, None, at(20));
    scene.databases.script(|s| s.events.push(failed));
    scene.alarm(AlarmValue::Ok, at(30));
    scene.incidents.interject(alarm_news(35));
    assert_eq!(scene.once(Step::Promotion, 35).await.unwrap().next, Next::Again);
    assert_eq!(scene.closed().await, None);
}

/// What was asked for is not made: whoever asked must hear it, and how to ask again.
#[tokio::test]
async fn a_request_is_told_of_when_aws_gives_its_failover_up() {
    let scene = Scene::with(fixture::slice(), fixture::aws_trigger(Some("orders-3")), Entry::Promotion).await;
    let failed = fixture::database_event("RDS-EVENT-0069", DatabaseNews::FailoverFailed, None, at(20));
    scene.databases.script(|s| s.events.push(failed));
    scene.alarm(AlarmValue::Ok, at(30));
    scene.incidents.interject(request());
    assert_eq!(scene.once(Step::Promotion, 35).await.unwrap().next, Next::Again);
    assert_eq!(said(&scene.once(Step::Promotion, 36).await.unwrap()), (Next::Stop, Guard::PersonAsks));
    assert_eq!(scene.closed().await, Some(Closing::Refused));
    assert_eq!(scene.owed().await, [NoticeKind::Refused]);
    let Event::Closed { verdict, .. } = scene.last().await else { panic!("not closed") };
    assert!(verdict.reason.contains("sam asks for a failover"), "{}", verdict.reason);
    assert!(verdict.would_change.contains("drp failover orders"), "{}", verdict.would_change);
}

#[tokio::test]
async fn a_request_after_the_call_is_told_of_in_the_all_clear() {
    let told = |event: &Event| {
        let Event::Closed { verdict, .. } = event else { panic!("not closed: {event:?}") };
        verdict.evidence.iter().any(|e| e.name == "asked for meanwhile" && e.value.contains("sam asks"))
    };
    let scene = verified().await;
    scene.incidents.interject(request());
    assert_eq!(scene.once(Step::Close, 226).await.unwrap().next, Next::Again);
    assert_eq!(scene.once(Step::Close, 227).await.unwrap().next, Next::Done);
    assert!(told(&scene.last().await));

    let without = verified().await;
    assert_eq!(without.once(Step::Close, 226).await.unwrap().next, Next::Done);
    assert!(!told(&without.last().await));
}

#[tokio::test]
async fn an_alarm_that_comes_back_before_the_all_clear_is_looked_at_again() {
    for during_the_close in [false, true] {
        let scene = verified().await;
        if during_the_close {
            scene.incidents.interject(alarm_news(226));
            assert_eq!(scene.once(Step::Close, 226).await.unwrap().next, Next::Again);
        } else {
            scene.write(226, alarm_news(226)).await;
        }
        scene.alarm(AlarmValue::Alarm, at(226));
        assert_eq!(scene.twice(Step::Close, 227).await.next, Next::Again);
        assert_eq!(scene.closed().await, None, "no all-clear while the alarm speaks");
        scene.alarm(AlarmValue::Ok, at(240));
        assert_eq!(scene.twice(Step::Close, 245).await.next, Next::Again);
        assert_eq!(scene.twice(Step::Close, 304).await.next, Next::Again, "the window begins anew");
        assert_eq!(scene.once(Step::Close, 305).await.unwrap().next, Next::Done);
        assert_eq!(scene.closed().await, Some(Closing::Recovered));
        assert_eq!(scene.incident().await.healthy_since(), Some(at(245)));
    }
}

#[tokio::test]
async fn harmless_news_costs_the_all_clear_one_more_look() {
    let scene = verified().await;
    scene.incidents.interject(alarm_news(160));
    assert_eq!(scene.once(Step::Close, 226).await.unwrap().next, Next::Again);
    assert_eq!(scene.once(Step::Close, 227).await.unwrap().next, Next::Done);
    assert_eq!(scene.incident().await.healthy_since(), Some(at(165)), "health was never broken");
}

#[tokio::test]
async fn news_in_the_moment_of_the_verdict_on_health_is_looked_at_again() {
    let scene = recycled(ServiceState::Recycled).await;
    scene.alarm(AlarmValue::Ok, at(160));
    assert_eq!(scene.once(Step::Verify, 165).await.unwrap().next, Next::Again);
    scene.incidents.interject(alarm_news(225));
    assert_eq!(scene.once(Step::Verify, 225).await.unwrap().next, Next::Again);
    scene.alarm(AlarmValue::Alarm, at(225));
    assert_eq!(scene.twice(Step::Verify, 226).await.next, Next::Again);
    assert_eq!(scene.incident().await.healthy_since(), None);
}

#[tokio::test]
async fn a_failover_by_aws_before_the_all_clear_is_for_people() {
    let scene = verified().await;
    scene.write(226, alarm_news(226)).await;
    scene.writer("orders-3");
    assert_eq!(said(&scene.twice(Step::Close, 227).await), (Next::Escalate, Guard::WriterChanged));
}

#[tokio::test]
async fn no_news_keeps_people_from_taking_over() {
    let scene = Scene::open().await;
    scene.incidents.interject(alarm_news(5));
    assert_eq!(scene.once(Step::Escalate, 5).await.unwrap().next, Next::Stop);
    assert_eq!(scene.closed().await, Some(Closing::Escalated));
}

/// The attempt died between the verdict on health and the all-clear. Minutes later its word is old.
#[tokio::test]
async fn health_that_an_earlier_attempt_verified_is_no_all_clear() {
    let mut scene = verified().await;
    assert_eq!(scene.resume(600).await, Entry::Verify);
    scene.alarm(AlarmValue::Alarm, at(500));
    // A run that was begun by an older version may enter at the close itself.
    for step in [Step::Verify, Step::Close] {
        assert_eq!(scene.twice(step, 601).await.next, Next::Again, "{step:?}");
        assert_eq!(scene.closed().await, None);
    }
}
