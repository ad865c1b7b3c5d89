//! Secrets Manager: a login that is kept as a secret.
//!
//! The SDK's client, and not the AWS Parameters and Secrets extension: the extension is a layer with another ARN in
//! each region, a second process in 128 MB, and calls the same service over the same network.

use crate::login::Credentials;
use aws::failure::failed;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use recovery::{CallError, Failure};
use serde::Deserialize;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const SERVICE: &str = "Secrets Manager";
const GET: &str = "GetSecretValue";
/// How long a secret is used before it is read again.
const FRESH: Duration = Duration::from_mins(5);

/// A login that Secrets Manager keeps.
pub struct Secret {
    client: Client,
    arn: String,
    kept: Mutex<Option<(Instant, Credentials)>>,
}

/// What RDS writes into the secrets that it manages, as far as it is needed.
#[derive(Deserialize)]
struct Content {
    username: Option<String>,
    password: String,
}

impl Secret {
    /// The secret of this ARN; it is read when it is needed first.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: &str) -> Self {
        Self { client: Client::new(config), arn: arn.to_owned(), kept: Mutex::default() }
    }

    /// Forgets what was read: the server did not take it, so it may have been rotated.
    pub(crate) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The login. One that was read a short time ago, or long ago when Secrets Manager does not answer now: a
    /// database must not look dead because another service is.
    pub(crate) async fn credentials(&self, user: &str) -> Result<Credentials, CallError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, credentials)) = kept.as_ref().filter(|(read, _)| read.elapsed() < FRESH) {
            return Ok(credentials.clone());
        }
        match (self.read(user).await, kept) {
            (Ok(credentials), _) => {
                let now = Some((Instant::now(), credentials.clone()));
                *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = now;
                Ok(credentials)
            }
            (Err(error), Some((_, old))) => {
                tracing::warn!("an older reading of the secret is used: {error}");
                Ok(old)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn read(&self, user: &str) -> Result<Credentials, CallError> {
        let reply = self.client.get_secret_value().secret_id(&self.arn).send().await;
        content(reply.map_err(|e| failed(SERVICE, GET, &e))?.secret_string(), user)
    }
}

fn content(text: Option<&str>, user: &str) -> Result<Credentials, CallError> {
    // Never the parser's own words: they quote the secret.
    let unreadable = || {
        let message = "the secret is no JSON with `password` (and `username`)";
        CallError::new(SERVICE, GET, Failure::Malformed, message)
    };
    let content: Content = text.and_then(|t| serde_json::from_str(t).ok()).ok_or_else(unreadable)?;
    Ok(Credentials { user: content.username.unwrap_or_else(|| user.to_owned()), password: content.password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_own_user_comes_first() {
        let both = content(Some(r#"{"username":"probe_b","password":"p","engine":"postgres"}"#), "probe");
        assert_eq!(both.unwrap().user, "probe_b");
        let one = content(Some(r#"{"password":"p"}"#), "probe").unwrap();
        assert_eq!((one.user.as_str(), one.password.as_str()), ("probe", "p"));
    }

    #[test]
    fn an_unreadable_secret_is_never_quoted() {
        for text in [None, Some("hunter2"), Some(r#"{"password": 42, "note": "hunter2"}"#)] {
            let error = content(text, "probe").err().unwrap();
            assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("42"), "{error}");
        }
    }
}
