//! Step `confirm`: read every witness again, until they say act, recovered, or the deadline has come.

use crate::{
    Ports, by_hand,
    carry_out::{Judgement, Turn, carry_out},
    incident_of::Case,
    movement,
    sight::{self, Sight},
    witnesses::{self, Speech},
    work_in_progress,
};
use jiff::Timestamp;
use plan::Mode;
use recovery::{
    Closing, Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict, deadline::after,
    incident::Event, log::Log,
};

/// Seconds until the next look at a hold that nobody can time.
const LOOK_AGAIN_S: u64 = 5;
/// The longest wait, so that a person's request and a kill switch are seen soon.
const LONGEST_WAIT_S: u64 = 10;

/// Looks once, and confirms, holds, stands down, refuses, or leaves the failover to AWS.
///
/// # Errors
/// The store's.
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    if let Some(reply) = decided_before(run, log) {
        return Ok(reply);
    }
    let case = Case::new(run, log);
    let sight = sight::look(&case, ports).await;
    let judgement = decide(now, &case, &sight);
    carry_out(now, run, log, Step::Confirm, judgement).await
}

/// What this attempt has confirmed already, when the step is repeated.
fn decided_before(run: &Run, log: &Log<'_>) -> Option<StepReply> {
    log.incident.latest(|r| {
        let Event::Confirmed { verdict } = &r.event else {
            return None;
        };
        let reply = StepReply::new(run, Step::Confirm, Next::Done, verdict.reason.clone());
        (r.fence == run.fence).then(|| reply.because(verdict.clone()))
    })
}

/// Whether to fail over now. The rules stand in the order in which they win.
#[must_use]
pub fn decide(now: Timestamp, case: &Case<'_>, sight: &Sight) -> Judgement {
    let mut judgement = judge(now, case, sight);
    let verdict = &mut judgement.verdict;
    verdict.database = Some(case.plan.name.clone());
    let seen = sight.evidence().into_iter().chain([movement::evidence(case)]);
    verdict.evidence.splice(0..0, seen);
    judgement
}

fn judge(now: Timestamp, case: &Case<'_>, sight: &Sight) -> Judgement {
    if let Some(who) = case.person() {
        let loss = if case.incident.accepts_loss() { " The loss of data is accepted." } else { "" };
        let reason = format!("A person asks for the failover: {who}.{loss}");
        return Judgement::act(Verdict::new(Decision::Act, Guard::PersonAsks, reason));
    }
    let hold = |guard, reason: String| hold(now, case, guard, reason, LOOK_AGAIN_S);
    match &sight.switches {
        Ok(switches) => {
            if let Some(switch) = switches.first() {
                let by = recovery::text::plain(&switch.by, 60);
                let why = recovery::text::plain(&switch.reason, 200);
                return refuse(case, Guard::Paused, format!("{by} paused automatic action: {why}."));
            }
        }
        Err(error) => {
            let reason = format!("Whether somebody paused Mainstay can't be read: {error}.");
            return hold(Guard::EvidenceMissing, reason);
        }
    }
    let speech = witnesses::hear(now, &case.plan.detection, &sight.alarms);
    if let Some(moved) = movement::moved(case, sight, speech == Speech::Ok) {
        if case.plan.mode == Mode::Observe {
            return Judgement::close(Closing::Observed, moved.verdict);
        }
        return Judgement { verdict: moved.verdict, turn: Turn::Recycle { from: moved.from } };
    }
    if let Some((guard, reason)) = obstacle(case, sight) {
        return hold(guard, reason);
    }
    match speech {
        // What is shown now counts, not whether the alarm arrived muted: mute rules are read with the alarms.
        Speech::Muted(reason) => hold(Guard::Muted, reason),
        Speech::Ok => {
            let reason = format!("{} recovered by itself: every witness is OK.", case.plan.name);
            let verdict = Verdict::new(Decision::StandDown, Guard::RecoveredByItself, reason)
                .unless("A witness goes to ALARM again: that opens a new incident.");
            Judgement::close(Closing::StoodDown, verdict)
        }
        Speech::Missing(reason) => hold(Guard::EvidenceMissing, reason),
        Speech::Disagree(reason) => hold(Guard::WitnessesDisagree, reason),
        Speech::NotYet(left) => not_yet(now, case, left),
        Speech::Agreed(reason) => agreed(now, case, &reason),
    }
}

