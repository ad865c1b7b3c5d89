//! What must hold for the clients of real services.

use super::Check;
use crate::{
    clients::{Clients, Outage},
    evidence::{Evidence, Felt},
    real::{self, Endpoints, Held, Led},
    scenario::Expect,
};
use felt::{Answer, Attempt};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// How long before the probe's end every write must have reached the new writer.
const AT_THE_END: SignedDuration = SignedDuration::from_secs(5);
/// How many seconds of writes at least are lost where the standbys were held back for a second.
const HELD_BACK_S: f64 = 0.5;
/// How long before the probe's end a request may still be without an answer.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(1);

pub(super) fn all(seen: &Evidence, felt: &Felt, clients: &Clients, expect: &Expect) -> Vec<Check> {
    let mut checks = vec![
        felt_by_clients(clients),
        rate_back(clients),
        on_the_new_writer(seen, felt),
        through_each_task(seen, felt),
        not_felt_by_others(seen, felt),
        endpoints_lead_right(seen, felt),
        rows_counted(seen, felt),
        carried_out(felt),
    ];
    if felt.synchronous || expect.loses_rows.is_some() {
        checks.push(rows_lost(clients, expect.loses_rows == Some(true)));
    }
    checks
}

/// A fault that no client felt was none: a filter that drops nothing, or a blow at the wrong server.
fn felt_by_clients(clients: &Clients) -> Check {
    let out = |(_, outage): &(&String, &Outage)| outage.recovery.outcome != felt::Outcome::Uninterrupted;
    let felt: Vec<&str> = clients
        .rto
        .iter()
        .filter(|(name, _)| *name != real::BYSTANDER)
        .filter(out)
        .map(|(n, _)| n.as_str())
        .collect();
    Check::new("the-outage-was-felt", !felt.is_empty(), format!("by {}", felt.join(", ")))
}

fn rate_back(clients: &Clients) -> Check {
    let told: Vec<String> =
        clients.rto.iter().map(|(name, outage)| format!("{name}: {}", outage.recovery)).collect();
    let passed = !clients.rto.is_empty() && clients.rto.values().all(|outage| outage.seconds.is_some());
    Check::new("normal-rate-is-back", passed, told.join("; "))
}

/// Whoever still writes elsewhere was not recycled, or came back to the wrong server.
fn on_the_new_writer(seen: &Evidence, felt: &Felt) -> Check {
    let wanted = felt.made.port(&seen.writer_after).unwrap_or_default();
    let last = felt.attempts.iter().map(|a| a.sent_at).max();
    let (mut here, mut elsewhere) = (0_usize, 0_usize);
    for attempt in felt.attempts.iter().filter(|a| {
        a.service != real::BYSTANDER && last.is_some_and(|last| last.duration_since(a.sent_at) <= AT_THE_END)
    }) {
        match &attempt.answer {
            Answer::Acknowledged { server } if *server == wanted => here += 1,
            Answer::Acknowledged { .. } => elsewhere += 1,
            Answer::Refused { .. } | Answer::TimedOut => {}
        }
    }
    Check::new(
        "writes-reach-the-new-writer",
        here > 0 && elsewhere == 0,
        format!(
            "in the last 5 s, {here} acknowledged by {}, {elsewhere} by another server",
            seen.writer_after
        ),
    )
}

/// One task with a stale connection among ten is easily missed: so the last write through each is looked at.
fn through_each_task(seen: &Evidence, felt: &Felt) -> Check {
    let wanted = felt.made.port(&seen.writer_after).unwrap_or_default();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for attempt in &felt.attempts {
        if let (Some(task), Answer::Acknowledged { server }) = (&attempt.task, &attempt.answer) {
            last.insert(task, server);
        }
    }
    let services = seen.services.iter().filter(|s| s.uses_database);
    let tasks: Vec<&str> = services.flat_map(|s| &s.tasks_after).map(|t| t.id.as_str()).collect();
    let elsewhere: Vec<String> = tasks
        .iter()
        .filter_map(|task| match last.get(task) {
            Some(server) if *server == wanted => None,
            Some(server) => Some(format!("{task} wrote to {server}")),
            None => Some(format!("{task} wrote nothing")),
        })
        .collect();
    let detail = if elsewhere.is_empty() {
        format!("the last write of each of {} task(s) is on {}", tasks.len(), seen.writer_after)
    } else {
        elsewhere.join("; ")
    };
    Check::new("each-task-writes-to-the-new-writer", elsewhere.is_empty() && !tasks.is_empty(), detail)
}

