//! The rows of the door's table, by state: what the samples do when something happened before.

use crate::world::{at, decided, is, ours, plan, sample, state};
use alarm_handler::{Act, Ruling, State, decide, wire};
use plan::{Mode, NoticeKind, Plan};
use recovery::{
    Closing, Entry, Opener, Status,
    ports::{Scope, Switch},
    signal::{AlarmKind, Signal, Via},
};

fn signal(name: &str) -> Signal {
    let mut signals = wire::signals(&sample(name));
    assert_eq!(signals.len(), 1, "{name}");
    signals.remove(0).unwrap()
}

fn ruled(name: &str, plan: &Plan, state: &State) -> Ruling {
    let mut rulings = decide(at("10:10:00"), &signal(name), plan, state);
    assert_eq!(rulings.len(), 1, "{name}");
    rulings.remove(0)
}

fn words(ruling: &Ruling) -> (String, String) {
    decided(&serde_json::to_value(&ruling.verdict).unwrap())
}

fn owes(ruling: &Ruling) -> Vec<NoticeKind> {
    match &ruling.act {
        Act::Open(opening) => opening.owes.clone(),
        Act::Note { owes, .. } => owes.clone(),
        Act::Nothing | Act::Start | Act::Look | Act::Resume | Act::Escalate | Act::Answer => Vec::new(),
    }
}

fn closing(ruling: &Ruling) -> Option<Closing> {
    match &ruling.act {
        Act::Open(opening) => opening.closing,
        _ => panic!("opens nothing: {ruling:?}"),
    }
}

fn entry(ruling: &Ruling) -> Entry {
    match &ruling.act {
        Act::Open(opening) => opening.entry,
        _ => panic!("opens nothing: {ruling:?}"),
    }
}

fn paused(scope: Scope) -> State {
    let switch = Switch { scope, by: "dana".to_owned(), reason: "load test".to_owned(), at: at("08:00:00") };
    State { switches: vec![switch], ..ours() }
}

fn seen(mut state: State, time: &str) -> State {
    state.heads.get_mut("orders").unwrap().alarm_seen = Some(at(time));
    state
}

const ESCALATED: Status = Status::Closed(Closing::Escalated);
const RECOVERED: Status = Status::Closed(Closing::Recovered);

#[test]
fn the_signals_read_what_the_samples_say() {
    let Signal::Alarm(alarm) = signal("alarm-writer-down") else { panic!() };
    assert_eq!(
        (alarm.name.as_str(), alarm.kind, alarm.via),
        ("orders-writer-down", AlarmKind::Metric, Via::EventBridge)
    );
    assert_eq!(alarm.at, at("10:02:31.544"));
    assert_eq!(alarm.breaching_since, Some(at("10:00:00")), "silence since the oldest missing datapoint");
    for (name, kind, via, since) in [
        ("alarm-writer-down-sns", AlarmKind::Metric, Via::Sns, None),
        ("alarm-writer-down-eventbridge-in-sns", AlarmKind::Metric, Via::Sns, Some("10:00:00")),
        ("alarm-writer-down-direct", AlarmKind::Metric, Via::Direct, Some("10:00:00")),
        ("alarm-api-error-rate", AlarmKind::MetricMath, Via::EventBridge, Some("10:00:00")),
        ("alarm-api-error-rate-sns", AlarmKind::MetricMath, Via::Sns, None),
        ("alarm-alb-latency", AlarmKind::Metric, Via::EventBridge, Some("10:00:00")),
        ("alarm-canary", AlarmKind::Metric, Via::EventBridge, Some("10:01:00")),
        ("alarm-composite", AlarmKind::Composite, Via::EventBridge, None),
        ("alarm-contributor", AlarmKind::MetricMath, Via::EventBridge, None),
    ] {
        let Signal::Alarm(alarm) = signal(name) else { panic!("{name}") };
        assert_eq!((alarm.kind, alarm.via), (kind, via), "{name}");
        assert_eq!(alarm.breaching_since, since.map(at), "{name}");
        assert_eq!(
            (alarm.account.as_str(), alarm.region.as_str()),
            ("123456789012", "ca-central-1"),
            "{name}"
        );
    }
    let Signal::Database(event) = signal("rds-failover-completed-without-id") else { panic!() };
    assert_eq!(event.instance.as_deref(), Some("orders-2"));
}

