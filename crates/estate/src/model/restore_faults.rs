//! Faults of restores and keys: kept until they are healed, and struck when a call or a restore meets them.

use jiff::Timestamp;

use super::Estate;
use super::key::Key;
use super::planned::Number;
use super::reply::Refusal;

/// A fault that waits for a restore, or for a use of a key.
#[derive(Clone, Debug)]
pub(crate) struct RestoreFault {
    pub(crate) number: Number,
    pub(crate) trouble: Trouble,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Restores of a cluster's data end in a status.
    Fails { cluster: String, status: String },
    /// Restores of a cluster's data take so many seconds.
    Slow { cluster: String, seconds: f64 },
    /// A key can't be used.
    Key(String),
}

impl RestoreFault {
    /// Whether a heal ends it: one of everything, or one of the cluster whose data it is.
    pub(crate) fn healed(&self, healed: Option<&str>) -> bool {
        match (&self.trouble, healed) {
            (_, None) => true,
            (Trouble::Fails { cluster, .. } | Trouble::Slow { cluster, .. }, Some(id)) => cluster == id,
            (Trouble::Key(_), Some(_)) => false,
        }
    }
}

impl Estate {
    /// The status in which a restore of what comes from a cluster ends, if a fault makes it fail.
    pub(crate) fn failed_restore(&mut self, at: Timestamp, source: &Key) -> Option<String> {
        let (number, status) = self.restore_faults.iter().rev().find_map(|kept| match &kept.trouble {
            Trouble::Fails { cluster, status } if *cluster == source.id => {
                Some((kept.number, status.clone()))
            }
            Trouble::Fails { .. } | Trouble::Slow { .. } | Trouble::Key(_) => None,
        })?;
        self.struck(at, number);
        Some(status)
    }

    /// How long a restore of what comes from a cluster takes, if a fault says so.
    pub(crate) fn slowed(&mut self, at: Timestamp, source: &Key) -> Option<f64> {
        let (number, seconds) = self.restore_faults.iter().rev().find_map(|kept| match &kept.trouble {
            Trouble::Slow { cluster, seconds } if *cluster == source.id => Some((kept.number, *seconds)),
            Trouble::Fails { .. } | Trouble::Slow { .. } | Trouble::Key(_) => None,
        })?;
        self.struck(at, number);
        Some(seconds)
    }

    /// Whether what is made in a region can use a key: it is one of that region, and no fault refuses it.
    pub(crate) fn usable_key(&mut self, at: Timestamp, region: &str, key: &str) -> Result<(), Refusal> {
        let refused = self
            .restore_faults
            .iter()
            .find(|kept| matches!(&kept.trouble, Trouble::Key(refused) if refused == key))
            .map(|kept| kept.number);
        if let Some(number) = refused {
            self.struck(at, number);
        } else if key.split(':').nth(3) == Some(region) {
            return Ok(());
        }
        Err(Refusal::new(
            "KMSKeyNotAccessibleFault",
            format!(
                "The KMS key {key} does not exist in {region}, is not enabled or you do not have permissions."
            ),
        ))
    }
}
