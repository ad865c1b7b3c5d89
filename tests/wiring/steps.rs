//! Each step on its sample, as the file is: the answer, what is written and what is called; and that nothing is
//! done when the sample's incident is not live. alarm-handler's samples are tested at its door.

use super::{
    arrows::arrow,
    files,
    world::{World, opening},
};
use aws::function::parse;
use jiff::Timestamp;
use recovery::{Entry, Event, StepError, StepRequest, deadline::shift, signal::AlarmValue};
use serde_json::{Value, json};

/// A step's sample, and what comes of it.
struct Case {
    sample: &'static str,
    /// How many events of the incident's story have happened after it was opened.
    story: usize,
    /// Seconds since then.
    now: i64,
    /// What has changed in the surroundings.
    meanwhile: fn(&World, Timestamp),
    /// `next`, and the guard of the verdict where there is one.
    answer: (&'static str, Option<&'static str>),
    /// The events that are written, as far as their case is about it.
    written: fn() -> Value,
    calls: &'static [&'static str],
}

fn failed_over(world: &World, _: Timestamp) {
    world.writer("orders-2");
}

const CASES: &[Case] = &[
    Case {
        sample: "step-confirm",
        story: 1,
        now: 20,
        meanwhile: |_, _| {},
        answer: ("done", Some("witnesses-agree")),
        written: || json!([{"type": "confirmed"}]),
        calls: &[],
    },
    Case {
        sample: "step-assess",
        story: 2,
        now: 21,
        meanwhile: |world, _| world.alarms.lag("orders-2", 12.0),
        answer: ("done", None),
        written: || json!([{"type": "assessed", "writer": "orders-1", "target": "orders-2", "lag_ms": 12.0}]),
        calls: &[],
    },
    Case {
        sample: "step-fail-over",
        story: 3,
        now: 22,
        meanwhile: |_, _| {},
        answer: ("done", None),
        written: || {
            json!([
                {"type": "failover-intended", "from": "orders-1", "target": "orders-2"},
                {"type": "failover-answered", "answer": "accepted"},
            ])
        },
        calls: &["fail over orders to orders-2"],
    },
    Case {
        sample: "step-promotion",
        story: 5,
        now: 40,
        meanwhile: failed_over,
        answer: ("done", None),
        written: || json!([{"type": "promoted", "from": "orders-1", "writer": "orders-2", "zone": "ca-central-1b"}]),
        calls: &[],
    },
    Case {
        sample: "step-endpoint",
        story: 7,
        now: 50,
        meanwhile: failed_over,
        answer: ("done", None),
        written: || json!([{"type": "endpoint-moved", "leads_to": "orders-2.abc.ca-central-1.rds.amazonaws.com"}]),
        calls: &[],
    },
    Case {
        sample: "step-recycle",
        story: 8,
        now: 51,
        meanwhile: failed_over,
        answer: ("again", None),
        written: || {
            let news = |deployment: Value| json!({"type": "services", "news": [{"name": "orders-api", "state": "started", "deployment": deployment}]});
            json!([news(Value::Null), news(json!("ecs-svc/orders-api-1"))])
        },
        calls: &["restart orders-api None"],
    },
    Case {
        sample: "step-verify",
        story: 11,
        now: 170,
        meanwhile: |world, opened| {
            world.writer("orders-2");
            world.alarm(AlarmValue::Ok, shift(opened, 60));
        },
        answer: ("done", Some("all-healthy")),
        written: || json!([{"type": "verified", "healthy_since": "2026-03-01T10:04:22.012Z"}]),
        calls: &[],
    },
    Case {
        sample: "step-close",
        story: 12,
        now: 171,
        meanwhile: failed_over,
        answer: ("done", Some("all-healthy")),
        written: || json!([{"type": "closed", "closing": "recovered", "step": "close"}]),
        calls: &[],
    },
    Case {
        sample: "step-escalate",
        story: 3,
        now: 30,
        meanwhile: |_, _| {},
        answer: ("stop", Some("execution-died")),
        written: || json!([{"type": "closed", "closing": "escalated", "step": "fail-over"}]),
        calls: &[],
    },
];

/// Samples with a test of their own in `stream_and_tick`.
const OTHERS: &[&str] =
    &["prober-tick", "snapshot-dry-run", "snapshot-tick", "stream-confirmed", "stream-opened"];

