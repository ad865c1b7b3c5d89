//! What the clients of the services felt, from the probe's attempts and the rows that are left.

use crate::{
    evidence::{Evidence, Felt},
    real::{self, Held},
};
use felt::{Mark, MarkKind, Picture, Promotion, Rule, Series, Span};
use jiff::Timestamp;
use recovery::{Incident, incident::Trigger};
use serde::Serialize;
use std::collections::BTreeMap;

/// How much of the time before the fault the picture shows.
const BEFORE_S: i32 = 10;

/// What clients felt, by service.
#[derive(Debug, Clone, Serialize)]
pub struct Clients {
    /// How long each service was out.
    pub rto: BTreeMap<String, Outage>,
    /// What each service was promised and lost.
    pub rpo: BTreeMap<String, felt::Loss>,
    /// How the database was made.
    pub database: String,
    /// How packets were dropped, where they were.
    pub mechanism: Option<String>,
    /// The picture, for the report.
    #[serde(skip)]
    pub picture: Picture,
}

/// How long a service was out.
#[derive(Debug, Clone, Serialize)]
pub struct Outage {
    /// From the fault to the start of the normal rate that held; none: it did not come back.
    pub seconds: Option<f64>,
    /// Its pool.
    pub pool: &'static str,
    /// The outage in seconds by the recovery's phases, as far as this service felt them.
    pub by_phase: Option<felt::Beside>,
    /// What of it was neither the promotion, the endpoint's lag, nor the tasks' own start.
    pub own_share: Option<felt::Share>,
    /// The same without what the plan's user chooses: the alarm's detection, the confirmation window, and how long the
    /// endpoint must settle or be proved. It is the time in which Mainstay itself was at work.
    pub at_work: Option<felt::Share>,
    /// How it was measured.
    #[serde(flatten)]
    pub recovery: felt::Recovery,
}

/// What clients felt of an outage.
#[must_use]
pub fn of(seen: &Evidence, felt: &Felt) -> Clients {
    let fault_at = seen.fault_at;
    let by_service = felt::by_service(&felt.attempts);
    let phases = phases(seen);
    let chosen = chosen(seen);
    let promoted_at = seen.moved("the writer");
    let promotion =
        promoted_at.and_then(|at| felt.made.promotion(at, &seen.writer_before, &seen.writer_after));
    let (mut rto, mut rpo) = (BTreeMap::new(), BTreeMap::new());
    let mut services = Vec::new();
    let last = felt.attempts.iter().map(|a| a.sent_at).max().unwrap_or(fault_at);
    let end = i32::try_from(last.duration_since(fault_at).as_secs()).unwrap_or(i32::MAX).max(1);
    for (service, attempts) in by_service {
        let rule = rule(service, promotion.as_ref());
        let recovery = felt::rto(attempts.iter().copied(), fault_at, &rule);
        let recovered_at = recovery.seconds().and_then(|s| later(fault_at, s));
        let others = others(seen, service);
        let not_our_work = [others.clone(), chosen.clone()].concat();
        // What could not be counted is not lost: it is not known. And who has no database can lose nothing.
        if let Some(Held::Rows(rows)) = felt.rows.get(&seen.writer_after)
            && service != real::BYSTANDER
        {
            let held = rows.get(service).cloned().unwrap_or_default();
            rpo.insert(service.to_owned(), felt::rpo(attempts.iter().copied(), &held, promotion.as_ref()));
        }
        rto.insert(
            service.to_owned(),
            Outage {
                seconds: recovery.seconds(),
                pool: real::pool(service),
                by_phase: recovered_at.map(|at| felt::beside(fault_at, at, &phases)),
                own_share: recovered_at.map(|at| felt::own_share(fault_at, at, &others)),
                at_work: recovered_at.map(|at| felt::own_share(fault_at, at, &not_our_work)),
                recovery,
            },
        );
        let name = format!("{service} ({})", real::pool(service));
        services.push(Series::of(name, attempts.iter().copied(), fault_at, -BEFORE_S..end, &rule));
    }
    let marks = [
        (MarkKind::Promoted, seen.moved("the writer")),
        (MarkKind::EndpointMoved, seen.moved("the endpoint")),
        (MarkKind::Recycled, seen.incident().and_then(Incident::recycled).map(|(at, _)| at)),
    ];
    let picture = Picture {
        title: "Acknowledged writes a second, as clients saw them".to_owned(),
        subtitle: String::new(),
        fault_at,
        seconds: -BEFORE_S..end,
        services,
        marks: marks.into_iter().filter_map(|(kind, at)| Some(Mark { kind, at: at? })).collect(),
        phases,
    };
    let replication = if felt.synchronous { "a commit waits for a standby" } else { "asynchronous" };
    Clients {
        rto,
        rpo,
        database: format!("PostgreSQL {} {}, {replication}", felt.made.version, felt.made.origin),
        mechanism: felt.struck.mechanism.clone(),
        picture,
    }
}

