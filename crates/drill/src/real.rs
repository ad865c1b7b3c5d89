//! The drill's line to what is real: make it, break it, write through it, count what it holds.

use crate::error::DrillError;
use estate::model::{Seed, ServiceSeed};
use real_estate::{
    fault::{Fate, RealFault, Struck},
    front::Asked,
    world::{OldWriter, Wanted},
};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

/// What is real in an outage: a row's `real` in the table of scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of a row")]
pub struct RealOutage {
    /// What strikes the writer's server.
    pub faults: Vec<RealFault>,
    /// Whether a commit waits for a standby.
    #[serde(default)]
    pub synchronous: bool,
    /// What becomes of the old writer.
    #[serde(default)]
    pub old_writer: OldWriter,
    /// Whether the prober is deployed.
    #[serde(default)]
    pub prober: bool,
    /// Whether it is a row of the experiment.
    #[serde(default)]
    pub experiment: bool,
    /// Whether each service has a twin that nobody recycles: in the experiment.
    #[serde(skip)]
    pub twins: bool,
}

/// The pool of each service that uses the database: the two of the demo estate with their pools' defaults, and one more
/// with the settings that are recommended.
const POOLS: [(&str, &str); 3] =
    [("orders-api", "deadpool"), ("orders-worker", "sqlx"), ("orders-billing", "recommended")];
/// Of which service of the demo estate the third one is a copy.
const LIKE: &str = "orders-worker";
/// The service that does not use the database: an outage must not be felt there.
pub const BYSTANDER: &str = "catalogue";
/// What the name of a service's twin ends with.
pub const TWIN: &str = "-twin";
/// Making servers may take long on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

impl RealOutage {
    /// The world that it is played in.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted {
            synchronous: self.synchronous,
            old_writer: self.old_writer,
            pools: self.writers().into_iter().map(|s| (s.clone(), pool(&s).to_owned())).collect(),
        }
    }

    /// The services that write to the database.
    fn writers(&self) -> Vec<String> {
        let twins = POOLS.iter().filter(|_| self.twins).map(|(service, _)| format!("{service}{TWIN}"));
        POOLS.iter().map(|(service, _)| (*service).to_owned()).chain(twins).collect()
    }

    /// The services that are probed: those that write, and one that must not feel anything.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        self.writers().into_iter().chain([BYSTANDER.to_owned()]).collect()
    }
}

/// The pool of a service, or of its twin.
#[must_use]
pub fn pool(service: &str) -> &'static str {
    let service = service.strip_suffix(TWIN).unwrap_or(service);
    POOLS.iter().find(|(name, _)| *name == service).map_or("none", |(_, pool)| pool)
}

/// The demo estate; where it is made real with a service for each pool, and with twins where they are wanted: like their
/// services, but not of the plan.
#[must_use]
pub fn seed(outage: Option<&RealOutage>) -> Seed {
    let mut seed = Seed::demo();
    let Some(outage) = outage else { return seed };
    for (name, _) in POOLS {
        let like = seed.services.iter().find(|s| s.name == LIKE).cloned();
        if let Some(like) = like.filter(|_| seed.services.iter().all(|s| s.name != name)) {
            seed.services.push(ServiceSeed { name: name.to_owned(), ..like });
        }
    }
    let of_pools = |s: &&ServiceSeed| outage.twins && POOLS.iter().any(|(name, _)| *name == s.name);
    let copies: Vec<ServiceSeed> = seed
        .services
        .iter()
        .filter(of_pools)
        .map(|s| ServiceSeed { name: format!("{}{TWIN}", s.name), tags: BTreeMap::new(), ..s.clone() })
        .collect();
    seed.services.extend(copies);
    seed
}

/// The services that the plan needs beside those that it has, when the outage is real.
#[must_use]
pub fn more_services(of_plan: &[toml::Value]) -> Vec<toml::Value> {
    let named =
        |name: &str| of_plan.iter().find(|s| s.get("name").and_then(toml::Value::as_str) == Some(name));
    let Some(like) = named(LIKE).and_then(|s| s.get("cluster")) else { return Vec::new() };
    let missing = POOLS.iter().filter(|(name, _)| named(name).is_none());
    missing
        .map(|(name, _)| {
            let service = [("cluster", like.clone()), ("name", (*name).into()), ("wave", 2.into())];
            toml::Value::Table(service.map(|(key, value)| (key.to_owned(), value)).into_iter().collect())
        })
        .collect()
}

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
