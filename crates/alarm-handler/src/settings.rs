//! What the function is told by its environment and its plan file, checked once at the start.

use plan::Plan;
use recovery::StepError;
use std::{collections::BTreeMap, path::PathBuf};
use thiserror::Error;

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

/// A setting without which the function cannot start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MissingSetting {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is missing. The template sets it; deploy the stack again.")]
    Missing(&'static str),
    /// The variable cannot be used.
    #[error("the environment variable {name} is `{value}`; it must be {expected}.")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What it holds, bounded.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing or cannot be used.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name: &'static str| {
            let value = environment.get(name).filter(|value| !value.is_empty());
            value.cloned().ok_or(MissingSetting::Missing(name))
        };
        let table = need("MAINSTAY_TABLE")?;
        let plan = need("MAINSTAY_PLAN")?.into();
        let state_machine_arn = need("MAINSTAY_STATE_MACHINE_ARN")?;
        let topic_arn = need("MAINSTAY_TOPIC_ARN")?;
        let drill = need("MAINSTAY_DRILL")?;
        let unusable = |name, value: &str, expected| MissingSetting::Unusable {
            name,
            value: recovery::text::plain(value, 100),
            expected,
        };
        let drill = match drill.as_str() {
            "true" => true,
            "false" => false,
            other => return Err(unusable("MAINSTAY_DRILL", other, "true or false")),
        };
        let mut parts = state_machine_arn.split(':');
        let (service, region, account) = (parts.nth(2), parts.next(), parts.next());
        let (Some("states"), Some(region), Some(account)) = (service, region, account) else {
            let expected = "the ARN of a state machine";
            return Err(unusable("MAINSTAY_STATE_MACHINE_ARN", &state_machine_arn, expected));
        };
        let (region, account) = (region.to_owned(), account.to_owned());
        Ok(Self { table, plan, state_machine_arn, account, region, topic_arn, drill })
    }
}

/// The plan in a file's bytes; `name` is only repeated in the findings.
///
/// # Errors
/// [`StepError::InvalidPlan`] with everything that makes it unusable.
pub fn read_plan(bytes: &[u8], name: &str) -> Result<Plan, StepError> {
    let parsed = plan::parse_bytes(bytes, name);
    let errors: Vec<String> = parsed.errors().map(ToString::to_string).collect();
    parsed.plan.ok_or_else(|| StepError::InvalidPlan(errors.join("\n")))
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

    #[test]
    fn an_invalid_plan_tells_everything_that_is_wrong() {
        let text = "version = 1\n[[database]]\nname = \"orders\"\nnonsense = 1\n";
        let error = read_plan(text.as_bytes(), "plan.toml").unwrap_err();
        assert_eq!(error.name(), "InvalidPlan");
        let said = error.to_string();
        assert!(said.contains("nonsense") && said.contains("identifier"), "{said}");
    }
}