#[test]
fn an_open_incident_takes_everything_as_news() {
    for status in [Status::Claimed, Status::Started] {
        for name in [
            "alarm-writer-down",
            "alarm-writer-ok",
            "alarm-writer-insufficient-data",
            "alarm-muted",
            "rds-failover-started-cross-az",
            "rds-failover-failed",
            "rds-old-writer-fenced",
        ] {
            let ruling = ruled(name, &plan(), &state(status));
            assert_eq!(words(&ruling), is("note", "incident-open"), "{name}");
            assert_eq!(owes(&ruling), [], "{name}");
        }
        let ruling = ruled("request-failover", &plan(), &state(status));
        assert_eq!(words(&ruling), is("note", "person-asks"));
        let ruling = ruled("rds-fencing-timed-out", &plan(), &state(status));
        assert_eq!(words(&ruling), is("note", "incident-open"));
        assert_eq!(owes(&ruling), [NoticeKind::Escalation]);
    }
}

#[test]
fn a_transition_that_is_no_newer_is_a_repeat() {
    for status in [Status::Started, RECOVERED, ESCALATED] {
        for newest in ["10:02:31.544", "10:03:00"] {
            let ruling = ruled("alarm-writer-down", &plan(), &seen(state(status), newest));
            assert_eq!(words(&ruling), is("ignore", "repeat"), "{status:?} {newest}");
            assert_eq!(ruling.act, Act::Nothing);
        }
        let ruling = ruled("alarm-writer-down", &plan(), &seen(state(status), "10:02:31.543"));
        assert_ne!(words(&ruling), is("ignore", "repeat"), "{status:?}, newer by a millisecond");
    }
    // Speaking again after a suppression is a later transition.
    let ruling = ruled("alarm-composite-suppression-ended", &plan(), &seen(state(RECOVERED), "10:03:12.402"));
    assert_eq!(words(&ruling), is("open", "witness-speaks"));
}

#[test]
fn a_repeat_of_a_claim_that_never_started_starts_it() {
    let mut claimed = seen(state(Status::Claimed), "10:02:31.544");
    let head = claimed.heads.get_mut("orders").unwrap();
    head.incident = recovery::IncidentId::new("orders", at("10:02:31.544"));
    let ruling = ruled("alarm-writer-down", &plan(), &claimed);
    assert_eq!(words(&ruling), is("ignore", "repeat"));
    assert_eq!(ruling.act, Act::Start);
}

#[test]
fn an_unacknowledged_escalation_blocks_machines_but_not_people() {
    let blocked = state(ESCALATED);
    for name in ["alarm-writer-down", "alarm-muted", "rds-failover-started-cross-az"] {
        let ruling = ruled(name, &plan(), &blocked);
        assert_eq!(words(&ruling), is("refuse", "escalation-unacknowledged"), "{name}");
        assert!(matches!(ruling.act, Act::Note { .. }), "the block stays: {name}");
        assert_eq!(owes(&ruling), [NoticeKind::Refused], "{name}");
        let command = "aws rds failover-db-cluster --db-cluster-identifier orders --region ca-central-1";
        assert!(ruling.verdict.evidence.iter().any(|e| e.value == command), "{name}");
    }
    let ruling = ruled("request-failover", &plan(), &blocked);
    assert_eq!((words(&ruling), entry(&ruling)), (is("act", "person-asks"), Entry::Assess));
    let mut acknowledged = blocked;
    acknowledged.heads.get_mut("orders").unwrap().escalated = None;
    let ruling = ruled("alarm-writer-down", &plan(), &acknowledged);
    assert_eq!(words(&ruling), is("open", "witness-speaks"));
}

#[test]
fn an_end_is_told_only_when_the_ok_proves_it() {
    let awaiting = |status| State { awaiting_end: ["orders".to_owned()].into(), ..state(status) };
    let refused = Status::Closed(Closing::Refused);
    let told = ruled("alarm-writer-ok", &plan(), &awaiting(refused));
    assert_eq!(words(&told), is("note", "recovered-by-itself"));
    assert_eq!(owes(&told), [NoticeKind::AllClear]);

    let nothing = |plan: &plan::Plan, state: &State| {
        assert_eq!(words(&ruled("alarm-writer-ok", plan, state)), is("ignore", "ok-without-incident"));
    };
    nothing(&plan(), &state(refused));
    nothing(&plan(), &awaiting(Status::Closed(Closing::StoodDown)));
    let mut any = plan();
    any.databases[0].detection.agree = plan::Agree::Any;
    nothing(&any, &awaiting(refused));
    let mut late = awaiting(refused);
    late.heads.get_mut("orders").unwrap().alarm_seen = Some(at("10:06:00"));
    nothing(&plan(), &late);
}

