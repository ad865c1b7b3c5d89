//! The checks of a drill: pure functions of what was seen.

mod asked;
mod course;
mod felt;
#[cfg(test)]
mod tests;
mod told;
mod verdicts;

use crate::{evidence::Evidence, scenario::Expect};
use recovery::{Closing, Event, Incident, Verdict};
use serde::Serialize;

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// Whether it held.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
}

impl Check {
    fn new(name: &'static str, passed: bool, detail: impl Into<String>) -> Self {
        Self { name, passed, detail: detail.into() }
    }
}

/// Every check of an outage.
#[must_use]
pub fn all(seen: &Evidence, expect: &Expect) -> Vec<Check> {
    let mut checks = vec![
        course::faults_struck(seen),
        one_incident(seen),
        closed_as_expected(seen, expect),
        failover_calls(seen, expect),
        failover_target(seen, expect),
        writer(seen, expect),
        no_update_before_endpoint(seen, expect),
        tasks_restarted(seen, expect),
        bystanders_untouched(seen, expect),
        told::notices(seen, "stakeholders", "stakeholders-told", &expect.stakeholders),
        told::notices(seen, "on-call", "on-call-told", &expect.on_call),
        told::says_drill(seen, expect),
        told::poison_found(seen),
        told::nothing_else_dead(seen),
        executions(seen, expect),
    ];
    checks.extend(course::endpoint_proved(seen, expect));
    checks.extend(course::as_the_row_says(seen, expect));
    if let Some(guard) = expect.guard {
        let closing = seen.incident().and_then(verdicts::closing);
        let passed = closing.is_some_and(|v| v.guard == guard);
        let detail =
            closing.map_or("no closing verdict".to_owned(), |v| format!("{:?}: {}", v.guard, v.reason));
        checks.push(Check::new("closing-guard", passed, detail));
    }
    if let Some(guard) = expect.passes {
        let verdicts: Vec<&Verdict> = seen.incident().map(verdicts::all).unwrap_or_default();
        let found = verdicts.iter().find(|v| v.guard == guard);
        let detail = found.map_or_else(
            || format!("{guard:?} is not among {:?}", verdicts.iter().map(|v| v.guard).collect::<Vec<_>>()),
            |v| v.reason.clone(),
        );
        checks.push(Check::new("passing-guard", found.is_some(), detail));
    }
    if !expect.failed.is_empty() {
        let failed: Vec<String> =
            seen.incident().and_then(Incident::recycled).map(|(_, f)| f.to_vec()).unwrap_or_default();
        checks.push(Check::new(
            "failed-services-named",
            failed == expect.failed,
            format!("the incident names {failed:?}"),
        ));
    }
    if let (Some(felt), Some(clients)) = (&seen.felt, seen.clients()) {
        checks.extend(felt::all(seen, felt, &clients, expect));
        checks.extend(asked::all(seen, felt, expect));
    }
    if let Some(why) = &seen.gave_up {
        checks.push(Check::new("ended-in-time", false, why.clone()));
    }
    checks
}

fn one_incident(seen: &Evidence) -> Check {
    let ids: Vec<&str> = seen.incidents.iter().map(|i| i.id.as_str()).collect();
    Check::new("one-incident", ids.len() == 1, format!("{} incident(s): {}", ids.len(), ids.join(", ")))
}

fn closed_as_expected(seen: &Evidence, expect: &Expect) -> Check {
    let closed = seen.incident().and_then(Incident::closed);
    let why = seen.incident().and_then(verdicts::closing).map(|v| v.reason.clone()).unwrap_or_default();
    let name = if expect.closing == Closing::Recovered {
        "incident-recovered"
    } else {
        "incident-closed-as-expected"
    };
    Check::new(
        name,
        closed.is_some_and(|(how, _)| how == expect.closing),
        closed.map_or("it is not closed".to_owned(), |(how, at)| format!("{how:?} at {at:.1}: {why}")),
    )
}

fn failover_calls(seen: &Evidence, expect: &Expect) -> Check {
    let calls = seen.requests_of("FailoverDBCluster").count();
    let name =
        if expect.failover_calls == 1 { "exactly-one-failover-call" } else { "failover-calls-as-expected" };
    Check::new(
        name,
        calls == expect.failover_calls,
        format!("{calls} in the estate's request log, {} expected", expect.failover_calls),
    )
}

