//! Step `close`: the recovery is over, and people hear it.

use crate::{
    Ports,
    carry_out::{Judgement, carry_out},
    verify,
};
use jiff::Timestamp;
use recovery::{
    Closing, Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    incident::{FailoverAnswer, Incident, ServiceNews, ServiceState},
    log::Log,
    pools::EVIDENCE,
};

/// How the incident may be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// As recovered.
    Recovered(Verdict),
    /// Not by Mainstay: people must see to what is named.
    Escalate(Verdict),
}

/// Closes the incident as recovered, or hands it over. Where something was noted since health was verified, or an
/// earlier attempt verified it, health is watched first.
///
/// # Errors
/// As [`verify::step`].
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    if log.incident.recycled().is_some() && unfinished(&log.incident).is_empty() {
        let health = verify::watch_for(Step::Close, now, run, ports, log).await?;
        if health.next != Next::Done {
            return Ok(health);
        }
    }
    match end(&log.incident) {
        End::Recovered(verdict) => {
            let judgement = Judgement::close(Closing::Recovered, verdict);
            let mut reply = carry_out(now, run, log, Step::Close, judgement).await?;
            if reply.next == Next::Stop {
                reply.next = Next::Done;
            }
            Ok(reply)
        }
        End::Escalate(verdict) => {
            let reason = verdict.reason.clone();
            Ok(StepReply::new(run, Step::Close, Next::Escalate, reason).because(verdict))
        }
    }
}

/// Whether everything that the plan asks for is done.
#[must_use]
pub fn end(incident: &Incident) -> End {
    let verdict =
        |decision, guard, reason: String| Verdict::new(decision, guard, reason).about(&incident.database);
    let failed = unfinished(incident);
    if !failed.is_empty() {
        let list: Vec<String> = failed.iter().map(|s| format!("{}: {}", s.name, s.reason)).collect();
        let reason =
            format!("The database works again, but not every service was recycled. {}", list.join("; "));
        return End::Escalate(verdict(
            Decision::Refuse,
            Guard::ServicesFailed,
            recovery::text::plain(&reason, 900),
        ));
    }
    if incident.healthy_still_since().is_none() {
        let reason = "Health was not verified, so there is no all-clear.".to_owned();
        return End::Escalate(verdict(Decision::Refuse, Guard::EvidenceMissing, reason));
    }
    let writer = incident.promoted().map_or("unknown", |(w, _)| w);
    let refused = matches!(incident.answer(), Some(FailoverAnswer::Refused { .. }));
    let (decision, who) = if incident.intent().is_some() && !refused {
        (Decision::Act, "Mainstay failed it over")
    } else {
        (Decision::Recycle, "AWS failed it over")
    };
    let recycled = incident.services().len();
    let reason = format!(
        "{} works again: {who}, the writer is {writer}, {recycled} services were restarted, all is healthy.",
        incident.database
    );
    let mut verdict = verdict(decision, Guard::AllHealthy, reason);
    if let Some(pools) = incident.pools() {
        verdict = verdict.seeing(EVIDENCE, pools.words());
    }
    if let Some(request) = incident.request_not_made() {
        verdict = verdict.seeing("asked for meanwhile", format!("{request} No other failover was made."));
    }
    End::Recovered(verdict)
}

/// Services that are not recycled.
pub(crate) fn unfinished(incident: &Incident) -> Vec<&ServiceNews> {
    incident.services().into_iter().filter(|s| s.state != ServiceState::Recycled).collect()
}
