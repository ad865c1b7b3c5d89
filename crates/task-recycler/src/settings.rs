//! What the function is told by its environment.

use std::collections::BTreeMap;
use thiserror::Error;

/// The settings of task-recycler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the incident table (`MAINSTAY_TABLE`).
    pub table: String,
}

/// A setting that is missing. The function does not start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{variable} is not set. Set it in the function's environment in infra/template.yaml and deploy.")]
pub struct MissingSetting {
    /// The environment variable.
    pub variable: &'static str,
}

impl Settings {
    /// The settings in this environment.
    ///
    /// # Errors
    /// [`MissingSetting`] with the variable's name.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let variable = "MAINSTAY_TABLE";
        let table = environment.get(variable).map(|v| v.trim()).filter(|v| !v.is_empty());
        let table = table.ok_or(MissingSetting { variable })?;
        Ok(Self { table: table.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_is_named() {
        let error = Settings::from(&BTreeMap::new()).unwrap_err();
        assert!(error.to_string().starts_with("MAINSTAY_TABLE is not set"));
        let env = BTreeMap::from([("MAINSTAY_TABLE".to_owned(), "t".to_owned())]);
        assert_eq!(Settings::from(&env).unwrap().table, "t");
    }
}
