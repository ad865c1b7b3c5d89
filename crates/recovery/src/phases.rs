//! How long each phase of a recovery took. They add up to the RTO.

use crate::incident::{Incident, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Seen by a clock.
    Measured,
    /// Worked out from other facts, such as the alarm's period.
    Modelled,
}

/// The phases of a recovery in seconds; none: it has not ended, or there was none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Phases {
    /// From the fault to the alarm's transition (or the event that opened the incident).
    pub detect: Option<f64>,
    /// From there to the failover call.
    pub decide: Option<f64>,
    /// From there to the new writer in charge.
    pub promote: Option<f64>,
    /// From there to the endpoint confirmed.
    pub endpoint: Option<f64>,
    /// From there to the last service recycled.
    pub recycle: Option<f64>,
    /// From there to the start of the healthy window that held.
    pub verify: Option<f64>,
}

impl Phases {
    /// The phases of an incident whose fault was at `fault` (the drill knows it; else see [`fault_at`]).
    #[must_use]
    pub fn of(incident: &Incident, fault: Timestamp) -> Self {
        let opened = incident.trigger().map(Trigger::at);
        let promoted = incident.promoted().map(|(_, at)| at);
        let called = incident.intent().map(|(_, at)| at);
        // When AWS was faster there is no call: deciding took until Mainstay saw that, which the promotion holds.
        let decided = called.or(if promoted.is_some() { opened } else { None });
        let endpoint = incident.endpoint_confirmed_at();
        let recycled = incident.recycled().map(|(at, _)| at);
        let healthy = incident.healthy_since();
        Self {
            detect: between(Some(fault), opened),
            decide: between(opened, decided),
            promote: between(decided, promoted),
            endpoint: between(promoted, endpoint),
            recycle: between(endpoint, recycled),
            verify: between(recycled, healthy),
        }
    }

    /// The RTO: the sum of all phases, once the last has ended.
    #[must_use]
    pub fn rto(&self) -> Option<f64> {
        self.verify?;
        let all = [self.detect, self.decide, self.promote, self.endpoint, self.recycle, self.verify];
        Some(all.into_iter().flatten().sum())
    }

    /// Name and seconds of each phase, in order.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("detect", self.detect),
            ("decide", self.decide),
            ("promote", self.promote),
            ("endpoint", self.endpoint),
            ("recycle", self.recycle),
            ("verify", self.verify),
        ]
    }
}

/// When the fault began, as far as production can know it: the first breaching datapoint that CloudWatch
/// told (modelled: the fault lies within that period), else the moment of the trigger.
#[must_use]
pub fn fault_at(incident: &Incident) -> Option<(Timestamp, Source)> {
    let trigger = incident.trigger()?;
    match trigger {
        Trigger::Alarm { breaching_since: Some(since), .. } => Some((*since, Source::Modelled)),
        Trigger::Alarm { at, .. } => Some((*at, Source::Modelled)),
        Trigger::Database { at, .. } | Trigger::Person { at, .. } => Some((*at, Source::Measured)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an outage fit a float exactly")]
fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    let millis = to?.as_millisecond() - from?.as_millisecond();
    Some(millis.max(0) as f64 / 1000.0)
}
