//! What an outage came to: what was lost, how long each phase took.

use super::{
    facts::Facts,
    letter::{between, name, span},
};
use crate::{
    data_at_risk::{Basis, DataAtRisk},
    incident::Event,
    phases::{Phases, Source, fault_at},
};
use jiff::Timestamp;

impl Facts<'_> {
    /// What may be lost, before anything is known of the new writer: always an estimate, for nobody but the database
    /// itself can prove it.
    pub(super) fn loss(&self) -> String {
        let basis = self.basis();
        let words = basis.words();
        match basis {
            Basis::NotBlocked => format!("not known: {words}"),
            Basis::LossAccepted => format!("{words} (how much it is, is not known)"),
            Basis::SharedStorage | Basis::CommitWaits | Basis::StandbyWaits => {
                format!("{words} (an estimate)")
            }
            Basis::CopyLags => format!(
                "not known; the plan accepts the loss of the last {} (an estimate)",
                span(self.database.rpo.as_secs())
            ),
        }
    }

    /// What was lost at most, in numbers where they can be known.
    pub(super) fn estimated_loss(&self) -> String {
        match self.data_at_risk() {
            Some(DataAtRisk { seconds: Some(seconds), how, .. }) => {
                format!("at most {} s, an estimate: {how}", round(seconds))
            }
            Some(_) | None => self.loss(),
        }
    }

    /// What that estimate rests on, one line each.
    pub(super) fn loss_sources(&self) -> Vec<String> {
        let sources = self.data_at_risk().map(|risk| risk.sources).unwrap_or_default();
        sources.iter().map(|s| format!("{}: {}", name(&s.name), crate::text::plain(&s.value, 200))).collect()
    }

    /// The lag of the reader that took over; `unknown` is said, never read as zero.
    pub(super) fn lag(&self) -> Option<String> {
        self.incident.latest(|r| {
            if let Event::Assessed { target, lag_ms, .. } = &r.event {
                let lag = lag_ms.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms:.0} ms"));
                Some(format!("{} ({})", lag, name(target)))
            } else {
                None
            }
        })
    }

    /// The phases of the recovery, one line each, and their sum.
    pub(super) fn phases(&self) -> Vec<String> {
        let Some((fault, source)) = fault_at(self.incident) else {
            return Vec::new();
        };
        let phases = Phases::of(self.incident, fault);
        let mut lines: Vec<String> = phases
            .named()
            .into_iter()
            .map(|(phase, seconds)| {
                let source = if phase == "detect" { source } else { Source::Measured };
                let source = match source {
                    Source::Measured => "measured",
                    Source::Modelled => "modelled from the alarm's datapoints",
                };
                match seconds {
                    Some(seconds) => format!("{phase:<8} {seconds:>7.1} s  {source}"),
                    None => format!("{phase:<8}       -    not known"),
                }
            })
            .collect();
        lines.push(match phases.rto() {
            Some(rto) => format!("{:<8} {rto:>7.1} s  {}", "in all", self.kept(rto)),
            None => format!("{:<8}       -    not known", "in all"),
        });
        lines
    }

    /// How long the interruption was, from the fault to the start of the healthy window that held.
    pub(super) fn interrupted_for(&self) -> Option<(Timestamp, Timestamp, String)> {
        let (from, _) = fault_at(self.incident)?;
        let to = self.incident.healthy_since()?;
        Some((from, to, between(from, to)?))
    }

    #[expect(clippy::cast_precision_loss, reason = "an RTO in seconds fits a float exactly")]
    fn kept(&self, rto: f64) -> String {
        let kept = rto <= self.database.rto.as_secs() as f64;
        let verdict = if kept { "kept" } else { "missed" };
        format!("the plan's RTO of {} was {verdict}", self.rto())
    }
}

/// Seconds for people: tenths, but a loss that is not zero is never shown as zero.
fn round(seconds: f64) -> String {
    if seconds == 0.0 { "0".to_owned() } else { format!("{:.1}", seconds.max(0.1)) }
}