#[test]
fn every_sample_of_a_function_is_worked_on_here() {
    let samples = files::samples().into_iter();
    let ours: Vec<String> = samples.filter(|s| arrow(s).1 != "alarm-handler").collect();
    let mut known: Vec<&str> = CASES.iter().map(|c| c.sample).chain(OTHERS.iter().copied()).collect();
    known.sort_unstable();
    assert_eq!(ours, known, "a sample without a case, or a case without a sample");
}

#[tokio::test]
async fn each_step_does_its_work_on_its_sample() {
    for case in CASES {
        let name = case.sample;
        let request: StepRequest = parse(files::sample(name)).unwrap();
        let (run, opened) = (request.run.clone(), request.run.opened_at);
        let world = World::new();
        world.live(&run, case.story).await;
        (case.meanwhile)(&world, opened);
        let before = world.incidents.stream().len();
        let now = shift(opened, case.now);
        let reply = world.step(arrow(name).1, now, request).await.unwrap_or_else(|e| panic!("{name}: {e}"));

        let told = serde_json::to_value(&reply).unwrap();
        let guard = told["outcome"]["verdict"]["guard"].as_str();
        assert_eq!((told["next"].as_str().unwrap(), guard), case.answer, "{name}: {told}");
        assert_eq!(told["after_s"].as_u64() > Some(0), case.answer.0 == "again", "{name}: {told}");
        assert_eq!(told["outcome"]["step"].as_str(), name.strip_prefix("step-"));
        let written: Vec<Event> =
            world.incidents.stream().into_iter().skip(before).map(|r| r.event).collect();
        let written = serde_json::to_value(written).unwrap();
        assert!(holds(&written, &(case.written)()), "{name} wrote {written:#}");
        assert_eq!(world.calls(), case.calls, "{name}");
    }
}

/// Not opened, in the hand of a newer attempt, or closed: nothing is written and nothing called.
#[tokio::test]
async fn no_step_acts_on_its_sample_without_a_live_incident() {
    for case in CASES {
        let name = case.sample;
        let request: StepRequest = parse(files::sample(name)).unwrap();
        let (run, opened) = (request.run.clone(), request.run.opened_at);
        for past in ["none", "newer", "closed"] {
            let world = World::new();
            if past != "none" {
                world.live(&run, case.story).await;
                let mut log = world.log(&run).await;
                if past == "newer" {
                    log.resume(shift(opened, case.now), Entry::Confirm, "died".to_owned()).await.unwrap();
                } else {
                    let closed = world.step("failover-executor", shift(opened, case.now), escalation()).await;
                    assert!(closed.is_ok(), "{closed:?}");
                }
            }
            (case.meanwhile)(&world, opened);
            let before = world.incidents.stream();
            let answer = world.step(arrow(name).1, shift(opened, case.now), request.clone()).await;
            match (past, arrow(name).1, &answer) {
                // Handing over is what a died run ends with; there is nothing to hand over.
                (_, _, Ok(reply)) if name == "step-escalate" => assert_eq!(json!(reply.next), "stop"),
                // A closed incident may be this run's own doing: then the step is being repeated.
                ("closed", "failover-executor", Ok(reply)) => assert_eq!(json!(reply.next), "stop", "{name}"),
                (_, _, Err(StepError::Fenced { incident, .. })) => {
                    assert_eq!(incident, run.incident.as_str());
                }
                _ => panic!("{name}, {past}: {answer:?}"),
            }
            assert_eq!(world.incidents.stream(), before, "{name}, {past}: it wrote");
            assert!(world.calls().is_empty(), "{name}, {past}: {:?}", world.calls());
        }
    }
}

fn escalation() -> StepRequest {
    parse(files::sample("step-escalate")).unwrap()
}

/// Whether `whole` holds `part`: of an object some keys, of a list every entry.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|w| holds(w, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| holds(w, p))
        }
        _ => whole == part,
    }
}

/// The run in the samples, the incident on the stream, and the plan that is frozen in both are one.
#[test]
fn the_samples_of_the_steps_are_about_the_streams_incident() {
    let opened = opening();
    let Event::Opened { plan, .. } = &opened.event else { panic!("{:?}", opened.event) };
    for case in CASES {
        let StepRequest { run, .. } = parse(files::sample(case.sample)).unwrap();
        assert_eq!((&run.incident, run.fence, run.opened_at), (&opened.incident, opened.fence, opened.at));
        assert_eq!(&run.plan, plan.as_ref(), "{}", case.sample);
    }
}
