//! Whole letters, as reviewed texts, and letters under hostile input.

mod consent;
mod hostile;
mod letters;

use crate::{
    decision::{Decision, Guard, Verdict},
    incident::{
        Closing, Event, FailoverAnswer, Incident, IncidentId, Record, ServiceNews, ServiceState, Trigger,
    },
    run::{Entry, Step},
    signal::AlarmKind,
};
use jiff::Timestamp;
use plan::NoticeKind;
use serde_json::json;

fn at(time: &str) -> Timestamp {
    format!("2026-03-01T{time}Z").parse().expect("a moment")
}

/// The demo estate's plan, as it is frozen in an incident.
fn slice(mode: &str) -> plan::Slice {
    serde_json::from_value(json!({
        "database": {
            "name": "orders", "identifier": "orders", "kind": "aurora-cluster", "region": "ca-central-1",
            "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m",
            "mode": mode, "run_book": "https://example.com/run-books/orders",
            "services": [
                {"cluster": "shop", "name": "orders-api"},
                {"cluster": "shop", "name": "orders-worker", "wave": 2, "after": ["orders-api"]}
            ]
        },
        "audiences": [
            {"name": "stakeholders", "notices": ["interruption", "all-clear"]},
            {"name": "on-call", "notices": ["interruption", "held", "refused", "all-clear", "escalation"]}
        ]
    }))
    .expect("a slice")
}

fn alarm() -> Trigger {
    Trigger::Alarm {
        name: "orders-writer-down".to_owned(),
        kind: AlarmKind::Metric,
        at: at("10:02:00"),
        breaching_since: Some(at("10:00:00")),
        reason: "Threshold Crossed: 2 datapoints were less than the threshold (1.0).".to_owned(),
    }
}

fn person() -> Trigger {
    Trigger::Person {
        by: "alice".to_owned(),
        reason: "zone 1a is slow, moving away from it".to_owned(),
        at: at("10:02:00"),
        accept_data_loss: false,
    }
}

fn verdict(decision: Decision, guard: Guard, reason: &str) -> Verdict {
    Verdict::new(decision, guard, reason).about("orders")
}

fn opened(trigger: Trigger, verdict: Verdict, closing: Option<Closing>) -> Event {
    Event::Opened {
        trigger,
        verdict,
        entry: Entry::Confirm,
        plan: Box::new(slice("automatic")),
        drill: false,
        writer: Some("orders-1".to_owned()),
        closing,
    }
}

fn witness_speaks() -> Event {
    let verdict = verdict(Decision::Open, Guard::WitnessSpeaks, "The alarm orders-writer-down speaks.");
    opened(alarm(), verdict, None)
}

fn confirmed() -> Event {
    Event::Confirmed {
        verdict: verdict(Decision::Act, Guard::WitnessesAgree, "Every witness has been in ALARM for 30 s.")
            .seeing("alarm orders-writer-down", "ALARM since 2026-03-01T10:02:00Z")
            .seeing("cluster orders", "available, writer orders-1")
            .unless("The alarm returns to OK before the failover is asked for."),
    }
}

fn assessed() -> Event {
    Event::Assessed {
        writer: "orders-1".to_owned(),
        writer_zone: Some("ca-central-1a".to_owned()),
        target: "orders-2".to_owned(),
        target_zone: Some("ca-central-1b".to_owned()),
        reason: "available, in another zone, first promotion tier".to_owned(),
        lag_ms: Some(18.4),
    }
}

fn intended() -> Event {
    Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() }
}

fn promoted() -> Event {
    Event::Promoted {
        from: Some("orders-1".to_owned()),
        writer: "orders-2".to_owned(),
        zone: Some("ca-central-1b".to_owned()),
    }
}

fn endpoint_moved() -> Event {
    Event::EndpointMoved {
        endpoint: "orders.cluster-x.ca-central-1.rds.amazonaws.com".to_owned(),
        leads_to: "orders-2.x.ca-central-1.rds.amazonaws.com".to_owned(),
        seen_at: at("10:02:58"),
        proof: crate::probes::Proof::Name,
    }
}

fn service(name: &str, state: ServiceState, reason: &str) -> ServiceNews {
    ServiceNews {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        state,
        deployment: None,
        started_at: None,
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: reason.to_owned(),
    }
}

/// The incident of these events, and its last record, which owes `kind`.
fn story(events: Vec<(&str, Event)>, kind: NoticeKind) -> (Incident, Record) {
    let count = events.len();
    let records: Vec<Record> = events
        .into_iter()
        .zip(1u64..)
        .map(|((time, event), sequence)| Record {
            incident: IncidentId::new("orders", at("10:02:00")),
            database: "orders".to_owned(),
            sequence,
            fence: 1,
            at: at(time),
            event,
            owes: if usize::try_from(sequence) == Ok(count) { vec![kind] } else { vec![] },
        })
        .collect();
    let last = records.last().cloned().expect("a record");
    (Incident::replay(records).expect("an opening event"), last)
}

/// A recovery up to the services, whose last news is `worker`.
fn until_recycled(worker: ServiceNews) -> Vec<(&'static str, Event)> {
    let failed = if worker.state == ServiceState::Recycled { vec![] } else { vec![worker.name.clone()] };
    vec![
        ("10:02:01", witness_speaks()),
        ("10:02:31", confirmed()),
        ("10:02:32", assessed()),
        ("10:02:33.500", intended()),
        ("10:02:33.900", Event::FailoverAnswered { answer: FailoverAnswer::Accepted }),
        ("10:02:49", promoted()),
        ("10:03:03", endpoint_moved()),
        (
            "10:03:50",
            Event::Services {
                news: vec![service("orders-api", ServiceState::Recycled, "every task is new"), worker],
            },
        ),
        ("10:03:51", Event::Recycled { recycled: 2 - failed.len(), failed }),
    ]
}

fn recovered(worker: ServiceNews) -> (Incident, Record) {
    let healthy = |reason| verdict(Decision::Recycle, Guard::AllHealthy, reason);
    let mut events = until_recycled(worker);
    events.push((
        "10:05:00",
        Event::Verified {
            healthy_since: at("10:04:00"),
            verdict: healthy("Alarms are OK on new datapoints and every service is healthy."),
            pools: None,
        },
    ));
    events.push((
        "10:05:01",
        Event::Closed {
            closing: Closing::Recovered,
            step: Some(Step::Close),
            verdict: healthy("Health has held for 60 s."),
        },
    ));
    story(events, NoticeKind::AllClear)
}
