//! Every check can fail: an outage that went well passes them all, and each has an outage that it finds out.

use super::all;
use crate::{
    evidence::{DeadLetter, Evidence, Felt, Move, TaskSeen},
    real::{Held, Led},
    sample,
    scenario::{Answer, Expect},
};
use ::felt::Answer as Wrote;
use plan::EndpointProof;
use recovery::{
    Closing, Event, Guard, Record,
    probes::Proof,
    twins::fixture::{self, at},
};
use serde_json::json;
use std::collections::BTreeSet;

/// An outage that a check finds out, and what is wrong with it.
type Broken = (&'static str, &'static str, fn(&mut Evidence, &mut Expect));

fn failing(seen: &Evidence, expect: &Expect) -> Vec<String> {
    let failed = all(seen, expect).into_iter().filter(|c| !c.passed);
    failed.map(|c| format!("{}: {}", c.name, c.detail)).collect()
}

/// The good outage passes; each broken one is found out by its check; and no check of the outage is left out.
fn each_finds_its_own(good: fn() -> (Evidence, Expect), broken: &[Broken]) {
    let (seen, expect) = good();
    assert_eq!(failing(&seen, &expect), [""; 0]);
    for (name, what, change) in broken {
        let (mut seen, mut expect) = good();
        change(&mut seen, &mut expect);
        let found = all(&seen, &expect).into_iter().any(|c| c.name == *name && !c.passed);
        assert!(found, "{what}: `{name}` does not find it out, but {:?}", failing(&seen, &expect));
    }
    let tried: BTreeSet<&str> = broken.iter().map(|(name, ..)| *name).collect();
    let (seen, expect) = good();
    let untried: Vec<&str> =
        all(&seen, &expect).iter().map(|c| c.name).filter(|n| !tried.contains(n)).collect();
    assert!(untried.is_empty(), "nothing shows that these can fail: {untried:?}");
}

fn records(seen: &mut Evidence) -> &mut Vec<Record> {
    &mut seen.incidents[0].records
}

fn without(seen: &mut Evidence, gone: fn(&Event) -> bool) {
    records(seen).retain(|r| !gone(&r.event));
}

fn felt(seen: &mut Evidence) -> &mut Felt {
    seen.felt.as_mut().unwrap()
}

#[test]
fn every_check_of_a_recovery_can_fail() {
    each_finds_its_own(|| (sample::recovered(), sample::expect()), RECOVERED);
}