/// A service without the database must not feel the outage of it, nor the recovery: as the RTO's rule, with 99 of 100
/// requests, for a busy machine stalls at times.
fn not_felt_by_others(seen: &Evidence, felt: &Felt) -> Check {
    let since = |a: &&Attempt| a.service == real::BYSTANDER && a.sent_at >= seen.fault_at;
    let asked: Vec<&Attempt> = felt.attempts.iter().filter(since).collect();
    let last = asked.iter().map(|a| a.sent_at).max();
    // What is under way when the probe ends has no answer.
    let over = |a: &&&Attempt| last.is_some_and(|last| last.duration_since(a.sent_at) > UNDER_WAY);
    let unanswered = asked.iter().filter(over).filter(|a| !a.is_prompt()).count();
    Check::new(
        "unrelated-service-untouched",
        !asked.is_empty() && unanswered * 100 <= asked.len(),
        format!("{}: {unanswered} of {} requests without a prompt answer", real::BYSTANDER, asked.len()),
    )
}

/// A new connection reaches the new writer through the cluster endpoint, and a standby through the reader endpoint.
fn endpoints_lead_right(seen: &Evidence, felt: &Felt) -> Check {
    let writer = felt.made.port(&seen.writer_after);
    let led = |led: &Led| match led {
        Led::To { server, in_recovery } => Some((server.to_string(), *in_recovery)),
        Led::Nowhere { .. } => None,
    };
    let (to_writer, to_reader) = (led(&felt.endpoints.writer), led(&felt.endpoints.reader));
    let wrote = to_writer.is_some_and(|(server, standby)| Some(server) == writer && !standby);
    let read = to_reader.is_some_and(|(server, standby)| Some(server) != writer && standby);
    let Endpoints { writer: through, reader } = &felt.endpoints;
    Check::new(
        "endpoints-lead-right",
        wrote && read,
        format!("the cluster's {through:?}, the readers' {reader:?}"),
    )
}

/// A world that does not follow the model shows another outage than the one that is played.
fn carried_out(felt: &Felt) -> Check {
    let detail = felt.failures.first().cloned().unwrap_or_else(|| "everything".to_owned());
    Check::new("the-models-decisions-carried-out", felt.failures.is_empty(), detail)
}

/// Without the new writer's rows nothing can be said of what was lost.
fn rows_counted(seen: &Evidence, felt: &Felt) -> Check {
    let (passed, detail) = match felt.rows.get(&seen.writer_after) {
        Some(Held::Rows(rows)) => {
            let count: usize = rows.values().map(std::collections::BTreeSet::len).sum();
            (count > 0, format!("{count} rows on {}", seen.writer_after))
        }
        Some(Held::Error(why)) => (false, format!("{}: {why}", seen.writer_after)),
        None => (false, format!("{} was not asked", seen.writer_after)),
    };
    Check::new("rows-counted", passed, detail)
}

fn rows_lost(clients: &Clients, some: bool) -> Check {
    let lost: usize = clients.rpo.values().map(felt::Loss::rows_missing).sum();
    let detail = format!("{lost} acknowledged rows are not on the new writer");
    if !some {
        return Check::new("no-acknowledged-row-lost", lost == 0, detail);
    }
    // A plain crash may lose a row or two; what is held back for a second is more than half a second of each service.
    let (worst, all) =
        clients.rpo.values().fold((f64::INFINITY, 0), |(worst, all), l| (l.seconds.min(worst), all + 1));
    let detail = format!("{detail}, over {worst:.2} s at least in each service");
    Check::new("acknowledged-rows-are-lost", all > 0 && worst >= HELD_BACK_S, detail)
}
