//! What the function is told by its environment.

use aws::function::{MissingSetting, required};
use std::collections::BTreeMap;

/// The settings of task-recycler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the incident table (`MAINSTAY_TABLE`).
    pub table: String,
}

impl Settings {
    /// The settings in this environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        Ok(Self { table: required(environment, "MAINSTAY_TABLE")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_is_named() {
        let error = Settings::from(&BTreeMap::new()).unwrap_err();
        assert_eq!(error, MissingSetting::Missing("MAINSTAY_TABLE"));
        let env = BTreeMap::from([("MAINSTAY_TABLE".to_owned(), "t".to_owned())]);
        assert_eq!(Settings::from(&env).unwrap().table, "t");
    }
}
