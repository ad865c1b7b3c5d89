//! What must hold of an outage's course: its faults struck, the one call was answered and timed as its row says.

use super::Check;
use crate::{
    evidence::Evidence,
    scenario::{Answer, Expect},
};
use jiff::Timestamp;
use plan::EndpointProof;
use recovery::{
    Closing, Event, Incident,
    incident::{FailoverAnswer, Trigger},
    probes::Proof,
};

/// Without its fault a row is the row of another outage, and what it says of this one is proven by nothing.
pub(super) fn faults_struck(seen: &Evidence) -> Check {
    let missed: Vec<&str> =
        seen.faults.iter().filter(|f| f.struck_at.is_none()).map(|f| f.name.as_str()).collect();
    let detail = if seen.faults.is_empty() {
        "no fault was planned".to_owned()
    } else if missed.is_empty() {
        let told: Vec<String> = seen
            .faults
            .iter()
            .filter_map(|f| f.struck_at.map(|at| format!("{} at {at:.3}", f.name)))
            .collect();
        told.join(", ")
    } else {
        format!("never struck: {}", missed.join(", "))
    };
    Check::new("faults-struck", missed.is_empty() && !seen.faults.is_empty(), detail)
}

/// In a recovery whose plan asks for it, the endpoint was proved by a probe that the estate's writer answered, and that
/// began after Mainstay had seen the name move.
pub(super) fn endpoint_proved(seen: &Evidence, expect: &Expect) -> Option<Check> {
    let incident = seen.incident()?;
    let asked = incident.plan().is_some_and(|plan| plan.database.endpoint_proof == EndpointProof::Prober);
    if !asked || expect.closing != Closing::Recovered {
        return None;
    }
    let name = "endpoint-proved-by-a-probe";
    let (proof, since) = (incident.endpoint_proof(), incident.endpoint_seen_at());
    let Some((Proof::Probe { server, at }, since)) = proof.zip(since) else {
        return Some(Check::new(name, false, format!("it was proved by {proof:?}")));
    };
    let passed = *server == seen.writer_after && *at >= since;
    let detail = format!("{server} answered the probe of {at:.3}, the name was seen right at {since:.3}");
    Some(Check::new(name, passed, detail))
}

/// What the row says of the call's answer, its time, the writer and the endpoint.
pub(super) fn as_the_row_says(seen: &Evidence, expect: &Expect) -> Vec<Check> {
    let checks = [
        expect.answer.map(|wanted| answer(seen, wanted)),
        expect.decides_after_s.map(|least| decides_after(seen, least)),
        expect.alarm_events.map(|wanted| alarm_events(seen, wanted)),
        expect.writer_after.as_deref().map(|wanted| writer_after(seen, wanted)),
        expect.endpoint_after_s.map(|least| endpoint_after(seen, least)),
    ];
    checks.into_iter().flatten().collect()
}

fn answer(seen: &Evidence, wanted: Answer) -> Check {
    let recorded: Vec<Answer> = seen
        .incident()
        .map(|i| i.records.as_slice())
        .unwrap_or_default()
        .iter()
        .filter_map(
            |r| if let Event::FailoverAnswered { answer } = &r.event { Some(word(answer)) } else { None },
        )
        .collect();
    Check::new(
        "answer-recorded",
        recorded == [wanted],
        format!("the incident records {recorded:?}, {wanted:?} expected"),
    )
}

fn word(answer: &FailoverAnswer) -> Answer {
    match answer {
        FailoverAnswer::Accepted => Answer::Accepted,
        FailoverAnswer::Refused { .. } => Answer::Refused,
        FailoverAnswer::Doubtful { .. } => Answer::Doubtful,
    }
}

fn decides_after(seen: &Evidence, least: f64) -> Check {
    let alarm = match seen.incident().and_then(Incident::trigger) {
        Some(Trigger::Alarm { at, .. }) => Some(*at),
        Some(Trigger::Database { .. } | Trigger::Person { .. }) | None => None,
    };
    let call = seen.requests_of("FailoverDBCluster").map(|r| r.at).next();
    at_least("decides-after-the-window", ("the alarm", alarm), ("the failover call", call), least)
}

fn endpoint_after(seen: &Evidence, least: f64) -> Check {
    let (writer, endpoint) = (seen.moved("the writer"), seen.moved("the endpoint"));
    at_least("endpoint-was-held", ("the writer's move", writer), ("the endpoint's", endpoint), least)
}

fn at_least(
    name: &'static str,
    (first, from): (&str, Option<Timestamp>),
    (second, until): (&str, Option<Timestamp>),
    least: f64,
) -> Check {
    let (Some(from), Some(until)) = (from, until) else {
        let missing = if from.is_none() { first } else { second };
        return Check::new(name, false, format!("{missing} was not seen"));
    };
    let seconds = until.duration_since(from).as_secs_f64();
    Check::new(
        name,
        seconds >= least,
        format!("{seconds:.1} s from {first} to {second}, at least {least} expected"),
    )
}

fn alarm_events(seen: &Evidence, wanted: usize) -> Check {
    let events = seen.alarm_events.iter().filter(|e| e.state() == "ALARM").count();
    Check::new(
        "alarm-events",
        events == wanted,
        format!("{events} event(s) of the alarm's going to ALARM on the bus, {wanted} expected"),
    )
}

fn writer_after(seen: &Evidence, wanted: &str) -> Check {
    Check::new("writer-after", seen.writer_after == wanted, format!("{} writes", seen.writer_after))
}