const RECOVERED: &[Broken] = &[
    ("faults-struck", "a fault never struck", |s, _| s.faults[0].struck_at = None),
    ("faults-struck", "no fault at all", |s, _| s.faults.clear()),
    ("one-incident", "no incident", |s, _| s.incidents.clear()),
    ("one-incident", "two incidents", |s, _| {
        let another = s.incidents[0].clone();
        s.incidents.push(another);
    }),
    ("incident-recovered", "it is still open", |s, _| without(s, |e| matches!(e, Event::Closed { .. }))),
    ("incident-recovered", "it stood down", |s, _| {
        if let Some(Event::Closed { closing, .. }) = records(s).last_mut().map(|r| &mut r.event) {
            *closing = Closing::StoodDown;
        }
    }),
    ("exactly-one-failover-call", "a second call", |s, _| {
        s.requests.push(sample::request(40, "FailoverDBCluster", json!({})));
    }),
    ("exactly-one-failover-call", "no call", |s, _| {
        s.requests.retain(|r| r.action != "FailoverDBCluster");
    }),
    ("target-was-not-the-old-writer", "the old writer was the target", |s, _| {
        s.requests[0].parameters = json!({ "TargetDBInstanceIdentifier": "orders-1" });
    }),
    ("target-was-not-the-old-writer", "AWS was to choose", |s, _| s.requests[0].parameters = json!({})),
    ("target-was-not-the-old-writer", "no call that would have had a target", |s, _| {
        s.requests.retain(|r| r.action != "FailoverDBCluster");
    }),
    ("writer", "the writer stayed", |s, _| s.writer_after.clone_from(&s.writer_before)),
    ("writer", "the writer should have stayed", |_, e| e.writer_moves = false),
    ("writer-after", "another instance writes", |s, _| "orders-3".clone_into(&mut s.writer_after)),
    ("no-update-before-endpoint", "a service was restarted too early", |s, _| s.requests[1].at = at(56)),
    ("no-update-before-endpoint", "nothing ever moved", |s, _| s.moves.clear()),
    ("no-update-before-endpoint", "no service was restarted", |s, _| {
        s.requests.retain(|r| r.action != "UpdateService");
    }),
    ("tasks-started-after-endpoint", "an old task still runs", |s, _| {
        let old = s.services[0].tasks_before[0].clone();
        s.services[0].tasks_after.push(old);
    }),
    ("tasks-started-after-endpoint", "a task started too early", |s, _| {
        s.services[0].tasks_after[0].started_at = Some(at(57));
    }),
    ("tasks-started-after-endpoint", "nobody knows when", |s, _| {
        s.services[0].tasks_after[0].started_at = None;
    }),
    ("tasks-started-after-endpoint", "no task runs", |s, _| s.services[0].tasks_after.clear()),
    ("tasks-started-after-endpoint", "the service is gone", |s, _| drop(s.services.remove(0))),
    ("tasks-started-after-endpoint", "the endpoint never moved", |s, _| s.moves.clear()),
    ("bystanders-untouched", "the third service has another task", |s, _| {
        "new".clone_into(&mut s.services[2].tasks_after[0].id);
    }),
    ("bystanders-untouched", "the third service was told to restart", |s, _| {
        s.requests.push(sample::request(60, "UpdateService", json!({ "service": "catalogue" })));
    }),
    ("bystanders-untouched", "there is no third service", |s, _| drop(s.services.pop())),
    ("stakeholders-told", "no all-clear", |s, _| drop(s.inbox.remove(1))),
    ("stakeholders-told", "the all-clear first", |s, _| s.inbox[1].sequence = 1),
    ("stakeholders-told", "one notice too many", |s, _| {
        s.inbox.push(sample::letter("stakeholders", 4, "refused"));
    }),
    ("on-call-told", "no interruption", |s, _| drop(s.inbox.remove(2))),
    ("every-notice-says-drill", "a subject does not", |s, _| "All clear".clone_into(&mut s.inbox[1].subject)),
    ("every-notice-says-drill", "a body does not", |s, _| "All clear".clone_into(&mut s.inbox[1].body)),
    ("every-notice-says-drill", "an attribute does not", |s, _| s.inbox[1].drill = false),
    ("every-notice-says-drill", "no notice came", |s, _| s.inbox.clear()),
    ("poison-in-dead-letter-queue", "it vanished", |s, _| s.dead_letters.clear()),
    ("nothing-else-in-dead-letter-queues", "an event of ours is dead", |s, _| {
        s.dead_letters.push(DeadLetter { queue: "dead".to_owned(), body: "{}".to_owned() });
    }),
    ("no-execution-failed", "one failed", |s, _| {
        s.executions.push(("orders-1-2".to_owned(), "FAILED".to_owned()));
    }),
    ("no-execution-failed", "none was started", |s, _| s.executions.clear()),
    ("answer-recorded", "it was doubtful", |_, e| e.answer = Some(Answer::Doubtful)),
    ("answer-recorded", "nothing was recorded", |s, _| {
        without(s, |e| matches!(e, Event::FailoverAnswered { .. }));
    }),
    ("decides-after-the-window", "the call came early", |s, _| s.requests[0].at = at(29)),
    ("decides-after-the-window", "there was no call", |s, _| drop(s.requests.remove(0))),
    ("decides-after-the-window", "a person opened it", |s, _| {
        if let Event::Opened { trigger, .. } = &mut records(s)[0].event {
            *trigger = fixture::person_trigger();
        }
    }),
    ("alarm-events", "the alarm spoke twice", |s, _| s.alarm_events.push(sample::alarm("ALARM"))),
    ("alarm-events", "the alarm never spoke", |s, _| s.alarm_events.clear()),
    ("endpoint-was-held", "the endpoint moved early", |s, _| s.moves[1].at = at(53)),
    ("endpoint-was-held", "the endpoint was not seen", |s, _| drop(s.moves.pop())),
    ("closing-guard", "another guard closed it", |_, e| e.guard = Some(Guard::RecoveredByItself)),
    ("closing-guard", "nothing closed it", |s, _| without(s, |e| matches!(e, Event::Closed { .. }))),
    ("passing-guard", "it was not on the way", |s, _| without(s, |e| matches!(e, Event::Confirmed { .. }))),
    ("the-outage-was-felt", "no client felt anything", |s, _| {
        let felt = felt(s);
        let held: Vec<u64> = felt.attempts.iter().filter(|a| a.service != "catalogue").map(|a| a.n).collect();
        for attempt in &mut felt.attempts {
            attempt.answer = Wrote::Acknowledged { server: "5432".to_owned() };
        }
        if let Some(Held::Rows(rows)) = felt.rows.get_mut("orders-2") {
            for of in rows.values_mut() {
                of.extend(held.iter().copied());
            }
        }
    }),
    ("normal-rate-is-back", "one service stays out", |s, _| {
        let still_out = Wrote::Refused { reason: "no route".to_owned() };
        let of = felt(s).attempts.iter_mut().filter(|a| a.service == "orders-api" && a.sent_at > at(50));
        of.for_each(|a| a.answer = still_out.clone());
    }),
    ("normal-rate-is-back", "nobody wrote", |s, _| felt(s).attempts.clear()),
    ("writes-reach-the-new-writer", "one service writes elsewhere", |s, _| {
        let elsewhere = Wrote::Acknowledged { server: "5431".to_owned() };
        let last = felt(s).attempts.iter_mut().rfind(|a| a.service == "orders-worker").unwrap();
        last.answer = elsewhere;
    }),
    ("each-task-writes-to-the-new-writer", "one keeps to the old one", |s, _| {
        s.services[0].tasks_after.push(TaskSeen { id: "stale".to_owned(), started_at: Some(at(64)) });
        let other = felt(s).attempts.iter_mut().find(|a| a.is_acknowledged() && a.service == "orders-api");
        other.unwrap().task = Some("stale".to_owned());
    }),
    ("each-task-writes-to-the-new-writer", "one writes nothing", |s, _| {
        s.services[0].tasks_after.push(TaskSeen { id: "idle".to_owned(), started_at: Some(at(64)) });
    }),
    ("endpoints-lead-right", "the cluster endpoint leads to the old writer", |s, _| {
        felt(s).endpoints.writer = Led::To { server: 5431, in_recovery: true };
    }),
    ("endpoints-lead-right", "the reader endpoint leads to the writer", |s, _| {
        felt(s).endpoints.reader = Led::To { server: 5432, in_recovery: false };
    }),
    ("endpoints-lead-right", "the reader endpoint leads nowhere", |s, _| {
        felt(s).endpoints.reader = Led::Nowhere { error: "refused".to_owned() };
    }),
    ("unrelated-service-untouched", "it was out for two seconds", |s, _| {
        let out =
            felt(s).attempts.iter_mut().filter(|a| a.service == "catalogue" && a.sent_at > at(0)).take(100);
        out.for_each(|a| a.answer = Wrote::TimedOut);
    }),
    ("unrelated-service-untouched", "nobody asked", |s, _| {
        felt(s).attempts.retain(|a| a.service != "catalogue");
    }),
    ("writes-reach-the-new-writer", "nobody writes any more", |s, _| {
        felt(s).attempts.retain(|a| a.sent_at < at(-4));
    }),
    ("the-models-decisions-carried-out", "a promotion failed", |s, _| {
        felt(s).failures.push("Promote: no answer".to_owned());
    }),
    ("rows-counted", "the new writer was not asked", |s, _| felt(s).rows.clear()),
    ("rows-counted", "the new writer did not answer", |s, _| {
        felt(s).rows.insert("orders-2".to_owned(), Held::Error("refused".to_owned()));
    }),
    ("rows-counted", "it is empty", |s, _| {
        felt(s).rows.insert("orders-2".to_owned(), Held::Rows([].into()));
    }),
    ("no-acknowledged-row-lost", "a row is lost", |s, _| {
        if let Some(Held::Rows(rows)) = felt(s).rows.get_mut("orders-2") {
            rows.get_mut("orders-api").unwrap().remove(&3);
        }
    }),
    ("pools-say-the-new-writer", "a service was never asked", |_, e| {
        e.asked.push("orders-worker".to_owned());
    }),
    ("pools-say-the-new-writer", "its last word is another server", |s, _| drop(felt(s).asked.pop())),
    ("pools-say-the-new-writer", "its last word is no answer", |s, _| {
        felt(s).asked[1].answer = Err("503".to_owned());
    }),
    ("pools-say-the-new-writer", "the new writer was one in recovery", |s, _| {
        if let Ok(told) = &mut felt(s).asked[1].answer {
            told.in_recovery = true;
        }
    }),
    ("wrong-pool-restarted-once-more", "it was right at once", |s, _| drop(felt(s).asked.remove(0))),
    ("wrong-pool-restarted-once-more", "it was restarted once", |s, _| drop(s.requests.pop())),
    ("wrong-pool-restarted-once-more", "it was restarted before it said so", |s, _| {
        felt(s).asked[0].at = at(67);
    }),
    ("acknowledged-rows-are-lost", "no row is lost", |_, e| e.loses_rows = Some(true)),
    ("acknowledged-rows-are-lost", "a row or two, as any crash may lose them", |s, e| {
        e.loses_rows = Some(true);
        if let Some(Held::Rows(rows)) = felt(s).rows.get_mut("orders-2") {
            for of in rows.values_mut() {
                of.retain(|n| ![3, 4].contains(n));
            }
        }
    }),
    ("unrelated-service-untouched", "answers took long", |s, _| {
        for asked in felt(s).attempts.iter_mut().filter(|a| a.service == "catalogue") {
            asked.ended_at = asked.sent_at + jiff::SignedDuration::from_secs(2);
        }
    }),
    ("no-acknowledged-row-lost", "a commit waited for a standby, and a row is lost", |s, e| {
        e.loses_rows = None;
        felt(s).synchronous = true;
        felt(s).rows.insert("orders-2".to_owned(), Held::Rows([].into()));
    }),
    ("ended-in-time", "the drill gave up", |s, _| s.gave_up = Some("still open".to_owned())),
];