fn failover_target(seen: &Evidence, expect: &Expect) -> Check {
    let targets: Vec<Option<&str>> =
        seen.requests_of("FailoverDBCluster").map(|r| r.parameter("TargetDBInstanceIdentifier")).collect();
    let called = !targets.is_empty() || expect.failover_calls == 0;
    let passed = called && targets.iter().all(|t| t.is_some_and(|t| t != seen.writer_before));
    Check::new(
        "target-was-not-the-old-writer",
        passed,
        format!("targets {targets:?}, old writer {}", seen.writer_before),
    )
}

fn writer(seen: &Evidence, expect: &Expect) -> Check {
    let moved = seen.writer_after != seen.writer_before;
    Check::new(
        "writer",
        moved == expect.writer_moves,
        format!("{} before, {} after", seen.writer_before, seen.writer_after),
    )
}

fn no_update_before_endpoint(seen: &Evidence, expect: &Expect) -> Check {
    let name = "no-update-before-endpoint";
    let Some(first) = seen.requests_of("UpdateService").map(|r| r.at).next() else {
        return Check::new(name, expect.recycled.is_empty(), "no UpdateService at all");
    };
    let Some(last) = seen.last_move() else {
        return Check::new(name, false, format!("UpdateService at {first:.3}, and nothing ever moved"));
    };
    let detail =
        format!("{} led to {} at {:.3}, first UpdateService at {first:.3}", last.what, last.to, last.at);
    Check::new(name, first > last.at, detail)
}

fn tasks_restarted(seen: &Evidence, expect: &Expect) -> Check {
    let name = "tasks-started-after-endpoint";
    if expect.recycled.is_empty() {
        return Check::new(name, true, "no service was to be recycled");
    }
    let Some(moved) = seen.last_move().map(|m| m.at) else {
        return Check::new(name, false, "the endpoint never moved");
    };
    let mut wrong = Vec::new();
    let mut fresh = 0;
    for wanted in &expect.recycled {
        let Some(service) = seen.services.iter().find(|s| s.name == *wanted) else {
            wrong.push(format!("{wanted} is not in the estate"));
            continue;
        };
        if service.tasks_after.is_empty() {
            wrong.push(format!("{wanted} runs no task"));
        }
        for task in &service.tasks_after {
            if task.started_at.is_some_and(|at| at > moved) {
                fresh += 1;
            } else {
                wrong.push(format!("{wanted}/{} started at {:?}", task.id, task.started_at));
            }
        }
    }
    let detail = if wrong.is_empty() {
        format!("{fresh} task(s), all started after {moved:.3}")
    } else {
        wrong.join("; ")
    };
    Check::new(name, wrong.is_empty(), detail)
}

fn bystanders_untouched(seen: &Evidence, expect: &Expect) -> Check {
    let spared = |name: &str| !expect.recycled.iter().chain(&expect.failed).any(|s| s == name);
    let touched: Vec<&str> = seen
        .services
        .iter()
        .filter(|s| spared(&s.name))
        .filter(|s| {
            let ids = |tasks: &[crate::evidence::TaskSeen]| {
                let mut ids: Vec<String> = tasks.iter().map(|t| t.id.clone()).collect();
                ids.sort();
                ids
            };
            ids(&s.tasks_before) != ids(&s.tasks_after)
                || seen.requests_of("UpdateService").any(|r| r.parameter("service") == Some(s.name.as_str()))
        })
        .map(|s| s.name.as_str())
        .collect();
    let spared: Vec<&str> = seen.services.iter().map(|s| s.name.as_str()).filter(|n| spared(n)).collect();
    Check::new(
        "bystanders-untouched",
        touched.is_empty() && !spared.is_empty(),
        if touched.is_empty() {
            format!("same tasks as before: {}", spared.join(", "))
        } else {
            touched.join(", ")
        },
    )
}

fn executions(seen: &Evidence, expect: &Expect) -> Check {
    let allowed = if expect.execution_fails() { "FAILED" } else { "SUCCEEDED" };
    let told: Vec<String> = seen.executions.iter().map(|(name, status)| format!("{name} {status}")).collect();
    let name = if expect.execution_fails() { "execution-failed-as-escalated" } else { "no-execution-failed" };
    // What the door refuses or only records is never started.
    let started = !seen.executions.is_empty() || seen.incident().is_some_and(at_the_door);
    let passed = started && seen.executions.iter().all(|(_, s)| s == allowed);
    Check::new(name, passed, if told.is_empty() { "no execution".to_owned() } else { told.join(", ") })
}

/// Whether an incident was closed in the moment in which it was opened.
fn at_the_door(incident: &Incident) -> bool {
    let opening = incident.records.first().map(|r| &r.event);
    matches!(opening, Some(Event::Opened { closing: Some(_), .. }))
}
