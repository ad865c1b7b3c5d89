//! A new attempt at an interrupted recovery: where it goes on, and that the old one can write nothing more.
#![cfg(feature = "twins")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod done;

use done::done;
use recovery::{
    Decision, Entry, Event, Guard, Run, Verdict,
    incident::FailoverAnswer,
    log::Log,
    twins::{MemoryIncidents, fixture},
};
fn opened(entry: Entry) -> (MemoryIncidents, Run) {
    let store = MemoryIncidents::default();
    let run = done(fixture::open(&store, fixture::alarm_trigger(), entry, &fixture::slice())).unwrap();
    (store, run)
}

fn verdict() -> Verdict {
    Verdict::new(Decision::Act, Guard::WitnessesAgree, "for the test")
}

#[test]
fn a_new_attempt_goes_on_after_what_was_achieved_last() {
    let name = str::to_owned;
    let promoted = |writer| Event::Promoted { from: None, writer: name(writer), zone: None };
    let moved = || Event::EndpointMoved {
        endpoint: name("orders.cluster"),
        leads_to: name("orders-2"),
        seen_at: fixture::at(1),
        proof: recovery::probes::Proof::Name,
    };
    let steps = [
        (Event::Held { verdict: verdict(), until: fixture::at(900) }, Entry::Confirm),
        (Event::Confirmed { verdict: verdict() }, Entry::Assess),
        (
            Event::Assessed {
                writer: name("orders-1"),
                writer_zone: None,
                target: name("orders-2"),
                target_zone: None,
                reason: name("for the test"),
                lag_ms: None,
            },
            Entry::Assess,
        ),
        (Event::FailoverIntended { from: name("orders-1"), target: name("orders-2") }, Entry::Promotion),
        (Event::FailoverAnswered { answer: FailoverAnswer::Accepted }, Entry::Promotion),
        (promoted("orders-2"), Entry::Endpoint),
        (
            Event::EndpointSeen { endpoint: name("orders.cluster"), leads_to: name("orders-2") },
            Entry::Endpoint,
        ),
        (moved(), Entry::Recycle),
        // AWS moved the writer once more: the endpoint has to be awaited anew.
        (promoted("orders-3"), Entry::Endpoint),
        (moved(), Entry::Recycle),
        (Event::Services { news: Vec::new() }, Entry::Recycle),
        (Event::Noted { verdict: verdict(), alarm_at: None }, Entry::Recycle),
        (Event::Recycled { recycled: 2, failed: Vec::new() }, Entry::Verify),
        (Event::Health { healthy: true, reason: name("for the test") }, Entry::Verify),
        (Event::Verified { healthy_since: fixture::at(2), verdict: verdict(), pools: None }, Entry::Verify),
    ];
    let (store, run) = opened(Entry::Confirm);
    let mut log = done(Log::of_run(&store, &run)).unwrap();
    assert_eq!(log.incident.goes_on_at(), Some(Entry::Confirm));
    for (event, entry) in steps {
        done(log.append(fixture::at(3), event.clone(), &[])).unwrap();
        assert_eq!(log.incident.goes_on_at(), Some(entry), "after {event:?}");
    }
}

#[test]
fn an_incident_that_began_later_goes_on_where_it_began() {
    for entry in [Entry::Assess, Entry::Promotion] {
        let (store, run) = opened(entry);
        let log = done(Log::of_run(&store, &run)).unwrap();
        assert_eq!(log.incident.goes_on_at(), Some(entry));
    }
    let (store, run) = opened(Entry::Confirm);
    let mut log = done(Log::of_run(&store, &run)).unwrap();
    done(log.append(fixture::at(1), Event::AlreadyMoved { verdict: verdict(), from: None }, &[])).unwrap();
    assert_eq!(log.incident.goes_on_at(), Some(Entry::Promotion));
}

#[test]
fn news_in_between_does_not_keep_an_attempt_from_taking_over_but_another_attempt_does() {
    let (store, run) = opened(Entry::Confirm);
    let mut first = done(Log::of_run(&store, &run)).unwrap();
    let mut second = done(Log::of_run(&store, &run)).unwrap();
    let mut late = done(Log::of_run(&store, &run)).unwrap();
    let news = Event::Noted { verdict: verdict(), alarm_at: None };
    done(first.append(fixture::at(1), news, &[])).unwrap();
    done(second.resume(fixture::at(2), Entry::Assess, "it died".to_owned())).unwrap();
    assert_eq!((second.head.fence, second.head.sequence), (2, 4));
    let fenced = done(late.resume(fixture::at(3), Entry::Assess, "it died".to_owned())).unwrap_err();
    assert_eq!(fenced.name(), "Fenced");
    let fenced =
        done(first.append(fixture::at(3), Event::Confirmed { verdict: verdict() }, &[])).unwrap_err();
    assert_eq!(fenced.name(), "Fenced", "the old attempt writes nothing more");
    done(second.append(fixture::at(4), Event::Confirmed { verdict: verdict() }, &[])).unwrap();
    assert_eq!(second.incident.records.last().unwrap().fence, 2);
}
