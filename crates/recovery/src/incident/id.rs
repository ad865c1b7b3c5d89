//! An incident's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An incident's name: from the database and the alarm's transition, so that a repeat has the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    /// The id of the incident of `database` (the plan's name) that began at `at`. At most 70 characters of
    /// `[a-z0-9-]`, so that it can be part of an execution's name.
    #[must_use]
    pub fn new(database: &str, at: Timestamp) -> Self {
        let safe: String = database
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(50)
            .collect();
        let stamp = at.strftime("%Y%m%dt%H%M%S");
        Self(format!("{safe}-{stamp}{:03}z", at.subsec_millisecond()))
    }

    /// An id that a person or an execution names; checked only when it is looked up.
    #[must_use]
    pub fn named(id: &str) -> Self {
        Self(crate::text::plain(id, 80))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
