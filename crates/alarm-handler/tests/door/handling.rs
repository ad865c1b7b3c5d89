//! Events through the handler over twins: what is written, started and told.

use crate::world::{World, at, decided, down, is, sample};
use alarm_handler::reply::FailoverReply;
use async_trait::async_trait;
use plan::NoticeKind;
use recovery::{
    CallError, Closing, Decision, Entry, Event, Guard, Head, IncidentId, Record, Status, Verdict,
    log::Log,
    notice::Notice,
    ports::{Committed, Incidents, Scope, Switch},
    twins::MemoryIncidents,
};
use serde_json::json;
use std::sync::Mutex;

#[tokio::test]
async fn an_alarm_opens_an_incident_with_its_slice_frozen_and_starts_it() {
    let mut world = World::new();
    world.context.drill = true;
    assert_eq!(world.decides("10:02:32", "alarm-writer-down").await, is("open", "witness-speaks"));
    assert_eq!(world.timeline().await, ["opened", "started"]);
    let head = world.head().await;
    assert_eq!((head.status, head.fence), (Status::Started, 1));
    assert_eq!(head.incident, IncidentId::new("orders", at("10:02:31.544")));
    let runs = world.executions.runs();
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!((run.entry, run.fence, run.drill), (Entry::Confirm, 1, true));
    assert_eq!((&run.incident, run.opened_at), (&head.incident, at("10:02:32")));
    assert_eq!(run.plan, world.context.plan.slice("orders").unwrap());
    assert!(world.topic.sent().is_empty(), "people are told by the notifier");
}

#[tokio::test]
async fn the_same_alarm_twice_and_by_three_ways_is_one_incident() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    for name in [
        "alarm-writer-down",
        "alarm-writer-down-sns",
        "alarm-writer-down-direct",
        "alarm-writer-down-eventbridge-in-sns",
    ] {
        assert_eq!(world.decides("10:02:33", name).await, is("ignore", "repeat"), "{name}");
    }
    assert_eq!(world.timeline().await, ["opened", "started"]);
    assert_eq!(world.executions.runs().len(), 1);
    world.close("10:20:00", Closing::Recovered).await;
    assert_eq!(world.decides("10:21:00", "alarm-writer-down").await, is("ignore", "repeat"), "a day late");
    assert_eq!(world.opened(), 1);
}

/// A table in which somebody else writes first, once.
struct Overtaken<'a> {
    inner: &'a MemoryIncidents,
    first: Mutex<Option<(Record, Head)>>,
}

#[async_trait]
impl Incidents for Overtaken<'_> {
    async fn head(&self, database: &str) -> Result<Option<Head>, CallError> {
        self.inner.head(database).await
    }
    async fn records(&self, incident: &IncidentId) -> Result<Vec<Record>, CallError> {
        self.inner.records(incident).await
    }
    async fn commit(
        &self,
        before: Option<&Head>,
        record: &Record,
        after: &Head,
    ) -> Result<Committed, CallError> {
        let other = self.first.lock().unwrap().take();
        if let Some((record, head)) = other {
            assert_eq!(self.inner.commit(None, &record, &head).await?, Committed::Yes);
        }
        self.inner.commit(before, record, after).await
    }
    async fn switches(&self, database: &str) -> Result<Vec<Switch>, CallError> {
        self.inner.switches(database).await
    }
    async fn pause(&self, switch: &Switch) -> Result<(), CallError> {
        self.inner.pause(switch).await
    }
    async fn resume(&self, scope: &Scope) -> Result<bool, CallError> {
        self.inner.resume(scope).await
    }
    async fn published(
        &self,
        incident: &IncidentId,
        sequence: u64,
        audience: &str,
    ) -> Result<bool, CallError> {
        self.inner.published(incident, sequence, audience).await
    }
    async fn record_published(&self, notice: &Notice, message_id: &str) -> Result<(), CallError> {
        self.inner.record_published(notice, message_id).await
    }
}

