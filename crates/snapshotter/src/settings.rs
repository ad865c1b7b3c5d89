//! What the function is told by its environment and its plan file, checked once at the start.

use aws::function::{MissingSetting, required};
use std::{collections::BTreeMap, path::PathBuf};

/// The settings of snapshotter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_PLAN`: where the plan file is.
    pub plan: PathBuf,
    /// `AWS_REGION`: the region in which the function runs; set by Lambda itself.
    pub region: String,
}

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name| required(environment, name);
        Ok(Self { plan: need("MAINSTAY_PLAN")?.into(), region: need("AWS_REGION")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_variable_is_named() {
        let all = ["MAINSTAY_PLAN", "AWS_REGION"];
        let whole: BTreeMap<String, String> =
            all.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        assert!(Settings::from(&whole).is_ok());
        for name in all {
            let mut environment = whole.clone();
            environment.remove(name);
            assert_eq!(Settings::from(&environment), Err(MissingSetting::Missing(name)));
            environment.insert(name.to_owned(), " ".to_owned());
            let error = Settings::from(&environment).unwrap_err();
            assert!(error.to_string().contains(name));
        }
    }
}
