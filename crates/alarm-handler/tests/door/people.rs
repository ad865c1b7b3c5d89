//! Requests by people, and their answers.

use crate::world::{World, at, is, ours, sample, shipped_plan};
use alarm_handler::{
    explain,
    reply::{AckReply, FailoverReply, Standing, StatusReply, SwitchReply},
};
use plan::{Kind, NoticeKind};
use recovery::{Closing, Decision, Entry, Event, Guard, Verdict, incident::Trigger, log::Log, ports::Scope};
use serde_json::json;

#[tokio::test]
async fn a_failover_is_started_and_says_what_to_follow() {
    let world = World::new();
    let reply: FailoverReply = world.ask("10:00:00", sample("request-failover")).await;
    assert_eq!((reply.answer.decision, reply.answer.guard), (Decision::Act, Guard::PersonAsks));
    assert_eq!((reply.database.as_deref(), reply.fence, reply.dry_run), (Some("orders"), Some(1), false));
    assert_eq!(reply.incident.as_ref(), Some(&world.head().await.incident));
    assert!(reply.execution.is_some() && reply.command.is_none());
    assert_eq!(world.executions.runs()[0].entry, Entry::Assess);
    let opened = world.incidents.stream().remove(0);
    assert_eq!(opened.owes, [NoticeKind::Interruption]);
    // A second request joins the open incident.
    let again: FailoverReply = world.ask("10:00:05", sample("request-failover")).await;
    assert_eq!((again.answer.decision, again.incident), (Decision::Note, reply.incident));
    let Event::Noted { verdict, .. } = world.newest().await.event else { panic!() };
    assert_eq!(verdict.guard, Guard::PersonAsks, "confirm looks for this to end a hold");
    assert_eq!(world.executions.runs().len(), 1);
}

#[tokio::test]
async fn data_loss_is_accepted_in_words_and_written_down() {
    let world = World::new();
    let asks = || sample("request-failover-accept-data-loss");
    let reply: FailoverReply = world.ask("10:00:00", asks()).await;
    assert_eq!((reply.answer.decision, reply.answer.guard), (Decision::Act, Guard::PersonAcceptsLoss));
    assert!(reply.evidence.iter().any(|e| e.value == "accepted by dana@example.com"));
    let Event::Opened { trigger, .. } = world.incidents.stream().remove(0).event else { panic!() };
    assert!(matches!(trigger, Trigger::Person { accept_data_loss: true, .. }), "{trigger:?}");
    // While the incident is open, too; and one who asks without these words accepts nothing.
    for (request, guard) in [
        ("request-failover", Guard::PersonAsks),
        ("request-failover-accept-data-loss", Guard::PersonAcceptsLoss),
    ] {
        let _: FailoverReply = world.ask("10:00:05", sample(request)).await;
        let Event::Noted { verdict, .. } = world.newest().await.event else { panic!() };
        assert_eq!(verdict.guard, guard, "{request}");
    }
}

#[test]
fn a_dry_run_says_what_lag_means_where_lag_is_lost_data() {
    let (aurora, copies) = (Kind::AuroraCluster, Kind::MultiAzCluster);
    for (kind, accepts, says) in [
        (aurora, false, "to the best reader and its services"),
        (aurora, true, "to the best reader and its services"),
        (copies, false, "if it lags no more than the RPO"),
        (copies, true, "even if it lags more than the RPO"),
    ] {
        let mut plan = shipped_plan();
        plan.databases[0].kind = kind;
        let mut request = sample("request-failover-dry-run");
        request["accept_data_loss"] = json!(accepts);
        let told = explain(&request.to_string(), &plan, &ours(), at("10:00:00")).unwrap();
        assert_eq!(told.guard, Guard::DryRun);
        assert!(told.reason.contains(says), "{kind:?} {accepts}: {}", told.reason);
        request["dry_run"] = json!(false);
        let told = explain(&request.to_string(), &plan, &ours(), at("10:00:00")).unwrap();
        let refusal = told.would_change.contains("unless that is accepted");
        assert_eq!(refusal, kind == copies && !accepts, "{}", told.would_change);
    }
}

