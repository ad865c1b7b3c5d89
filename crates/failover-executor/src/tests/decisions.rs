//! `confirm`'s decision and what the alarms say together, case by case.

use super::scene::Scene;
use crate::{
    Case, Judgement, Turn,
    assess::{self, Assessment},
    confirm,
    sight::Sight,
    target,
    witnesses::{Speech, hear},
};
use plan::{Agree, Alarm, Detection, Mode, Span};
use recovery::{
    CallError, Closing, Decision, Event, Failure, Guard, Head, Incident, Verdict,
    ports::{Scope, Switch},
    signal::{AlarmValue, DatabaseEvent, DatabaseNews},
    twins::fixture::{self, ALARM, at},
};

struct World {
    plan: plan::Slice,
    head: Head,
    incident: Incident,
    sight: Sight,
}

async fn world() -> World {
    let scene = Scene::open().await;
    World {
        plan: fixture::slice(),
        head: scene.head().await,
        incident: scene.incident().await,
        sight: Sight {
            alarms: Ok(vec![fixture::alarm(ALARM, AlarmValue::Alarm, at(0))]),
            cluster: Ok(fixture::cluster("orders-1")),
            events: Ok(Vec::new()),
            switchover: Ok(None),
            switches: Ok(Vec::new()),
        },
    }
}

impl World {
    fn decide(&self, seconds: i64) -> Judgement {
        let case = Case { plan: &self.plan.database, head: &self.head, incident: &self.incident };
        confirm::decide(at(seconds), &case, &self.sight)
    }
}

fn broken(action: &'static str) -> CallError {
    CallError::new("AWS", action, Failure::Throttled, "Rate exceeded")
}

fn status(world: &mut World, status: &str) {
    let mut cluster = fixture::cluster("orders-1");
    cluster.status = status.to_owned();
    world.sight.cluster = Ok(cluster);
}

fn completed(instance: &str, seconds: i64) -> DatabaseEvent {
    fixture::database_event("RDS-EVENT-0071", DatabaseNews::FailoverCompleted, Some(instance), at(seconds))
}

type Change = fn(&mut World);

