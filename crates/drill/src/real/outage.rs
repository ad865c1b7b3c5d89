//! What is real in an outage of the table: the faults, the services with their pools, and their twins.

use estate::model::{Seed, ServiceSeed};
use real_estate::{
    fault::RealFault,
    world::{OldWriter, Wanted},
};
use serde::Deserialize;
use std::collections::BTreeMap;

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
