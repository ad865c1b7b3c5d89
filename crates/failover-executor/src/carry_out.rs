//! A judgement and what it leads to: the event, the notice that is owed with it, and the step's answer.

use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    Closing, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    incident::{Event, Incident},
    log::Log,
};

/// Seconds until the look at news that came too late for this one.
pub(crate) const LOOK_AT_NEWS_S: u64 = 1;

/// A decision with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The decision and its reasons.
    pub verdict: Verdict,
    /// What it leads to.
    pub turn: Turn,
}

/// What a decision leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Go on towards the failover.
    Act,
    /// Look again.
    Wait {
        /// In so many seconds.
        after_s: u64,
        /// Until then, at the latest.
        until: Timestamp,
    },
    /// The writer moves without Mainstay: wait for that, then recycle.
    Recycle {
        /// The writer before, where it is known.
        from: Option<String>,
    },
    /// The incident ends here.
    Close(Closing),
}

impl Judgement {
    pub(crate) fn act(verdict: Verdict) -> Self {
        Self { verdict, turn: Turn::Act }
    }

    pub(crate) fn close(closing: Closing, verdict: Verdict) -> Self {
        Self { verdict, turn: Turn::Close(closing) }
    }
}

/// Writes what a judgement means for the incident, and answers. Only `confirm` writes that it is confirmed.
pub(crate) async fn carry_out(
    now: Timestamp,
    run: &Run,
    log: &mut Log<'_>,
    step: Step,
    judgement: Judgement,
) -> Result<StepReply, StepError> {
    let Judgement { verdict, turn } = judgement;
    let summary = verdict.reason.clone();
    let owes = owed(&log.incident, &turn, verdict.guard);
    let reply = match turn {
        Turn::Act => {
            if step == Step::Confirm {
                let event = Event::Confirmed { verdict: verdict.clone() };
                log.append(now, event, &owes).await?;
            }
            StepReply::new(run, step, Next::Done, summary)
        }
        Turn::Wait { after_s, until } => {
            let guard = verdict.guard;
            // The window is the plan's ordinary course; the same hold is news only once.
            if guard != Guard::WindowNotPassed {
                let event = Event::Held { verdict: verdict.clone(), until };
                log.append_when(now, event, &owes, |i| !held(i, guard)).await?;
            }
            StepReply::again(run, step, after_s, summary)
        }
        Turn::Recycle { from } => {
            let event = Event::AlreadyMoved { verdict: verdict.clone(), from };
            log.append(now, event, &owes).await?;
            StepReply::new(run, step, Next::Recycle, summary)
        }
        Turn::Close(closing) => {
            let event = Event::Closed { closing, step: Some(step), verdict: verdict.clone() };
            // CloudWatch does not repeat what it told, and nobody asks again: after the close it would be lost.
            let news = log.incident.newest_news();
            if !log.append_when(now, event, &owes, |i| i.newest_news() == news).await? {
                let summary = "News came in the moment of the close: it is looked at first.";
                return Ok(StepReply::again(run, step, LOOK_AT_NEWS_S, summary));
            }
            StepReply::new(run, step, Next::Stop, summary)
        }
    };
    Ok(reply.because(verdict))
}

/// Whether people have been told of a hold for this reason.
fn held(incident: &Incident, guard: Guard) -> bool {
    incident.records.iter().any(|r| matches!(&r.event, Event::Held { verdict, .. } if verdict.guard == guard))
}

/// The notices that are owed with a judgement's event.
fn owed(incident: &Incident, turn: &Turn, guard: Guard) -> Vec<NoticeKind> {
    match turn {
        Turn::Act | Turn::Recycle { .. } | Turn::Close(Closing::Observed) => interruption(incident),
        Turn::Wait { .. } if guard == Guard::WindowNotPassed => Vec::new(),
        Turn::Wait { .. } => vec![NoticeKind::Held],
        Turn::Close(Closing::Refused) => vec![NoticeKind::Refused],
        Turn::Close(Closing::Escalated) => vec![NoticeKind::Escalation],
        // Nobody was told of an outage, so nobody is told of its end.
        Turn::Close(Closing::StoodDown) if incident.records.iter().all(|r| r.owes.is_empty()) => Vec::new(),
        Turn::Close(Closing::Recovered | Closing::StoodDown) => vec![NoticeKind::AllClear],
    }
}

/// The interruption, unless people have been told of it in this incident.
pub(crate) fn interruption(incident: &Incident) -> Vec<NoticeKind> {
    let told = incident.records.iter().any(|r| r.owes.contains(&NoticeKind::Interruption));
    if told { Vec::new() } else { vec![NoticeKind::Interruption] }
}