#[test]
fn every_check_of_an_escalation_can_fail() {
    each_finds_its_own(|| (sample::escalated(), sample::expect_escalated()), ESCALATED);
}

const ESCALATED: &[Broken] = &[
    ("failed-services-named", "nothing is named", |s, _| {
        without(s, |e| matches!(e, Event::Recycled { .. }));
    }),
    ("failed-services-named", "the wrong one is", |_, e| e.failed = vec!["orders-api".to_owned()]),
    ("execution-failed-as-escalated", "it succeeded", |s, _| {
        "SUCCEEDED".clone_into(&mut s.executions[0].1);
    }),
    ("execution-failed-as-escalated", "none was started", |s, _| s.executions.clear()),
    ("incident-closed-as-expected", "it recovered", |s, _| {
        if let Some(Event::Closed { closing, .. }) = records(s).last_mut().map(|r| &mut r.event) {
            *closing = Closing::Recovered;
        }
    }),
    ("closing-guard", "another guard closed it", |_, e| e.guard = Some(Guard::AllHealthy)),
    ("on-call-told", "one escalation is missing", |s, _| drop(s.inbox.pop())),
    ("stakeholders-told", "they heard of the escalation", |s, _| {
        s.inbox.push(sample::letter("stakeholders", 9, "escalation"));
    }),
    ("bystanders-untouched", "the third service has another task", |s, _| {
        "new".clone_into(&mut s.services[2].tasks_after[0].id);
    }),
    ("tasks-started-after-endpoint", "the good service was left alone", |s, _| {
        s.services[0].tasks_after = s.services[0].tasks_before.clone();
    }),
    ("faults-struck", "the second fault never struck", |s, _| s.faults[1].struck_at = None),
    ("one-incident", "no incident", |s, _| s.incidents.clear()),
    ("exactly-one-failover-call", "a second call", |s, _| {
        s.requests.push(sample::request(40, "FailoverDBCluster", json!({})));
    }),
    ("failover-calls-as-expected", "a call that nobody expected", |_, e| e.failover_calls = 0),
    ("target-was-not-the-old-writer", "AWS was to choose", |s, _| s.requests[0].parameters = json!({})),
    ("writer", "the writer stayed", |s, _| s.writer_after.clone_from(&s.writer_before)),
    ("no-update-before-endpoint", "a service was restarted too early", |s, _| {
        s.moves.push(Move { at: at(62), ..sample::moved(62, "the endpoint") });
    }),
    ("every-notice-says-drill", "an attribute does not", |s, _| s.inbox[0].drill = false),
    ("poison-in-dead-letter-queue", "it vanished", |s, _| s.dead_letters.clear()),
    ("nothing-else-in-dead-letter-queues", "an event of ours is dead", |s, _| {
        s.dead_letters.push(DeadLetter { queue: "dead".to_owned(), body: "{}".to_owned() });
    }),
];

