//! Step `assess`: record the topology before the failover, and choose the reader to promote.

use crate::{
    Ports,
    carry_out::{Judgement, Turn, carry_out},
    confirm::refuse,
    incident_of::Case,
    movement::{FAILING_OVER, writer_before},
    target::{self, Choice, Lags},
};
use jiff::Timestamp;
use recovery::{
    Decision, Guard, Next, Run, Step, StepError, StepReply, Verdict,
    deadline::shift,
    incident::{Event, Trigger},
    log::Log,
    topology::{Cluster, Member},
};
use std::sync::Arc;
use tokio::task::JoinSet;

/// How far back before the outage a datapoint of the replica lag may lie. RDS writes one a minute, some minutes late.
const LAG_WINDOW_S: i64 = 300;

/// What `assess` decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Assessment {
    /// Promote this reader in the place of this writer.
    Promote {
        /// The writer before.
        writer: Member,
        /// The reader to be promoted.
        choice: Box<Choice>,
    },
    /// Don't.
    Otherwise(Judgement),
}

/// Reads the cluster and the readers' lag, and chooses.
///
/// # Errors
/// AWS's, when the cluster can't be read; the store's.
pub async fn step(
    now: Timestamp,
    run: &Run,
    ports: &Ports,
    log: &mut Log<'_>,
) -> Result<StepReply, StepError> {
    if let Some((target, _)) = log.incident.intent() {
        // An attempt that was given up called at its end: what it has begun is no topology to start from.
        let summary = format!("RDS was asked already to promote {target}.");
        return Ok(StepReply::new(run, Step::Assess, Next::Done, summary));
    }
    if let Some(summary) = chosen_before(run, log) {
        return Ok(StepReply::new(run, Step::Assess, Next::Done, summary));
    }
    let cluster = ports.databases.cluster(&run.plan.database.identifier).await?;
    let lags = lags(now, outage_began(log), ports, &cluster).await;
    match assess(&Case::new(run, log), &cluster, &lags) {
        Assessment::Promote { writer, choice } => {
            let summary = record(now, log, &writer, *choice).await?;
            Ok(StepReply::new(run, Step::Assess, Next::Done, summary))
        }
        Assessment::Otherwise(judgement) => carry_out(now, run, log, Step::Assess, judgement).await,
    }
}

/// Writes the choice down and says it in a sentence.
pub(crate) async fn record(
    now: Timestamp,
    log: &mut Log<'_>,
    writer: &Member,
    choice: Choice,
) -> Result<String, StepError> {
    let summary =
        format!("{} is to take over from {}. {}", choice.target.instance, writer.instance, choice.reason);
    let event = Event::Assessed {
        writer: writer.instance.clone(),
        writer_zone: writer.zone.clone(),
        target: choice.target.instance,
        target_zone: choice.target.zone,
        reason: choice.reason,
        lag_ms: choice.lag_ms,
    };
    log.append(now, event, &[]).await?;
    Ok(summary)
}

/// The choice of this attempt, when the step is repeated.
fn chosen_before(run: &Run, log: &Log<'_>) -> Option<String> {
    log.incident.latest(|r| {
        let Event::Assessed { target, reason, .. } = &r.event else {
            return None;
        };
        (r.fence == run.fence).then(|| format!("{target} was chosen already. {reason}"))
    })
}

/// Whom to promote, or why nobody.
#[must_use]
pub fn assess(case: &Case<'_>, cluster: &Cluster, lags: &Lags) -> Assessment {
    let person = case.person().is_some();
    if let Some(judgement) = moving(case, cluster, person) {
        return Assessment::Otherwise(judgement);
    }
    let Some(writer) = cluster.writer() else {
        let reason = format!("Cluster {} names no writer to take over from.", cluster.identifier);
        return Assessment::Otherwise(refuse(case, Guard::WrongState, reason));
    };
    match target::choose(case.plan, cluster, lags, case.incident.accepts_loss()) {
        Ok(choice) => Assessment::Promote { writer: writer.clone(), choice: Box::new(choice) },
        Err(none) => Assessment::Otherwise(refuse(case, none.guard, none.reason)),
    }
}

/// The failover that somebody else has begun since the decision. A person's wish begins at the writer as it is.
fn moving(case: &Case<'_>, cluster: &Cluster, person: bool) -> Option<Judgement> {
    let writer = cluster.writer().map(|w| w.instance.as_str());
    let last = writer_before(case, writer);
    let verdict =
        |guard, reason: String| Verdict::new(Decision::Recycle, guard, reason).about(&case.plan.name);
    if cluster.status == FAILING_OVER {
        let reason = format!("Cluster {} is failing over already.", cluster.identifier);
        return Some(Judgement {
            verdict: verdict(Guard::AwsFailover, reason),
            turn: Turn::Recycle { from: last.map(ToOwned::to_owned) },
        });
    }
    match (writer, last) {
        (Some(now), Some(before)) if now != before && !person => Some(Judgement {
            verdict: verdict(
                Guard::WriterChanged,
                format!("The writer is {now}, no longer {before}: somebody has failed over already."),
            ),
            turn: Turn::Recycle { from: Some(before.to_owned()) },
        }),
        _ => None,
    }
}

/// When the outage began, where the alarm told it.
pub(crate) fn outage_began(log: &Log<'_>) -> Option<Timestamp> {
    log.incident.trigger().and_then(Trigger::breaching_since)
}

/// The replica lag of every reader before the outage, asked for at once. What can't be read is not known.
pub(crate) async fn lags(now: Timestamp, began: Option<Timestamp>, ports: &Ports, cluster: &Cluster) -> Lags {
    let since = shift(began.map_or(now, |began| began.min(now)), -LAG_WINDOW_S);
    let mut asked = JoinSet::new();
    for reader in cluster.members.iter().filter(|m| !m.writer) {
        let (alarms, instance) = (Arc::clone(&ports.alarms), reader.instance.clone());
        asked.spawn(async move {
            let lag = alarms.replica_lag_ms(&instance, since, began).await;
            (instance, lag.ok().flatten())
        });
    }
    asked.join_all().await.into_iter().collect()
}
