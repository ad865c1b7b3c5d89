//! What a drill saw of outages that went well, for tests: each breaks what it is about.

mod felt;

use self::felt::{felt, footprint};
use crate::{
    evidence::{DeadLetter, Evidence, Letter, Move, PlannedFault, Request, ServiceSeen, TaskSeen},
    listener::AlarmEvent,
    scenario::Expect,
};
use recovery::{
    Closing, Decision, Entry, Event, Guard, Incident, IncidentId, Record, Step, Verdict,
    incident::{FailoverAnswer, ServiceNews, ServiceState},
    twins::fixture::{self, at},
};
use serde_json::json;

/// What the first outage must come to: every expectation that an outage can have but those that exclude each other.
pub(crate) fn expect() -> Expect {
    toml::from_str(
        r#"
        closing = "recovered"
        guard = "all-healthy"
        passes = "witnesses-agree"
        failover_calls = 1
        answer = "accepted"
        decides_after_s = 30
        alarm_events = 1
        writer_moves = true
        writer_after = "orders-2"
        endpoint_after_s = 20
        recycled = ["orders-api", "orders-worker"]
        loses_rows = false
        asked = ["orders-api"]
        asked_again = ["orders-api"]
        stakeholders = ["interruption", "all-clear"]
        on_call = ["interruption", "all-clear"]
        "#,
    )
    .unwrap()
}

/// A recovery with real servers: the fault 4 s before the alarm, the call after a window of 30 s.
pub(crate) fn recovered() -> Evidence {
    let records = records(
        vec![
            (31, Event::FailoverAnswered { answer: FailoverAnswer::Accepted }),
            (35, promoted()),
            (58, endpoint_moved()),
            (60, services(ServiceState::Started, ServiceState::Started)),
            (70, services(ServiceState::Recycled, ServiceState::Recycled)),
            (70, Event::Recycled { recycled: 2, failed: Vec::new() }),
            (71, Event::Health { healthy: true, reason: "all is healthy".to_owned() }),
            (75, Event::Verified { healthy_since: at(71), verdict: healthy(), pools: None }),
        ],
        (Closing::Recovered, Step::Close, healthy()),
    );
    let last = records.len() as u64;
    Evidence {
        fault_at: at(-4),
        faults: vec![PlannedFault { name: "freeze".to_owned(), struck_at: Some(at(-4)) }],
        alarm_events: vec![alarm("ALARM"), alarm("OK")],
        incidents: vec![incident(records)],
        requests: vec![
            request(31, "FailoverDBCluster", json!({ "TargetDBInstanceIdentifier": "orders-2" })),
            request(60, "UpdateService", json!({ "service": "orders-api" })),
            request(60, "UpdateService", json!({ "service": "orders-worker" })),
            request(66, "UpdateService", json!({ "service": "orders-api" })),
        ],
        moves: vec![moved(34, "the writer"), moved(57, "the endpoint")],
        writer_before: "orders-1".to_owned(),
        writer_after: "orders-2".to_owned(),
        services: vec![
            service("orders-api", true, 64),
            service("orders-worker", true, 66),
            service("catalogue", false, -3600),
        ],
        inbox: ["stakeholders", "on-call"]
            .into_iter()
            .flat_map(|to| [letter(to, 3, "interruption"), letter(to, last, "all-clear")])
            .collect(),
        dead_letters: vec![DeadLetter { queue: "dead".to_owned(), body: "poison-1".to_owned() }],
        poison: "poison-1".to_owned(),
        executions: vec![("orders-1".to_owned(), "SUCCEEDED".to_owned())],
        felt: Some(felt()),
        footprint: footprint(),
        gave_up: None,
    }
}

/// What the second outage must come to.
pub(crate) fn expect_escalated() -> Expect {
    toml::from_str(
        r#"
        closing = "escalated"
        guard = "services-failed"
        failover_calls = 1
        writer_moves = true
        recycled = ["orders-api"]
        failed = ["orders-worker"]
        stakeholders = ["interruption"]
        on_call = ["interruption", "escalation", "escalation"]
        "#,
    )
    .unwrap()
}

/// An escalation in the model alone: one service's deployment failed.
pub(crate) fn escalated() -> Evidence {
    let verdict = Verdict::new(Decision::Refuse, Guard::ServicesFailed, "orders-worker failed");
    let records = records(
        vec![
            (31, Event::FailoverAnswered { answer: FailoverAnswer::Accepted }),
            (35, promoted()),
            (58, endpoint_moved()),
            (70, services(ServiceState::Recycled, ServiceState::Failed)),
            (70, Event::Recycled { recycled: 1, failed: vec!["orders-worker".to_owned()] }),
        ],
        (Closing::Escalated, Step::Escalate, verdict),
    );
    let last = records.len() as u64;
    let mut seen = recovered();
    seen.incidents = vec![incident(records)];
    seen.faults = ["silence_writer", "fail_deployments"]
        .map(|name| PlannedFault { name: name.to_owned(), struck_at: Some(at(-4)) })
        .into();
    seen.services[1].tasks_after = seen.services[1].tasks_before.clone();
    seen.inbox = vec![
        letter("stakeholders", 3, "interruption"),
        letter("on-call", 3, "interruption"),
        letter("on-call", 9, "escalation"),
        letter("on-call", last, "escalation"),
    ];
    seen.executions = vec![("orders-1".to_owned(), "FAILED".to_owned())];
    seen.felt = None;
    seen
}

