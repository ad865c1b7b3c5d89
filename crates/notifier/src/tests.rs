//! Batches against the twins of the ports.

mod aside;

use super::*;
use async_trait::async_trait;
use recovery::{
    Decision, Entry, Event, Guard, Head, Verdict,
    incident::Trigger,
    ports::Committed,
    twins::{MemoryBus, MemoryDeadLetters, MemoryIncidents, MemoryTopic},
};
use serde_json::json;
use std::sync::Mutex;

/// The bus, which can fail.
#[derive(Default)]
struct FaultyBus {
    inner: MemoryBus,
    fail: Mutex<bool>,
}

#[async_trait]
impl Bus for FaultyBus {
    async fn put(&self, record: &Record) -> Result<(), CallError> {
        if *self.fail.lock().unwrap() {
            return Err(failure("EventBridge", "PutEvents"));
        }
        self.inner.put(record).await
    }
}

#[derive(Default)]
struct World {
    incidents: MemoryIncidents,
    topic: MemoryTopic,
    bus: FaultyBus,
    aside: MemoryDeadLetters,
}

impl World {
    /// A table with one incident, and the batch that its stream carries.
    async fn new() -> (Self, Value) {
        let world = Self::default();
        let mut head: Option<Head> = None;
        for record in incident() {
            let after = Head::after(head.as_ref(), &record);
            let done = world.incidents.commit(head.as_ref(), &record, &after).await.unwrap();
            assert_eq!(done, Committed::Yes);
            head = Some(after);
        }
        let items: Vec<Value> = world.incidents.stream().iter().map(item).collect();
        (world, json!({"Records": items}))
    }

    async fn handle(&self, event: &Value) -> Result<BatchReply, StepError> {
        self.handle_at("2026-03-01T10:02:05Z", event).await
    }

    async fn handle_at(&self, now: &str, event: &Value) -> Result<BatchReply, StepError> {
        let (incidents, topic, bus) = (&self.incidents, &self.topic, &self.bus);
        let ports = Ports { incidents, topic, bus, dead_letters: &self.aside };
        handle(now.parse().unwrap(), event, &ports).await
    }

    /// Ids of what was published, in order.
    fn told(&self) -> Vec<String> {
        self.topic.sent().into_iter().map(|n| n.id).collect()
    }

    /// Sequence numbers of what was set aside, in order.
    fn set_aside(&self) -> Vec<Option<String>> {
        self.aside.kept().into_iter().map(|letter| letter.sequence_number).collect()
    }

    fn on_bus(&self) -> Vec<u64> {
        self.bus.inner.events().iter().map(|r| r.sequence).collect()
    }
}

fn failure(service: &'static str, action: &'static str) -> CallError {
    CallError::new(service, action, Failure::Doubtful, "connection closed")
}

fn failures(places: &[&str]) -> BatchReply {
    let failures = places.iter().map(|place| ItemFailure { item: (*place).to_owned() });
    BatchReply { failures: failures.collect() }
}

fn item(record: &Record) -> Value {
    json!({
        "eventID": format!("id-{}", record.sequence), "eventName": "INSERT", "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {"pk": {"S": format!("incident#{}", record.incident)}, "sk": {"S": format!("event#{:08}", record.sequence)}},
            "NewImage": {"record": {"S": serde_json::to_string(record).unwrap()}},
            "SequenceNumber": format!("{}00", record.sequence), "StreamViewType": "NEW_IMAGE"
        }
    })
}

/// Opened, confirmed (owes the interruption), promoted, confirmed once more (owes it again).
fn incident() -> Vec<Record> {
    let plan: plan::Slice = serde_json::from_value(json!({
        "database": {
            "name": "orders", "identifier": "orders", "kind": "aurora-cluster", "region": "ca-central-1",
            "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m"
        },
        "audiences": [
            {"name": "stakeholders", "notices": ["interruption", "all-clear"]},
            {"name": "on-call", "notices": ["interruption", "escalation"]}
        ]
    }))
    .unwrap();
    let at: Timestamp = "2026-03-01T10:02:00Z".parse().unwrap();
    let verdict = |decision| Verdict::new(decision, Guard::PersonAsks, "alice asks");
    let opened = Event::Opened {
        trigger: Trigger::Person {
            by: "alice".to_owned(),
            reason: "a test".to_owned(),
            at,
            accept_data_loss: false,
        },
        verdict: verdict(Decision::Act),
        entry: Entry::Assess,
        plan: Box::new(plan),
        drill: true,
        writer: None,
        closing: None,
    };
    let confirmed = || Event::Confirmed { verdict: verdict(Decision::Act) };
    let promoted = Event::Promoted { from: None, writer: "orders-2".to_owned(), zone: None };
    [
        (opened, vec![]),
        (confirmed(), vec![plan::NoticeKind::Interruption]),
        (promoted, vec![]),
        (confirmed(), vec![plan::NoticeKind::Interruption]),
    ]
    .into_iter()
    .zip(1..)
    .map(|((event, owes), sequence)| Record {
        incident: IncidentId::new("orders", at),
        database: "orders".to_owned(),
        sequence,
        fence: 1,
        at,
        event,
        owes,
    })
    .collect()
}

