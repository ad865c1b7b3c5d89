//! What the function is told by its environment, checked once at the start.

use aws::function::{MissingSetting, optional, required};
use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

/// The engines that can be probed, as RDS calls them.
const POSTGRESQL: [&str; 2] = ["aurora-postgresql", "postgres"];
/// The longest interval, in seconds.
const LONGEST_INTERVAL: u64 = 30;
/// The longest name of a host, role or database that is taken.
const LONGEST_NAME: usize = 255;

/// How the prober proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginBy {
    /// A token of IAM database authentication, signed with the function's own credentials. Nothing is called.
    Iam,
    /// A secret of Secrets Manager, by its ARN: `{"username": …, "password": …}`.
    Secret(String),
    /// A password in a file, for drills on this machine only.
    File(PathBuf),
}

/// The settings of prober.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `MAINSTAY_PROBE_DATABASE`: the database's name in the plan, and the metrics' dimension.
    pub database: String,
    /// `MAINSTAY_PROBE_HOST`: the writer endpoint. For IAM it must be the endpoint's own name, not an alias.
    pub host: String,
    /// `MAINSTAY_PROBE_PORT`.
    pub port: u16,
    /// `MAINSTAY_PROBE_NAME`: the database to connect to, as PostgreSQL calls it.
    pub name: String,
    /// `MAINSTAY_PROBE_USER`: the role that logs in. A secret's `username` comes first.
    pub user: String,
    /// `MAINSTAY_PROBE_LOGIN`, with `MAINSTAY_PROBE_SECRET_ARN` or `MAINSTAY_PROBE_PASSWORD_FILE`.
    pub login: LoginBy,
    /// `MAINSTAY_PROBE_WRITE`: whether each probe commits a row.
    pub write: bool,
    /// `MAINSTAY_PROBE_EVERY_S`: seconds from one probe to the next.
    pub every: Duration,
    /// `MAINSTAY_PROBE_CA`: the certificates that may have signed the server's.
    pub ca: PathBuf,
}

impl Settings {
    /// The settings in an environment.
    ///
    /// # Errors
    /// The first variable that is missing, empty or unusable. An engine that cannot be probed yet is one.
    pub fn from(environment: &BTreeMap<String, String>) -> Result<Self, MissingSetting> {
        let need = |name| required(environment, name);
        engine(&need("MAINSTAY_PROBE_ENGINE")?)?;
        let host = name("MAINSTAY_PROBE_HOST", need("MAINSTAY_PROBE_HOST")?)?;
        let settings = Self {
            database: name("MAINSTAY_PROBE_DATABASE", need("MAINSTAY_PROBE_DATABASE")?)?,
            port: port(&need("MAINSTAY_PROBE_PORT")?)?,
            name: name("MAINSTAY_PROBE_NAME", need("MAINSTAY_PROBE_NAME")?)?,
            user: name("MAINSTAY_PROBE_USER", need("MAINSTAY_PROBE_USER")?)?,
            login: login(environment, &host)?,
            write: write(&need("MAINSTAY_PROBE_WRITE")?)?,
            every: every(&need("MAINSTAY_PROBE_EVERY_S")?)?,
            ca: need("MAINSTAY_PROBE_CA")?.into(),
            host,
        };
        Ok(settings)
    }

    /// Whether the server is on this machine: only then may a connection do without TLS. A name could lead anywhere,
    /// so only addresses count.
    #[must_use]
    pub fn on_this_machine(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn engine(value: &str) -> Result<(), MissingSetting> {
    const NAME: &str = "MAINSTAY_PROBE_ENGINE";
    if POSTGRESQL.contains(&value) {
        return Ok(());
    }
    let mysql = value.contains("mysql") || value.contains("mariadb");
    let expected = if mysql {
        "aurora-postgresql or postgres: MySQL and MariaDB cannot be probed, not yet"
    } else {
        "aurora-postgresql or postgres"
    };
    Err(MissingSetting::unusable(NAME, value, expected))
}

/// A name that may stand in a URL and in a message: an IAM token is made of the host and the role.
fn name(variable: &'static str, value: String) -> Result<String, MissingSetting> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    if value.len() <= LONGEST_NAME && value.chars().all(plain) {
        return Ok(value);
    }
    Err(MissingSetting::unusable(variable, &value, "a name of letters, digits, `.`, `_` and `-`"))
}

fn port(value: &str) -> Result<u16, MissingSetting> {
    let port = value.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| MissingSetting::unusable("MAINSTAY_PROBE_PORT", value, "a port, 1 to 65535"))
}

fn write(value: &str) -> Result<bool, MissingSetting> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(MissingSetting::unusable("MAINSTAY_PROBE_WRITE", value, "true or false")),
    }
}

fn every(value: &str) -> Result<Duration, MissingSetting> {
    let seconds = value.parse().ok().filter(|s| (1..=LONGEST_INTERVAL).contains(s));
    let unusable = || MissingSetting::unusable("MAINSTAY_PROBE_EVERY_S", value, "seconds, 1 to 30");
    seconds.map(Duration::from_secs).ok_or_else(unusable)
}

