//! Step `endpoint`: wait until the cluster endpoint leads to the new writer, and has for one TTL, and where the plan
//! asks for it, until a probe through it was answered by that writer ([`proof`]). Tasks that are restarted before that
//! connect to the old writer again.

use crate::{
    Ports, by_hand,
    incident_of::Case,
    passes,
    proof::{self, Judged, Settled, Watched},
};
use jiff::Timestamp;
use plan::Database;
use recovery::{
    CallError, Decision, Failure, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::{after, seconds_since, seconds_until},
    incident::{Event, Incident, Record},
    log::Log,
    probes::{Probe, Proof},
    topology::Cluster,
};

/// What is to be done about the endpoint now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// The writer has moved again: this is the one to wait for.
    WriterMoved {
        /// The writer that was waited for.
        from: Option<String>,
        /// The writer as it is.
        writer: String,
        /// Its zone.
        zone: Option<String>,
    },
    /// It leads elsewhere than at the look before: write that down.
    Changed {
        /// The endpoint.
        endpoint: String,
        /// Where it leads.
        leads_to: String,
    },
    /// It leads to the writer by its name, and a probe says otherwise: write that down.
    Doubted {
        /// The writer.
        writer: String,
        /// The probe.
        probe: Probe,
    },
    /// It leads to the writer, has for the plan's time of settling, and is proved as the plan asks.
    Moved {
        /// The endpoint.
        endpoint: String,
        /// Where it leads.
        leads_to: String,
        /// Since when that was seen.
        seen_at: Timestamp,
        /// What proved it.
        proof: Proof,
    },
    /// Look again.
    Waiting {
        /// In so many seconds.
        after_s: u64,
        /// What is seen.
        reason: String,
    },
    /// It took longer than the plan allows.
    TooLong(Verdict),
}

/// Looks once; a name that has settled in no time (`settle = "0s"`) is done in one look.
///
/// # Errors
/// AWS's and the resolver's, when the reason does not pass; the store's.
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    let reply = |next, summary: String| StepReply::new(run, Step::Endpoint, next, summary);
    if let Some(endpoint) = confirmed_before(&log.incident) {
        return Ok(reply(Next::Done, format!("{endpoint} leads to the new writer.")));
    }
    let (cluster, led) = match look(run, ports).await {
        Ok(seen) => seen,
        Err(error) if passes(&error) => return Ok(unseen(now, run, log, &error)),
        Err(error) => return Err(error.into()),
    };
    let case = Case::new(run, log);
    let seen_at = seen(case.incident).map(|(_, at)| at);
    let watched = proof::look(&case, &cluster, seen_at, ports).await;
    // At most: a new writer, where it leads, and that it has settled; or what a probe said of it.
    for _ in 0..3 {
        match lead(now, &Case::new(run, log), &cluster, led.as_deref(), &watched) {
            Lead::WriterMoved { from, writer, zone } => {
                log.append(now, Event::Promoted { from, writer, zone }, &[]).await?;
            }
            Lead::Changed { endpoint, leads_to } => {
                log.append(now, Event::EndpointSeen { endpoint, leads_to }, &[]).await?;
            }
            Lead::Doubted { writer, probe } => {
                log.append(now, Event::EndpointDoubted { writer, probe }, &[]).await?;
            }
            Lead::Moved { endpoint, leads_to, seen_at, proof } => {
                let words = proof.words().map(|words| format!(" ({words})")).unwrap_or_default();
                let summary = format!("{endpoint} leads to {leads_to}{words}.");
                let event = Event::EndpointMoved { endpoint, leads_to, seen_at, proof };
                log.append(now, event, &[]).await?;
                return Ok(reply(Next::Done, summary));
            }
            Lead::Waiting { after_s, reason } => {
                return Ok(StepReply::again(run, Step::Endpoint, after_s, reason));
            }
            Lead::TooLong(verdict) => {
                return Ok(reply(Next::Escalate, verdict.reason.clone()).because(verdict));
            }
        }
    }
    let summary = "The endpoint was seen to change.".to_owned();
    Ok(StepReply::again(run, Step::Endpoint, 1, summary))
}

async fn look(run: &Run, ports: &Ports) -> Result<(Cluster, Option<String>), CallError> {
    let cluster = ports.databases.cluster(&run.plan.database.identifier).await?;
    let endpoint = cluster.endpoint.as_deref().ok_or_else(|| {
        let message = format!("cluster {} has no endpoint", cluster.identifier);
        CallError::new("RDS", "DescribeDBClusters", Failure::Malformed, &message)
    })?;
    let led = ports.names.cname(endpoint).await?;
    Ok((cluster, led))
}

