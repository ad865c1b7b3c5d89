//! Step `fail-over`: the last look, the intent, and the one call. It is never made a second time: whoever repeats the
//! step finds the intent, and reads.

use crate::{
    Ports,
    assess::{self, Assessment},
    by_hand,
    carry_out::{Judgement, Turn, carry_out},
    confirm,
    incident_of::Case,
    movement::FAILING_OVER,
    sight::{self, Sight},
    target::{self, Choice, Lags},
};
use jiff::Timestamp;
use recovery::{
    CallError, Decision, Failure, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::after,
    incident::{Event, FailoverAnswer, Record},
    log::Log,
    topology::{Cluster, Member},
};
use std::time::{Duration, Instant};

/// What the last look says.
#[derive(Debug, Clone, PartialEq)]
pub enum LastLook {
    /// Promote the reader that was assessed.
    Call {
        /// The writer as it is.
        from: String,
        /// The reader to be promoted.
        target: String,
    },
    /// The reader that was assessed is no longer fit: this one is.
    CallAnother {
        /// The writer as it is.
        writer: Member,
        /// The reader to be promoted.
        choice: Box<Choice>,
    },
    /// Don't call.
    Otherwise(Judgement),
}

/// How many seconds an invocation has, as the template says it (`Timeout`).
pub const FUNCTION_S: u64 = 20;
/// How many of them the call must have: RDS is given 10 s to answer, and the intent is written before.
const CALL_S: u64 = 11;

/// Until when an invocation that began at this moment may begin the call. An intent whose call is cut off stands for a
/// call that was made: the promotion would be waited for in vain.
#[must_use]
pub fn call_until(began: Instant) -> Instant {
    began + Duration::from_secs(FUNCTION_S.saturating_sub(CALL_S))
}

/// Looks once more at alarms, writer, status and switches; writes the intent; asks RDS once. What has not answered
/// by `until` is missing, and then nothing is called in this invocation.
///
/// # Errors
/// The store's. RDS's refusals are answers, not errors.
pub async fn step(
    now: Timestamp,
    until: Instant,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    if log.incident.intent().is_some() {
        return called_before(run, ports, log).await;
    }
    let decided = assessed_at(run, log).unwrap_or(run.opened_at);
    if now >= patience_ends(run, decided) {
        return Ok(too_late(run, &format!("the decision is of {decided}")));
    }
    let too_slow = || {
        let summary = "Too little of the function's time is left for the call: begun anew.";
        StepReply::again(run, Step::FailOver, 1, summary)
    };
    if Instant::now() >= until {
        return Ok(too_slow());
    }
    let case = Case::new(run, log);
    let left = || until.saturating_duration_since(Instant::now()).min(sight::PATIENCE);
    let sight = sight::look_within(left(), &case, ports).await;
    let lags = match (&sight.cluster, target::bound_ms(case.plan)) {
        // A lag that does not come in time is as unknown as one that can't be read.
        (Ok(cluster), Some(_)) => {
            let lags = assess::lags(now, assess::outage_began(log), ports, cluster);
            tokio::time::timeout(left(), lags).await.unwrap_or_default()
        }
        _ => Lags::new(),
    };
    let (from, target) = match last_look(now, &case, &sight, &lags) {
        LastLook::Call { from, target } => (from, target),
        LastLook::CallAnother { writer, choice } => {
            let target = choice.target.instance.clone();
            assess::record(now, log, &writer, *choice).await?;
            (writer.instance, target)
        }
        LastLook::Otherwise(judgement) => {
            return carry_out(now, run, log, Step::FailOver, judgement).await;
        }
    };
    if Instant::now() >= until {
        return Ok(too_slow());
    }
    let intent = Event::FailoverIntended { from: from.clone(), target: target.clone() };
    if !log.append_when(now, intent, &[], |i| i.intent().is_none()).await? {
        return called_before(run, ports, log).await;
    }
    let answer = answer_of(ports.databases.fail_over(&run.plan.database.identifier, &target).await);
    let event = Event::FailoverAnswered { answer: answer.clone() };
    match log.append(now, event, &[]).await {
        // The call is out: that its answer can't be written must not stop what follows it.
        Err(error @ (StepError::Throttled(_) | StepError::Unavailable(_))) => {
            tracing::warn!(incident = %run.incident, %error, "the failover's answer was not written");
        }
        other => other?,
    }
    after_answer(run, ports, &from, &target, &answer).await
}

/// When this attempt chose the reader for the first time.
fn assessed_at(run: &Run, log: &Log<'_>) -> Option<Timestamp> {
    let own = |r: &&Record| r.fence == run.fence && matches!(r.event, Event::Assessed { .. });
    log.incident.records.iter().find(own).map(|r| r.at)
}

/// Until when a decision may wait for its call: as long as the plan lets an incident be held.
fn patience_ends(run: &Run, since: Timestamp) -> Timestamp {
    after(since, run.plan.database.detection.hold_deadline)
}

/// Nothing was called in all that time: people decide.
fn too_late(run: &Run, why: &str) -> StepReply {
    let plan = &run.plan.database;
    let patience = plan.detection.hold_deadline;
    let reason = format!("Not failed over within {patience}: {why}.");
    let verdict = Verdict::new(Decision::Refuse, Guard::DeadlinePassed, reason.clone())
        .about(&plan.name)
        .unless(format!("A person acts: {}", by_hand::fail_over(plan)));
    StepReply::new(run, Step::FailOver, Next::Escalate, reason).because(verdict)
}

