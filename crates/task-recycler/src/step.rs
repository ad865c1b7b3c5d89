//! Step `recycle`: look, write down what is about to be done, do it, write down what came of it.

use crate::{
    Ports,
    asking::{Confirmed, ask},
    database::{Ground, ground},
    observe::observe,
    round::{Recycling, Restart, Round, plan_next},
};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    CallError, Decision, Failure, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::seconds_since,
    incident::{Event, Incident, ServiceNews, ServiceState},
    log::Log,
};

/// Looks once, starts what is due, and says when to look again.
pub(crate) async fn step(now: Timestamp, run: &Run, ports: &Ports) -> Result<StepReply, StepError> {
    let reply = |next, summary: String| StepReply::new(run, Step::Recycle, next, summary);
    let mut log = Log::of_run(ports.incidents.as_ref(), run).await?;
    if let Some((_, failed)) = log.incident.recycled() {
        return Ok(reply(Next::Done, ending(failed)));
    }
    let Some(confirmed_at) = log.incident.endpoint_confirmed_at() else {
        let reason = "The endpoint was not confirmed: tasks that restart now would find the old writer.";
        let verdict = Verdict::new(Decision::Refuse, Guard::EvidenceMissing, reason).about(run.database());
        return Ok(reply(Next::Escalate, reason.to_owned()).because(verdict));
    };
    let services = &run.plan.database.services;
    let known: Vec<ServiceNews> = log.incident.services().into_iter().cloned().collect();
    let identifier = &run.plan.database.identifier;
    let (sights, cluster) =
        tokio::join!(observe(ports, services, &known), ports.databases.cluster(identifier));
    let shaky = match ground(log.incident.promoted().map(|(writer, _)| writer), &cluster) {
        Ground::Firm => None,
        Ground::Shaky(why) => Some(why),
        Ground::Gone(verdict) => {
            let verdict = verdict.about(run.database());
            return Ok(reply(Next::Escalate, verdict.reason.clone()).because(verdict));
        }
    };
    let writer = log.incident.promoted().map_or("", |(writer, _)| writer);
    let confirmed = Confirmed { at: confirmed_at, writer };
    let pools = ask(now, ports, services, &known, &sights, confirmed).await;
    let recycling = Recycling {
        services,
        confirmed_at,
        quiet_since: quiet_since(&log, confirmed_at),
        resumed_at: log.incident.latest(|r| matches!(r.event, Event::Resumed { .. }).then_some(r.at)),
        known: &known,
        shaky: shaky.as_deref(),
        pools: &pools,
    };
    if let Some(why) = shaky.as_deref().filter(|_| overdue(now, run, recycling.quiet_since)) {
        let reason = format!("Services wait for the database for too long: {why}.");
        let verdict =
            Verdict::new(Decision::Refuse, Guard::TookTooLong, reason.clone()).about(run.database());
        return Ok(reply(Next::Escalate, reason).because(verdict));
    }
    let round = plan_next(now, &recycling, &sights);
    // The state machine may have begun this step anew while an earlier invocation still runs: whose intent is written
    // first restarts.
    let unchanged = |i: &Incident| i.services().into_iter().eq(&known);
    if !tell(now, &mut log, round.news.clone(), unchanged).await? {
        let summary = "Somebody else has written news of services: looking again.";
        return Ok(StepReply::again(run, Step::Recycle, 1, summary));
    }
    let news = restart_all(ports, &log, &round.restarts).await;
    tell(now, &mut log, news, |_| true).await?;
    if round.over {
        let failed = not_recycled(&log);
        let recycled = services.len().saturating_sub(failed.len());
        let summary = ending(&failed);
        log.append_when(now, Event::Recycled { recycled, failed }, &[], |i| i.recycled().is_none()).await?;
        return Ok(reply(Next::Done, summary));
    }
    let after_s = if seconds_since(now, confirmed_at) < 120 { 3 } else { 5 };
    Ok(StepReply::again(run, Step::Recycle, after_s, summary(&round)))
}

/// Writes news of services if `still` holds; one that failed, or can't be restarted, is escalated at once.
async fn tell(
    now: Timestamp,
    log: &mut Log<'_>,
    news: Vec<ServiceNews>,
    still: impl Fn(&Incident) -> bool + Send,
) -> Result<bool, StepError> {
    if news.is_empty() {
        return Ok(true);
    }
    let bad = news.iter().any(|n| matches!(n.state, ServiceState::Failed | ServiceState::NotRecyclable));
    let owes: &[NoticeKind] = if bad { &[NoticeKind::Escalation] } else { &[] };
    log.append_when(now, Event::Services { news }, owes, still).await
}

/// Sends each restart once. Without a clear answer nothing is written: the next look finds the deployment, or
/// that there is none.
async fn restart_all(ports: &Ports, log: &Log<'_>, restarts: &[Restart]) -> Vec<ServiceNews> {
    let mut news = Vec::new();
    for restart in restarts {
        let answer = ports.services.redeploy(&restart.cluster, &restart.name, restart.count).await;
        let intended = log.incident.services().into_iter().find(|n| {
            n.cluster == restart.cluster && n.name == restart.name && n.state == ServiceState::Started
        });
        if let (Some(intended), Some((state, deployment, reason))) = (intended, outcome(answer)) {
            news.push(ServiceNews { state, deployment, reason, ..intended.clone() });
        }
    }
    news
}

/// What an answer of `UpdateService` means for the service; none when it leaves that open.
fn outcome(answer: Result<String, CallError>) -> Option<(ServiceState, Option<String>, String)> {
    let error = match answer {
        Ok(id) => {
            let reason = format!("Waiting for {id}: the deployment that was asked for.");
            return Some((ServiceState::Started, Some(id), reason));
        }
        Err(error) => error,
    };
    let reason = recovery::text::plain(&error.to_string(), 400);
    match error.failure {
        Failure::Throttled | Failure::Doubtful | Failure::Malformed | Failure::Unreachable => None,
        Failure::Denied => Some((ServiceState::Failed, None, reason)),
        Failure::NotFound | Failure::WrongState | Failure::Refused => {
            Some((ServiceState::NotRecyclable, None, reason))
        }
    }
}

fn quiet_since(log: &Log<'_>, confirmed_at: Timestamp) -> Timestamp {
    log.incident
        .latest(|r| {
            let speaks = matches!(r.event, Event::Services { .. } | Event::Resumed { .. });
            speaks.then_some(r.at)
        })
        .map_or(confirmed_at, |at| at.max(confirmed_at))
}

/// Whether an unhealthy database has kept services waiting for as long as a promotion may take.
fn overdue(now: Timestamp, run: &Run, since: Timestamp) -> bool {
    seconds_since(now, since) > run.plan.database.promotion_within.as_secs()
}

fn not_recycled(log: &Log<'_>) -> Vec<String> {
    log.incident
        .services()
        .into_iter()
        .filter(|s| s.state != ServiceState::Recycled)
        .map(|s| s.name.clone())
        .collect()
}

fn ending(failed: &[String]) -> String {
    if failed.is_empty() {
        "Every service of the plan is recycled.".to_owned()
    } else {
        format!("Recycling has ended; not recycled: {}.", failed.join(", "))
    }
}

fn summary(round: &Round) -> String {
    let mut parts: Vec<String> = round.news.iter().map(|n| format!("{}: {}", n.name, n.reason)).collect();
    parts.extend(round.waiting.iter().cloned());
    recovery::text::plain(&parts.join("; "), 600)
}