/// Whose word counts for a service: one that has no database has no writer.
pub(crate) fn rule(service: &str, promotion: Option<&Promotion>) -> Rule {
    Rule { promotion: promotion.filter(|_| service != real::BYSTANDER).cloned(), ..Rule::default() }
}

/// The recovery's phases as stretches of time, from the estate's moves and the incident's events.
fn phases(seen: &Evidence) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut from = seen.fault_at;
    for (name, until) in milestones(seen) {
        // A recovery after AWS's own failover has no call to decide about.
        let Some(until) = until.filter(|until| *until >= from) else { continue };
        spans.push(Span::new(name, from, until));
        from = until;
    }
    spans
}

fn milestones(seen: &Evidence) -> [(&'static str, Option<Timestamp>); 5] {
    let incident = seen.incident();
    [
        ("detect", incident.and_then(Incident::opened_at)),
        ("decide", seen.requests_of("FailoverDBCluster").next().map(|r| r.at)),
        ("promote", seen.moved("the writer")),
        ("endpoint", incident.and_then(Incident::endpoint_confirmed_at)),
        ("recycle", incident.and_then(Incident::recycled).map(|(at, _)| at)),
    ]
}

/// What is nobody's choice: the promotion, the endpoint's lag, and the own start of a service's tasks.
fn others(seen: &Evidence, service: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut add = |name: &str, from: Option<Timestamp>, until: Option<Timestamp>| {
        if let (Some(from), Some(until)) = (from, until) {
            spans.push(Span::new(name, from, until));
        }
    };
    let called = seen.requests_of("FailoverDBCluster").next().map(|r| r.at);
    let promoted = seen.moved("the writer");
    // Where AWS fails over by itself, all until its promotion is its own.
    add("promotion", called.or(Some(seen.fault_at)), promoted);
    add("endpoint", promoted, seen.moved("the endpoint"));
    let updates = seen.requests_of("UpdateService").filter(|r| r.parameter("service") == Some(service));
    let tasks = seen.services.iter().filter(|s| s.name == service).flat_map(|s| &s.tasks_after);
    // Not until Mainstay knew of it: that it looks each few seconds is its own doing.
    add("tasks", updates.map(|r| r.at).min(), tasks.filter_map(|t| t.started_at).max());
    spans
}

/// What the user of Mainstay chooses: how the alarm detects, how long it must speak, and what proves the endpoint.
fn chosen(seen: &Evidence) -> Vec<Span> {
    let Some(incident) = seen.incident() else { return Vec::new() };
    let mut spans = Vec::new();
    if let (Some(Trigger::Alarm { name, at, .. }), Some(plan)) = (incident.trigger(), incident.plan()) {
        let window = plan.database.detection.alarm(name).map_or(0, |alarm| alarm.speaks_for.as_secs());
        let seconds = std::time::Duration::from_secs(window).as_secs_f64();
        spans.push(Span::new("detection", seen.fault_at, *at));
        spans.extend(later(*at, seconds).map(|until| Span::new("window", *at, until)));
    }
    if let (Some(from), Some(until)) = (incident.endpoint_seen_at(), incident.endpoint_confirmed_at()) {
        spans.push(Span::new("settling", from, until));
    }
    spans
}

fn later(at: Timestamp, seconds: f64) -> Option<Timestamp> {
    let after = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    at.checked_add(after).ok()
}
