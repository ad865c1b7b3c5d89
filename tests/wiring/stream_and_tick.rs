//! notifier on the samples of the stream, snapshotter and prober on the samples of their ticks.

use super::{
    files,
    world::{World, carried, opening, seed},
};
use async_trait::async_trait;
use aws::function::parse;
use jiff::Timestamp;
use plan::NoticeKind;
use prober::{Meaning, Outcome, Surroundings};
use recovery::{
    deadline::shift,
    twins::{MemoryBus, MemoryDeadLetters, MemoryIncidents, MemoryTopic},
};
use serde_json::{Value, json};
use std::sync::Mutex;

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
    let (now, rds) = ("2026-03-01T10:00:03Z".parse().unwrap(), world.snapshots.as_ref());
    let elsewhere = snapshotter::handle(&tick, now, &plan, "eu-central-1", rds, &|_| ()).await.unwrap();
    assert!(elsewhere.snapshots.is_empty() && world.calls().is_empty(), "{elsewhere:?}");
    for answer in ["creating", "exists"] {
        let done = snapshotter::handle(&tick, now, &plan, "ca-central-1", rds, &|_| ()).await.unwrap();
        let taken =
            json!([{"database": "orders", "snapshot": "mainstay-orders-202603011000", "answer": answer}]);
        assert_eq!(json!(done.snapshots), taken);
        assert_eq!(world.calls(), ["mainstay-orders-202603011000"]);
    }
    let dry_run: Value = parse(files::sample("snapshot-dry-run")).unwrap();
    let judged = snapshotter::handle(&dry_run, now, &plan, "ca-central-1", rds, &|_| ())
        .await
        .unwrap()
        .judged
        .unwrap();
    assert_eq!(judged.len(), 1);
    assert_eq!((judged[0].rule, judged[0].deleted), ("not-available", false), "it is being made");
    assert_eq!(world.calls(), ["mainstay-orders-202603011000"], "a dry run takes nothing");
}

/// A database that is well, and a clock that only waiting moves.
struct Well {
    now: Mutex<Timestamp>,
    lines: Mutex<Vec<Value>>,
}

#[async_trait]
impl Surroundings for Well {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn until(&self, at: Timestamp) {
        *self.now.lock().unwrap() = at;
    }

    async fn probe(&self) -> Outcome {
        Outcome { meaning: Meaning::Writer, server: None, connect: None, answer: None, detail: None }
    }

    fn print(&self, line: &str) {
        self.lines.lock().unwrap().push(serde_json::from_str(line).unwrap());
    }
}

/// The template's time is enough for a minute of probes, and one more could not begin.
#[tokio::test]
async fn prober_fills_the_samples_minute_within_the_templates_time() {
    let template = super::template::Template::read();
    let function = template.properties("Prober");
    let tick: Value = parse(files::sample("prober-tick")).unwrap();
    let sent: Value =
        serde_json::from_str(function["Events"]["Tick"]["Properties"]["Input"].as_str().unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&sent), &sent["mainstay"]), (keys(&tick), &tick["mainstay"]));
    assert_eq!(function["Events"]["Tick"]["Properties"]["ScheduleExpression"], "rate(1 minute)");

    let every = template.at("/Parameters/ProbeEverySeconds/Default").to_string();
    let settings = prober::Settings {
        database: "orders".to_owned(),
        host: "orders.cluster-abc.ca-central-1.rds.amazonaws.com".to_owned(),
        port: 5432,
        name: "orders".to_owned(),
        user: "mainstay_probe".to_owned(),
        login: prober::LoginBy::Iam,
        write: false,
        every: std::time::Duration::from_secs(every.parse().unwrap()),
        ca: "/opt/global-bundle.pem".into(),
    };
    let begin = "2026-03-01T10:00:00.5Z".parse().unwrap();
    let well = Well { now: Mutex::new(begin), lines: Mutex::default() };
    let deadline = shift(begin, function["Timeout"].as_i64().unwrap());
    let summary = prober::handle(&tick, &settings, &well, deadline).await.unwrap();
    assert_eq!((summary.succeeded, summary.failed), (6, 0));
    let lines = well.lines.lock().unwrap();
    let last = lines.last().unwrap()["_aws"]["Timestamp"].as_i64().unwrap();
    let longest = i64::try_from(prober::longest(settings.every).as_millis()).unwrap();
    assert!(last + longest < deadline.as_millisecond(), "the last probe may outlast the function");
    assert!(lines.iter().all(|line| line["ProbeSuccess"] == 1));
}