fn login(environment: &BTreeMap<String, String>, host: &str) -> Result<LoginBy, MissingSetting> {
    const BY: &str = "MAINSTAY_PROBE_LOGIN";
    const SECRET: &str = "MAINSTAY_PROBE_SECRET_ARN";
    const FILE: &str = "MAINSTAY_PROBE_PASSWORD_FILE";
    // Each is checked whenever it is there: a setting that nobody reads hides a mistake.
    let secret = optional(environment, SECRET).map(|arn| {
        let known = arn.starts_with("arn:") && arn.contains(":secretsmanager:");
        if known { Ok(arn) } else { Err(MissingSetting::unusable(SECRET, arn, "a secret's ARN")) }
    });
    let file = optional(environment, FILE).map(|path| {
        let path = PathBuf::from(path);
        let whole = path.is_absolute();
        let unusable =
            || MissingSetting::unusable(FILE, &path.display().to_string(), "a whole path, from the root");
        if whole { Ok(path.clone()) } else { Err(unusable()) }
    });
    let (secret, file) = (secret.transpose()?, file.transpose()?);
    match required(environment, BY)?.as_str() {
        "iam" => Ok(LoginBy::Iam),
        "secret" => Ok(LoginBy::Secret(secret.ok_or(MissingSetting::Missing(SECRET))?.to_owned())),
        "file" if is_loopback(host) => Ok(LoginBy::File(file.ok_or(MissingSetting::Missing(FILE))?)),
        "file" => Err(MissingSetting::unusable(
            BY,
            "file",
            "iam or secret: a file's password is for this machine only",
        )),
        other => Err(MissingSetting::unusable(BY, other, "iam or secret")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 10] = [
        ("MAINSTAY_PROBE_DATABASE", "orders"),
        ("MAINSTAY_PROBE_ENGINE", "aurora-postgresql"),
        ("MAINSTAY_PROBE_HOST", "orders.cluster-abc.ca-central-1.rds.amazonaws.com"),
        ("MAINSTAY_PROBE_PORT", "5432"),
        ("MAINSTAY_PROBE_NAME", "orders"),
        ("MAINSTAY_PROBE_USER", "mainstay_probe"),
        ("MAINSTAY_PROBE_LOGIN", "iam"),
        ("MAINSTAY_PROBE_WRITE", "false"),
        ("MAINSTAY_PROBE_EVERY_S", "10"),
        ("MAINSTAY_PROBE_CA", "/opt/global-bundle.pem"),
    ];
    const ARN: &str = "arn:aws:secretsmanager:ca-central-1:123456789012:secret:probe-AbCdEf";

    fn with(changes: &[(&str, &str)]) -> Result<Settings, String> {
        let all = WHOLE.iter().chain(changes).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::from(&all.collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_missing_variable_is_named() {
        assert_eq!(with(&[]).unwrap().every, Duration::from_secs(10));
        for (name, _) in WHOLE {
            let error = with(&[(name, " ")]).unwrap_err();
            assert!(error.contains(&format!("{name} is missing")), "{error}");
        }
    }

    #[test]
    fn each_unusable_value_is_named() {
        for (name, value) in [
            ("MAINSTAY_PROBE_DATABASE", "or ders"),
            ("MAINSTAY_PROBE_HOST", "orders/?x=1"),
            ("MAINSTAY_PROBE_PORT", "0"),
            ("MAINSTAY_PROBE_PORT", "70000"),
            ("MAINSTAY_PROBE_USER", "probe&Action=x"),
            ("MAINSTAY_PROBE_LOGIN", "password"),
            ("MAINSTAY_PROBE_WRITE", "yes"),
            ("MAINSTAY_PROBE_EVERY_S", "0"),
            ("MAINSTAY_PROBE_EVERY_S", "31"),
            ("MAINSTAY_PROBE_SECRET_ARN", "probe"),
            ("MAINSTAY_PROBE_PASSWORD_FILE", "password"),
        ] {
            let error = with(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn mysql_is_refused_with_not_yet() {
        for engine in ["aurora-mysql", "mysql", "mariadb"] {
            let error = with(&[("MAINSTAY_PROBE_ENGINE", engine)]).unwrap_err();
            assert!(error.contains(engine) && error.contains("not yet"), "{error}");
        }
        let error = with(&[("MAINSTAY_PROBE_ENGINE", "oracle-ee")]).unwrap_err();
        assert!(!error.contains("not yet"), "{error}");
        assert!(with(&[("MAINSTAY_PROBE_ENGINE", "postgres")]).is_ok());
    }

    #[test]
    fn a_secret_needs_its_arn_and_a_file_this_machine() {
        let secret = ("MAINSTAY_PROBE_LOGIN", "secret");
        assert!(with(&[secret]).unwrap_err().contains("MAINSTAY_PROBE_SECRET_ARN is missing"));
        let login = with(&[secret, ("MAINSTAY_PROBE_SECRET_ARN", ARN)]).unwrap().login;
        assert_eq!(login, LoginBy::Secret(ARN.to_owned()));
        let file = [("MAINSTAY_PROBE_LOGIN", "file"), ("MAINSTAY_PROBE_PASSWORD_FILE", "/run/password")];
        assert!(with(&file).unwrap_err().contains("this machine only"));
        for host in ["localhost", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0"] {
            assert!(with(&[&file[..], &[("MAINSTAY_PROBE_HOST", host)]].concat()).is_err(), "{host}");
        }
        for host in ["127.0.0.1", "::1"] {
            let settings = with(&[&file[..], &[("MAINSTAY_PROBE_HOST", host)]].concat()).unwrap();
            assert_eq!(settings.login, LoginBy::File("/run/password".into()));
            assert!(settings.on_this_machine());
        }
        assert!(!with(&[]).unwrap().on_this_machine());
        let nowhere = [("MAINSTAY_PROBE_LOGIN", "file"), ("MAINSTAY_PROBE_HOST", "127.0.0.1")];
        assert!(with(&nowhere).unwrap_err().contains("MAINSTAY_PROBE_PASSWORD_FILE is missing"));
    }
}
