//! Step `promotion`: wait until a new writer is in charge. It only reads: a second call needs a new decision.

use crate::{
    Ports, by_hand,
    carry_out::{Judgement, carry_out},
    confirm::refuse,
    incident_of::Case,
    movement::{self, FAILING_OVER},
    passes,
    sight::{self, Seen},
    witnesses::{self, Speech},
};
use jiff::Timestamp;
use plan::Database;
use recovery::{
    Closing, Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::{after, seconds_since},
    incident::{Event, FailoverAnswer, Incident, Trigger},
    log::Log,
    signal::{DatabaseEvent, DatabaseNews},
    topology::{AlarmState, Cluster},
};

/// What `promotion` sees.
#[derive(Debug, Clone)]
pub struct View {
    /// The cluster.
    pub cluster: Cluster,
    /// RDS's events since before the trigger; looked at only when Mainstay did not call.
    pub events: Vec<DatabaseEvent>,
    /// The alarms; looked at only when Mainstay did not call.
    pub alarms: Seen<Vec<AlarmState>>,
}

/// How far the promotion is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A new writer is in charge, and everything is available.
    Done {
        /// The writer.
        writer: String,
        /// Its zone.
        zone: Option<String>,
        /// The writer before, where it is known.
        from: Option<String>,
    },
    /// Not yet.
    Waiting {
        /// Look again in so many seconds.
        after_s: u64,
        /// What is seen.
        reason: String,
    },
    /// AWS gave its failover up and the database is well.
    GivenUp(Verdict),
    /// It took longer than the plan allows, or nothing is to come.
    TooLong(Verdict),
}

/// Looks once.
///
/// # Errors
/// AWS's, when the cluster can't be read for a reason that does not pass; the store's.
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    let reply = |next, summary: String| StepReply::new(run, Step::Promotion, next, summary);
    if let Some((writer, _)) = log.incident.promoted() {
        return Ok(reply(Next::Done, format!("{writer} is in charge.")));
    }
    let case = Case::new(run, log);
    let progress = match view(&case, ports).await {
        Ok(view) => progress(now, &case, &view),
        Err(error) if passes(&error) => waiting(now, &case, format!("The cluster can't be read: {error}.")),
        Err(error) => return Err(error.into()),
    };
    match progress {
        Progress::Done { writer, zone, from } => {
            let summary = format!("{writer} is in charge: cluster and writer are available.");
            log.append(now, Event::Promoted { from, writer, zone }, &[]).await?;
            Ok(reply(Next::Done, summary))
        }
        Progress::Waiting { after_s, reason } => Ok(StepReply::again(run, Step::Promotion, after_s, reason)),
        Progress::GivenUp(verdict) => {
            let judgement = match log.incident.request_not_made() {
                None => Judgement::close(Closing::StoodDown, verdict),
                // Nothing leads from here to a call: whoever asked for it decides again.
                Some(request) => {
                    let reason = format!("{} Not made: {request}", verdict.reason);
                    refuse(&Case::new(run, log), Guard::PersonAsks, reason)
                }
            };
            carry_out(now, run, log, Step::Promotion, judgement).await
        }
        Progress::TooLong(verdict) => Ok(reply(Next::Escalate, verdict.reason.clone()).because(verdict)),
    }
}

async fn view(case: &Case<'_>, ports: &Ports) -> Result<View, recovery::CallError> {
    if case.incident.intent().is_some() {
        return Ok(View {
            cluster: ports.databases.cluster(&case.plan.identifier).await?,
            events: Vec::new(),
            alarms: Ok(Vec::new()),
        });
    }
    let names = case.plan.detection.names();
    let asked = sight::bare(&case.plan.identifier);
    let since = sight::window_start(case, &[]);
    let (cluster, events, alarms) = tokio::join!(
        ports.databases.cluster(&case.plan.identifier),
        ports.databases.events(&asked, since),
        ports.alarms.alarms(&names),
    );
    Ok(View {
        cluster: cluster?,
        // Events are best effort: without them, the writer itself tells.
        events: events.unwrap_or_default(),
        alarms,
    })
}

/// How far the promotion is, by what is seen.
#[must_use]
pub fn progress(now: Timestamp, case: &Case<'_>, view: &View) -> Progress {
    let cluster = &view.cluster;
    let event = movement::latest(case, sight::window_start(case, &[]), &view.events);
    let writer = cluster.writer();
    let expected = Expected::of(case, event, writer.map(|w| w.instance.as_str()));
    if let Some(writer) = writer.filter(|w| cluster.settled() && expected.met_by(&w.instance)) {
        return Progress::Done {
            writer: writer.instance.clone(),
            zone: writer.zone.clone(),
            from: expected.old,
        };
    }
    let moves = cluster.status == FAILING_OVER || writer.is_some_and(|w| expected.met_by(&w.instance));
    if let Some(verdict) = refused_before(case).filter(|_| !moves) {
        return Progress::TooLong(verdict);
    }
    let failed = event.is_some_and(|e| e.meaning == DatabaseNews::FailoverFailed);
    let well = witnesses::hear(now, &case.plan.detection, &view.alarms) == Speech::Ok;
    if expected.by_aws && failed && well && cluster.settled() {
        let reason = "AWS gave its own failover up; the writer is the old one and every witness is OK.";
        let verdict = Verdict::new(Decision::StandDown, Guard::RecoveredByItself, reason)
            .about(&case.plan.name)
            .unless("A witness goes to ALARM: that opens a new incident.");
        return Progress::GivenUp(verdict);
    }
    let name = writer.map_or("none", |w| w.instance.as_str());
    waiting(now, case, format!("Cluster {} is `{}`, writer {name}.", cluster.identifier, cluster.status))
}

