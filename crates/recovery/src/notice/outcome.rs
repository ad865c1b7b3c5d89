//! What an outage came to: what was lost, how long each phase took.

use super::{
    facts::Facts,
    letter::{between, name, span},
};
use crate::{
    incident::Event,
    phases::{Phases, Source, fault_at},
};
use jiff::Timestamp;
use plan::Kind;

impl Facts<'_> {
    /// What was lost, always an estimate: nobody but the database itself can prove it.
    pub(super) fn loss(&self) -> String {
        if self.old_writer_not_blocked() {
            return "not known: RDS could not block the old writer in time (RDS-EVENT-0391), so the newest \
                    writes may need recovery"
                .to_owned();
        }
        if self.loss_accepted() {
            return "what had not reached the reader that takes over; whoever asked for the failover has accepted \
                    that loss (how much it is, is not known)"
                .to_owned();
        }
        match self.database.kind {
            Kind::AuroraCluster => {
                "nothing that was committed is expected to be lost, because all instances of the cluster share \
                 one storage (an estimate)"
                    .to_owned()
            }
            Kind::MultiAzCluster => {
                "nothing that was committed is expected to be lost, because each commit waits for a reader (an \
                 estimate)"
                    .to_owned()
            }
            Kind::MultiAzInstance | Kind::ReadReplica | Kind::GlobalDatabase => format!(
                "not known; the plan accepts the loss of the last {} (an estimate)",
                span(self.database.rpo.as_secs())
            ),
        }
    }

    /// Whether a person has accepted a loss that can happen.
    pub(super) fn loss_accepted(&self) -> bool {
        !self.database.kind.shares_storage() && self.incident.accepts_loss()
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
