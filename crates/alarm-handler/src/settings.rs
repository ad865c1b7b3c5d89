//! What the function is told by its environment and its plan file, checked once at the start.

use aws::function::{MissingSetting, required};
use std::{collections::BTreeMap, path::PathBuf};

/// The settings of alarm-handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_TABLE`: the incident table.
    pub table: String,
    /// `MAINSTAY_PLAN`: where the plan file is.
    pub plan: PathBuf,
    /// `MAINSTAY_STATE_MACHINE_ARN`: the state machine `recovery`.
    pub state_machine_arn: String,
    /// The account, from that ARN.
    pub account: String,
    /// The region, from that ARN.
    pub region: String,
    /// `MAINSTAY_TOPIC_ARN`: the topic that people listen to.
    pub topic_arn: String,
    /// `MAINSTAY_DRILL`: whether every incident is a drill.
    pub drill: bool,
}

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or cannot be used.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name| required(environment, name);
        let table = need("MAINSTAY_TABLE")?;
        let plan = need("MAINSTAY_PLAN")?.into();
        let state_machine_arn = need("MAINSTAY_STATE_MACHINE_ARN")?;
        let topic_arn = need("MAINSTAY_TOPIC_ARN")?;
        let drill = need("MAINSTAY_DRILL")?;
        let drill = match drill.as_str() {
            "true" => true,
            "false" => false,
            other => return Err(MissingSetting::unusable("MAINSTAY_DRILL", other, "true or false")),
        };
        let mut parts = state_machine_arn.split(':');
        let (service, region, account) = (parts.nth(2), parts.next(), parts.next());
        let (Some("states"), Some(region), Some(account)) = (service, region, account) else {
            let expected = "the ARN of a state machine";
            return Err(MissingSetting::unusable("MAINSTAY_STATE_MACHINE_ARN", &state_machine_arn, expected));
        };
        let (region, account) = (region.to_owned(), account.to_owned());
        Ok(Self { table, plan, state_machine_arn, account, region, topic_arn, drill })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> BTreeMap<String, String> {
        [
            ("MAINSTAY_TABLE", "incidents"),
            ("MAINSTAY_PLAN", "/opt/plan.toml"),
            ("MAINSTAY_STATE_MACHINE_ARN", "arn:aws:states:ca-central-1:123456789012:stateMachine:recovery"),
            ("MAINSTAY_TOPIC_ARN", "arn:aws:sns:ca-central-1:123456789012:notices"),
            ("MAINSTAY_DRILL", "false"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn account_and_region_come_from_the_state_machine() {
        let settings = Settings::from(&whole()).unwrap();
        assert_eq!((settings.account.as_str(), settings.region.as_str()), ("123456789012", "ca-central-1"));
        assert!(!settings.drill);
    }

    #[test]
    fn each_missing_variable_is_named() {
        for name in whole().keys() {
            for broken in [None, Some(String::new())] {
                let mut environment = whole();
                environment.remove(name);
                environment.extend(broken.map(|value| (name.clone(), value)));
                let error = Settings::from(&environment).unwrap_err().to_string();
                assert!(error.contains(name.as_str()), "{name}: {error}");
            }
        }
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_with_what_it_should_be() {
        let mut environment = whole();
        environment.insert("MAINSTAY_DRILL".to_owned(), "perhaps".to_owned());
        let error = Settings::from(&environment).unwrap_err().to_string();
        assert_eq!(error, "the environment variable MAINSTAY_DRILL is `perhaps`; it must be true or false.");
    }
}