#[tokio::test]
async fn a_failover_accepts_no_loss_by_default() {
    let world = World::new();
    let _: FailoverReply = world.ask("10:00:00", sample("request-failover")).await;
    let Event::Opened { trigger, .. } = world.incidents.stream().remove(0).event else { panic!() };
    assert!(matches!(trigger, Trigger::Person { accept_data_loss: false, .. }), "{trigger:?}");
    let mut text = sample("request-failover");
    text["accept_data_loss"] = json!("yes");
    let error = world.handle("10:00:01", &text).await.unwrap_err();
    assert!(error.to_string().contains("`$.accept_data_loss` is neither true nor false"), "{error}");
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::new();
    let reply: FailoverReply = world.ask("10:00:00", sample("request-failover-dry-run")).await;
    assert_eq!(
        (reply.answer.decision, reply.answer.guard, reply.dry_run),
        (Decision::Act, Guard::DryRun, true)
    );
    assert_eq!((reply.incident, reply.execution), (None, None));
    assert!(world.incidents.stream().is_empty() && world.executions.runs().is_empty());
    // Also while an incident is open.
    world.decides("10:02:32", "alarm-writer-down").await;
    let before = world.incidents.stream().len();
    let reply: FailoverReply = world.ask("10:03:00", sample("request-failover-dry-run")).await;
    assert_eq!(reply.answer.guard, Guard::DryRun);
    assert_eq!(world.incidents.stream().len(), before);
}

#[tokio::test]
async fn an_unknown_database_is_refused_with_the_known_ones() {
    let world = World::new();
    let reply: FailoverReply = world.ask("10:00:00", sample("request-failover-unknown-database")).await;
    assert!(reply.answer.is_refused());
    assert!(reply.answer.reason.contains("orderz") && reply.answer.reason.contains("it has orders"));
    assert_eq!(reply.command, None, "whose cluster nobody knows");
    let status: StatusReply =
        world.ask("10:00:00", json!({"mainstay": "status", "database": "orderz"})).await;
    assert_eq!(status.answer.guard, Guard::UnknownDatabase);
    let pause: SwitchReply = world
        .ask("10:00:00", json!({"mainstay": "pause", "database": "orderz", "by": "d", "reason": "r"}))
        .await;
    assert!(pause.answer.is_refused() && !pause.paused);
    assert!(world.incidents.stream().is_empty());
}

#[tokio::test]
async fn what_a_person_tries_meanwhile_does_not_lift_the_block() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    world.decides("10:20:02", "execution-aborted").await;
    let reply: FailoverReply = world.ask("10:21:00", sample("request-failover")).await;
    assert!(reply.incident.is_some(), "people are allowed");
    world.close("10:21:30", Closing::Refused).await;

    let mut later = sample("alarm-writer-down");
    later["detail"]["state"]["timestamp"] = json!("2026-03-01T10:30:00.000+0000");
    let answer = world.handle("10:30:01", &later).await.unwrap();
    assert_eq!(crate::world::decided(&answer), is("refuse", "escalation-unacknowledged"));
    // By the name of the escalation, which is not the newest incident any more.
    let ack: AckReply = world.ask("10:31:00", sample("request-ack")).await;
    assert!(ack.acknowledged && !ack.answer.is_refused());
    later["detail"]["state"]["timestamp"] = json!("2026-03-01T10:40:00.000+0000");
    let answer = world.handle("10:40:01", &later).await.unwrap();
    assert_eq!(crate::world::decided(&answer), is("open", "witness-speaks"));
}

#[tokio::test]
async fn an_ack_does_not_lift_a_block_that_nobody_has_looked_at() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    world.decides("10:20:02", "execution-aborted").await;
    let reply: FailoverReply = world.ask("10:21:00", sample("request-failover")).await;
    let second = reply.incident.unwrap();
    // It is handed over in the moment in which the first one is acknowledged.
    let verdict = Verdict::new(Decision::Refuse, Guard::DeadlinePassed, "for the test");
    world.incidents.interject(Event::Closed { closing: Closing::Escalated, step: None, verdict });
    let ack: AckReply = world.ask("10:31:00", sample("request-ack")).await;
    assert!(ack.answer.is_refused() && !ack.acknowledged);
    assert_eq!(ack.answer.reason, "orders was handed over again meanwhile: look, and acknowledge that.");
    assert_eq!(world.head().await.escalated.as_ref(), Some(&second), "it still blocks");
    let mut named = sample("request-ack");
    named["incident"] = json!(second);
    let ack: AckReply = world.ask("10:32:00", named).await;
    assert!(ack.acknowledged && !ack.answer.is_refused());
    assert!(!world.head().await.blocked());
}

