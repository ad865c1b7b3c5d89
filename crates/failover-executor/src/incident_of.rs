//! The incident that a run works on, and whether it may.

use recovery::{
    Closing, Guard, Next, Run, Step, StepError, StepReply,
    head::{Head, Status},
    incident::{Event, Incident, Trigger},
    log::Log,
    ports::Incidents,
};

/// An incident as a step finds it.
pub(crate) enum InHand<'a> {
    /// Open, and this run's.
    Open(Log<'a>),
    /// This run has closed it already: the step is being repeated. The answer is the same as then.
    Closed(StepReply),
}

/// Reads the incident of `run` and holds the run against it.
///
/// # Errors
/// As [`Log::of_attempt`].
pub(crate) async fn take_in_hand<'a>(
    store: &'a dyn Incidents,
    run: &Run,
    step: Step,
) -> Result<InHand<'a>, StepError> {
    let log = Log::of_attempt(store, run).await?;
    if let Status::Closed(closing) = log.head.status {
        let next = if step == Step::Close && closing == Closing::Recovered { Next::Done } else { Next::Stop };
        let summary = format!("The incident is closed already ({closing:?}).");
        return Ok(InHand::Closed(StepReply::new(run, step, next, summary)));
    }
    Ok(InHand::Open(log))
}

/// What a step before the call answers when it is repeated after it left the failover to others.
pub(crate) fn left_to_others(run: &Run, step: Step, log: &Log<'_>) -> Option<StepReply> {
    if !matches!(step, Step::Confirm | Step::Assess | Step::FailOver) {
        return None;
    }
    log.incident.latest(|r| {
        let Event::AlreadyMoved { verdict, .. } = &r.event else {
            return None;
        };
        let reply = StepReply::new(run, step, Next::Recycle, verdict.reason.clone());
        (r.fence == run.fence).then(|| reply.because(verdict.clone()))
    })
}

/// What a decision knows of the incident besides what it sees.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The database, as the plan had it when the incident was opened.
    pub plan: &'a plan::Database,
    /// The database's head: the writer that was seen last, the last failover.
    pub head: &'a Head,
    /// The incident so far.
    pub incident: &'a Incident,
}

impl<'a> Case<'a> {
    /// The case of a run.
    #[must_use]
    pub fn new(run: &'a Run, log: &'a Log<'_>) -> Self {
        Self { plan: &run.plan.database, head: &log.head, incident: &log.incident }
    }

    /// Who asked for the failover, if a person did: at the beginning or while the incident was held.
    #[must_use]
    pub fn person(&self) -> Option<String> {
        if let Some(Trigger::Person { by, .. }) = self.incident.trigger() {
            return Some(by.clone());
        }
        self.incident.latest(|r| {
            let Event::Noted { verdict, .. } = &r.event else {
                return None;
            };
            let asks = matches!(verdict.guard, Guard::PersonAsks | Guard::PersonAcceptsLoss);
            asks.then(|| verdict.reason.clone())
        })
    }

    /// When the incident was opened.
    #[must_use]
    pub fn opened_at(&self) -> jiff::Timestamp {
        self.incident.opened_at().unwrap_or(self.head.opened_at)
    }

    /// Since when the decision that is to be taken next is held: the one to call begins when there is a target, however
    /// long the confirmation took.
    #[must_use]
    pub fn held_since(&self) -> jiff::Timestamp {
        self.incident
            .latest(|r| matches!(r.event, Event::Assessed { .. }).then_some(r.at))
            .unwrap_or_else(|| self.opened_at())
    }

    /// The writer that Mainstay saw last: before this incident, or in it.
    #[must_use]
    pub fn last_writer(&self) -> Option<&'a str> {
        self.head.writer.as_deref()
    }
}