/// What to do about the endpoint: `led` is where its CNAME ends, none when it has none; `watched` what its prober saw
/// since it was first seen to lead there.
#[must_use]
pub fn lead(
    now: Timestamp,
    case: &Case<'_>,
    cluster: &Cluster,
    led: Option<&str>,
    watched: &Watched,
) -> Lead {
    let promoted = case.incident.promoted();
    let Some(writer) = cluster.writer().filter(|_| cluster.settled()) else {
        let reason = format!("Cluster {} is `{}` again.", cluster.identifier, cluster.status);
        return waiting(now, case, reason);
    };
    if promoted.is_none_or(|(name, _)| name != writer.instance) {
        return Lead::WriterMoved {
            from: promoted.map(|(name, _)| name.to_owned()),
            writer: writer.instance.clone(),
            zone: writer.zone.clone(),
        };
    }
    let (Some(endpoint), Some(expected)) = (cluster.endpoint.as_deref(), writer.endpoint.as_deref()) else {
        let reason = format!("RDS does not tell the endpoint of {}.", writer.instance);
        return waiting(now, case, reason);
    };
    let right = led.is_some_and(|led| same_name(led, expected));
    let known = seen(case.incident);
    let leads_to = led.map_or("no CNAME", |l| l.trim_end_matches('.'));
    if known.is_none_or(|(before, _)| !same_name(before, leads_to)) && (right || known.is_some()) {
        return Lead::Changed {
            endpoint: endpoint.to_owned(),
            leads_to: recovery::text::plain(leads_to, 255),
        };
    }
    let Some((_, seen_at)) = known.filter(|_| right) else {
        let reason = format!("{endpoint} leads to {leads_to}, not yet to {expected}.");
        return waiting(now, case, recovery::text::plain(&reason, 400));
    };
    let settled = after(seen_at, case.plan.settle);
    if now < settled {
        return Lead::Waiting {
            after_s: seconds_until(now, settled).clamp(1, 10),
            reason: format!("{endpoint} leads to {expected}; caches have until {settled} to follow."),
        };
    }
    let name = Settled { writer: &writer.instance, seen_at, at: settled, doubt: proof::doubt(case) };
    match proof::judge(now, case.plan.endpoint_proof, &name, watched) {
        Judged::Proved(proof) => {
            Lead::Moved { endpoint: endpoint.to_owned(), leads_to: expected.to_owned(), seen_at, proof }
        }
        Judged::Doubted(probe) => Lead::Doubted { writer: writer.instance.clone(), probe },
        Judged::Refuted(reason) => waiting(now, case, recovery::text::plain(&reason, 400)),
        Judged::Unheard(reason) => Lead::Waiting { after_s: 1, reason },
    }
}

/// Whether two DNS names are the same: case does not matter, nor does the root's dot.
fn same_name(a: &str, b: &str) -> bool {
    a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'))
}

/// Where the endpoint was seen to lead at last, and since when, after the newest promotion.
fn seen(incident: &Incident) -> Option<(&str, Timestamp)> {
    since_promotion(incident, |r| {
        if let Event::EndpointSeen { leads_to, .. } = &r.event {
            Some((leads_to.as_str(), r.at))
        } else {
            None
        }
    })
}

/// The endpoint that was confirmed already for the newest promotion.
fn confirmed_before(incident: &Incident) -> Option<&str> {
    since_promotion(incident, |r| {
        if let Event::EndpointMoved { endpoint, .. } = &r.event { Some(endpoint.as_str()) } else { None }
    })
}

/// The newest answer of `pick` after the newest promotion.
fn since_promotion<'a, T>(incident: &'a Incident, pick: impl Fn(&'a Record) -> Option<T>) -> Option<T> {
    incident
        .latest(|r| {
            if matches!(r.event, Event::Promoted { .. }) {
                return Some(None);
            }
            pick(r).map(Some)
        })
        .flatten()
}

fn unseen(now: Timestamp, run: &Run, log: &Log<'_>, error: &CallError) -> StepReply {
    match waiting(now, &Case::new(run, log), format!("The endpoint can't be seen: {error}.")) {
        Lead::TooLong(verdict) => {
            StepReply::new(run, Step::Endpoint, Next::Escalate, verdict.reason.clone()).because(verdict)
        }
        Lead::Waiting { after_s, reason } => StepReply::again(run, Step::Endpoint, after_s, reason),
        Lead::WriterMoved { .. } | Lead::Changed { .. } | Lead::Doubted { .. } | Lead::Moved { .. } => {
            StepReply::again(run, Step::Endpoint, 1, error.to_string())
        }
    }
}

/// Waits on, until the plan's time since the promotion (or since this attempt) is over.
fn waiting(now: Timestamp, case: &Case<'_>, reason: String) -> Lead {
    let since = case
        .incident
        .latest(|r| matches!(r.event, Event::Promoted { .. } | Event::Resumed { .. }).then_some(r.at))
        .unwrap_or(case.head.opened_at);
    if now >= after(since, case.plan.endpoint_within) {
        return Lead::TooLong(too_long(case.plan, &reason));
    }
    let after_s = if seconds_since(now, since) < 30 { 1 } else { 2 };
    Lead::Waiting { after_s, reason }
}

fn too_long(plan: &Database, reason: &str) -> Verdict {
    let reason = format!(
        "It is not proved after {} that the endpoint leads to the new writer. {reason} No service was restarted.",
        plan.endpoint_within
    );
    let commands: Vec<String> =
        plan.services.iter().map(|s| by_hand::redeploy(plan, &s.cluster, &s.name)).collect();
    Verdict::new(Decision::Refuse, Guard::TookTooLong, reason)
        .about(&plan.name)
        .unless(format!("Once the name leads to the writer: {}", commands.join("; ")))
}
