//! Executions that end without closing their incident: the next attempt goes on, or people take over.

use crate::world::{World, down, is, sample};
use plan::NoticeKind;
use recovery::{Closing, Entry, Event, Status, log::Log};

#[tokio::test]
async fn an_execution_that_was_stopped_or_out_of_time_is_handed_over_to_people_once() {
    for status in ["execution-timed-out", "execution-aborted"] {
        let world = World::new();
        world.decides("10:02:32", "alarm-writer-down").await;
        assert_eq!(world.decides("10:20:02", status).await, is("refuse", "execution-died"));
        let newest = world.newest().await;
        assert_eq!(newest.owes, [NoticeKind::Escalation]);
        assert!(matches!(newest.event, Event::Closed { closing: Closing::Escalated, .. }));
        assert!(world.head().await.blocked());
        assert_eq!(world.decides("10:20:03", status).await, is("ignore", "repeat"), "delivered twice");
        assert_eq!(world.timeline().await, ["opened", "started", "closed"]);
    }
}

#[tokio::test]
async fn a_recovery_that_failed_goes_on_at_its_step_and_after_the_last_attempt_people_take_over() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    let old = world.executions.runs().remove(0);
    let intent = Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() };
    world.append("10:03:32", intent).await;
    assert_eq!(world.decides("10:20:02", "execution-failed").await, is("note", "execution-died"));
    let next = world.executions.runs().remove(1);
    assert_eq!((next.fence, next.entry), (2, Entry::Promotion), "never at the call");
    assert_eq!((&next.incident, &next.plan, next.opened_at), (&old.incident, &old.plan, old.opened_at));
    assert_eq!((world.head().await.status, world.head().await.fence), (Status::Started, 2));
    // The old attempt can write nothing more, and its end is no news.
    let fenced = Log::of_run(&world.incidents, &old).await.err().unwrap();
    assert_eq!(fenced.name(), "Fenced");
    assert_eq!(world.decides("10:20:03", "execution-failed").await, is("ignore", "repeat"));
    assert_eq!(world.timeline().await[2..], ["failover-intended", "resumed", "started"]);
    // The second attempt died as well, in silence; then the third and last.
    world.executions.end(&next.execution_name(), "FAILED");
    assert_eq!(world.decides("10:25:00", "sweep-tick").await, is("note", "execution-died"));
    let last = world.executions.runs().remove(2);
    assert_eq!((last.fence, last.entry), (3, Entry::Promotion));
    assert_eq!(world.decides("10:30:00", "sweep-tick").await, is("note", "incident-open"), "it runs");
    world.executions.end(&last.execution_name(), "FAILED");
    assert_eq!(world.decides("10:35:00", "sweep-tick").await, is("refuse", "execution-died"));
    assert_eq!((world.newest().await.owes, world.executions.runs().len()), (vec![NoticeKind::Escalation], 3));
    assert!(world.head().await.blocked());
}

#[tokio::test]
async fn a_next_attempt_that_cannot_be_started_is_started_by_whoever_comes_next() {
    for later in ["execution-failed", "sweep-tick", "alarm-writer-down"] {
        let world = World::new();
        world.decides("10:02:32", "alarm-writer-down").await;
        world.executions.fail_with(Some(down("Step Functions")));
        let error = world.handle("10:20:02", &sample("execution-failed")).await.unwrap_err();
        assert_eq!(error.name(), "Unavailable", "so that the event is delivered again");
        assert_eq!((world.head().await.status, world.head().await.fence), (Status::Claimed, 2));
        world.executions.fail_with(None);
        world.decides("10:21:02", later).await;
        let runs = world.executions.runs();
        assert_eq!((runs.len(), runs[1].fence, runs[1].entry), (2, 2, Entry::Confirm), "{later}");
        assert_eq!(world.head().await.status, Status::Started, "{later}");
    }
}

#[tokio::test]
async fn the_sweep_finds_executions_that_died_in_silence() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    assert_eq!(world.decides("10:10:00", "sweep-tick").await, is("note", "incident-open"), "it runs");
    assert_eq!(world.timeline().await, ["opened", "started"]);
    let run = &world.executions.runs()[0];
    world.executions.end(&run.execution_name(), "ABORTED");
    assert_eq!(world.decides("10:15:00", "sweep-tick").await, is("refuse", "execution-died"));
    assert_eq!(world.newest().await.owes, [NoticeKind::Escalation]);
    assert_eq!(world.decides("10:20:00", "sweep-tick").await, is("ignore", "not-a-failover"));
}

#[tokio::test]
async fn a_claim_whose_execution_has_ended_is_followed_by_the_next_attempt() {
    for (status, timeline) in
        [("FAILED", &["opened", "resumed", "started"][..]), ("ABORTED", &["opened", "closed"])]
    {
        let world = World::new();
        world.executions.fail_with(Some(down("Step Functions")));
        world.handle("10:02:32", &sample("alarm-writer-down")).await.unwrap_err();
        world.executions.fail_with(None);
        // It was started after all, the answer was lost, and it ended.
        let other = World::new();
        other.decides("10:02:32", "alarm-writer-down").await;
        let run = other.executions.runs().remove(0);
        recovery::ports::Executions::start(&world.executions, &run).await.unwrap();
        world.executions.end(&run.execution_name(), status);
        world.decides("10:10:00", "sweep-tick").await;
        assert_eq!(world.timeline().await, timeline);
        assert_eq!(world.head().await.blocked(), status == "ABORTED");
    }
}