/// What another invocation writes for this sample, taken from a world of its own.
async fn first_write(name: &str) -> (Record, Head) {
    let other = World::new();
    other.handle("10:02:32", &sample(name)).await.unwrap();
    let record = other.incidents.stream().into_iter().find(|r| r.sequence == 1).unwrap();
    let head = Head::after(None, &record);
    (record, head)
}

#[tokio::test]
async fn an_alarm_and_a_person_in_the_same_moment_are_one_incident() {
    for (winner, loser, expected) in [
        ("alarm-writer-down", "request-failover", is("note", "person-asks")),
        ("request-failover", "alarm-writer-down", is("note", "incident-open")),
        ("alarm-writer-down", "alarm-writer-down-sns", is("ignore", "repeat")),
    ] {
        let world = World::new();
        let table = Overtaken { inner: &world.incidents, first: Mutex::new(Some(first_write(winner).await)) };
        let answer = world.handle_with(&table, "10:02:32", &sample(loser)).await.unwrap();
        assert_eq!(decided(&answer), expected, "{winner} before {loser}");
        assert_eq!(world.opened(), 1, "{winner} before {loser}");
    }
}

#[tokio::test]
async fn a_name_that_was_used_before_the_newest_incident_opens_nothing() {
    let world = World::new();
    world.decides("10:01:32", "rds-failover-completed").await;
    world.close("10:01:33", Closing::StoodDown).await;
    world.decides("10:02:32", "alarm-writer-down").await;
    world.close("10:02:33", Closing::StoodDown).await;
    // It names no writer that Mainstay knows of, so the decision is to recycle; its incident exists.
    assert_eq!(world.decides("10:05:00", "rds-failover-completed").await, is("ignore", "repeat"));
    assert_eq!(world.opened(), 2);
    assert!(world.topic.sent().is_empty());
}

#[tokio::test]
async fn when_the_execution_cannot_be_started_the_incident_stays_claimed_and_is_started_later() {
    // By the event's second delivery …
    let world = World::new();
    world.executions.fail_with(Some(down("Step Functions")));
    let error = world.handle("10:02:32", &sample("alarm-writer-down")).await.unwrap_err();
    assert_eq!(error.name(), "Unavailable");
    assert_eq!(
        (world.head().await.status, world.timeline().await),
        (Status::Claimed, vec!["opened".to_owned()])
    );
    world.executions.fail_with(None);
    assert_eq!(world.decides("10:03:32", "alarm-writer-down").await, is("ignore", "repeat"));
    assert_eq!((world.head().await.status, world.executions.runs().len()), (Status::Started, 1));
    // … or by the sweep.
    let world = World::new();
    world.executions.fail_with(Some(down("Step Functions")));
    world.handle("10:02:32", &sample("alarm-writer-down")).await.unwrap_err();
    world.executions.fail_with(None);
    assert_eq!(world.decides("10:03:00", "sweep-tick").await, is("ignore", "incident-open"), "too young");
    assert_eq!(world.decides("10:05:00", "sweep-tick").await, is("note", "execution-died"));
    assert_eq!((world.head().await.status, world.executions.runs().len()), (Status::Started, 1));
    assert_eq!(world.executions.runs()[0].entry, Entry::Confirm);
    // A person is told that it will be started, and which incident to follow.
    let world = World::new();
    world.executions.fail_with(Some(down("Step Functions")));
    let reply: FailoverReply = world.ask("10:02:32", sample("request-failover")).await;
    assert!(reply.incident.is_some() && reply.execution.is_none());
    assert!(reply.answer.reason.contains("could not be started yet"), "{}", reply.answer.reason);
}

