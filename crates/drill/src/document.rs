//! The JSON document of `cargo drill --json`: its keys are a contract.

use crate::{
    checks::Check,
    clients::Clients,
    evidence::{Evidence, Letter, ServiceSeen},
    footprint::Footprint,
    pace::Pace,
    stage::PROBE_ALARM,
};
use recovery::{
    Incident,
    incident::Trigger,
    phases::{Phases, Source},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that a drill reports.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    /// The scenario's name.
    pub scenario: String,
    /// What happened, for people.
    pub title: String,
    /// Whether every check held.
    pub passed: bool,
    /// Each check.
    pub checks: Vec<Check>,
    /// What the plan asks for.
    pub objective: Objective,
    /// Seconds by phase.
    pub phases_s: Phases,
    /// Where each phase's time comes from.
    pub phases_source: BTreeMap<&'static str, Source>,
    /// The sum of the phases; none when the recovery did not come that far.
    pub rto_s: Option<f64>,
    /// From the alarm's transition to the failover call's arrival at the estate.
    pub alarm_to_failover_call_ms: Option<AlarmToCall>,
    /// How long detection would take on AWS with the alarm that spoke; with RDS's own metrics if none did.
    pub detect_on_aws: Detection,
    /// The writer before and after.
    pub writer: Writer,
    /// Each service of the estate.
    pub services: Vec<ServiceSeen>,
    /// The notices as the subscribers received them.
    pub notices: Vec<Letter>,
    /// The newest incident, whole.
    pub incident: Option<Incident>,
    /// How fast the estate was told to be.
    pub pace: Pace,
    /// What clients felt, where the estate was real: `rto` and `rpo` by service.
    #[serde(flatten)]
    pub clients: Option<Clients>,
    /// The picture of it, as a file.
    pub picture: Option<std::path::PathBuf>,
    /// What the drill itself took of the machine.
    pub footprint: Footprint,
}

/// The plan's two numbers, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Objective {
    /// Recovery time objective.
    pub rto_s: f64,
    /// Recovery point objective.
    pub rpo_s: f64,
}

/// How long deciding took, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AlarmToCall {
    /// In all.
    pub total: i64,
    /// Of which the plan's confirmation window.
    pub confirmation_window: i64,
}

/// The writer before and after.
#[derive(Debug, Clone, Serialize)]
pub struct Writer {
    /// Before the fault.
    pub before: String,
    /// At the end.
    pub after: String,
}

/// An estimate, from the alarm's period and datapoints.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Detection {
    /// Whose metric the alarm is on.
    pub metric: Metric,
    /// The alarm's period on AWS, in seconds.
    pub period_s: u32,
    /// Datapoints that must be bad.
    pub datapoints: u32,
    /// When the writer reports zero, or refuses the prober: from the shortest to the longest; in seconds. For RDS's
    /// metrics from the datapoints alone, to one more period and RDS's delay.
    pub reporting_s: (u32, u32),
    /// When the writer is silent, in seconds. For RDS's metrics CloudWatch first waits until real datapoints have left
    /// its evaluation range, which AWS does not publish; taken as two periods more. The prober waits three seconds.
    pub silent_s: (u32, u32),
    /// Always `modelled`.
    pub source: Source,
}

/// Where the alarm's metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// RDS itself.
    Rds,
    /// Mainstay's prober.
    Prober,
}

impl Detection {
    /// The estimate for what opened the incident; both alarms are 2 of 2 in the template.
    #[must_use]
    pub fn on_aws(trigger: Option<&Trigger>) -> Self {
        let datapoints = 2;
        let source = Source::Modelled;
        if probed(trigger) {
            // The first bad probe begins within one period of the fault, the second one period later; a refused
            // connection fails at once, a silent one after three seconds, and the alarm is evaluated within ten.
            let (period_s, evaluated_within) = (10, 10);
            let failing_after = |seconds: u32| {
                let least = period_s * (datapoints - 1) + seconds;
                (least, least + period_s + evaluated_within)
            };
            let (reporting_s, silent_s) = (failing_after(0), failing_after(3));
            return Self { metric: Metric::Prober, period_s, datapoints, reporting_s, silent_s, source };
        }
        // RDS publishes its metrics each minute.
        let period_s = 60;
        Self {
            metric: Metric::Rds,
            period_s,
            datapoints,
            reporting_s: (period_s * datapoints, period_s * (datapoints + 1) + 30),
            silent_s: (period_s * (datapoints + 2), period_s * (datapoints + 3) + 30),
            source,
        }
    }
}

impl Document {
    /// The document of what was seen.
    #[must_use]
    pub fn of(
        scenario: &crate::scenario::Scenario,
        database: &plan::Database,
        pace: Pace,
        seen: &Evidence,
        checks: Vec<Check>,
    ) -> Self {
        let trigger = seen.incident().and_then(Incident::trigger);
        let phases = seen.incident().map(|i| Phases::of(i, seen.fault_at)).unwrap_or_default();
        Self {
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            passed: checks.iter().all(|c| c.passed),
            checks,
            objective: Objective { rto_s: seconds(database.rto), rpo_s: seconds(database.rpo) },
            phases_source: phases
                .named()
                .into_iter()
                .map(|(name, _)| (name, source(name, trigger, pace)))
                .collect(),
            rto_s: phases.rto(),
            phases_s: phases,
            alarm_to_failover_call_ms: alarm_to_call(seen, database),
            detect_on_aws: Detection::on_aws(trigger),
            writer: Writer { before: seen.writer_before.clone(), after: seen.writer_after.clone() },
            services: seen.services.clone(),
            notices: seen.inbox.clone(),
            incident: seen.incident().cloned(),
            pace,
            clients: seen.clients(),
            picture: None,
            footprint: seen.footprint.clone(),
        }
    }
}

/// Mainstay's own time is measured; what the model of AWS took is modelled, however it was timed.
fn source(phase: &str, trigger: Option<&Trigger>, pace: Pace) -> Source {
    match phase {
        "decide" | "verify" => Source::Measured,
        // At the honest pace the prober, its metric's period and its alarm are what they are on AWS; RDS's metrics are
        // the model's.
        "detect" if probed(trigger) && pace == Pace::Honest => Source::Measured,
        _ => Source::Modelled,
    }
}

/// Whether the prober's alarm opened the incident.
fn probed(trigger: Option<&Trigger>) -> bool {
    matches!(trigger, Some(Trigger::Alarm { name, .. }) if name == PROBE_ALARM)
}

fn seconds(span: plan::Span) -> f64 {
    std::time::Duration::from_secs(span.as_secs()).as_secs_f64()
}

fn alarm_to_call(seen: &Evidence, database: &plan::Database) -> Option<AlarmToCall> {
    let incident = seen.incident()?;
    let recovery::incident::Trigger::Alarm { name, at, .. } = incident.trigger()? else {
        return None;
    };
    let call = seen.requests_of("FailoverDBCluster").next()?;
    let window = database.detection.alarm(name).map_or(0, |a| a.speaks_for.as_secs());
    Some(AlarmToCall {
        total: call.at.as_millisecond() - at.as_millisecond(),
        confirmation_window: i64::try_from(window).unwrap_or(i64::MAX).saturating_mul(1000),
    })
}

#[cfg(test)]
mod tests;
