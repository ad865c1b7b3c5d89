//! Acting on what was decided: incidents are opened, news is written down, executions are started.

mod act;
mod answer;
mod follow;
mod status;
mod store_down;

use crate::{
    State, by_hand,
    decide::{Act, Ruling, concerned, decide},
    explain::Explanation,
    reply::{Answer, FailoverReply},
    wire,
};
use jiff::Timestamp;
use plan::Plan;
use recovery::{
    CallError, Decision, Failure, Guard, IncidentId, StepError, Verdict,
    ports::{Executions, Incidents, Topic},
    signal::{AlarmValue, Request, Signal},
    text::wire_name,
};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// How long one look at the table, or one write to it, may take on AWS. Shorter than half of the function's
/// timeout: when the table is down there must be time to tell people.
pub const STORE_PATIENCE: Duration = Duration::from_secs(6);

/// What the handler needs of the world.
pub struct Ports<'a> {
    /// The incident table.
    pub incidents: &'a dyn Incidents,
    /// The state machine.
    pub executions: &'a dyn Executions,
    /// The topic that people listen to; used directly only when the table is down.
    pub topic: &'a dyn Topic,
}

/// What the handler knows from its start.
pub struct Context {
    /// The plan.
    pub plan: Plan,
    /// Our account.
    pub account: String,
    /// Our region.
    pub region: String,
    /// Whether every incident is a drill.
    pub drill: bool,
    /// How long one look at the table, or one write to it, may take; see [`STORE_PATIENCE`].
    pub patience: Duration,
}