/// The witnesses agree: what is left are the guards that forbid.
fn agreed(now: Timestamp, case: &Case<'_>, reason: &str) -> Judgement {
    if let Some(last) = case.head.failed_over_at {
        let until = after(last, case.plan.cooldown);
        if now < until {
            let reason = format!("The last failover was at {last}; no automatic one before {until}.");
            return refuse(case, Guard::Cooldown, reason);
        }
    }
    if !case.plan.allowed_regions.contains(&case.plan.region) {
        return refuse(case, Guard::RegionForbidden, forbidden_region(case));
    }
    if case.plan.mode == Mode::Observe {
        let reason = format!("{reason}. Mode observe: Mainstay would fail over now, and does not.");
        let verdict = Verdict::new(Decision::Act, Guard::ObserveMode, reason)
            .unless(format!("mode = \"automatic\". By hand: {}", by_hand::fail_over(case.plan)));
        return Judgement::close(Closing::Observed, verdict);
    }
    let verdict = Verdict::new(Decision::Act, Guard::WitnessesAgree, format!("{reason}: failing over."))
        .unless("The alarm goes back to OK before the call.");
    Judgement::act(verdict)
}

pub(crate) fn forbidden_region(case: &Case<'_>) -> String {
    format!(
        "Region {} is not among the plan's allowed regions ({}).",
        case.plan.region,
        case.plan.allowed_regions.join(", ")
    )
}

/// What stands in the way of any decision about the database itself.
fn obstacle(case: &Case<'_>, sight: &Sight) -> Option<(Guard, String)> {
    let cluster = match &sight.cluster {
        Ok(cluster) => cluster,
        Err(error) => {
            return Some((Guard::EvidenceMissing, format!("The cluster can't be read: {error}.")));
        }
    };
    if cluster.writer().is_none() {
        let reason = format!("Cluster {} names no writer.", cluster.identifier);
        return Some((Guard::EvidenceMissing, reason));
    }
    // Without events and without a writer to compare with, nobody can tell whether AWS was faster.
    let writer = cluster.writer().map(|w| w.instance.as_str());
    if let Err(error) = &sight.events
        && movement::writer_before(case, writer).is_none()
    {
        let reason = format!("Whether AWS has failed over already can't be told: {error}.");
        return Some((Guard::EvidenceMissing, reason));
    }
    match &sight.switchover {
        Ok(name) => {
            work_in_progress::work(cluster, name.as_deref()).map(|reason| (Guard::Maintenance, reason))
        }
        Err(error) => {
            let reason = format!("Whether a blue/green switchover runs can't be read: {error}.");
            Some((Guard::EvidenceMissing, reason))
        }
    }
}

/// The plain confirmation window: the exact rest of it, and no news for anybody.
fn not_yet(now: Timestamp, case: &Case<'_>, left: u64) -> Judgement {
    let reason = format!("The witnesses agree; {left} s of the plan's window are left.");
    hold(now, case, Guard::WindowNotPassed, reason, left)
}

/// Nothing yet, until the plan's deadline; then people decide.
pub(crate) fn hold(now: Timestamp, case: &Case<'_>, guard: Guard, reason: String, after_s: u64) -> Judgement {
    let until = after(case.held_since(), case.plan.detection.hold_deadline);
    if now >= until {
        let reason =
            format!("Held for {} and still not decided. {reason}", case.plan.detection.hold_deadline);
        return refuse(case, Guard::DeadlinePassed, reason);
    }
    let left = recovery::deadline::seconds_until(now, until);
    let verdict = Verdict::new(Decision::Hold, guard, reason).unless(format!(
        "Mainstay looks again until {until}, then people decide. To act now: drp failover {} --reason …",
        case.plan.name
    ));
    Judgement { verdict, turn: Turn::Wait { after_s: after_s.min(left).clamp(1, LONGEST_WAIT_S), until } }
}

/// A guard forbids acting: closed, and people are told how to act by hand.
pub(crate) fn refuse(case: &Case<'_>, guard: Guard, reason: String) -> Judgement {
    let consent = if guard == Guard::LagAboveRpo { " --accept-data-loss" } else { "" };
    let verdict = Verdict::new(Decision::Refuse, guard, reason).unless(format!(
        "A person decides: drp failover {}{consent} --reason … or, without Mainstay: {}",
        case.plan.name,
        by_hand::fail_over(case.plan)
    ));
    Judgement::close(Closing::Refused, verdict)
}
