//! What the function is told by its environment.

use aws::function::{MissingSetting, optional, required};
use std::{collections::BTreeMap, net::SocketAddr};

/// The settings of task-recycler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the incident table (`MAINSTAY_TABLE`).
    pub table: String,
    /// Where every check is asked, whatever its name leads to (`MAINSTAY_CHECK_FRONT`): the local cloud's front, on
    /// loopback. Always none unless this is a drill (`MAINSTAY_DRILL`): else loopback is never asked.
    pub check_front: Option<SocketAddr>,
}

impl Settings {
    /// The settings in this environment.
    ///
    /// # Errors
    /// The first variable that is missing or cannot be used.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let table = required(environment, "MAINSTAY_TABLE")?;
        let check_front = match required(environment, "MAINSTAY_DRILL")?.as_str() {
            "true" => front(environment)?,
            // Not even read: what only the local cloud may set must neither lead a check astray nor end a recovery.
            "false" => None,
            other => return Err(MissingSetting::unusable("MAINSTAY_DRILL", other, "true or false")),
        };
        Ok(Self { table, check_front })
    }
}

fn front(environment: &BTreeMap<String, String>) -> Result<Option<SocketAddr>, MissingSetting> {
    let name = "MAINSTAY_CHECK_FRONT";
    let on_loopback = |text: &str| {
        let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
        address.ok_or_else(|| {
            MissingSetting::unusable(name, text, "an address on loopback and a port, or left out")
        })
    };
    optional(environment, name).map(on_loopback).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(drill: &str, front: &str) -> BTreeMap<String, String> {
        [("MAINSTAY_TABLE", "t"), ("MAINSTAY_DRILL", drill), ("MAINSTAY_CHECK_FRONT", front)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn each_missing_variable_is_named() {
        for name in ["MAINSTAY_TABLE", "MAINSTAY_DRILL"] {
            let mut environment = environment("false", "");
            environment.remove(name);
            assert_eq!(Settings::from(&environment).unwrap_err(), MissingSetting::Missing(name));
        }
        let error = Settings::from(&environment("perhaps", "")).unwrap_err().to_string();
        assert_eq!(error, "the environment variable MAINSTAY_DRILL is `perhaps`; it must be true or false.");
    }

    #[test]
    fn a_front_is_taken_in_a_drill_only_and_on_loopback_only() {
        let front =
            |drill: &str, front: &str| Settings::from(&environment(drill, front)).map(|s| s.check_front);
        assert_eq!(front("true", ""), Ok(None));
        assert_eq!(front("true", "127.0.0.1:8443"), Ok(Some("127.0.0.1:8443".parse().unwrap())));
        for elsewhere in ["10.0.0.1:8443", "nowhere"] {
            let error = front("true", elsewhere).unwrap_err().to_string();
            assert!(error.contains("MAINSTAY_CHECK_FRONT"), "{error}");
        }
        for anything in ["127.0.0.1:8443", "10.0.0.1:8443", "nowhere"] {
            assert_eq!(front("false", anything), Ok(None));
        }
    }
}
