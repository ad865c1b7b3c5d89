//! The proof of the endpoint by a probe: what counts, what is doubted, and what a silent prober comes to.

use super::scene::{Scene, said};
use crate::{
    Case,
    proof::{self, Judged, Settled, Watched, judge},
};
use plan::EndpointProof;
use recovery::{
    CallError, Failure, Guard, Next, Step,
    incident::Event,
    notice::render,
    probes::{Probe, Proof},
    signal::AlarmValue,
    timeline,
    twins::fixture::{self, ENDPOINT, at, instance_endpoint},
};
use std::{sync::Arc, time::Duration};

fn probe(second: i64, success: bool, server: Option<&str>) -> Probe {
    Probe { at: at(second), success, server: server.map(str::to_owned) }
}

fn well(second: i64, server: &str) -> Probe {
    probe(second, true, Some(server))
}

fn seen(probes: &[Probe]) -> Watched {
    Watched::Seen(probes.to_vec())
}

fn proved(second: i64) -> Judged {
    Judged::Proved(Proof::Probe { server: "orders-2".to_owned(), at: at(second) })
}

/// The name was seen to lead to orders-2 at 60 and has settled at 65: silence counts from 125 on.
fn judged(now: i64, doubt: Option<&Probe>, watched: &Watched) -> Judged {
    let name = Settled { writer: "orders-2", seen_at: at(60), at: at(65), doubt };
    judge(at(now), EndpointProof::Prober, &name, watched)
}

#[test]
fn a_plan_that_asks_for_the_name_is_content_with_it() {
    let name = Settled { writer: "orders-2", seen_at: at(60), at: at(65), doubt: None };
    for watched in [Watched::NotAsked, seen(&[probe(70, false, None)])] {
        assert_eq!(judge(at(65), EndpointProof::Name, &name, &watched), Judged::Proved(Proof::Name));
    }
}

#[test]
fn the_newest_probe_since_the_name_was_right_decides() {
    let dead = probe(80, false, None);
    for (probes, expected) in [
        (vec![well(60, "orders-2")], proved(60)),
        (vec![well(70, "orders-2"), well(59, "orders-1")], proved(70)),
        // What was wrong has passed, and what was right may have.
        (vec![probe(60, false, None), well(70, "orders-1"), well(80, "orders-2")], proved(80)),
        (vec![well(70, "orders-2"), dead.clone()], Judged::Doubted(dead.clone())),
        (vec![well(70, "orders-2"), well(80, "orders-1")], Judged::Doubted(well(80, "orders-1"))),
        (vec![probe(80, true, None)], Judged::Doubted(probe(80, true, None))),
        // The new writer itself takes no writes.
        (vec![probe(80, false, Some("orders-2"))], Judged::Doubted(probe(80, false, Some("orders-2")))),
        // Two probers looked in the same second, and one of them met another server.
        (vec![well(80, "orders-2"), well(80, "orders-3")], Judged::Doubted(well(80, "orders-3"))),
    ] {
        // However long it takes: what is heard is not silence.
        for now in [81, 200, 4_000] {
            assert_eq!(judged(now, None, &seen(&probes)), expected, "{probes:?} at {now}");
        }
    }
}

#[test]
fn a_probe_that_began_before_the_name_was_right_is_silence() {
    let before = seen(&[well(59, "orders-2")]);
    let Judged::Unheard(reason) = judged(70, None, &before) else { panic!("it proves nothing") };
    assert!(reason.contains("no probe was told since 2026-03-01T12:01:00Z"), "{reason}");
    assert!(matches!(judged(125, None, &before), Judged::Proved(Proof::NameAlone { .. })));
}

#[test]
fn silence_is_waited_for_a_minute_after_the_name_has_settled_and_then_told() {
    let unreadable = Watched::Unseen("Rate exceeded".to_owned());
    for (watched, why) in
        [(seen(&[]), "no probe was told since"), (unreadable, "can't be read: Rate exceeded")]
    {
        for now in [65, 124] {
            let Judged::Unheard(reason) = judged(now, None, &watched) else { panic!("{watched:?} at {now}") };
            assert!(reason.contains(why) && reason.contains("2026-03-01T12:02:05Z"), "{reason}");
        }
        let Judged::Proved(Proof::NameAlone { missing }) = judged(125, None, &watched) else {
            panic!("{watched:?} is waited for for ever")
        };
        assert!(missing.contains(why), "{missing}");
    }
}

#[test]
fn who_has_not_looked_yet_concludes_nothing() {
    for now in [65, 125, 4_000] {
        assert!(matches!(judged(now, None, &Watched::NotAsked), Judged::Unheard(_)), "{now}");
    }
}

