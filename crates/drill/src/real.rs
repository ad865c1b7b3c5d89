//! The drill's line to what is real: make it, break it, write through it, count what it holds.

mod outage;

pub use self::outage::{BYSTANDER, RealOutage, TWIN, more_services, pool, seed};

use crate::error::DrillError;
use jiff::Timestamp;
use real_estate::{
    fault::{Fate, RealFault, Struck},
    front::Asked,
    world::Wanted,
};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

/// Making servers may take long on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What was made real.
#[derive(Debug, Clone, Deserialize)]
pub struct Made {
    /// The server of each instance.
    pub servers: Vec<Server>,
    /// PostgreSQL's version.
    pub version: String,
    /// Where its programs come from.
    pub origin: String,
    /// The folder of the servers' data, which may be in memory.
    pub data: PathBuf,
}

/// The server of an instance.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// The instance.
    pub instance: String,
    /// Its port on loopback: the name that acknowledgements carry.
    pub port: u16,
}

impl Made {
    /// The port of an instance's server, as acknowledgements carry it.
    #[must_use]
    pub fn port(&self, instance: &str) -> Option<String> {
        self.servers.iter().find(|s| s.instance == instance).map(|s| s.port.to_string())
    }

    /// A change of writer from one instance to another, in the names that acknowledgements carry.
    #[must_use]
    pub fn promotion(&self, at: Timestamp, from: &str, to: &str) -> Option<felt::Promotion> {
        Some(felt::Promotion { at, old_writer: self.port(from)?, new_writer: self.port(to)? })
    }
}

/// What an instance's server holds at the end.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The numbers of its rows, by service.
    Rows(BTreeMap<String, BTreeSet<u64>>),
    /// Why it could not be asked.
    Error(String),
}

/// What a new connection through an endpoint reaches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Led {
    /// A server.
    To {
        /// Its port.
        server: u16,
        /// Whether it is a standby.
        in_recovery: bool,
    },
    /// None.
    Nowhere {
        /// Why.
        error: String,
    },
}

/// What a new connection reaches through the cluster endpoint and through the reader endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Endpoints {
    /// Through the cluster endpoint.
    pub writer: Led,
    /// Through the reader endpoint.
    pub reader: Led,
}

/// A client of what is real.
#[derive(Debug, Clone)]
pub struct RealClient {
    http: reqwest::Client,
    address: String,
}

impl RealClient {
    /// A client at `address`, `host:port`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        // Loopback only: a proxy of the caller's must not see these calls.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap_or_default();
        Self { http, address: address.to_owned() }
    }

    /// Makes the estate's present real.
    ///
    /// # Errors
    /// Why it cannot be.
    pub async fn make(&self, wanted: &Wanted) -> Result<Made, DrillError> {
        self.ask(Method::POST, "/world", &json!(wanted)).await
    }

    /// Ends what is real.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn end(&self) -> Result<(), DrillError> {
        self.ask::<Value>(Method::DELETE, "/world", &Value::Null).await.map(drop)
    }

    /// Strikes the writer's server.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn strike(&self, faults: &[RealFault]) -> Result<Struck, DrillError> {
        self.ask(Method::POST, "/faults", &json!(faults)).await
    }

    /// What was to strike, and when it did.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn blows(&self) -> Result<Vec<Fate>, DrillError> {
        self.ask(Method::GET, "/faults", &Value::Null).await
    }

    /// Starts the probe; every attempt becomes a line of `file`.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn probe(&self, services: &[String], file: &Path) -> Result<(), DrillError> {
        let wanted = json!({ "services": services, "file": file });
        self.ask::<Value>(Method::POST, "/probe", &wanted).await.map(drop)
    }

    /// Ends the probe: its file is complete.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn end_probe(&self) -> Result<(), DrillError> {
        self.ask::<Value>(Method::DELETE, "/probe", &Value::Null).await.map(drop)
    }

    /// What the model decided and could not be carried out.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn failures(&self) -> Result<Vec<String>, DrillError> {
        self.ask(Method::GET, "/failures", &Value::Null).await
    }

    /// What the tasks said when the plan's checks were asked.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn questions(&self) -> Result<Vec<Asked>, DrillError> {
        self.ask(Method::GET, "/questions", &Value::Null).await
    }

    /// Where the endpoints lead.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn endpoints(&self) -> Result<Endpoints, DrillError> {
        self.ask(Method::GET, "/endpoints", &Value::Null).await
    }

    /// What each instance's server holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn rows(&self) -> Result<BTreeMap<String, Held>, DrillError> {
        self.ask(Method::GET, "/rows", &Value::Null).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, DrillError> {
        let wrong = |e: reqwest::Error| DrillError::Real(format!("{path}: {e}"));
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.request(method, url).json(body).send().await.map_err(wrong)?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(wrong)?;
        if !status.is_success() {
            let why = body.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
            let none = body.get("no_postgres") == Some(&Value::Bool(true));
            return Err(if none { DrillError::Unreal(why) } else { DrillError::Real(why) });
        }
        serde_json::from_value(body).map_err(|e| DrillError::Real(format!("{path}: {e}")))
    }
}
