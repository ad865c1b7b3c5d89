//! What the function is told by its environment and its plan file, checked once at the start.

use plan::Plan;
use recovery::StepError;
use std::{collections::BTreeMap, path::PathBuf};
use thiserror::Error;

/// The settings of snapshotter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_PLAN`: where the plan file is.
    pub plan: PathBuf,
    /// `AWS_REGION`: the region in which the function runs; set by Lambda itself.
    pub region: String,
}

/// A setting without which the function cannot start; names the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the environment variable {0} is missing. The template or Lambda sets it; deploy the stack again.")]
pub struct MissingSetting(pub &'static str);

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name: &'static str| {
            let value = environment.get(name).map(|value| value.trim());
            value.filter(|value| !value.is_empty()).ok_or(MissingSetting(name))
        };
        Ok(Self { plan: need("MAINSTAY_PLAN")?.into(), region: need("AWS_REGION")?.to_owned() })
    }
}

/// The plan in a file's bytes; `name` is how the findings call it.
///
/// # Errors
/// [`StepError::InvalidPlan`] with every error by line.
pub fn read_plan(bytes: &[u8], name: &str) -> Result<Plan, StepError> {
    let parsed = plan::parse_bytes(bytes, name);
    let errors: Vec<String> = parsed.errors().map(ToString::to_string).collect();
    parsed.plan.ok_or_else(|| StepError::InvalidPlan(errors.join("\n")))
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
            assert_eq!(Settings::from(&environment), Err(MissingSetting(name)));
            environment.insert(name.to_owned(), " ".to_owned());
            let error = Settings::from(&environment).unwrap_err();
            assert!(error.to_string().contains(name));
        }
    }

    #[test]
    fn a_bad_plan_says_where() {
        let error = read_plan(b"version = 1\n[[database]]\n", "plan.toml").unwrap_err();
        assert_eq!(error.name(), "InvalidPlan");
        assert!(error.to_string().contains("plan.toml:2"), "{error}");
    }
}