#[test]
fn a_doubt_is_written_once_and_outlives_the_silence_after_it() {
    let doubt = well(70, "orders-1");
    let Judged::Refuted(reason) = judged(90, Some(&doubt), &seen(&[well(80, "orders-1")])) else {
        panic!("the same again is no news")
    };
    assert!(reason.contains("the probe of 2026-03-01T12:01:20Z was answered by orders-1, not by orders-2"));
    let other = probe(80, false, None);
    assert_eq!(judged(90, Some(&doubt), &seen(std::slice::from_ref(&other))), Judged::Doubted(other));
    for silent in [seen(&[]), Watched::Unseen("Rate exceeded".to_owned())] {
        let Judged::Refuted(reason) = judged(4_000, Some(&doubt), &silent) else {
            panic!("the last word was that another server answered: {silent:?}")
        };
        assert!(reason.contains("was answered by orders-1, not by orders-2; since then"), "{reason}");
    }
    assert_eq!(judged(90, Some(&doubt), &seen(&[well(80, "orders-2")])), proved(80));
}

/// orders-2 is the writer since 40, and the plan asks for the prober; the name leads to it, and has settled at 65.
async fn settled() -> Scene {
    let mut plan = fixture::slice();
    plan.database.endpoint_proof = EndpointProof::Prober;
    let scene = Scene::with(plan, fixture::alarm_trigger(), recovery::Entry::Confirm).await;
    scene.writer("orders-2");
    let (from, writer, zone) = (Some("orders-1".to_owned()), "orders-2".to_owned(), None);
    scene.write(40, Event::Promoted { from, writer, zone }).await;
    scene.names.set(ENDPOINT, Ok(Some(instance_endpoint("orders-2"))));
    // Of before the name was seen to be right, and of another database.
    scene.alarms.probed("orders", well(50, "orders-2"));
    scene.alarms.probed("stock", well(63, "orders-2"));
    assert_eq!(scene.twice(Step::Endpoint, 60).await.next, Next::Again);
    scene
}

async fn told(scene: &Scene) -> Vec<String> {
    scene.incident().await.records.iter().map(timeline::line).collect()
}

#[tokio::test]
async fn the_endpoint_counts_once_a_probe_was_answered_by_the_new_writer() {
    let scene = settled().await;
    let waits = scene.twice(Step::Endpoint, 66).await;
    assert_eq!((waits.next, waits.after_s), (Next::Again, 1));
    assert!(waits.outcome.summary.contains("no probe was told since"), "{}", waits.outcome.summary);
    scene.alarms.probed("orders", well(70, "orders-2"));
    let done = scene.twice(Step::Endpoint, 75).await;
    assert_eq!(done.next, Next::Done);
    let words = "(the probe of 2026-03-01T12:01:10Z was answered by orders-2)";
    assert!(done.outcome.summary.contains(words), "{}", done.outcome.summary);
    let incident = scene.incident().await;
    let expected = Proof::Probe { server: "orders-2".to_owned(), at: at(70) };
    assert_eq!(
        (incident.endpoint_proof(), incident.endpoint_confirmed_at()),
        (Some(&expected), Some(at(75)))
    );
    assert!(told(&scene).await.last().unwrap().contains(words));
}

#[tokio::test]
async fn a_probe_at_the_old_writer_is_told_once_waited_out_and_escalated_in_the_end() {
    let scene = settled().await;
    scene.alarms.probed("orders", probe(62, false, None));
    scene.alarms.probed("orders", well(70, "orders-1"));
    let waits = scene.twice(Step::Endpoint, 71).await;
    assert_eq!(waits.next, Next::Again);
    let words = "the probe of 2026-03-01T12:01:10Z was answered by orders-1, not by orders-2.";
    assert!(waits.outcome.summary.contains(words), "{}", waits.outcome.summary);
    assert_eq!(
        told(&scene).await.last().unwrap(),
        &format!("The endpoint's name leads to orders-2, but {words}")
    );
    scene.alarms.probed("orders", well(80, "orders-1"));
    let before = scene.events().await;
    assert_eq!(scene.twice(Step::Endpoint, 200).await.next, Next::Again);
    assert_eq!(scene.events().await, before, "the same again is no news");
    // CloudWatch is down for a look: that makes nothing of it better.
    let error = CallError::new("CloudWatch", "GetMetricData", Failure::Throttled, "Rate exceeded");
    scene.alarms.fail_metrics_with(Some(error));
    assert_eq!(scene.twice(Step::Endpoint, 300).await.next, Next::Again);
    scene.alarms.fail_metrics_with(None);
    let reply = scene.twice(Step::Endpoint, 340).await;
    assert_eq!(said(&reply), (Next::Escalate, Guard::TookTooLong));
    let reason = &reply.outcome.verdict.as_ref().unwrap().reason;
    assert!(reason.contains("not proved after 5m") && reason.contains("answered by orders-1"), "{reason}");
    assert!(scene.incident().await.endpoint_confirmed_at().is_none());
}

