//! The words of a plan: closed sets of values, each with one spelling everywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A closed set of words, for reading them.
pub(crate) trait Word: Copy + 'static {
    /// All values.
    fn all() -> &'static [Self];
    /// The spelling.
    fn word(self) -> &'static str;
}

/// Writes one enum, its list of all values and its spelling together, so that none can be forgotten.
/// The spelling must equal serde's kebab-case; a test holds the two together.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// All values, in the order in which they are documented.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as it stands in the plan, in JSON and in messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl Word for $name {
            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What the database is, and therefore by which call it fails over.
    Kind {
        /// An Aurora cluster: `FailoverDBCluster`, with the target reader named.
        AuroraCluster = "aurora-cluster",
        /// An RDS Multi-AZ DB cluster (one writer, two readable standbys): `FailoverDBCluster`. AWS does
        /// not let RDS for MySQL name the target.
        MultiAzCluster = "multi-az-cluster",
        /// An RDS instance with one standby: `RebootDBInstance` with `ForceFailover`.
        MultiAzInstance = "multi-az-instance",
        /// A read replica that is not Aurora's: `PromoteReadReplica`, one-way.
        ReadReplica = "read-replica",
        /// An Aurora global database: `SwitchoverGlobalCluster`, or `FailoverGlobalCluster` with data loss.
        GlobalDatabase = "global-database",
    }
}

words! {
    /// What exists before the outage, and so what the recovery must make.
    Strategy {
        /// A reader in another AZ, the application in full in all AZs: fail over, recycle.
        ActiveActive = "active-active",
        /// A reader in another AZ, the application reduced: the same, and scale services up.
        WarmStandby = "warm-standby",
        /// A replica only, the application off: make instances and services, fail over, recycle.
        PilotLight = "pilot-light",
        /// Recovery points only: restore, hand the endpoint over, recycle.
        BackupAndRestore = "backup-and-restore",
    }
}

words! {
    /// Whether Mainstay acts on the database or only says what it would do.
    Mode {
        /// Everything happens except the calls that act; people are told what would have been done.
        Observe = "observe",
        /// Mainstay fails over by itself when the witnesses say so.
        Automatic = "automatic",
    }
}

words! {
    /// How many of a database's alarms must be in ALARM before Mainstay acts.
    Agree {
        /// One is enough.
        Any = "any",
        /// Every one of them.
        All = "all",
    }
}

words! {
    /// What must be seen before the endpoint counts as moved, besides its name and the time of settling.
    EndpointProof {
        /// Nothing more: its CNAME leads to the new writer.
        Name = "name",
        /// A probe of Mainstay's prober, through that name, that the new writer answered.
        Prober = "prober",
    }
}

words! {
    /// The kinds of message that people receive.
    NoticeKind {
        /// The database is down and the recovery has begun.
        Interruption = "interruption",
        /// Mainstay waits: witnesses disagree, silence is asked for, or evidence is missing.
        Held = "held",
        /// A guard forbids acting; the notice has the command to act by hand.
        Refused = "refused",
        /// It works again, and has for as long as the plan asks.
        AllClear = "all-clear",
        /// Mainstay can't go on alone: a person is needed now.
        Escalation = "escalation",
    }
}

impl EndpointProof {
    /// Whether it is the default, which no slice carries.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    pub(crate) fn is_name(&self) -> bool {
        *self == Self::Name
    }
}

impl Kind {
    /// Whether Mainstay's prober, of a database with PostgreSQL, tells which instance answered it: Aurora names
    /// itself, elsewhere a server knows its address only.
    #[must_use]
    pub const fn names_instance(self) -> bool {
        match self {
            Self::AuroraCluster => true,
            Self::MultiAzCluster | Self::MultiAzInstance | Self::ReadReplica | Self::GlobalDatabase => false,
        }
    }

    /// Whether this version can recover the kind; a plan that asks for another is refused with "not yet".
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Self::AuroraCluster | Self::MultiAzCluster => true,
            Self::MultiAzInstance | Self::ReadReplica | Self::GlobalDatabase => false,
        }
    }

    /// Whether a reader has all that the writer has committed, however it lags: Aurora's instances share one storage.
    /// Elsewhere a reader has a copy of its own, and lag is lost data.
    #[must_use]
    pub const fn shares_storage(self) -> bool {
        match self {
            Self::AuroraCluster => true,
            Self::MultiAzCluster | Self::MultiAzInstance | Self::ReadReplica | Self::GlobalDatabase => false,
        }
    }
}

impl Strategy {
    /// Whether this version can carry the strategy out; a plan that asks for another is refused with
    /// "not yet".
    #[must_use]
    pub const fn is_supported(self) -> bool {
        match self {
            Self::ActiveActive | Self::WarmStandby => true,
            Self::PilotLight | Self::BackupAndRestore => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    fn spelled_as_serde<T>(all: &[T])
    where
        T: Serialize + DeserializeOwned + fmt::Display + fmt::Debug + PartialEq,
    {
        for value in all {
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{value}\""));
            assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value);
        }
    }

    #[test]
    fn words_are_spelled_one_way() {
        spelled_as_serde(Kind::ALL);
        spelled_as_serde(Strategy::ALL);
        spelled_as_serde(Mode::ALL);
        spelled_as_serde(Agree::ALL);
        spelled_as_serde(EndpointProof::ALL);
        spelled_as_serde(NoticeKind::ALL);
    }
}
