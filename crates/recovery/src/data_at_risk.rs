//! How much data a failover may have cost, as far as it can be known without counting rows: an estimate, never a
//! measurement. It rests on what the incident recorded, and asks nobody anything.

use crate::{
    decision::Evidence,
    incident::{Event, Incident},
};
use jiff::Timestamp;
use plan::Kind;
use serde::{Deserialize, Serialize};

/// What a failover may have cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataAtRisk {
    /// At most so many seconds of the newest committed writes, an estimate; none: not known, which is not zero.
    pub seconds: Option<f64>,
    /// The rule that the estimate follows.
    pub basis: Basis,
    /// The rule in words, for people.
    pub how: String,
    /// What was looked at: replica lag, the time without a good datapoint, RDS-EVENT-0391.
    pub sources: Vec<Evidence>,
}

/// Why data is, or is not, at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Aurora: all instances share one storage, so lag loses nothing.
    SharedStorage,
    /// Multi-AZ DB cluster: a commit waits for one of the two readers, not always for the one that takes over.
    CommitWaits,
    /// Multi-AZ instance: the standby has each write before its commit is answered.
    StandbyWaits,
    /// A person has accepted the loss of what had not reached the reader that takes over.
    LossAccepted,
    /// A copy that lags: what it had not received is lost.
    CopyLags,
    /// RDS-EVENT-0391: the old writer could not be blocked, so that a second writer was possible.
    NotBlocked,
}

/// The time between two moments of an incident in which nobody knows what became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// The end of the last good datapoint: the start of the first bad one, as CloudWatch told it with the alarm.
    pub from: Timestamp,
    /// When the new writer was seen in charge.
    pub to: Timestamp,
}

impl DataAtRisk {
    /// The estimate for an incident; none while no new writer is in charge, for then nothing has been given up yet.
    #[must_use]
    pub fn of(incident: &Incident) -> Option<Self> {
        let kind = incident.plan()?.database.kind;
        incident.promoted()?;
        let basis = Basis::of(kind, incident);
        let seconds = seconds(basis, incident);
        let sources = vec![lag(kind, incident), silence(incident), fencing(incident)];
        Some(Self { seconds, basis, how: basis.words().to_owned(), sources })
    }
}

impl Basis {
    /// The rule for a kind of database in this incident, also before a new writer is in charge.
    #[must_use]
    pub fn of(kind: Kind, incident: &Incident) -> Self {
        if incident.old_writer_not_blocked_at().is_some() {
            return Self::NotBlocked;
        }
        if !kind.shares_storage() && incident.accepts_loss() {
            return Self::LossAccepted;
        }
        match kind {
            Kind::AuroraCluster => Self::SharedStorage,
            Kind::MultiAzCluster => Self::CommitWaits,
            Kind::MultiAzInstance => Self::StandbyWaits,
            Kind::ReadReplica | Kind::GlobalDatabase => Self::CopyLags,
        }
    }

    /// The rule in a clause that fits behind a number.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SharedStorage => {
                "nothing that was committed is expected to be lost, because all instances of the cluster share one \
                 storage"
            }
            Self::CommitWaits => {
                "nothing that was committed is expected to be lost, because each commit waits for a reader"
            }
            Self::StandbyWaits => {
                "nothing that was committed is expected to be lost, because each commit waits for the standby"
            }
            Self::LossAccepted => {
                "what had not reached the reader that takes over; whoever asked for the failover has accepted that loss"
            }
            Self::CopyLags => "what had not reached the copy that takes over",
            Self::NotBlocked => {
                "RDS could not block the old writer in time (RDS-EVENT-0391), so the newest writes may need \
                 recovery"
            }
        }
    }
}

impl Unanswered {
    /// That time in an incident; none where no alarm told its datapoints, or nobody took over after them.
    #[must_use]
    pub fn of(incident: &Incident) -> Option<Self> {
        let from = incident.trigger()?.breaching_since()?;
        let (_, to) = incident.promoted()?;
        (to >= from).then_some(Self { from, to })
    }

    /// Its length in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64()
    }
}

fn seconds(basis: Basis, incident: &Incident) -> Option<f64> {
    let lag_s = || chosen(incident)?.1.map(|ms| ms / 1000.0);
    match basis {
        Basis::SharedStorage | Basis::StandbyWaits => Some(0.0),
        // Where AWS chose, it took the reader that had received the most; a target of ours may not be that one.
        Basis::CommitWaits if incident.intent().is_none() => Some(0.0),
        Basis::CommitWaits | Basis::LossAccepted => lag_s(),
        Basis::CopyLags => Some(lag_s()? + Unanswered::of(incident)?.seconds()),
        Basis::NotBlocked => None,
    }
}

/// The reader that took over and its lag, read before the failover: none when Mainstay did not choose it, a lag of
/// none when there was no datapoint.
fn chosen(incident: &Incident) -> Option<(&str, Option<f64>)> {
    incident.latest(|r| {
        if let Event::Assessed { target, lag_ms, .. } = &r.event {
            Some((target.as_str(), *lag_ms))
        } else {
            None
        }
    })
}

fn lag(kind: Kind, incident: &Incident) -> Evidence {
    let value = match chosen(incident) {
        Some((target, Some(ms))) => {
            let meaning =
                if kind.shares_storage() { ": how stale its reads were, not lost data" } else { "" };
            format!("{ms:.0} ms on {target}{meaning}")
        }
        Some((_, None)) => "not known, there was no datapoint".to_owned(),
        None => "not read, Mainstay did not choose the new writer".to_owned(),
    };
    evidence("replica lag before the failover", value)
}

fn silence(incident: &Incident) -> Evidence {
    let value = Unanswered::of(incident).map_or_else(
        || "not known, no alarm told its datapoints".to_owned(),
        |time| {
            let Unanswered { from, to } = time;
            format!("{:.0} s, from {from} to {to}, when the new writer was seen", time.seconds())
        },
    );
    evidence("last good datapoint to promotion", value)
}

fn fencing(incident: &Incident) -> Evidence {
    let value = incident.old_writer_not_blocked_at().map_or_else(
        || "not seen (RDS may lose events)".to_owned(),
        |at| format!("told at {at}: a second writer was possible"),
    );
    evidence("RDS-EVENT-0391, old writer not blocked", value)
}

fn evidence(name: &str, value: String) -> Evidence {
    Evidence { name: name.to_owned(), value }
}

#[cfg(test)]
mod tests;
