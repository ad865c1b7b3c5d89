//! Where the password of a login comes from. It is asked for at each probe, and kept in no message.

use crate::{
    probe::limit,
    secret::Secret,
    settings::{LoginBy, Settings},
};
use aws_config::SdkConfig;
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use std::path::PathBuf;

/// Who logs in, and with what. Not `Debug`, so that no message can hold it.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Where credentials come from.
pub enum Login {
    /// Signed on the spot, without a call: it works when Secrets Manager and STS do not.
    Iam(Box<SdkConfig>),
    /// Read from Secrets Manager.
    Secret(Secret),
    /// Read from a file.
    File(PathBuf),
}

impl Login {
    /// As the settings ask for.
    #[must_use]
    pub fn new(by: &LoginBy, config: &SdkConfig) -> Self {
        match by {
            LoginBy::Iam => Self::Iam(Box::new(config.clone())),
            LoginBy::Secret(arn) => Self::Secret(Secret::new(config, arn)),
            LoginBy::File(path) => Self::File(path.clone()),
        }
    }

    /// The credentials for the next connection; why there are none, without any of them.
    pub(crate) async fn credentials(&self, settings: &Settings) -> Result<Credentials, String> {
        let user = settings.user.clone();
        match self {
            Self::Iam(config) => token(config, settings).await.map(|password| Credentials { user, password }),
            Self::Secret(secret) => {
                // Well within the probe's own limit, which would leave no time to fall back.
                let patience = limit(settings.every) / 3;
                secret.credentials(&user, patience).await.map_err(|e| e.to_string())
            }
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(Credentials { user, password: text.trim_end().to_owned() }),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }

    /// The server did not take the credentials: what was kept of them is read anew.
    pub(crate) fn refused(&self) {
        match self {
            Self::Secret(secret) => secret.forget(),
            Self::Iam(_) | Self::File(_) => {}
        }
    }
}

/// A token of IAM database authentication, which RDS takes as a password within 15 minutes.
async fn token(config: &SdkConfig, settings: &Settings) -> Result<String, String> {
    let signer = Config::builder()
        .hostname(&settings.host)
        .port(settings.port.into())
        .username(&settings.user)
        .build()
        .map_err(|error| error.to_string())?;
    let token = AuthTokenGenerator::new(signer).auth_token(config).await;
    token.map(|token| token.to_string()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{BehaviorVersion, Region};
    use std::time::Duration;

    fn settings() -> Settings {
        Settings {
            database: "orders".to_owned(),
            host: "orders.cluster-abc.ca-central-1.rds.amazonaws.com".to_owned(),
            port: 5432,
            name: "orders".to_owned(),
            user: "mainstay_probe".to_owned(),
            login: LoginBy::Iam,
            write: false,
            every: Duration::from_secs(10),
            ca: PathBuf::from("/opt/global-bundle.pem"),
        }
    }

    /// A configuration that takes nothing from this process's environment.
    fn config() -> aws_config::ConfigLoader {
        let keys = aws_sdk_rds::config::Credentials::new("AKIDEXAMPLE", "hush", None, None, "test");
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ca-central-1"))
            .credentials_provider(keys)
    }

    #[tokio::test]
    async fn a_token_names_the_endpoint_and_the_role_and_holds_no_secret_key() {
        let login = Login::new(&LoginBy::Iam, &config().load().await);
        let given = login.credentials(&settings()).await.ok().unwrap();
        assert_eq!(given.user, "mainstay_probe");
        let token = given.password;
        let begin =
            "orders.cluster-abc.ca-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=mainstay_probe&";
        assert!(token.starts_with(begin), "{token}");
        for part in [
            "X-Amz-Credential=AKIDEXAMPLE%2F",
            "%2Fca-central-1%2Frds-db%2Faws4_request",
            "X-Amz-Expires=900",
        ] {
            assert!(token.contains(part), "{part}: {token}");
        }
        assert!(!token.contains("hush"), "{token}");
    }

    #[tokio::test]
    async fn without_credentials_there_is_a_reason_and_no_token() {
        let none = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ca-central-1"))
            .no_credentials()
            .load()
            .await;
        let error = Login::new(&LoginBy::Iam, &none).credentials(&settings()).await.err().unwrap();
        assert!(error.contains("credentials"), "{error}");
    }

    #[tokio::test]
    async fn a_file_is_read_each_time_and_its_last_line_break_does_not_count() {
        let path = std::env::temp_dir().join(format!("mainstay-prober-password-{}", std::process::id()));
        let login = Login::new(&LoginBy::File(path.clone()), &config().load().await);
        for password in ["first", "second"] {
            std::fs::write(&path, format!("{password}\n")).unwrap();
            assert_eq!(login.credentials(&settings()).await.ok().unwrap().password, password);
        }
        std::fs::remove_file(&path).unwrap();
        assert!(login.credentials(&settings()).await.err().unwrap().contains("mainstay-prober-password"));
    }
}
