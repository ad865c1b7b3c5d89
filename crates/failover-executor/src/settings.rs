//! What the function is told by its environment.

use aws::function::{MissingSetting, optional, required};
use std::{collections::BTreeMap, net::SocketAddr};

/// The settings of failover-executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name of the incident table (`MAINSTAY_TABLE`).
    pub table: String,
    /// The DNS server to ask (`MAINSTAY_DNS_SERVER`); none: the system's.
    pub dns_server: Option<SocketAddr>,
}

impl Settings {
    /// The settings in this environment.
    ///
    /// # Errors
    /// The first variable that is missing or cannot be used.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let table = required(environment, "MAINSTAY_TABLE")?;
        let name = "MAINSTAY_DNS_SERVER";
        let address = |text: &str| {
            let expected = "an address and port such as 127.0.0.1:5353";
            text.parse().map_err(|_| MissingSetting::unusable(name, text, expected))
        };
        let dns_server = optional(environment, name).map(address).transpose()?;
        Ok(Self { table, dns_server })
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
            assert_eq!(Settings::from(&env).unwrap_err(), MissingSetting::Missing("MAINSTAY_TABLE"));
        }
    }

    #[test]
    fn an_empty_dns_server_means_the_systems() {
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "")]);
        assert_eq!(Settings::from(&env).unwrap().dns_server, None);
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "127.0.0.1:53")]);
        assert_eq!(Settings::from(&env).unwrap().dns_server, Some("127.0.0.1:53".parse().unwrap()));
        let env = environment(&[("MAINSTAY_TABLE", "t"), ("MAINSTAY_DNS_SERVER", "nowhere")]);
        let error = Settings::from(&env).unwrap_err().to_string();
        assert!(error.contains("MAINSTAY_DNS_SERVER is `nowhere`; it must be an address"), "{error}");
    }
}