/// Why a signal could not be dealt with.
enum Trouble {
    /// The table cannot be read or written.
    Store(CallError),
    /// Anything else.
    Step(StepError),
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

/// What became of one ruling.
struct Done {
    verdict: Verdict,
    incident: Option<(IncidentId, u64)>,
    execution: Option<String>,
    /// The incident is safe, but its execution could not be started.
    not_started: Option<StepError>,
}

/// Deals with an event: decides, and does what follows. The answer is a reply of [`crate::reply`] to a
/// person's request, else an [`Explanation`] (a list of them for several SNS records).
///
/// # Errors
/// What cannot be read, and failures of AWS: the event is then delivered again, and ends in the function's
/// dead-letter queue. Each SNS record is dealt with, whatever becomes of the others.
pub async fn handle(
    now: Timestamp,
    event: &Value,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<Value, StepError> {
    let mut answers = Vec::new();
    let mut failed = None;
    for signal in wire::signals(event) {
        let dealt = match signal {
            Ok(signal) => deal(now, &signal, ports, context).await,
            Err(error) => Err(error),
        };
        match dealt {
            Ok(answer) => answers.push(answer),
            Err(error) if failed.is_none() => failed = Some(error),
            // The first is returned, and logged by whoever gets it.
            Err(error) => tracing::error!(error = error.name(), "{error}"),
        }
    }
    match failed {
        Some(error) => Err(error),
        None if answers.len() == 1 => Ok(answers.pop().unwrap_or_default()),
        None => Ok(Value::Array(answers)),
    }
}

async fn deal(
    now: Timestamp,
    signal: &Signal,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<Value, StepError> {
    match answer_to(now, signal, ports, context).await {
        Ok(answer) => Ok(answer),
        Err(Trouble::Step(error)) => Err(error),
        Err(Trouble::Store(error)) => {
            store_down::tell(now, signal, ports.topic, context, &error).await;
            Err(error.into())
        }
    }
}

async fn answer_to(
    now: Timestamp,
    signal: &Signal,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<Value, Trouble> {
    let state = look(signal, &concerned(signal, &context.plan), ports, context).await?;
    let mut all = Vec::new();
    for ruling in decide(now, signal, &context.plan, &state) {
        let done = act::settle(now, signal, ruling, &state, ports, context).await?;
        log(&done);
        all.push(done);
    }
    match signal {
        Signal::Request(Request::Failover { dry_run, .. }) => {
            let done = all.into_iter().next().ok_or_else(|| Trouble::Step(undecided()))?;
            json(&failover_reply(done, *dry_run, &context.plan))
        }
        Signal::Request(request) => answer::to(now, request, &state, ports, context).await,
        Signal::Alarm(_) | Signal::Database(_) | Signal::Ended(_) | Signal::Sweep | Signal::Other { .. } => {
            // The event is delivered again and finds its incident claimed: then the start is tried again.
            if let Some(error) = all.iter_mut().find_map(|done| done.not_started.take()) {
                return Err(Trouble::Step(error));
            }
            let verdicts = all.into_iter().map(|done| done.verdict).collect();
            let explanation = Explanation::of_all(verdicts).ok_or_else(|| Trouble::Step(undecided()))?;
            json(&explanation)
        }
    }
}

/// The state of these databases, as far as a decision needs it.
async fn look(
    signal: &Signal,
    databases: &[String],
    ports: &Ports<'_>,
    context: &Context,
) -> Result<State, Trouble> {
    let good_news = matches!(signal, Signal::Alarm(change) if change.state == AlarmValue::Ok);
    let mut state = State {
        account: Some(context.account.clone()),
        region: Some(context.region.clone()),
        ..State::default()
    };
    for name in databases {
        let both = async { tokio::try_join!(ports.incidents.head(name), ports.incidents.switches(name)) };
        let (head, switches) = in_time(context, "GetItem", both).await?;
        if let Some(head) = head {
            if good_news && State::may_await_end(&head) {
                let records = in_time(context, "Query", ports.incidents.records(&head.incident)).await?;
                if State::awaits_end(&records) {
                    state.awaiting_end.insert(name.clone());
                }
            }
            state.heads.insert(name.clone(), head);
        }
        for switch in switches {
            if !state.switches.contains(&switch) {
                state.switches.push(switch);
            }
        }
    }
    Ok(state)
}

/// The store's answer, or that it is down: also when it does not answer at all.
async fn in_time<T>(
    context: &Context,
    action: &'static str,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(context.patience, call).await {
        Ok(answer) => answer.map_err(Trouble::Store),
        Err(_) => Err(Trouble::Store(CallError::new(
            "DynamoDB",
            action,
            Failure::Doubtful,
            &format!("no answer within {:?}", context.patience),
        ))),
    }
}

fn failover_reply(done: Done, dry_run: bool, plan: &Plan) -> FailoverReply {
    let Done { verdict, incident, execution, not_started } = done;
    let mut answer = Answer::of(&verdict);
    if let Some(error) = not_started {
        answer.reason = format!(
            "{} The incident is open, but its execution could not be started yet: {error} Mainstay tries again within five minutes.",
            answer.reason
        );
    }
    let refused = verdict.decision == Decision::Refuse;
    let named = verdict.database.as_deref().filter(|_| refused);
    let (incident, fence) = incident.unzip();
    FailoverReply {
        command: named.and_then(|database| by_hand(plan, database)),
        evidence: verdict.evidence,
        would_change: verdict.would_change,
        database: verdict.database,
        incident,
        fence,
        execution,
        dry_run,
        answer,
    }
}

fn log(done: &Done) {
    tracing::info!(
        decision = wire_name(&done.verdict.decision),
        guard = wire_name(&done.verdict.guard),
        database = done.verdict.database.as_deref().unwrap_or_default(),
        incident = done.incident.as_ref().map(|(id, _)| id.as_str()).unwrap_or_default(),
        execution = done.execution.as_deref().unwrap_or_default(),
        "{}",
        done.verdict.reason
    );
}

fn json(reply: &impl Serialize) -> Result<Value, Trouble> {
    serde_json::to_value(reply)
        .map_err(|e| Trouble::Step(StepError::MalformedEvent(format!("no answer: {e}"))))
}

fn undecided() -> StepError {
    StepError::MalformedEvent("it holds nothing to decide about".to_owned())
}

/// The same ruling's subject in a fresh decision.
fn again(rulings: Vec<Ruling>, database: Option<&str>) -> Option<Ruling> {
    rulings.into_iter().find(|r| r.verdict.database.as_deref() == database)
}

/// What is left of a ruling when its incident exists already under the same name.
fn repeat(mut verdict: Verdict, incident: &IncidentId) -> Ruling {
    verdict.decision = Decision::Ignore;
    verdict.guard = Guard::Repeat;
    verdict.reason = format!("Incident {incident} has been dealt with already: this is a repeat.");
    Ruling { verdict, act: Act::Nothing }
}
