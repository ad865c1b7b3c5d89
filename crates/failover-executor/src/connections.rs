//! Whether clients hold on to the old writer, as `verify` watches it. Evidence only: it blocks no all-clear, and a
//! CloudWatch that does not answer delays none.

use crate::{
    Ports,
    incident_of::Case,
    sight::{PATIENCE, within},
};
use jiff::Timestamp;
use recovery::{deadline::shift, incident::Incident, phases::fault_at, pools::Pools};
use std::time::Duration;

/// How long before the fault the counts of before are looked for: three minutes of data.
const BEFORE_S: i64 = 180;

/// Reads the counts of both writers and says what they tell.
pub(crate) async fn look(case: &Case<'_>, ports: &Ports) -> Pools {
    look_within(PATIENCE, case, ports).await
}

pub(crate) async fn look_within(patience: Duration, case: &Case<'_>, ports: &Ports) -> Pools {
    let Some(question) = Question::of(case.incident) else {
        return Pools::unknown("which instance was the writer before is not known");
    };
    let Question { old, new, restarted_at, since } = question;
    let both = [old, new];
    let asked = ports.alarms.connections(&both, since);
    match within(patience, ("CloudWatch", "GetMetricData"), asked).await {
        Ok(told) => match told.as_slice() {
            [old, new] => Pools::judge(old, new, restarted_at),
            _ => Pools::unknown("CloudWatch answered something else"),
        },
        Err(error) => Pools::unknown(&format!("can't be read: {error}")),
    }
}

/// What has to be known to ask.
struct Question<'a> {
    old: &'a str,
    new: &'a str,
    restarted_at: Timestamp,
    since: Timestamp,
}

impl<'a> Question<'a> {
    /// None where nobody knows the old writer, or it is the new one.
    fn of(incident: &'a Incident) -> Option<Self> {
        let (new, promoted_at) = incident.promoted()?;
        let old = incident.old_writer().filter(|old| *old != new)?;
        let restarted_at = incident.recycled().map(|(at, _)| at).or(incident.endpoint_confirmed_at())?;
        let fault = fault_at(incident).map_or(promoted_at, |(at, _)| at);
        Some(Self { old, new, restarted_at, since: shift(fault, -BEFORE_S) })
    }
}