#[tokio::test]
async fn a_doubt_ends_with_the_next_probe_that_the_new_writer_answers() {
    let scene = settled().await;
    scene.alarms.probed("orders", probe(70, false, Some("orders-2")));
    assert_eq!(scene.twice(Step::Endpoint, 71).await.next, Next::Again);
    scene.alarms.probed("orders", well(80, "orders-2"));
    assert_eq!(scene.twice(Step::Endpoint, 81).await.next, Next::Done);
}

#[tokio::test]
async fn a_silent_prober_or_cloudwatch_stops_nothing_and_is_told() {
    for failure in [None, Some(Failure::Denied), Some(Failure::Throttled)] {
        let scene = settled().await;
        let error = failure.map(|f| CallError::new("CloudWatch", "GetMetricData", f, "no"));
        scene.alarms.fail_metrics_with(error);
        assert_eq!(scene.twice(Step::Endpoint, 124).await.next, Next::Again, "{failure:?}");
        let done = scene.twice(Step::Endpoint, 125).await;
        assert_eq!(done.next, Next::Done, "{failure:?}");
        assert!(done.outcome.summary.contains("by its name alone, for "), "{}", done.outcome.summary);
        assert!(told(&scene).await.last().unwrap().contains("by its name alone, for "), "{failure:?}");
        assert!(matches!(scene.incident().await.endpoint_proof(), Some(Proof::NameAlone { .. })));
        // People on call read it in the all-clear.
        scene.write(130, Event::Recycled { recycled: 0, failed: Vec::new() }).await;
        scene.alarm(AlarmValue::Ok, at(140));
        for (step, now, next) in [
            (Step::Verify, 145, Next::Again),
            (Step::Verify, 205, Next::Done),
            (Step::Close, 206, Next::Done),
        ] {
            assert_eq!(scene.once(step, now).await.unwrap().next, next, "{step:?}");
        }
        let incident = scene.incident().await;
        let letters = render(&incident, incident.records.last().unwrap());
        let body = &letters.iter().find(|n| n.audience == "on-call").unwrap().body;
        assert!(body.contains("The endpoint is proved: by its name alone, for "), "{body}");
    }
}

/// A silent prober is waited for beyond the plan's time; it would otherwise call people for nothing.
#[tokio::test]
async fn silence_is_no_reason_to_escalate_and_a_name_that_turns_away_is_looked_at_anew() {
    let scene = settled().await;
    scene.alarms.probed("orders", well(70, "orders-1"));
    assert_eq!(scene.twice(Step::Endpoint, 71).await.next, Next::Again);
    scene.names.set(ENDPOINT, Ok(Some(instance_endpoint("orders-1"))));
    assert_eq!(scene.twice(Step::Endpoint, 100).await.next, Next::Again);
    scene.names.set(ENDPOINT, Ok(Some(instance_endpoint("orders-2"))));
    // Only probes from here on count, and the doubt was of another time.
    assert_eq!(scene.twice(Step::Endpoint, 336).await.next, Next::Again);
    assert_eq!(scene.twice(Step::Endpoint, 400).await.next, Next::Again, "the plan's 5 min are over");
    assert_eq!(scene.twice(Step::Endpoint, 401).await.next, Next::Done);
}

#[tokio::test]
async fn a_cloudwatch_that_never_answers_is_not_seen_and_nobody_is_asked_without_need() {
    let scene = settled().await;
    let (head, incident, cluster) =
        (scene.head().await, scene.incident().await, fixture::cluster("orders-2"));
    let mut plan = scene.run.plan.database.clone();
    let mut ports = scene.ports.clone();
    ports.alarms = Arc::new(super::anew::Silent);
    let patience = Duration::from_millis(20);
    for (wanted, since, asked) in [
        (EndpointProof::Prober, Some(at(60)), true),
        (EndpointProof::Prober, None, false),
        (EndpointProof::Name, Some(at(60)), false),
    ] {
        plan.endpoint_proof = wanted;
        let case = Case { plan: &plan, head: &head, incident: &incident };
        let look = proof::look_within(patience, &case, &cluster, since, &ports);
        let watched =
            tokio::time::timeout(Duration::from_secs(2), look).await.expect("it does not wait for ever");
        let silent = matches!(&watched, Watched::Unseen(why) if why.contains("no answer within"));
        assert_eq!((silent, watched == Watched::NotAsked), (asked, !asked), "{watched:?}");
    }
}
