//! Data may be lost only with a person's consent: what letters say before and after it is given.

use super::*;
use crate::notice::render;
use plan::Kind;

/// The letters by audience, in an incident of a database of this kind.
fn told(kind: Kind, mut events: Vec<(&'static str, Event)>, owed: NoticeKind) -> Vec<(String, String)> {
    if let Event::Opened { plan, .. } = &mut events[0].1 {
        plan.database.kind = kind;
    }
    let (incident, last) = story(events, owed);
    render(&incident, &last).into_iter().map(|n| (n.audience, n.body)).collect()
}

fn asked(accept_data_loss: bool) -> Event {
    let mut trigger = person();
    if let Trigger::Person { accept_data_loss: accepts, .. } = &mut trigger {
        *accepts = accept_data_loss;
    }
    opened(trigger, verdict(Decision::Act, Guard::PersonAcceptsLoss, "alice asks."), None)
}

#[test]
fn an_accepted_loss_is_told_where_it_can_happen() {
    let accepted = "accepted that";
    for (kind, accepts, says) in [
        (Kind::MultiAzCluster, true, true),
        (Kind::MultiAzCluster, false, false),
        // All instances share one storage: there is nothing to accept.
        (Kind::AuroraCluster, true, false),
    ] {
        for (audience, body) in told(kind, vec![("10:02:01", asked(accepts))], NoticeKind::Interruption) {
            assert_eq!(body.contains(accepted), says, "{kind:?} {accepts} {audience}:\n{body}");
        }
    }
}

#[test]
fn a_consent_that_comes_later_is_in_the_all_clear() {
    let consent = verdict(Decision::Note, Guard::PersonAcceptsLoss, "alice asks as well.");
    let mut events =
        vec![("10:02:01", witness_speaks()), ("10:02:20", Event::Noted { verdict: consent, alarm_at: None })];
    events
        .extend(until_recycled(service("orders-worker", ServiceState::Recycled, "new")).into_iter().skip(1));
    let verdict = verdict(Decision::Act, Guard::AllHealthy, "Healthy.");
    let closed = Event::Closed { closing: Closing::Recovered, step: Some(Step::Close), verdict };
    events.push(("10:05:01", closed));
    let letters = told(Kind::MultiAzCluster, events, NoticeKind::AllClear);
    assert_eq!(letters.len(), 2);
    for (audience, body) in letters {
        assert!(body.contains("accepted that"), "{audience}:\n{body}");
    }
}

#[test]
fn the_all_clear_estimates_the_loss_by_kind_and_calls_it_an_estimate() {
    let table = [
        (
            Kind::AuroraCluster,
            "nothing that was saved is expected to be lost (an estimate);",
            "at most 0 s, an estimate: nothing",
        ),
        (
            Kind::MultiAzCluster,
            "at most what was saved in the last 1 s before the move",
            "at most 0.1 s, an estimate: nothing",
        ),
        (
            Kind::ReadReplica,
            "what was saved in the last 2 min 50 s before the move may",
            "at most 169.0 s, an estimate: what had",
        ),
    ];
    for (kind, plain, facts) in table {
        let mut events = until_recycled(service("orders-worker", ServiceState::Recycled, "new"));
        let verdict = verdict(Decision::Act, Guard::AllHealthy, "Healthy.");
        events.push((
            "10:05:01",
            Event::Closed { closing: Closing::Recovered, step: Some(Step::Close), verdict },
        ));
        for (audience, body) in told(kind, events, NoticeKind::AllClear) {
            let says = if audience == "on-call" { facts } else { plain };
            assert!(body.contains(says), "{kind:?} {audience}:\n{body}");
        }
    }
}

#[test]
fn the_all_clear_after_an_old_writer_that_was_not_blocked_knows_no_loss() {
    let mut events = until_recycled(service("orders-worker", ServiceState::Recycled, "new"));
    let verdict = verdict(Decision::Act, Guard::AllHealthy, "Healthy.");
    events
        .push(("10:05:01", Event::Closed { closing: Closing::Recovered, step: Some(Step::Close), verdict }));
    let (mut incident, last) = story(events, NoticeKind::AllClear);
    // The second event of the story becomes the news of RDS.
    incident.records[1].owes = vec![NoticeKind::Escalation];
    incident.records[1].event = Event::Noted {
        verdict: Verdict::new(Decision::Note, Guard::IncidentOpen, "RDS-EVENT-0391 of orders-1."),
        alarm_at: None,
    };
    let letters = render(&incident, &last);
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let risk =
            letter.body.lines().find(|l| l.starts_with("Your data: ") || l.starts_with("Data at risk: "));
        assert!(risk.is_some_and(|l| l.contains(": not known")), "{}", letter.body);
        assert!(!letter.body.contains("expected to be lost"), "{}", letter.body);
    }
}

#[test]
fn a_refusal_for_lag_shows_the_command_that_consents() {
    let verdict = verdict(Decision::Refuse, Guard::LagAboveRpo, "No reader is within the RPO of 1m.");
    let closed = Event::Closed { closing: Closing::Refused, step: Some(Step::Assess), verdict };
    let events = vec![("10:02:01", witness_speaks()), ("10:02:31", closed)];
    let letters = told(Kind::MultiAzCluster, events, NoticeKind::Refused);
    let [(_, body)] = letters.as_slice() else { panic!("{letters:?}") };
    assert!(body.contains("drp failover orders --accept-data-loss --reason \"why\""), "{body}");
    assert!(body.contains("too much data would be lost"), "{body}");
}
