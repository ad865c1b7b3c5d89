//! What the function is told by its environment.

use std::{collections::BTreeMap, net::SocketAddr};
use thiserror::Error;

/// The settings of failover-executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the incident table (`MAINSTAY_TABLE`).
    pub table: String,
    /// The DNS server to ask (`MAINSTAY_DNS_SERVER`); none: the system's.
    pub dns_server: Option<SocketAddr>,
}

/// A setting that is missing or can't be read. The function does not start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{variable}: {problem}. Set it in the function's environment in infra/template.yaml and deploy.")]
pub struct MissingSetting {
    /// The environment variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Settings {
    /// The settings in this environment.
    ///
    /// # Errors
    /// [`MissingSetting`] with the variable's name.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let given = |variable: &str| environment.get(variable).map(|v| v.trim()).filter(|v| !v.is_empty());
        let missing = |variable, problem: String| MissingSetting { variable, problem };
        let table =
            given("MAINSTAY_TABLE").ok_or_else(|| missing("MAINSTAY_TABLE", "it is not set".to_owned()))?;
        let dns_server = given("MAINSTAY_DNS_SERVER")
            .map(|text| {
                text.parse().map_err(|_| {
                    let shown = recovery::text::plain(text, 60);
                    missing(
                        "MAINSTAY_DNS_SERVER",
                        format!("`{shown}` is not an address and port such as 127.0.0.1:5353"),
                    )
                })
            })
            .transpose()?;
        Ok(Self { table: table.to_owned(), dns_server })
    }

    /// The DNS server as `aws::Dns` takes it: empty means the system's.
    #[must_use]
    pub fn dns_server_text(&self) -> String {
        self.dns_server.map_or_else(String::new, |server| server.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_missing_table_is_named() {
        for env in [environment(&[]), environment(&[("MAINSTAY_TABLE", " ")])] {
            assert_eq!(Settings::from(&env).unwrap_err().variable, "MAINSTAY_TABLE");
        }
    }

    #[test]
    fn an_empty_dns_server_means_the_systems() {
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "")]);
        assert_eq!(Settings::from(&env).unwrap().dns_server, None);
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "127.0.0.1:53")]);
        assert_eq!(Settings::from(&env).unwrap().dns_server, Some("127.0.0.1:53".parse().unwrap()));
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "nowhere")]);
        let error = Settings::from(&env).unwrap_err();
        assert_eq!(error.variable, "MAINSTAY_DNS_SERVER");
        assert!(error.to_string().contains("nowhere"));
    }
}