/// What makes the promotion complete.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    /// The writer that is to be left, where it is known.
    old: Option<String>,
    /// The instance that RDS's newest event names as the new writer, when AWS fails over.
    named: Option<String>,
    /// Whether AWS fails over, and not Mainstay.
    by_aws: bool,
}

impl Expected {
    fn of(case: &Case<'_>, event: Option<&DatabaseEvent>, writer: Option<&str>) -> Self {
        if case.incident.intent().is_some() {
            return Self {
                old: case.incident.old_writer().map(ToOwned::to_owned),
                named: None,
                by_aws: false,
            };
        }
        let named = event
            .filter(|e| e.meaning != DatabaseNews::FailoverFailed)
            .map_or_else(|| named_by_trigger(case.incident), |e| e.instance.clone());
        // The writer that was seen last is out of date if AWS promotes that very one.
        let old = leaving(case, writer).filter(|old| named.as_deref() != Some(*old));
        Self { old: old.map(ToOwned::to_owned), named, by_aws: true }
    }

    fn met_by(&self, writer: &str) -> bool {
        match (&self.old, &self.named) {
            (_, Some(named)) if named == writer => true,
            (Some(old), _) => old != writer,
            (None, Some(_)) => false,
            (None, None) => true,
        }
    }
}

/// The writer that a failover of others leaves, as it was known when that failover was noticed. What was seen
/// long before it may be out of date: then any writer would pass for a new one.
fn leaving<'a>(case: &Case<'a>, writer: Option<&str>) -> Option<&'a str> {
    case.incident
        .latest(|r| {
            if let Event::AlreadyMoved { from, .. } = &r.event {
                return Some(from.as_deref());
            }
            matches!(r.event, Event::Opened { .. }).then(|| movement::writer_before(case, writer))
        })
        .flatten()
}

fn named_by_trigger(incident: &Incident) -> Option<String> {
    match incident.trigger()? {
        Trigger::Database { instance, .. } => instance.clone(),
        Trigger::Alarm { .. } | Trigger::Person { .. } => None,
    }
}

/// Since when the promotion is waited for: the intent, the movement that was noticed, or this attempt.
fn since(case: &Case<'_>) -> Timestamp {
    case.incident
        .latest(|r| {
            let begins = matches!(
                r.event,
                Event::FailoverIntended { .. }
                    | Event::AlreadyMoved { .. }
                    | Event::Resumed { .. }
                    | Event::Opened { .. }
            );
            begins.then_some(r.at)
        })
        .unwrap_or(case.head.opened_at)
}

fn waiting(now: Timestamp, case: &Case<'_>, reason: String) -> Progress {
    let since = since(case);
    if now >= after(since, case.plan.promotion_within) {
        return Progress::TooLong(too_long(case.plan, &reason));
    }
    let after_s = match seconds_since(now, since) {
        0..30 => 1,
        30..60 => 2,
        _ => 5,
    };
    Progress::Waiting { after_s, reason }
}

/// RDS refused the call of an earlier attempt, which ended before people were told: if nothing moves, there is nothing
/// to wait for.
fn refused_before(case: &Case<'_>) -> Option<Verdict> {
    let refusal = case.incident.latest(|r| {
        if let Event::FailoverAnswered { answer: FailoverAnswer::Refused { cause } } = &r.event {
            return (r.fence != case.head.fence).then_some(cause);
        }
        None
    })?;
    let reason = format!("RDS refused to fail over: {refusal}. The writer has not moved since.");
    let verdict = Verdict::new(Decision::Refuse, Guard::CallRefused, reason).about(&case.plan.name);
    Some(verdict.unless(format!("A person acts: {}", by_hand::fail_over(case.plan))))
}

fn too_long(plan: &Database, reason: &str) -> Verdict {
    let reason = format!(
        "No new writer is in charge after {}. {reason} No second call is made.",
        plan.promotion_within
    );
    Verdict::new(Decision::Refuse, Guard::TookTooLong, reason).about(&plan.name).unless(format!(
        "A person looks ({}) and decides ({}).",
        by_hand::look(plan),
        by_hand::fail_over(plan)
    ))
}