const ID: &str = "orders-20260301t100200000z";

fn ids(of: &[(u64, &str)]) -> Vec<String> {
    of.iter().map(|(sequence, audience)| format!("{ID}#{sequence:08}#{audience}")).collect()
}

#[tokio::test]
async fn a_batch_is_told_once_in_order_and_a_replay_is_harmless() {
    let (world, mut batch) = World::new().await;
    batch["Records"].as_array_mut().unwrap().reverse();
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    let expected = ids(&[(2, "stakeholders"), (2, "on-call"), (4, "stakeholders"), (4, "on-call")]);
    assert_eq!(world.told(), expected);
    assert_eq!(world.on_bus(), [1, 2, 3, 4]);
    assert!(world.topic.sent().iter().all(|n| n.drill && n.subject.starts_with("[DRILL] ")));
    // A day later, and each item twice.
    let items = batch["Records"].as_array_mut().unwrap();
    items.extend(items.clone());
    let late = world.handle_at("2026-03-02T10:02:05Z", &batch).await;
    assert_eq!(late, Ok(BatchReply::default()));
    assert_eq!(world.told(), expected);
}

#[tokio::test]
async fn what_is_no_batch_is_a_clear_error() {
    let (world, _) = World::new().await;
    for event in
        [json!(null), json!({}), json!({"Records": "many"}), json!([1, 2]), json!("x".repeat(1_000_000))]
    {
        let error = world.handle(&event).await.unwrap_err();
        assert_eq!(error.name(), "MalformedEvent");
        assert!(error.to_string().contains("`Records`"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_a_new_event_is_passed_over() {
    let (world, mut batch) = World::new().await;
    for (number, change) in [(0, json!("MODIFY")), (1, json!("REMOVE"))] {
        batch["Records"][number]["eventName"] = change;
    }
    batch["Records"][2]["dynamodb"]["Keys"]["sk"]["S"] = json!("head");
    batch["Records"][3]["dynamodb"]["Keys"]["sk"]["S"] = json!("notice#00000002#on-call");
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert!(world.told().is_empty() && world.on_bus().is_empty());
}

#[tokio::test]
async fn a_silent_topic_does_not_block_the_bus_and_people_are_told_at_the_next_try() {
    let (world, batch) = World::new().await;
    world.topic.fail_with(Some(failure("SNS", "Publish")));
    assert_eq!(world.handle(&batch).await, Ok(failures(&["200", "400"])));
    assert_eq!(world.on_bus(), [1, 2, 3, 4]);
    world.topic.fail_with(None);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert_eq!(world.told().len(), 4);
}

#[tokio::test]
async fn a_silent_bus_does_not_block_people_and_is_given_up_in_time() {
    let (world, batch) = World::new().await;
    *world.bus.fail.lock().unwrap() = true;
    assert_eq!(world.handle(&batch).await, Ok(failures(&["100", "200", "300", "400"])));
    assert_eq!(world.told().len(), 4);
    let late = world.handle_at("2026-03-01T10:02:30Z", &batch).await;
    assert_eq!(late, Ok(BatchReply::default()));
    assert_eq!(world.told().len(), 4);
}

#[tokio::test]
async fn a_store_that_is_down_fails_what_owes_a_letter_and_nothing_is_published_blindly() {
    let (world, batch) = World::new().await;
    world.incidents.fail_with(Some(failure("DynamoDB", "Query")));
    assert_eq!(world.handle(&batch).await, Ok(failures(&["200", "400"])));
    assert!(world.told().is_empty());
    assert_eq!(world.on_bus(), [1, 2, 3, 4]);
}

#[test]
fn lambda_is_told_in_its_own_words() {
    let json = serde_json::to_value(failures(&["200"])).unwrap();
    assert_eq!(json, json!({"batchItemFailures": [{"itemIdentifier": "200"}]}));
}