#[test]
fn a_pause_refuses_machines_but_not_people() {
    for scope in [Scope::All, Scope::Database("orders".to_owned())] {
        for name in ["alarm-writer-down", "alarm-muted", "rds-failover-completed"] {
            let ruling = ruled(name, &plan(), &paused(scope.clone()));
            assert_eq!(words(&ruling), is("refuse", "paused"), "{name}");
            let command = match scope {
                Scope::All => "`drp resume --reason \"why\"`",
                Scope::Database(_) => "`drp resume orders --reason \"why\"`",
            };
            let shown = &ruling.verdict.would_change;
            assert!(shown.contains(command), "{shown}");
            assert_eq!(closing(&ruling), Some(Closing::Refused), "{name}");
            assert_eq!(owes(&ruling), [NoticeKind::Refused], "{name}");
        }
        let ruling = ruled("request-failover", &plan(), &paused(scope));
        assert_eq!(words(&ruling), is("act", "person-asks"));
    }
    let other = paused(Scope::Database("billing".to_owned()));
    assert_eq!(words(&ruled("alarm-writer-down", &plan(), &other)), is("open", "witness-speaks"));
}

#[test]
fn what_is_opened_begins_where_it_should_and_owes_what_it_should() {
    let open = |name| {
        let ruling = ruled(name, &plan(), &ours());
        (entry(&ruling), closing(&ruling), owes(&ruling))
    };
    assert_eq!(open("alarm-writer-down"), (Entry::Confirm, None, vec![]));
    assert_eq!(open("alarm-muted"), (Entry::Confirm, None, vec![]));
    let told = vec![NoticeKind::Interruption];
    assert_eq!(open("rds-failover-completed"), (Entry::Promotion, None, told.clone()));
    assert_eq!(open("request-failover"), (Entry::Assess, None, told));
    let escalated = vec![NoticeKind::Escalation];
    assert_eq!(open("rds-fencing-timed-out"), (Entry::Promotion, Some(Closing::Observed), escalated));
    assert_eq!(ruled("request-failover-dry-run", &plan(), &ours()).act, Act::Nothing);
}

#[test]
fn in_mode_observe_a_failover_by_aws_is_told_once() {
    let mut observing = plan();
    observing.databases[0].mode = Mode::Observe;
    let ruling = ruled("rds-failover-started-cross-az", &observing, &ours());
    assert_eq!(words(&ruling), is("recycle", "aws-failover"));
    assert_eq!(closing(&ruling), Some(Closing::Observed));
    assert_eq!(owes(&ruling), [NoticeKind::Interruption]);
    // The same failover is complete half a minute later: no second outage.
    let mut told = state(Status::Closed(Closing::Observed));
    told.heads.get_mut("orders").unwrap().closed_at = Some(at("10:01:13"));
    let ruling = ruled("rds-failover-completed", &observing, &told);
    assert_eq!(words(&ruling), is("note", "already-known"));
    assert_eq!(owes(&ruling), []);
    // An hour later it is another one.
    told.heads.get_mut("orders").unwrap().closed_at = Some(at("09:01:13"));
    let ruling = ruled("rds-failover-completed", &observing, &told);
    assert_eq!(words(&ruling), is("recycle", "aws-failover"));
    // An alarm in mode observe is opened: `confirm` says what would have been done.
    assert_eq!(words(&ruled("alarm-writer-down", &observing, &ours())), is("open", "witness-speaks"));
}

#[test]
fn a_refusal_to_fail_over_does_not_swallow_a_failover_by_aws() {
    // The alarm was refused (a cooldown, …) a minute ago; now AWS fails over by itself.
    let told = |closing, opener| {
        let mut state = state(Status::Closed(closing));
        let head = state.heads.get_mut("orders").unwrap();
        head.closed_at = Some(at("10:01:13"));
        head.opened_by = opener;
        state
    };
    let (alarm, failover) = (Some(Opener::Alarm), Some(Opener::Failover));
    let automatic = plan();
    for state in [told(Closing::Refused, alarm), told(Closing::Observed, alarm), told(Closing::Refused, None)]
    {
        let ruling = ruled("rds-failover-completed", &automatic, &state);
        assert_eq!(words(&ruling), is("recycle", "aws-failover"));
        assert_eq!((entry(&ruling), closing(&ruling)), (Entry::Promotion, None));
    }
    // Where RDS itself was told of, or nothing may be done still, it is no second outage.
    let ruling = ruled("rds-failover-completed", &automatic, &told(Closing::Refused, failover));
    assert_eq!(words(&ruling), is("note", "already-known"));
    let still = State { heads: told(Closing::Refused, alarm).heads, ..paused(Scope::All) };
    assert_eq!(words(&ruled("rds-failover-completed", &automatic, &still)), is("note", "already-known"));
    let mut observing = plan();
    observing.databases[0].mode = Mode::Observe;
    assert_eq!(
        words(&ruled("rds-failover-completed", &observing, &told(Closing::Observed, alarm))),
        is("note", "already-known")
    );
}

