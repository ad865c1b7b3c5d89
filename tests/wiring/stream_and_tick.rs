//! notifier on the samples of the stream, snapshotter on the sample of its tick.

use super::{
    files,
    world::{World, carried, opening, seed},
};
use aws::function::parse;
use plan::NoticeKind;
use recovery::{
    deadline::shift,
    twins::{MemoryBus, MemoryDeadLetters, MemoryIncidents, MemoryTopic},
};
use serde_json::{Value, json};

/// What notifier told: letters by kind and audience, and the numbers of the events on the bus.
async fn told(sample: &str, known: bool) -> (Vec<(NoticeKind, String)>, Vec<u64>, usize) {
    let (incidents, topic, bus) = (MemoryIncidents::default(), MemoryTopic::default(), MemoryBus::default());
    if known {
        seed(&incidents, &carried(sample)).await;
    }
    let dead_letters = MemoryDeadLetters::default();
    let ports =
        notifier::Ports { incidents: &incidents, topic: &topic, bus: &bus, dead_letters: &dead_letters };
    let event: Value = parse(files::sample(sample)).unwrap();
    let now = shift(opening().at, 20);
    let first = notifier::handle(now, &event, &ports).await.unwrap();
    let on_bus = bus.events().iter().map(|r| r.sequence).collect();
    let letters = topic.sent();
    assert_eq!(notifier::handle(now, &event, &ports).await.unwrap(), first);
    assert_eq!(topic.sent(), letters, "{sample}: a letter was sent again");
    (letters.into_iter().map(|n| (n.kind, n.audience)).collect(), on_bus, first.failures.len())
}

#[tokio::test]
async fn notifier_tells_what_the_streams_samples_owe() {
    assert_eq!(told("stream-opened", true).await, (Vec::new(), vec![1], 0), "nothing is owed yet");
    let (letters, on_bus, failed) = told("stream-confirmed", true).await;
    let interruption = |audience: &str| (NoticeKind::Interruption, audience.to_owned());
    assert_eq!(letters, ["stakeholders", "on-call"].map(interruption));
    assert_eq!((on_bus, failed), (vec![1, 3], 0));
    // An incident that the table does not have: no letter can be written, and Lambda is told to try again.
    let (letters, _, failed) = told("stream-confirmed", false).await;
    assert_eq!((letters, failed), (Vec::new(), 1));
}

#[tokio::test]
async fn snapshotter_takes_what_is_due_at_the_samples_tick_once() {
    let plan = plan::parse_bytes(files::text("plan.toml").as_bytes(), "plan.toml").plan.unwrap();
    let tick: Value = parse(files::sample("snapshot-tick")).unwrap();
    let world = World::new();
    let elsewhere =
        snapshotter::handle(&tick, &plan, "eu-central-1", world.databases.as_ref()).await.unwrap();
    assert!(elsewhere.snapshots.is_empty() && world.calls().is_empty(), "{elsewhere:?}");
    for answer in ["creating", "exists"] {
        let done = snapshotter::handle(&tick, &plan, "ca-central-1", world.databases.as_ref()).await.unwrap();
        let taken =
            json!([{"database": "orders", "snapshot": "mainstay-orders-202603011000", "answer": answer}]);
        assert_eq!(json!(done.snapshots), taken);
        assert_eq!(world.calls(), ["mainstay-orders-202603011000"]);
    }
}
