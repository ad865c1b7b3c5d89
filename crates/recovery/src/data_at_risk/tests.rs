//! The estimate by kind of database and by what the incident recorded.

use super::*;
use crate::{
    decision::{Decision, Guard, Verdict},
    incident::{IncidentId, Record, Trigger},
    run::Entry,
    signal::AlarmKind,
};
use plan::NoticeKind;
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn alarm(breaching_since: Option<Timestamp>) -> Trigger {
    Trigger::Alarm {
        name: "orders-writer-down".to_owned(),
        kind: AlarmKind::Metric,
        at: at(0),
        breaching_since,
        reason: String::new(),
    }
}

fn person(accept_data_loss: bool) -> Trigger {
    Trigger::Person { by: "sam".to_owned(), reason: "why".to_owned(), at: at(0), accept_data_loss }
}

fn opened(kind: Kind, trigger: Trigger) -> Event {
    let plan = json!({"database": {
        "name": "orders", "identifier": "orders", "kind": kind, "region": "ca-central-1",
        "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m"
    }, "audiences": []});
    Event::Opened {
        trigger,
        verdict: Verdict::new(Decision::Open, Guard::WitnessSpeaks, "a witness speaks"),
        entry: Entry::Confirm,
        plan: serde_json::from_value(plan).unwrap(),
        drill: false,
        writer: Some("orders-1".to_owned()),
        closing: None,
    }
}

fn assessed(lag_ms: Option<f64>) -> Event {
    Event::Assessed {
        writer: "orders-1".to_owned(),
        writer_zone: None,
        target: "orders-2".to_owned(),
        target_zone: None,
        reason: "the best".to_owned(),
        lag_ms,
    }
}

fn intended() -> Event {
    Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() }
}

fn promoted() -> Event {
    Event::Promoted { from: Some("orders-1".to_owned()), writer: "orders-2".to_owned(), zone: None }
}

fn incident(events: Vec<(i64, Event)>) -> Incident {
    let records = events.into_iter().zip(1u64..).map(|((seconds, event), sequence)| Record {
        incident: IncidentId::new("orders", at(0)),
        database: "orders".to_owned(),
        sequence,
        fence: 1,
        at: at(seconds),
        event,
        owes: Vec::new(),
    });
    Incident::replay(records.collect()).unwrap()
}

/// The alarm's first bad datapoint began at -120, the new writer was seen at 49.
fn failed_over(kind: Kind, trigger: Trigger, lag_ms: Option<f64>) -> Incident {
    incident(vec![(1, opened(kind, trigger)), (30, assessed(lag_ms)), (31, intended()), (49, promoted())])
}

#[test]
fn what_each_kind_of_database_may_have_lost() {
    let bad_since = Some(at(-120));
    let (lag, none) = (Some(400.0), None);
    let table = [
        // Lag is stale reads on one storage and lost data everywhere else.
        (Kind::AuroraCluster, alarm(bad_since), lag, Basis::SharedStorage, Some(0.0)),
        (Kind::AuroraCluster, alarm(None), none, Basis::SharedStorage, Some(0.0)),
        (Kind::AuroraCluster, person(true), none, Basis::SharedStorage, Some(0.0)),
        (Kind::MultiAzCluster, alarm(bad_since), lag, Basis::CommitWaits, Some(0.4)),
        (Kind::MultiAzCluster, alarm(bad_since), none, Basis::CommitWaits, None),
        (Kind::MultiAzCluster, person(true), lag, Basis::LossAccepted, Some(0.4)),
        (Kind::MultiAzCluster, person(true), none, Basis::LossAccepted, None),
        (Kind::MultiAzInstance, alarm(bad_since), none, Basis::StandbyWaits, Some(0.0)),
        (Kind::ReadReplica, alarm(bad_since), lag, Basis::CopyLags, Some(169.4)),
        (Kind::ReadReplica, alarm(bad_since), none, Basis::CopyLags, None),
        (Kind::ReadReplica, alarm(None), lag, Basis::CopyLags, None),
        (Kind::GlobalDatabase, alarm(bad_since), lag, Basis::CopyLags, Some(169.4)),
        (Kind::GlobalDatabase, person(false), lag, Basis::CopyLags, None),
    ];
    for (kind, trigger, lag, basis, seconds) in table {
        let case = format!("{kind:?} {trigger:?} {lag:?}");
        let risk = DataAtRisk::of(&failed_over(kind, trigger, lag)).unwrap();
        assert_eq!((risk.basis, risk.seconds), (basis, seconds), "{case}");
        assert_eq!(risk.sources.len(), 3, "{case}");
    }
}

#[test]
fn a_second_writer_makes_every_estimate_unknown() {
    for kind in Kind::ALL.iter().copied() {
        let mut incident = failed_over(kind, alarm(Some(at(-120))), Some(400.0));
        let mut news = incident.records[1].clone();
        (news.sequence, news.at, news.owes) = (5, at(40), vec![NoticeKind::Escalation]);
        news.event = Event::Noted {
            verdict: Verdict::new(Decision::Note, Guard::IncidentOpen, "RDS-EVENT-0391 of orders-1."),
            alarm_at: None,
        };
        incident.records.push(news);
        let risk = DataAtRisk::of(&incident).unwrap();
        assert_eq!((risk.basis, risk.seconds), (Basis::NotBlocked, None), "{kind:?}");
        assert!(risk.sources[2].value.contains("2026-03-01T12:00:40Z"), "{:?}", risk.sources);
    }
}

#[test]
fn where_aws_chose_it_took_the_reader_that_had_most() {
    let events = vec![(1, opened(Kind::MultiAzCluster, alarm(Some(at(-120))))), (20, promoted())];
    let risk = DataAtRisk::of(&incident(events)).unwrap();
    assert_eq!((risk.basis, risk.seconds), (Basis::CommitWaits, Some(0.0)));
    assert_eq!(risk.sources[0].value, "not read, Mainstay did not choose the new writer");
}

#[test]
fn nothing_is_given_up_before_somebody_takes_over() {
    let events = vec![
        (1, opened(Kind::AuroraCluster, alarm(Some(at(-120))))),
        (30, assessed(Some(18.0))),
        (31, intended()),
    ];
    assert_eq!(DataAtRisk::of(&incident(events)), None);
}

#[test]
fn sources_say_what_was_seen_and_what_was_not() {
    let said = |incident: &Incident| {
        DataAtRisk::of(incident).unwrap().sources.into_iter().map(|s| s.value).collect::<Vec<_>>()
    };
    assert_eq!(
        said(&failed_over(Kind::AuroraCluster, alarm(Some(at(-120))), Some(18.4))),
        [
            "18 ms on orders-2: how stale its reads were, not lost data",
            "169 s, from 2026-03-01T11:58:00Z to 2026-03-01T12:00:49Z, when the new writer was seen",
            "not seen (RDS may lose events)",
        ]
    );
    assert_eq!(
        said(&failed_over(Kind::MultiAzCluster, person(false), None))[..2],
        ["not known, there was no datapoint", "not known, no alarm told its datapoints"]
    );
}

#[test]
fn an_alarm_that_is_younger_than_the_new_writer_tells_nothing_of_the_time_before() {
    let incident = failed_over(Kind::ReadReplica, alarm(Some(at(60))), Some(1.0));
    assert_eq!(Unanswered::of(&incident), None);
    assert_eq!(DataAtRisk::of(&incident).unwrap().seconds, None);
}