#[test]
fn a_late_event_that_names_the_present_writer_opens_nothing() {
    let mut dealt_with = state(RECOVERED);
    let head = dealt_with.heads.get_mut("orders").unwrap();
    head.writer = Some("orders-2".to_owned());
    head.closed_at = Some(at("10:04:00"));
    let late = dealt_with.clone();
    for name in ["rds-failover-started-cross-az", "rds-failover-completed"] {
        let ruling = ruled(name, &plan(), &late);
        assert_eq!((words(&ruling), ruling.act), (is("ignore", "already-known"), Act::Nothing), "{name}");
    }
    // The same event after the last close is a new failover, and so is one that names another writer.
    dealt_with.heads.get_mut("orders").unwrap().closed_at = Some(at("10:01:00"));
    assert_eq!(words(&ruled("rds-failover-completed", &plan(), &dealt_with)), is("recycle", "aws-failover"));
    assert_eq!(words(&ruled("rds-previous-writer-promoted", &plan(), &late)), is("recycle", "aws-failover"));
}

#[test]
fn other_regions_databases_are_left_to_their_stack() {
    let mut elsewhere = plan();
    elsewhere.databases[0].region = "ca-west-1".to_owned();
    for name in ["alarm-writer-down", "rds-failover-completed"] {
        assert_eq!(words(&ruled(name, &elsewhere, &ours())), is("ignore", "not-ours"), "{name}");
    }
    assert_eq!(words(&ruled("request-failover", &elsewhere, &ours())), is("refuse", "not-ours"));
    // Offline, without a stack, nothing is foreign.
    assert_eq!(
        words(&ruled("alarm-other-account", &plan(), &State::default())),
        is("open", "witness-speaks")
    );
}

#[test]
fn one_alarm_may_speak_for_several_databases() {
    let mut two = plan();
    let mut billing = two.databases[0].clone();
    billing.name = "billing".to_owned();
    billing.identifier = "billing".to_owned();
    two.databases.push(billing);
    let rulings = decide(at("10:10:00"), &signal("alarm-writer-down"), &two, &state(Status::Started));
    let all: Vec<_> = rulings.iter().map(words).collect();
    assert_eq!(all, [is("note", "incident-open"), is("open", "witness-speaks")]);
}

#[test]
fn an_ended_execution_matters_only_to_its_own_open_attempt() {
    let of = |name: &str, status, fence: u64| {
        // The sample is of attempt 1; its name says so.
        let mut event = sample(name);
        let arn = event["detail"]["executionArn"].as_str().unwrap();
        let arn = format!("{}-{fence}", arn.strip_suffix("-1").unwrap());
        event["detail"]["executionArn"] = arn.into();
        let ended = wire::signals(&event).remove(0).unwrap();
        let ruling = decide(at("10:10:00"), &ended, &plan(), &attempt(status, fence)).remove(0);
        (words(&ruling), ruling.act)
    };
    for status in [Status::Claimed, Status::Started] {
        assert_eq!(of("execution-failed", status, 1), (is("note", "execution-died"), Act::Resume));
        assert_eq!(of("execution-failed", status, 2), (is("note", "execution-died"), Act::Resume));
        assert_eq!(of("execution-failed", status, 3), (is("refuse", "execution-died"), Act::Escalate));
        for final_end in ["execution-timed-out", "execution-aborted"] {
            assert_eq!(of(final_end, status, 1), (is("refuse", "execution-died"), Act::Escalate));
        }
    }
    assert_eq!(of("execution-failed", ESCALATED, 1), (is("ignore", "repeat"), Act::Nothing));
}

#[test]
fn the_end_of_an_attempt_that_was_followed_starts_the_next_if_nobody_has() {
    for (status, act) in [(Status::Claimed, Act::Start), (Status::Started, Act::Nothing)] {
        let ruling = ruled("execution-failed", &plan(), &attempt(status, 2));
        assert_eq!((words(&ruling), ruling.act), (is("ignore", "repeat"), act));
    }
}

/// The incident of the samples' executions at its attempt `fence`.
fn attempt(status: Status, fence: u64) -> State {
    let mut state = state(status);
    let head = state.heads.get_mut("orders").unwrap();
    head.incident = recovery::IncidentId::named("orders-20260301t100231544z");
    head.fence = fence;
    state
}

#[test]
fn a_sweep_starts_claims_and_looks_at_the_started_but_not_at_the_young() {
    let sweep = |status, now: &str| {
        let mut rulings = decide(at(now), &Signal::Sweep, &plan(), &state(status));
        rulings.remove(0).act
    };
    assert_eq!(sweep(Status::Claimed, "09:01:59"), Act::Nothing);
    assert_eq!(sweep(Status::Claimed, "09:02:00"), Act::Start);
    assert_eq!(sweep(Status::Started, "09:01:59"), Act::Nothing);
    assert_eq!(sweep(Status::Started, "09:02:00"), Act::Look);
    assert_eq!(sweep(RECOVERED, "09:30:00"), Act::Nothing);
}
