//! A plan with all alarms of the samples, and the twins around a handler.

use alarm_handler::{Context, Ports, State, handle, read_plan};
use jiff::Timestamp;
use plan::Plan;
use recovery::{
    CallError, Closing, Event, Failure, Head, IncidentId, Record, Status, StepError, Verdict,
    log::Log,
    ports::Incidents,
    twins::{MemoryExecutions, MemoryIncidents, MemoryTopic},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The plan that is shipped, whose one alarm is `orders-writer-down`.
pub(crate) fn shipped_plan() -> Plan {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plan.toml");
    read_plan(&std::fs::read(path).unwrap(), "plan.toml").unwrap()
}

/// The same with every alarm of the samples as a witness.
pub(crate) fn plan() -> Plan {
    let mut plan = shipped_plan();
    let detection = &mut plan.databases[0].detection;
    let template = detection.alarms[0].clone();
    for name in [
        "orders-api-error-rate",
        "orders-alb-latency",
        "orders-canary",
        "orders-active-sessions",
        "orders-down",
        "orders-no-commits",
    ] {
        let name = name.to_owned();
        detection.alarms.push(plan::Alarm { name, ..template.clone() });
    }
    plan
}

/// A moment of 1 March 2026.
pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-03-01T{time}Z").parse().unwrap()
}

/// One of the samples in `events/`.
pub(crate) fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))).unwrap()
}

/// What is known about `orders` when its newest incident stands like this.
pub(crate) fn state(status: Status) -> State {
    let closed = matches!(status, Status::Closed(_));
    let head = Head {
        database: "orders".to_owned(),
        incident: IncidentId::named("orders-20260301t090000000z"),
        fence: 1,
        sequence: 4,
        status,
        opened_at: at("09:00:00"),
        closed_at: closed.then(|| at("09:05:00")),
        escalated: (status == Status::Closed(Closing::Escalated))
            .then(|| IncidentId::named("orders-20260301t090000000z")),
        failed_over_at: None,
        failed_over_before: None,
        writer: Some("orders-1".to_owned()),
        writer_seen_at: Some(at("09:05:00")),
        opened_by: None,
        dealt_until: None,
        alarm_seen: Some(at("09:00:00")),
    };
    State { heads: [("orders".to_owned(), head)].into(), ..ours() }
}

/// What is known when nothing ever happened.
pub(crate) fn ours() -> State {
    State {
        account: Some("123456789012".to_owned()),
        region: Some("ca-central-1".to_owned()),
        ..State::default()
    }
}

/// A handler over twins.
pub(crate) struct World {
    pub(crate) incidents: MemoryIncidents,
    pub(crate) executions: MemoryExecutions,
    pub(crate) topic: MemoryTopic,
    pub(crate) context: Context,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            incidents: MemoryIncidents::default(),
            executions: MemoryExecutions::default(),
            topic: MemoryTopic::default(),
            context: Context {
                plan: plan(),
                account: "123456789012".to_owned(),
                region: "ca-central-1".to_owned(),
                drill: false,
                patience: std::time::Duration::from_secs(6),
            },
        }
    }

    pub(crate) async fn handle(&self, time: &str, event: &Value) -> Result<Value, StepError> {
        self.handle_with(&self.incidents, time, event).await
    }

    pub(crate) async fn handle_with(
        &self,
        incidents: &dyn Incidents,
        time: &str,
        event: &Value,
    ) -> Result<Value, StepError> {
        let ports = Ports { incidents, executions: &self.executions, topic: &self.topic };
        handle(at(time), event, &ports, &self.context).await
    }

    /// Handles a sample of which the answer must be a decision by a guard.
    pub(crate) async fn decides(&self, time: &str, name: &str) -> (String, String) {
        decided(&self.handle(time, &sample(name)).await.unwrap())
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, time: &str, request: Value) -> T {
        serde_json::from_value(self.handle(time, &request).await.unwrap()).unwrap()
    }

    pub(crate) async fn head(&self) -> Head {
        self.incidents.head("orders").await.unwrap().unwrap()
    }

    /// The kinds of the newest incident's events.
    pub(crate) async fn timeline(&self) -> Vec<String> {
        let head = self.head().await;
        let records = self.incidents.records(&head.incident).await.unwrap();
        records.iter().map(kind).collect()
    }

    pub(crate) async fn newest(&self) -> Record {
        let head = self.head().await;
        self.incidents.records(&head.incident).await.unwrap().pop().unwrap()
    }

    /// Closes the newest incident as its steps would.
    pub(crate) async fn close(&self, time: &str, closing: Closing) {
        let verdict =
            Verdict::new(recovery::Decision::StandDown, recovery::Guard::RecoveredByItself, "for the test");
        self.append(time, Event::Closed { closing, step: None, verdict }).await;
    }

    /// Writes what a step of the newest incident would.
    pub(crate) async fn append(&self, time: &str, event: Event) {
        let head = self.head().await;
        let mut log = Log::load(&self.incidents, "orders", &head.incident, head.fence).await.unwrap();
        log.append(at(time), event, &[]).await.unwrap();
    }

    /// How many incidents were ever opened.
    pub(crate) fn opened(&self) -> usize {
        let opened = |r: &&Record| matches!(r.event, Event::Opened { .. });
        self.incidents.stream().iter().filter(opened).count()
    }
}

pub(crate) fn kind(record: &Record) -> String {
    serde_json::to_value(&record.event).unwrap()["type"].as_str().unwrap().to_owned()
}

/// Decision and guard of an answer.
pub(crate) fn decided(answer: &Value) -> (String, String) {
    let word = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{key} in {answer}")).to_owned();
    (word("decision"), word("guard"))
}

pub(crate) fn is(decision: &str, guard: &str) -> (String, String) {
    (decision.to_owned(), guard.to_owned())
}

pub(crate) fn down(service: &'static str) -> CallError {
    CallError::new(service, "any", Failure::Unreachable, "connection refused")
}