#[tokio::test]
async fn news_grows_the_timeline_and_moves_what_counts_as_a_repeat() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    assert_eq!(world.decides("10:05:32", "alarm-writer-ok").await, is("note", "incident-open"));
    assert_eq!(world.decides("10:05:33", "alarm-writer-ok").await, is("ignore", "repeat"));
    assert_eq!(world.decides("10:05:34", "rds-failover-completed").await, is("note", "incident-open"));
    assert_eq!(world.decides("10:05:35", "rds-fencing-timed-out").await, is("note", "incident-open"));
    assert_eq!(world.timeline().await, ["opened", "started", "noted", "noted", "noted"]);
    assert_eq!(world.newest().await.owes, [NoticeKind::Escalation]);
    assert_eq!(world.executions.runs().len(), 1);
}

#[tokio::test]
async fn a_failover_by_aws_is_recycled_from_the_promotion() {
    let world = World::new();
    assert_eq!(world.decides("10:01:32", "rds-failover-completed").await, is("recycle", "aws-failover"));
    assert_eq!(world.executions.runs()[0].entry, Entry::Promotion);
    let opened = world.incidents.stream().remove(0);
    assert_eq!(opened.owes, [NoticeKind::Interruption]);
}

#[tokio::test]
async fn a_failover_by_aws_is_recycled_although_mainstays_own_was_just_refused() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    // As `confirm` does in the cooldown.
    world.close("10:02:40", Closing::Refused).await;
    assert_eq!(world.decides("10:03:10", "rds-failover-completed").await, is("recycle", "aws-failover"));
    assert_eq!(world.executions.runs().len(), 2);
}

#[tokio::test]
async fn fencing_that_timed_out_is_told_whatever_the_state() {
    let world = World::new();
    assert_eq!(world.decides("10:01:32", "rds-fencing-timed-out").await, is("note", "aws-failover"));
    assert_eq!(world.newest().await.owes, [NoticeKind::Escalation]);
    assert!(world.executions.runs().is_empty());
    // AWS fails over all the same: the services must be restarted.
    assert_eq!(world.decides("10:01:42", "rds-failover-completed").await, is("recycle", "aws-failover"));
    assert_eq!(world.executions.runs()[0].entry, Entry::Promotion);
}

#[tokio::test]
async fn people_who_were_told_and_left_alone_hear_the_end_once() {
    for closing in [Closing::Observed, Closing::Refused, Closing::Escalated] {
        let world = World::new();
        world.decides("10:02:32", "alarm-writer-down").await;
        let silent = World::new();
        silent.decides("10:02:32", "alarm-writer-down").await;
        silent.close("10:04:00", closing).await;
        assert_eq!(
            silent.decides("10:05:32", "alarm-writer-ok").await,
            is("ignore", "ok-without-incident"),
            "nobody was told of anything: {closing:?}"
        );
        let head = world.head().await;
        let mut log = Log::load(&world.incidents, "orders", &head.incident, head.fence).await.unwrap();
        let event = Event::Closed {
            closing,
            step: None,
            verdict: Verdict::new(Decision::Refuse, Guard::ObserveMode, "for the test"),
        };
        log.append(at("10:04:00"), event, &[NoticeKind::Interruption]).await.unwrap();
        assert_eq!(
            world.decides("10:05:32", "alarm-writer-ok").await,
            is("note", "recovered-by-itself"),
            "{closing:?}"
        );
        assert_eq!(world.newest().await.owes, [NoticeKind::AllClear]);
        assert_eq!(world.head().await.status, Status::Closed(closing), "it stays closed");
        assert_eq!(
            world.decides("10:05:33", "alarm-writer-ok").await,
            is("ignore", "ok-without-incident"),
            "once: {closing:?}"
        );
    }
}

#[tokio::test]
async fn an_ok_that_came_before_a_late_alarm_was_dealt_with_is_still_its_end() {
    let world = World::new();
    world.handle("08:00:00", &sample("request-pause")).await.unwrap();
    // Lambda delivered the alarm again minutes later; the OK is newer than the alarm, not than that.
    world.decides("10:08:00", "alarm-writer-down").await;
    assert_eq!(world.decides("10:08:01", "alarm-writer-ok").await, is("note", "recovered-by-itself"));
    assert_eq!(world.newest().await.owes, [NoticeKind::AllClear]);
}

