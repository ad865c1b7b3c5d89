//! What a task is told by its environment, checked once at the start.

use std::collections::BTreeMap;
use std::fmt;

/// The settings of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `SHOP_SERVICE`: the service that the task belongs to, such as `orders-api`.
    pub service: String,
    /// `SHOP_TASK`: the task's id.
    pub task: String,
    /// `SHOP_PORT`: where it listens on 127.0.0.1; 0 takes a free port.
    pub port: u16,
    /// `SHOP_POOL`, and the database that it leads to.
    pub pool: PoolSettings,
}

/// Which pool, and of which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolSettings {
    /// `none`: the service does not use the database.
    None,
    /// `sqlx`: its pool as it comes.
    Sqlx(Database),
    /// `deadpool`: its pool as it comes.
    Deadpool(Database),
    /// `recommended`: deadpool's pool, with what helps in a failover.
    Recommended(Database),
}

/// How the database is reached: `DATABASE_HOST`, `_PORT`, `_USER`, `_PASSWORD` and `_NAME`.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The user's password; never shown.
    pub password: String,
    /// The database's name.
    pub name: String,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, password: _, name } = self;
        write!(f, "{user}@{host}:{port}/{name}")
    }
}

/// Why a task does not start.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A variable is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable's value cannot be used.
    #[error("{name} is {value:?}, which is not {expected}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What it holds.
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
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let service = required(environment, "SHOP_SERVICE")?;
        let task = required(environment, "SHOP_TASK")?;
        let port = port(environment, "SHOP_PORT")?;
        let database = || Database::from(environment);
        let kind = required(environment, "SHOP_POOL")?;
        let pool = match kind.as_str() {
            "none" => PoolSettings::None,
            "sqlx" => PoolSettings::Sqlx(database()?),
            "deadpool" => PoolSettings::Deadpool(database()?),
            "recommended" => PoolSettings::Recommended(database()?),
            _ => {
                let expected = "sqlx, deadpool, recommended or none";
                return Err(SettingError::Unusable { name: "SHOP_POOL", value: kind, expected });
            }
        };
        Ok(Self { service, task, port, pool })
    }
}

impl Database {
    fn from(environment: &BTreeMap<String, String>) -> Result<Self, SettingError> {
        let need = |name| required(environment, name);
        Ok(Self {
            host: need("DATABASE_HOST")?,
            port: port(environment, "DATABASE_PORT")?,
            user: need("DATABASE_USER")?,
            password: need("DATABASE_PASSWORD")?,
            name: need("DATABASE_NAME")?,
        })
    }
}

fn required(environment: &BTreeMap<String, String>, name: &'static str) -> Result<String, SettingError> {
    environment.get(name).filter(|value| !value.is_empty()).cloned().ok_or(SettingError::Missing(name))
}

fn port(environment: &BTreeMap<String, String>, name: &'static str) -> Result<u16, SettingError> {
    let value = required(environment, name)?;
    value.parse().map_err(|_| SettingError::Unusable { name, value, expected: "a port" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(pool: &str) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        for (name, value) in [
            ("SHOP_SERVICE", "orders-api"),
            ("SHOP_TASK", "t1"),
            ("SHOP_PORT", "0"),
            ("SHOP_POOL", pool),
            ("DATABASE_HOST", "127.0.0.1"),
            ("DATABASE_PORT", "5432"),
            ("DATABASE_USER", "shop"),
            ("DATABASE_PASSWORD", "hunter2"),
            ("DATABASE_NAME", "orders"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        environment
    }

    fn database() -> Database {
        Database {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            user: "shop".to_owned(),
            password: "hunter2".to_owned(),
            name: "orders".to_owned(),
        }
    }

    #[test]
    fn each_pool_is_known_by_its_name() {
        for (name, expected) in [
            ("sqlx", PoolSettings::Sqlx(database())),
            ("deadpool", PoolSettings::Deadpool(database())),
            ("recommended", PoolSettings::Recommended(database())),
            ("none", PoolSettings::None),
        ] {
            let settings = Settings::from(&whole(name)).unwrap();
            assert_eq!(settings.pool, expected);
            assert_eq!(
                (settings.service.as_str(), settings.task.as_str(), settings.port),
                ("orders-api", "t1", 0)
            );
        }
    }

    #[test]
    fn every_variable_is_needed_and_an_empty_one_is_missing() {
        for name in whole("sqlx").keys() {
            let mut environment = whole("sqlx");
            environment.remove(name);
            let missing = Settings::from(&environment).unwrap_err();
            environment.insert(name.clone(), String::new());
            assert_eq!(Settings::from(&environment).unwrap_err(), missing);
            assert_eq!(missing.to_string(), format!("{name} is not set"));
        }
    }

    #[test]
    fn a_service_without_a_database_needs_none() {
        let mut environment = whole("none");
        environment.retain(|name, _| name.starts_with("SHOP_"));
        assert_eq!(Settings::from(&environment).unwrap().pool, PoolSettings::None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let refusal = |name: &str, value: &str| {
            let mut environment = whole("sqlx");
            environment.insert(name.to_owned(), value.to_owned());
            Settings::from(&environment).unwrap_err().to_string()
        };
        assert_eq!(refusal("SHOP_PORT", "65536"), r#"SHOP_PORT is "65536", which is not a port"#);
        assert_eq!(refusal("DATABASE_PORT", "x"), r#"DATABASE_PORT is "x", which is not a port"#);
        assert_eq!(
            refusal("SHOP_POOL", "r2d2"),
            r#"SHOP_POOL is "r2d2", which is not sqlx, deadpool, recommended or none"#
        );
    }

    #[test]
    fn the_password_is_never_shown() {
        let shown = format!("{:?}", Settings::from(&whole("recommended")).unwrap());
        assert!(shown.contains("shop@127.0.0.1:5432/orders") && !shown.contains("hunter2"), "{shown}");
    }
}