/// The records of an incident: its opening and the way to the call, what came then, and its close at 76 s.
fn records(then: Vec<(i64, Event)>, (closing, step, verdict): (Closing, Step, Verdict)) -> Vec<Record> {
    let agree = Verdict::new(Decision::Act, Guard::WitnessesAgree, "the witnesses agree");
    let opened = Event::Opened {
        trigger: fixture::alarm_trigger(),
        verdict: Verdict::new(Decision::Open, Guard::WitnessSpeaks, "a witness speaks"),
        entry: Entry::Confirm,
        plan: Box::new(fixture::slice()),
        drill: true,
        writer: Some("orders-1".to_owned()),
        closing: None,
    };
    let assessed = Event::Assessed {
        writer: "orders-1".to_owned(),
        writer_zone: Some("ca-central-1a".to_owned()),
        target: "orders-2".to_owned(),
        target_zone: Some("ca-central-1b".to_owned()),
        reason: "it is in another zone".to_owned(),
        lag_ms: Some(12.0),
    };
    let intended = Event::FailoverIntended { from: "orders-1".to_owned(), target: "orders-2".to_owned() };
    let mut all = vec![
        (0, opened),
        (0, Event::Started { execution: "arn:execution".to_owned() }),
        (31, Event::Confirmed { verdict: agree }),
        (31, assessed),
        (31, intended),
    ];
    all.extend(then);
    all.push((76, Event::Closed { closing, step: Some(step), verdict }));
    let record = |(sequence, (seconds, event))| Record {
        incident: id(),
        database: "orders".to_owned(),
        sequence,
        fence: 1,
        at: at(seconds),
        event,
        owes: Vec::new(),
    };
    (1..).zip(all).map(record).collect()
}

fn id() -> IncidentId {
    IncidentId::new("orders", fixture::start())
}

/// The incident of these records.
pub(crate) fn incident(records: Vec<Record>) -> Incident {
    Incident { id: id(), database: "orders".to_owned(), records }
}

fn healthy() -> Verdict {
    Verdict::new(Decision::StandDown, Guard::AllHealthy, "all is healthy")
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
        endpoint: fixture::ENDPOINT.to_owned(),
        leads_to: fixture::instance_endpoint("orders-2"),
        seen_at: at(57),
        proof: recovery::probes::Proof::Name,
    }
}

fn services(api: ServiceState, worker: ServiceState) -> Event {
    let news = |name: &str, state: ServiceState| -> ServiceNews {
        serde_json::from_value(json!({
            "cluster": "shop", "name": name, "state": state, "deployment": "ecs-svc/new", "started_at": at(60),
            "reason": "as asked",
        }))
        .unwrap()
    };
    Event::Services { news: vec![news("orders-api", api), news("orders-worker", worker)] }
}

/// An event of the alarm on the bus.
pub(crate) fn alarm(state: &str) -> AlarmEvent {
    AlarmEvent {
        time: fixture::start(),
        resources: Vec::new(),
        detail: json!({ "state": { "value": state } }),
    }
}

/// A request that the estate's log holds.
pub(crate) fn request(seconds: i64, action: &str, parameters: serde_json::Value) -> Request {
    Request {
        at: at(seconds),
        action: action.to_owned(),
        caller: "failover-executor".to_owned(),
        parameters,
        error: None,
    }
}

/// A move to `orders-2`.
pub(crate) fn moved(seconds: i64, what: &'static str) -> Move {
    Move { at: at(seconds), what, to: "orders-2".to_owned() }
}

fn service(name: &str, uses_database: bool, started: i64) -> ServiceSeen {
    let task = |since: i64| TaskSeen { id: format!("{name}-{since}"), started_at: Some(at(since)) };
    ServiceSeen {
        name: name.to_owned(),
        uses_database,
        tasks_before: vec![task(-3600)],
        tasks_after: vec![task(started)],
    }
}

/// A notice as a subscriber received it.
pub(crate) fn letter(audience: &str, sequence: u64, kind: &str) -> Letter {
    Letter {
        kind: kind.to_owned(),
        audience: audience.to_owned(),
        subject: format!("DRILL: {kind}"),
        body: "This is a DRILL.\nNothing is wrong.".to_owned(),
        sequence,
        incident: id().to_string(),
        drill: true,
    }
}