#[tokio::test]
async fn a_pause_is_refused_and_its_end_is_told() {
    let world = World::new();
    world.handle("08:00:00", &sample("request-pause")).await.unwrap();
    world.decides("10:02:32", "alarm-writer-down").await;
    assert_eq!(world.decides("10:05:32", "alarm-writer-ok").await, is("note", "recovered-by-itself"));
    assert_eq!(world.timeline().await, ["opened", "noted"]);
}

#[tokio::test]
async fn a_refusal_is_recorded_told_and_not_repeated() {
    let world = World::new();
    world.handle("08:00:00", &sample("request-pause")).await.unwrap();
    assert_eq!(world.decides("10:02:32", "alarm-writer-down").await, is("refuse", "paused"));
    assert_eq!(world.head().await.status, Status::Closed(Closing::Refused));
    assert_eq!(world.newest().await.owes, [NoticeKind::Refused]);
    assert_eq!(world.decides("10:02:33", "alarm-writer-down").await, is("ignore", "repeat"));
    assert!(world.executions.runs().is_empty());
}

#[tokio::test]
async fn when_the_store_is_down_people_are_told_directly_and_the_event_fails() {
    let mut world = World::new();
    world.context.drill = true;
    world.incidents.fail_with(Some(down("DynamoDB")));
    for name in ["alarm-writer-down", "rds-failover-completed", "request-failover"] {
        let before = world.topic.sent().len();
        let error = world.handle("10:02:32", &sample(name)).await.unwrap_err();
        assert_eq!(error.name(), "Unavailable", "{name}");
        let sent = world.topic.sent().split_off(before);
        let audiences: Vec<_> = sent.iter().map(|n| (n.audience.as_str(), n.kind)).collect();
        assert_eq!(audiences, [("on-call", NoticeKind::Escalation)], "{name}");
        let notice = &sent[0];
        assert!(notice.drill && notice.subject.starts_with("[DRILL] orders: act by hand"));
        assert!(notice.body.starts_with("DRILL: this is an exercise.\n"), "{}", notice.body);
        assert!(notice.subject.is_ascii() && notice.subject.len() < 100);
        let command = "aws rds failover-db-cluster --db-cluster-identifier orders --region ca-central-1";
        assert!(notice.body.contains(command), "{}", notice.body);
        assert!(notice.body.contains("https://example.com/run-books/orders"), "{}", notice.body);
    }
    // What would open nothing is no reason to call people.
    let before = world.topic.sent().len();
    for name in ["alarm-writer-ok", "sweep-tick", "request-status", "request-pause"] {
        world.handle("10:02:32", &sample(name)).await.unwrap_err();
    }
    assert_eq!(world.topic.sent().len(), before);
    assert!(world.executions.runs().is_empty());
    // And when the topic is down too, the event still fails with the store's error.
    world.topic.fail_with(Some(down("SNS")));
    let error = world.handle("10:02:32", &sample("alarm-writer-down")).await.unwrap_err();
    assert!(error.to_string().contains("DynamoDB"), "{error}");
}

