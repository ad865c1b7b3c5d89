//! An attempt that died after any event of the incident: the next one goes on to the all-clear, asks for no second
//! failover, and restarts only what is not restarted.

use super::world::{World, opening, story};
use jiff::Timestamp;
use recovery::{
    Closing, Decision, Entry, Event, Guard, Next, Run, Step, StepRequest, Verdict,
    deadline::shift,
    incident::{ServiceNews, ServiceState},
    signal::AlarmValue,
};

/// The steps in the order of the state machine.
const STEPS: [Step; 8] = [
    Step::Confirm,
    Step::Assess,
    Step::FailOver,
    Step::Promotion,
    Step::Endpoint,
    Step::Recycle,
    Step::Verify,
    Step::Close,
];

fn first(entry: Entry) -> Step {
    match entry {
        Entry::Confirm => Step::Confirm,
        Entry::Assess => Step::Assess,
        Entry::Promotion => Step::Promotion,
        Entry::Endpoint => Step::Endpoint,
        Entry::Recycle => Step::Recycle,
        Entry::Verify => Step::Verify,
        Entry::Close => Step::Close,
    }
}

fn run() -> Run {
    let Event::Opened { plan, entry, drill, .. } = opening().event else { panic!("no opening") };
    let (incident, fence, opened_at) = (opening().incident, opening().fence, opening().at);
    Run { entry, incident, fence, drill, opened_at, plan: *plan }
}

/// Runs an attempt from its entry on, as the state machine would; the estate does at once what it is asked for.
async fn to_its_end(world: &World, run: &Run, mut now: Timestamp) -> Vec<Step> {
    let mut done = Vec::new();
    let mut step = first(run.entry);
    for _ in 0..500 {
        let function = if step == Step::Recycle { "task-recycler" } else { "failover-executor" };
        let request = StepRequest { step, run: run.clone(), failed: None, said: None };
        let reply = world.step(function, now, request).await.unwrap_or_else(|e| panic!("{step:?}: {e}"));
        world.comply(now);
        match reply.next {
            Next::Again => now = shift(now, i64::try_from(reply.after_s.max(1)).unwrap()),
            Next::Done => {
                done.push(step);
                let next = STEPS.iter().skip_while(|s| **s != step).nth(1);
                let Some(next) = next else { return done };
                step = *next;
            }
            Next::Recycle => step = Step::Promotion,
            Next::Stop | Next::Escalate => panic!("{step:?}: {}", reply.outcome.summary),
        }
    }
    panic!("it does not end");
}

async fn died_after(events: &[(i64, Event)]) -> (World, Vec<Step>) {
    let world = World::new();
    let mut run = run();
    world.live_with(&run, events).await;
    let moved = |e: &Event| matches!(e, Event::FailoverIntended { .. } | Event::AlreadyMoved { .. });
    if events.iter().any(|(_, e)| moved(e)) {
        world.writer("orders-2");
        world.alarm(AlarmValue::Ok, shift(run.opened_at, 30));
    }
    // Later than any wait of the plan, so that what began in the old attempt must not be held against the new one.
    let now = shift(run.opened_at, 3600);
    let mut log = world.log(&run).await;
    run.entry = log.incident.goes_on_at().unwrap();
    log.resume(now, run.entry, "for the test".to_owned()).await.unwrap();
    run.fence += 1;
    let done = to_its_end(&world, &run, now).await;
    let incident = world.log_of_closed(&run).await;
    assert_eq!(incident.closed().map(|(closing, _)| closing), Some(Closing::Recovered));
    (world, done)
}

#[tokio::test]
async fn whatever_was_written_last_the_next_attempt_ends_with_the_all_clear() {
    let all = story();
    for count in 0..=all.len() {
        let events = &all[..count];
        let written = |pick: fn(&Event) -> bool| events.iter().any(|(_, e)| pick(e));
        let (world, done) = died_after(events).await;
        let mut expected: Vec<&str> = Vec::new();
        if !written(|e| matches!(e, Event::FailoverIntended { .. })) {
            expected.push("fail over orders to orders-2");
        }
        if !written(|e| matches!(e, Event::Services { .. })) {
            expected.extend(["restart orders-api None", "restart orders-worker Some(4)"]);
        }
        assert_eq!(world.calls(), expected, "died after {count} events, then did {done:?}");
        assert_eq!(done.last(), Some(&Step::Close));
    }
}

/// AWS was faster: the writer has moved, and neither attempt asks for anything but restarts.
#[tokio::test]
async fn a_failover_that_was_left_to_aws_stays_left_to_aws() {
    let verdict = Verdict::new(Decision::Recycle, Guard::WriterChanged, "for the test");
    let moved = Event::AlreadyMoved { verdict, from: Some("orders-1".to_owned()) };
    let events = [story().remove(0), (20, moved)];
    let (world, done) = died_after(&events).await;
    assert_eq!(done.first(), Some(&Step::Promotion));
    assert_eq!(world.calls(), ["restart orders-api None", "restart orders-worker Some(4)"]);
}

fn news(name: &str, state: ServiceState) -> ServiceNews {
    ServiceNews {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        state,
        deployment: None,
        started_at: Some(shift(opening().at, 60)),
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: "for the test".to_owned(),
    }
}

/// With the first wave done, and between the intent to restart a service and the call.
#[tokio::test]
async fn services_are_restarted_once_over_both_attempts() {
    let confirmed = 8;
    let with = |states: Vec<ServiceNews>| {
        let mut events: Vec<(i64, Event)> = story().into_iter().take(confirmed).collect();
        events.push((60, Event::Services { news: states }));
        events
    };
    let done = news("orders-api", ServiceState::Recycled);
    let (world, _) = died_after(&with(vec![done.clone()])).await;
    assert_eq!(world.calls(), ["restart orders-worker Some(4)"], "the first wave is done");

    let asked = news("orders-worker", ServiceState::Started);
    let (world, _) = died_after(&with(vec![done, asked])).await;
    assert_eq!(
        world.calls(),
        ["restart orders-worker Some(4)"],
        "its call was never made, its time is not over"
    );
}