#[tokio::test]
async fn other_news_in_the_moment_of_an_ack_does_not_keep_it_from_being_written() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    world.decides("10:20:02", "execution-aborted").await;
    let _: FailoverReply = world.ask("10:21:00", sample("request-failover")).await;
    let verdict = Verdict::new(Decision::StandDown, Guard::RecoveredByItself, "for the test");
    world.incidents.interject(Event::Closed { closing: Closing::StoodDown, step: None, verdict });
    let ack: AckReply = world.ask("10:31:00", sample("request-ack")).await;
    assert!(ack.acknowledged && !ack.answer.is_refused());
    assert!(!world.head().await.blocked());
}

#[tokio::test]
async fn an_end_is_told_after_a_refusal_that_was_noted_in_a_recovery() {
    for closing in [Closing::Recovered, Closing::StoodDown] {
        let world = World::new();
        world.decides("10:02:32", "alarm-writer-down").await;
        world.decides("10:20:02", "execution-aborted").await;
        let _: FailoverReply = world.ask("10:21:00", sample("request-failover")).await;
        let head = world.head().await;
        let mut log = Log::load(&world.incidents, "orders", &head.incident, head.fence).await.unwrap();
        let verdict = Verdict::new(Decision::StandDown, Guard::RecoveredByItself, "for the test");
        let event = Event::Closed { closing, step: None, verdict };
        log.append(at("10:24:00"), event, &[NoticeKind::AllClear]).await.unwrap();

        let change = |name: &str, time: &str| {
            let mut event = sample(name);
            event["detail"]["state"]["timestamp"] = json!(format!("2026-03-01T{time}.000+0000"));
            event
        };
        let ok = world.handle("10:25:01", &change("alarm-writer-ok", "10:25:00")).await.unwrap();
        assert_eq!(
            crate::world::decided(&ok),
            is("ignore", "ok-without-incident"),
            "they have heard the end"
        );
        let down = world.handle("10:30:01", &change("alarm-writer-down", "10:30:00")).await.unwrap();
        assert_eq!(crate::world::decided(&down), is("refuse", "escalation-unacknowledged"), "{closing:?}");
        assert_eq!(world.newest().await.owes, [NoticeKind::Refused]);
        let ok = world.handle("10:35:01", &change("alarm-writer-ok", "10:35:00")).await.unwrap();
        assert_eq!(crate::world::decided(&ok), is("note", "recovered-by-itself"), "{closing:?}");
        assert_eq!(world.newest().await.owes, [NoticeKind::AllClear]);
        assert!(world.head().await.blocked(), "the block stands");
    }
}

#[tokio::test]
async fn an_ack_unblocks_and_only_that() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    let incident = world.head().await.incident.to_string();
    assert_eq!(sample("request-ack")["incident"], json!(incident), "the sample names this incident");
    let early: AckReply = world.ask("10:03:00", sample("request-ack")).await;
    assert!(early.answer.is_refused() && !early.acknowledged, "it is open");
    world.decides("10:20:02", "execution-aborted").await;

    let mut later = sample("alarm-writer-down");
    later["detail"]["state"]["timestamp"] = json!("2026-03-01T10:30:00.000+0000");
    let answer = world.handle("10:30:01", &later).await.unwrap();
    assert_eq!(crate::world::decided(&answer), is("refuse", "escalation-unacknowledged"));
    assert_eq!(world.newest().await.owes, [NoticeKind::Refused]);
    assert!(world.head().await.blocked(), "the note keeps the block");

    let ack: AckReply = world.ask("10:31:00", sample("request-ack")).await;
    assert!(ack.acknowledged && !ack.answer.is_refused());
    let again: AckReply = world.ask("10:31:05", sample("request-ack")).await;
    assert!(again.acknowledged && again.answer.reason.contains("already"));
    assert_eq!(world.timeline().await, ["opened", "started", "closed", "noted", "acknowledged"]);

    later["detail"]["state"]["timestamp"] = json!("2026-03-01T10:40:00.000+0000");
    let answer = world.handle("10:40:01", &later).await.unwrap();
    assert_eq!(crate::world::decided(&answer), is("open", "witness-speaks"));
    let old: AckReply = world.ask("10:41:00", sample("request-ack")).await;
    assert!(old.answer.is_refused(), "it is not the newest incident any more");
}