#[tokio::test]
async fn when_the_store_is_down_a_recovery_that_stopped_is_told_too() {
    for (name, status) in [
        ("execution-failed", "FAILED"),
        ("execution-timed-out", "TIMED_OUT"),
        ("execution-aborted", "ABORTED"),
    ] {
        let world = World::new();
        world.incidents.fail_with(Some(down("DynamoDB")));
        for _ in 0..2 {
            let error = world.handle("10:20:02", &sample(name)).await.unwrap_err();
            assert_eq!(error.name(), "Unavailable", "{name}");
        }
        let sent = world.topic.sent();
        let told: Vec<_> = sent.iter().map(|n| (n.audience.as_str(), n.kind)).collect();
        assert_eq!(told, [("on-call", NoticeKind::Escalation); 2], "{name}");
        assert_eq!(sent[0].id, sent[1].id, "a second delivery is no news");
        assert_ne!(
            sent[0].id,
            format!("{}#00000000#on-call", sent[0].incident),
            "and it is not the news of a start"
        );
        let notice = &sent[0];
        assert_eq!(notice.database, "orders");
        assert_eq!(notice.subject, "orders: its recovery stopped, a person is needed now");
        for words in [
            status,
            "aws rds describe-db-clusters --db-cluster-identifier orders --region ca-central-1",
            "aws rds failover-db-cluster --db-cluster-identifier orders --region ca-central-1",
            "--cluster shop --service orders-api --force-new-deployment",
            "--cluster shop --service orders-worker --force-new-deployment",
            "https://example.com/run-books/orders",
        ] {
            assert!(notice.body.contains(words), "{words}: {}", notice.body);
        }
    }
    // One that went well, or that is not a recovery's, is no reason to call people.
    let world = World::new();
    world.incidents.fail_with(Some(down("DynamoDB")));
    for (key, value) in [
        ("status", "SUCCEEDED"),
        ("executionArn", "arn:aws:states:ca-central-1:123456789012:execution:mainstay-recovery:mine"),
    ] {
        let mut event = sample("execution-failed");
        event["detail"][key] = value.into();
        let _ = world.handle("10:20:02", &event).await;
    }
    assert_eq!(world.topic.sent().len(), 0);
}

/// A table that never answers.
struct Silent;

#[async_trait]
impl Incidents for Silent {
    async fn head(&self, _: &str) -> Result<Option<Head>, CallError> {
        std::future::pending().await
    }
    async fn records(&self, _: &IncidentId) -> Result<Vec<Record>, CallError> {
        std::future::pending().await
    }
    async fn commit(&self, _: Option<&Head>, _: &Record, _: &Head) -> Result<Committed, CallError> {
        std::future::pending().await
    }
    async fn switches(&self, _: &str) -> Result<Vec<Switch>, CallError> {
        std::future::pending().await
    }
    async fn pause(&self, _: &Switch) -> Result<(), CallError> {
        std::future::pending().await
    }
    async fn resume(&self, _: &Scope) -> Result<bool, CallError> {
        std::future::pending().await
    }
    async fn published(&self, _: &IncidentId, _: u64, _: &str) -> Result<bool, CallError> {
        std::future::pending().await
    }
    async fn record_published(&self, _: &Notice, _: &str) -> Result<(), CallError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_store_that_never_answers_leaves_time_to_tell_people() {
    assert!(alarm_handler::STORE_PATIENCE.as_secs() < 10, "half of the function's timeout of 20 s");
    let mut world = World::new();
    world.context.patience = std::time::Duration::from_millis(20);
    world.handle_with(&Silent, "10:02:32", &sample("alarm-writer-down")).await.unwrap_err();
    assert_eq!(world.topic.sent().len(), 1);
}

#[tokio::test]
async fn one_bad_record_does_not_keep_the_others_from_being_dealt_with() {
    let world = World::new();
    let mut event = sample("alarms-two-in-sns");
    event["Records"][0]["Sns"]["Message"] = json!("not JSON");
    let error = world.handle("10:02:32", &event).await.unwrap_err();
    assert!(error.to_string().contains("$.Records[0].Sns.Message"), "{error}");
    assert_eq!(world.timeline().await, ["opened", "started"], "the second record");
    let both = world.handle("10:02:33", &sample("alarms-two-in-sns")).await.unwrap();
    let guards: Vec<_> = both.as_array().unwrap().iter().map(|a| decided(a).1).collect();
    assert_eq!(guards, ["unknown-alarm", "repeat"]);
}