/// Whether to make the call, seen right before it. The same rules as `confirm`; a person's wish needs no alarm.
#[must_use]
pub fn last_look(now: Timestamp, case: &Case<'_>, sight: &Sight, lags: &Lags) -> LastLook {
    let Some((before, chosen)) = case.incident.assessed() else {
        let reason = "No reader was chosen: the step before this one is missing.".to_owned();
        return LastLook::Otherwise(confirm::refuse(case, Guard::NoReader, reason));
    };
    if !case.plan.allowed_regions.contains(&case.plan.region) {
        let reason = confirm::forbidden_region(case);
        return LastLook::Otherwise(confirm::refuse(case, Guard::RegionForbidden, reason));
    }
    let judgement = confirm::decide(now, case, sight);
    if judgement.turn != Turn::Act {
        return LastLook::Otherwise(judgement);
    }
    let cluster = match &sight.cluster {
        Ok(cluster) => cluster,
        Err(error) => {
            let reason = format!("The cluster can't be read: {error}.");
            let held = confirm::hold(now, case, Guard::EvidenceMissing, reason, 2);
            return LastLook::Otherwise(held);
        }
    };
    let Some(writer) = cluster.writer().filter(|w| w.instance == before) else {
        return LastLook::Otherwise(moved_since(case, cluster, before));
    };
    match assess::assess(case, cluster, lags) {
        Assessment::Otherwise(judgement) => LastLook::Otherwise(judgement),
        Assessment::Promote { choice, .. } => {
            if fit(case, cluster, lags, chosen) {
                LastLook::Call { from: writer.instance.clone(), target: chosen.to_owned() }
            } else {
                LastLook::CallAnother { writer: writer.clone(), choice }
            }
        }
    }
}

/// Whether the reader that was assessed could be chosen still, were it the only one.
fn fit(case: &Case<'_>, cluster: &Cluster, lags: &Lags, chosen: &str) -> bool {
    let mut alone = cluster.clone();
    alone.members.retain(|m| m.writer || m.instance == chosen);
    target::choose(case.plan, &alone, lags, case.incident.accepts_loss()).is_ok()
}

fn moved_since(case: &Case<'_>, cluster: &Cluster, before: &str) -> Judgement {
    let now = cluster.writer().map_or("none", |w| w.instance.as_str());
    let reason = format!("The writer is {now}, no longer {before}: somebody was faster than the call.");
    Judgement {
        verdict: Verdict::new(Decision::Recycle, Guard::WriterChanged, reason).about(&case.plan.name),
        turn: Turn::Recycle { from: Some(before.to_owned()) },
    }
}

fn answer_of(result: Result<(), CallError>) -> FailoverAnswer {
    let Err(error) = result else {
        return FailoverAnswer::Accepted;
    };
    let cause = recovery::text::plain(&error.to_string(), 300);
    match error.failure {
        Failure::Doubtful | Failure::Malformed => FailoverAnswer::Doubtful { cause },
        Failure::Throttled
        | Failure::Denied
        | Failure::NotFound
        | Failure::WrongState
        | Failure::Refused
        | Failure::Unreachable => FailoverAnswer::Refused { cause },
    }
}

/// The step is repeated: the call is out, or may be. What became of it is read, never asked for again.
async fn called_before(run: &Run, ports: &Ports, log: &Log<'_>) -> Result<StepReply, StepError> {
    let from = log.incident.old_writer().unwrap_or_default().to_owned();
    let target = log.incident.intent().map_or_else(String::new, |(t, _)| t.to_owned());
    let answer = log
        .incident
        .answer()
        .cloned()
        .unwrap_or(FailoverAnswer::Doubtful { cause: "the call's answer is not known".to_owned() });
    after_answer(run, ports, &from, &target, &answer).await
}

async fn after_answer(
    run: &Run,
    ports: &Ports,
    from: &str,
    target: &str,
    answer: &FailoverAnswer,
) -> Result<StepReply, StepError> {
    let plan = &run.plan.database;
    let reply = |next, summary: String| StepReply::new(run, Step::FailOver, next, summary);
    match answer {
        FailoverAnswer::Accepted => Ok(reply(
            Next::Done,
            format!("RDS was asked once to promote {target} in the place of {from}, and accepted."),
        )),
        FailoverAnswer::Doubtful { cause } => {
            let reason = format!("RDS was asked once to promote {target}; the answer is in doubt: {cause}");
            let verdict = Verdict::new(Decision::Note, Guard::DoubtfulAnswer, reason.clone())
                .about(&plan.name)
                .unless("Nothing: the cluster is read from here on, and no second call is made.");
            Ok(reply(Next::Done, reason).because(verdict))
        }
        FailoverAnswer::Refused { cause } => {
            // A refusal because somebody was a moment faster is no failure.
            let cluster = ports.databases.cluster(&plan.identifier).await.ok();
            let moving = cluster
                .is_some_and(|c| c.status == FAILING_OVER || c.writer().is_some_and(|w| w.instance != from));
            if moving {
                let summary = format!("RDS refused ({cause}), for the writer moves already.");
                return Ok(reply(Next::Done, summary));
            }
            let reason = format!("RDS refused to fail over to {target}: {cause}");
            let verdict = Verdict::new(Decision::Refuse, Guard::CallRefused, reason.clone())
                .about(&plan.name)
                .unless(format!("A person acts: {}", by_hand::fail_over(plan)));
            Ok(reply(Next::Escalate, reason).because(verdict))
        }
    }
}