#[tokio::test]
async fn pause_and_resume_for_one_and_for_all() {
    let world = World::new();
    let paused: SwitchReply = world.ask("09:00:00", sample("request-pause")).await;
    assert!(paused.paused && paused.database.as_deref() == Some("orders"));
    assert_eq!(paused.switches.len(), 1);
    let all: SwitchReply = world.ask("09:00:01", sample("request-pause-all")).await;
    assert_eq!(all.switches.len(), 2);
    let status: StatusReply = world.ask("09:00:02", sample("request-status")).await;
    assert!(status.databases[0].paused);
    let resumed: SwitchReply = world.ask("09:00:03", sample("request-resume")).await;
    assert!(resumed.paused, "the pause for all still stands");
    assert_eq!(resumed.switches[0].scope, Scope::All);
    assert!(resumed.answer.reason.contains("another one stands"), "{}", resumed.answer.reason);
    assert_eq!(world.decides("10:02:32", "alarm-writer-down").await, is("refuse", "paused"));
    let none: SwitchReply = world.ask("10:03:00", json!({"mainstay": "resume", "by": "dana"})).await;
    assert!(!none.paused);
    let twice: SwitchReply = world.ask("10:03:01", json!({"mainstay": "resume", "by": "dana"})).await;
    assert!(twice.answer.reason.contains("was not paused"), "{}", twice.answer.reason);
    let mut later = sample("alarm-writer-down");
    later["detail"]["state"]["timestamp"] = json!("2026-03-01T10:30:00.000+0000");
    let answer = world.handle("10:30:01", &later).await.unwrap();
    assert_eq!(crate::world::decided(&answer), is("open", "witness-speaks"));
}

#[tokio::test]
async fn status_tells_how_a_database_and_its_incident_stand() {
    let world = World::new();
    let idle: StatusReply = world.ask("10:00:00", sample("request-status-of-database")).await;
    assert_eq!((idle.databases[0].status, idle.databases[0].incident.is_none()), (Standing::None, true));
    assert!(idle.incident.is_none());

    world.decides("10:02:32", "alarm-writer-down").await;
    world.decides("10:05:32", "alarm-writer-ok").await;
    let open: StatusReply = world.ask("10:06:00", sample("request-status-of-database")).await;
    let incident = open.incident.unwrap();
    assert_eq!((open.databases[0].status, incident.status), (Standing::Started, Standing::Started));
    assert_eq!(open.databases[0].incident.as_ref(), Some(&incident.id));
    assert!(incident.execution.unwrap().ends_with(&format!("{}-1", incident.id)));
    let lines: Vec<_> = incident.timeline.iter().map(|m| (m.sequence, m.what.as_str())).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].1.starts_with("Alarm orders-writer-down went to ALARM at 2026-03-01T10:02:31.544Z."));
    assert_eq!(lines[1], (2, "The recovery runs (attempt 1)."));
    // From the first silent datapoint to the alarm.
    assert_eq!(incident.phases.detect, Some(151.544));

    world.close("10:10:00", Closing::StoodDown).await;
    let named = json!({"mainstay": "status", "incident": incident.id});
    let closed: StatusReply = world.ask("10:11:00", named).await;
    let closed = closed.incident.unwrap();
    assert_eq!((closed.status, closed.closing), (Standing::Closed, Some(Closing::StoodDown)));
    let unknown: StatusReply =
        world.ask("10:11:00", json!({"mainstay": "status", "incident": "orders-x"})).await;
    assert!(unknown.answer.is_refused() && unknown.incident.is_none());
}
