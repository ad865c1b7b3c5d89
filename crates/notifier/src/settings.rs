//! What the function is told by its environment, checked once at the start.

use std::collections::BTreeMap;
use thiserror::Error;

/// The settings of notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_TABLE`: the incident table.
    pub table: String,
    /// `MAINSTAY_TOPIC_ARN`: the topic that people listen to.
    pub topic_arn: String,
    /// `MAINSTAY_BUS`: the event bus that programs listen to.
    pub bus: String,
}

/// A setting without which the function cannot start; names the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the environment variable {0} is missing. The template sets it; deploy the stack again.")]
pub struct MissingSetting(pub &'static str);

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name: &'static str| {
            let value = environment.get(name).map(|value| value.trim());
            value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(MissingSetting(name))
        };
        Ok(Self {
            table: need("MAINSTAY_TABLE")?,
            topic_arn: need("MAINSTAY_TOPIC_ARN")?,
            bus: need("MAINSTAY_BUS")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_variable_is_named() {
        let all = ["MAINSTAY_TABLE", "MAINSTAY_TOPIC_ARN", "MAINSTAY_BUS"];
        let whole: BTreeMap<String, String> =
            all.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        assert!(Settings::from(&whole).is_ok());
        for name in all {
            for nothing in [None, Some(" ".to_owned())] {
                let mut environment = whole.clone();
                environment.remove(name);
                environment.extend(nothing.map(|value| (name.to_owned(), value)));
                let error = Settings::from(&environment).unwrap_err();
                assert_eq!(error, MissingSetting(name));
                assert!(error.to_string().contains(name));
            }
        }
    }
}