#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
#[tokio::test]
async fn each_guard_decides_as_the_table_says() {
    let table: Vec<(&str, Change, Decision, Guard)> = vec![
        ("the plain case", |_| {}, Decision::Act, Guard::WitnessesAgree),
        (
            "somebody paused",
            |w| {
                w.sight.switches = Ok(vec![Switch {
                    scope: Scope::All,
                    by: "kim".to_owned(),
                    reason: "migration".to_owned(),
                    at: at(-60),
                }]);
            },
            Decision::Refuse,
            Guard::Paused,
        ),
        (
            "switches can't be read",
            |w| w.sight.switches = Err(broken("Query")),
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
        (
            "another writer than the one seen last",
            |w| w.sight.cluster = Ok(fixture::cluster("orders-2")),
            Decision::Recycle,
            Guard::WriterChanged,
        ),
        (
            "another writer than the one seen long ago: it may have moved at any time since",
            |w| {
                w.head.writer_seen_at = Some(at(-80_000));
                w.sight.cluster = Ok(fixture::cluster("orders-2"));
            },
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "another writer than the one seen long ago, and RDS says that a failover is complete",
            |w| {
                w.head.writer_seen_at = None;
                w.sight.cluster = Ok(fixture::cluster("orders-2"));
                w.sight.events = Ok(vec![completed("orders-2", -100)]);
            },
            Decision::Recycle,
            Guard::AwsFailover,
        ),
        (
            "another writer than the one seen long ago, and no events",
            |w| {
                w.head.writer_seen_at = Some(at(-80_000));
                w.sight.cluster = Ok(fixture::cluster("orders-2"));
                w.sight.events = Err(broken("DescribeEvents"));
            },
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
        (
            "the last incident has dealt with the failover",
            |w| {
                w.head.dealt_until = Some(at(-90));
                w.sight.events = Ok(vec![completed("orders-1", -100)]);
            },
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "all is well, and RDS spoke before the writer was seen in charge",
            |w| {
                w.sight.alarms = Ok(vec![fixture::alarm(ALARM, AlarmValue::Ok, at(10))]);
                w.sight.events = Ok(vec![completed("orders-1", -110)]);
            },
            Decision::StandDown,
            Guard::RecoveredByItself,
        ),
        (
            "all is well, and RDS spoke of another writer than the one that stayed",
            |w| {
                w.sight.alarms = Ok(vec![fixture::alarm(ALARM, AlarmValue::Ok, at(10))]);
                w.sight.events = Ok(vec![completed("orders-2", -50)]);
            },
            Decision::StandDown,
            Guard::RecoveredByItself,
        ),
        (
            "all is well because AWS was faster: tasks may hold on to the old writer",
            |w| {
                w.sight.alarms = Ok(vec![fixture::alarm(ALARM, AlarmValue::Ok, at(10))]);
                w.sight.events = Ok(vec![completed("orders-1", -50)]);
            },
            Decision::Recycle,
            Guard::AwsFailover,
        ),
        ("the cluster fails over", |w| status(w, "failing-over"), Decision::Recycle, Guard::AwsFailover),
        (
            "RDS says that a failover is complete",
            |w| {
                w.sight.events = Ok(vec![fixture::database_event(
                    "RDS-EVENT-0071",
                    DatabaseNews::FailoverCompleted,
                    Some("orders-1"),
                    at(-100),
                )]);
            },
            Decision::Recycle,
            Guard::AwsFailover,
        ),
        (
            "RDS spoke before the detection window (two minutes and one)",
            |w| {
                w.sight.events = Ok(vec![fixture::database_event(
                    "RDS-EVENT-0071",
                    DatabaseNews::FailoverCompleted,
                    Some("orders-1"),
                    at(-181),
                )]);
            },
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "AWS gave its failover up",
            |w| {
                w.sight.events = Ok(vec![
                    fixture::database_event(
                        "RDS-EVENT-0073",
                        DatabaseNews::FailoverStarted,
                        Some("orders-2"),
                        at(-60),
                    ),
                    fixture::database_event("RDS-EVENT-0069", DatabaseNews::FailoverFailed, None, at(-30)),
                ]);
            },
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "the cluster can't be read",
            |w| w.sight.cluster = Err(broken("DescribeDBClusters")),
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
        (
            "no events, but the writer seen last is still in charge",
            |w| w.sight.events = Err(broken("DescribeEvents")),
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "no events, and no writer ever seen",
            |w| {
                w.sight.events = Err(broken("DescribeEvents"));
                w.head.writer = None;
            },
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
        ("upgrading", |w| status(w, "upgrading"), Decision::Hold, Guard::Maintenance),
        ("modifying", |w| status(w, "modifying"), Decision::Hold, Guard::Maintenance),
        ("stopped by people", |w| status(w, "stopped"), Decision::Hold, Guard::Maintenance),
        ("a status of tomorrow", |w| status(w, "reticulating"), Decision::Hold, Guard::Maintenance),
        ("a backup runs", |w| status(w, "backing-up"), Decision::Act, Guard::WitnessesAgree),
        (
            "the writer is being upgraded",
            |w| {
                let mut cluster = fixture::cluster("orders-1");
                cluster.members[0].status = Some("upgrading".to_owned());
                w.sight.cluster = Ok(cluster);
            },
            Decision::Hold,
            Guard::Maintenance,
        ),
        (
            "the writer has failed",
            |w| {
                let mut cluster = fixture::cluster("orders-1");
                cluster.members[0].status = Some("failed".to_owned());
                w.sight.cluster = Ok(cluster);
            },
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "blue/green",
            |w| w.sight.switchover = Ok(Some("orders-green".to_owned())),
            Decision::Hold,
            Guard::Maintenance,
        ),
        (
            "blue/green can't be read",
            |w| w.sight.switchover = Err(broken("DescribeBlueGreenDeployments")),
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
        ("cooldown", |w| w.head.failed_over_at = Some(at(-1700)), Decision::Refuse, Guard::Cooldown),
        (
            "the cooldown has just passed",
            |w| w.head.failed_over_at = Some(at(-1740)),
            Decision::Act,
            Guard::WitnessesAgree,
        ),
        (
            "a region that the plan forbids",
            |w| w.plan.database.allowed_regions = vec!["ca-west-1".to_owned()],
            Decision::Refuse,
            Guard::RegionForbidden,
        ),
        ("mode observe", |w| w.plan.database.mode = Mode::Observe, Decision::Act, Guard::ObserveMode),
        (
            "the alarms can't be read",
            |w| w.sight.alarms = Err(broken("DescribeAlarms")),
            Decision::Hold,
            Guard::EvidenceMissing,
        ),
    ];
    for (name, change, decision, guard) in table {
        let mut world = world().await;
        change(&mut world);
        let verdict = world.decide(60).verdict;
        assert_eq!((verdict.decision, verdict.guard), (decision, guard), "{name}: {}", verdict.reason);
        assert!(!verdict.reason.is_empty() && !verdict.evidence.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn observe_mode_closes_instead_of_acting_or_recycling() {
    let mut world = world().await;
    world.plan.database.mode = Mode::Observe;
    assert_eq!(world.decide(60).turn, Turn::Close(Closing::Observed));
    world.sight.cluster = Ok(fixture::cluster("orders-2"));
    let judgement = world.decide(60);
    assert_eq!(judgement.turn, Turn::Close(Closing::Observed));
    assert_eq!(judgement.verdict.decision, Decision::Recycle);
}

#[tokio::test]
async fn the_window_is_waited_for_to_the_second_and_at_most_ten() {
    let world = world().await;
    for (now, after_s) in [(0, 10), (20, 10), (21, 9), (29, 1)] {
        let judgement = world.decide(now);
        assert_eq!(judgement.verdict.guard, Guard::WindowNotPassed, "{now}");
        let Turn::Wait { after_s: waits, .. } = judgement.turn else {
            panic!("{now}: {judgement:?}");
        };
        assert_eq!(waits, after_s, "{now}");
    }
    assert_eq!(world.decide(30).verdict.guard, Guard::WitnessesAgree);
}

#[tokio::test]
async fn a_hold_ends_at_its_deadline_with_a_refusal() {
    let mut world = world().await;
    world.sight.alarms = Ok(Vec::new());
    assert_eq!(world.decide(599).verdict.guard, Guard::EvidenceMissing);
    let judgement = world.decide(600);
    assert_eq!(judgement.verdict.guard, Guard::DeadlinePassed);
    assert_eq!(judgement.turn, Turn::Close(Closing::Refused));
    assert!(judgement.verdict.would_change.contains("aws rds failover-db-cluster"));
}

#[tokio::test]
async fn the_evidence_says_what_is_known_of_the_writer_before() {
    let before = |world: &World| {
        let evidence = world.decide(60).verdict.evidence;
        evidence.into_iter().find(|e| e.name == "writer before").unwrap().value
    };
    let mut world = world().await;
    assert_eq!(before(&world), format!("orders-1, seen at {}", at(-100)));
    world.head.writer = None;
    assert_eq!(before(&world), "not known");
    // No event and no writer seen: whether AWS was faster can't be known, and the witnesses decide.
    assert_eq!(world.decide(60).verdict.guard, Guard::WitnessesAgree);
}

#[tokio::test]
async fn a_mute_that_has_ended_before_the_first_look_holds_nothing() {
    let mut world = world().await;
    for record in &mut world.incident.records {
        if let Event::Opened { verdict, .. } = &mut record.event {
            *verdict = Verdict::new(Decision::Hold, Guard::Muted, "the alarm arrived muted");
        }
    }
    assert_eq!(world.decide(60).verdict.guard, Guard::WitnessesAgree);
}

#[tokio::test]
async fn the_choice_of_a_reader_does_not_rest_on_an_old_sighting() {
    let mut world = world().await;
    let assess = |world: &World| {
        let case = Case { plan: &world.plan.database, head: &world.head, incident: &world.incident };
        assess::assess(&case, &fixture::cluster("orders-2"), &target::Lags::new())
    };
    assert!(matches!(assess(&world), Assessment::Otherwise(j) if j.verdict.guard == Guard::WriterChanged));
    world.head.writer_seen_at = Some(at(-80_000));
    assert!(matches!(assess(&world), Assessment::Promote { writer, .. } if writer.instance == "orders-2"));
}

#[tokio::test]
async fn an_event_of_mainstays_own_last_failover_is_not_aws_being_faster() {
    let mut world = world().await;
    world.head.failed_over_at = Some(at(-120));
    world.sight.events = Ok(vec![fixture::database_event(
        "RDS-EVENT-0071",
        DatabaseNews::FailoverCompleted,
        Some("orders-1"),
        at(-100),
    )]);
    assert_eq!(world.decide(60).verdict.guard, Guard::Cooldown);
}

fn detection(agree: Agree) -> Detection {
    let alarm = |name: &str, seconds| Alarm { name: name.to_owned(), speaks_for: Span::from_secs(seconds) };
    Detection { alarms: vec![alarm("a", 30), alarm("b", 60)], agree, hold_deadline: Span::from_mins(10) }
}

#[test]
fn witnesses_are_heard_together() {
    use AlarmValue::{Alarm as Down, InsufficientData as NoData, Ok as Fine};
    // What `a` and `b` say (none: it does not exist), for how many of them, at second 45, and what that is.
    let other = AlarmValue::Other("NEW".to_owned());
    let table = [
        (Some(Down), Some(Down), Agree::All, "not yet 15"),
        (Some(Down), Some(Down), Agree::Any, "agreed"),
        (Some(Down), Some(Fine), Agree::All, "disagree"),
        (Some(Down), Some(Fine), Agree::Any, "agreed"),
        (Some(Fine), Some(Down), Agree::Any, "not yet 15"),
        (Some(Fine), Some(Fine), Agree::All, "ok"),
        (Some(Fine), Some(Fine), Agree::Any, "ok"),
        (Some(Down), Some(NoData), Agree::All, "missing"),
        (Some(Down), Some(NoData), Agree::Any, "agreed"),
        (Some(Down), None, Agree::All, "missing"),
        (Some(Fine), None, Agree::Any, "missing"),
        (Some(Fine), Some(NoData), Agree::All, "missing"),
        (Some(NoData), Some(NoData), Agree::Any, "missing"),
        (Some(Down), Some(other), Agree::All, "missing"),
        (None, None, Agree::Any, "missing"),
    ];
    for (a, b, agree, expected) in table {
        let alarms: Vec<_> = [("a", a.clone()), ("b", b.clone())]
            .into_iter()
            .filter_map(|(name, state)| Some(fixture::alarm(name, state?, at(0))))
            .collect();
        let speech = match hear(at(45), &detection(agree), &Ok(alarms)) {
            Speech::Muted(_) => "muted".to_owned(),
            Speech::Ok => "ok".to_owned(),
            Speech::Missing(_) => "missing".to_owned(),
            Speech::Disagree(_) => "disagree".to_owned(),
            Speech::NotYet(seconds) => format!("not yet {seconds}"),
            Speech::Agreed(_) => "agreed".to_owned(),
        };
        assert_eq!(speech, expected, "{a:?} {b:?} {agree:?}");
    }
}

#[test]
fn silence_is_heard_first() {
    let mut alarm = fixture::alarm("a", AlarmValue::Alarm, at(0));
    alarm.actions_enabled = false;
    let speech = hear(at(600), &detection(Agree::Any), &Ok(vec![alarm.clone()]));
    assert!(matches!(speech, Speech::Muted(_)), "{speech:?}");
    alarm.actions_enabled = true;
    alarm.suppressed_by = Some("Alarm\nnight <b>".to_owned());
    let Speech::Muted(text) = hear(at(600), &detection(Agree::Any), &Ok(vec![alarm])) else {
        panic!("not muted");
    };
    assert!(text.contains("Alarm night"), "{text}");
}

#[test]
fn a_plan_without_alarms_is_missing_evidence_not_health() {
    let speech = hear(at(0), &Detection::default(), &Ok(Vec::new()));
    assert!(matches!(speech, Speech::Missing(_)), "{speech:?}");
}
