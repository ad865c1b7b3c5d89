//! What the function is told by its environment, checked once at the start.

use aws::function::{MissingSetting, required};
use std::collections::BTreeMap;

/// The settings of notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_TABLE`: the incident table.
    pub table: String,
    /// `MAINSTAY_TOPIC_ARN`: the topic that people listen to.
    pub topic_arn: String,
    /// `MAINSTAY_BUS`: the event bus that programs listen to.
    pub bus: String,
    /// `MAINSTAY_DLQ_URL`: the queue for what can never be told.
    pub dlq_url: String,
}

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or empty.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name| required(environment, name);
        Ok(Self {
            table: need("MAINSTAY_TABLE")?,
            topic_arn: need("MAINSTAY_TOPIC_ARN")?,
            bus: need("MAINSTAY_BUS")?,
            dlq_url: need("MAINSTAY_DLQ_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_variable_is_named() {
        let all = ["MAINSTAY_TABLE", "MAINSTAY_TOPIC_ARN", "MAINSTAY_BUS", "MAINSTAY_DLQ_URL"];
        let whole: BTreeMap<String, String> =
            all.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        assert!(Settings::from(&whole).is_ok());
        for name in all {
            for nothing in [None, Some(" ".to_owned())] {
                let mut environment = whole.clone();
                environment.remove(name);
                environment.extend(nothing.map(|value| (name.to_owned(), value)));
                let error = Settings::from(&environment).unwrap_err();
                assert_eq!(error, MissingSetting::Missing(name));
                assert!(error.to_string().contains(name));
            }
        }
    }
}