#[test]
fn what_the_door_refuses_has_no_execution_and_nobody_may_be_told() {
    let mut seen = sample::escalated();
    seen.executions.clear();
    seen.inbox.clear();
    let mut expect = sample::expect_escalated();
    (expect.closing, expect.stakeholders, expect.on_call) = (Closing::Refused, Vec::new(), Vec::new());
    let passed = |seen: &Evidence, name: &str| {
        all(seen, &expect).into_iter().find(|c| c.name == name).map(|c| c.passed)
    };
    assert_eq!(passed(&seen, "no-execution-failed"), Some(false));
    if let Event::Opened { closing, .. } = &mut records(&mut seen)[0].event {
        *closing = Some(Closing::Refused);
    }
    assert_eq!(passed(&seen, "no-execution-failed"), Some(true));
    assert_eq!(passed(&seen, "every-notice-says-drill"), Some(true));
}

/// The outage whose plan asks for the prober's word, and what proved its endpoint.
fn probed(proof: &Proof) -> Evidence {
    let mut seen = sample::recovered();
    for record in records(&mut seen) {
        if let Event::Opened { plan, .. } = &mut record.event {
            plan.database.endpoint_proof = EndpointProof::Prober;
        }
        if let Event::EndpointMoved { proof: recorded, .. } = &mut record.event {
            recorded.clone_from(proof);
        }
    }
    seen
}

#[test]
fn where_the_plan_asks_for_it_the_endpoint_is_proved_by_a_probe_of_the_writer() {
    let by = |server: &str, second| Proof::Probe { server: server.to_owned(), at: at(second) };
    let check = |seen: &Evidence| {
        let found = all(seen, &sample::expect()).into_iter().find(|c| c.name == "endpoint-proved-by-a-probe");
        found.map(|c| c.passed)
    };
    // The name was seen right at 57.
    assert_eq!(check(&probed(&by("orders-2", 57))), Some(true));
    let alone = Proof::NameAlone { missing: "no probe was told".to_owned() };
    for wrong in [by("orders-2", 56), by("orders-1", 58), Proof::Name, alone] {
        assert_eq!(check(&probed(&wrong)), Some(false), "{wrong:?}");
    }
    let mut unmoved = probed(&by("orders-2", 57));
    without(&mut unmoved, |e| matches!(e, Event::EndpointMoved { .. }));
    assert_eq!(check(&unmoved), Some(false));
    assert_eq!(check(&sample::recovered()), None, "nobody asked for it");
}
