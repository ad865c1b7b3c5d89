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
use tokio::time::timeout;

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

    /// The login. One that was read a short time ago, or long ago when Secrets Manager does not answer now, or not
    /// within `patience`: a database must not look dead because another service is. With nothing read before, the
    /// answer is waited for as long as the caller waits.
    pub(crate) async fn credentials(&self, user: &str, patience: Duration) -> Result<Credentials, CallError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, credentials)) = kept.as_ref().filter(|(read, _)| read.elapsed() < FRESH) {
            return Ok(credentials.clone());
        }
        let Some((_, old)) = kept else { return self.read(user).await };
        let why = match timeout(patience, self.read(user)).await {
            Ok(Ok(credentials)) => return Ok(credentials),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("{SERVICE} did not answer within {} s", patience.as_secs_f64()),
        };
        tracing::warn!("an older reading of the secret is used: {why}");
        Ok(old)
    }

    async fn read(&self, user: &str) -> Result<Credentials, CallError> {
        let reply = self.client.get_secret_value().secret_id(&self.arn).send().await;
        let credentials = content(reply.map_err(|e| failed(SERVICE, GET, &e))?.secret_string(), user)?;
        let now = Some((Instant::now(), credentials.clone()));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(credentials)
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
    use crate::{Login, LoginBy, Settings, limit};
    use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
    use std::{
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpListener,
        thread::JoinHandle,
    };

    /// A Secrets Manager that answers as often as there are passwords; then what it was asked, and its listener: while
    /// that is there connections are accepted and nothing answers, without it the service is gone.
    fn manager(passwords: &'static [&'static str]) -> (u16, JoinHandle<(Vec<String>, TcpListener)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = move || {
            let mut asked = Vec::new();
            for password in passwords {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).unwrap() > 2 {
                    let header = line.to_ascii_lowercase();
                    length =
                        header.strip_prefix("content-length:").map_or(length, |l| l.trim().parse().unwrap());
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                asked.push(String::from_utf8(body).unwrap());
                let reply = serde_json::json!({"SecretString": format!(r#"{{"password":"{password}"}}"#)})
                    .to_string();
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\n";
                write!(stream, "{head}content-length: {}\r\n\r\n{reply}", reply.len()).unwrap();
            }
            (asked, listener)
        };
        (port, std::thread::spawn(serve))
    }

    async fn secret(port: u16) -> Secret {
        let keys =
            aws_sdk_secretsmanager::config::Credentials::new("AKIDEXAMPLE", "hush", None, None, "test");
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ca-central-1"))
            .credentials_provider(keys)
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .load()
            .await;
        Secret::new(&config, "arn:aws:secretsmanager:ca-central-1:123456789012:secret:probe-AbCdEf")
    }

    /// Makes what was read old.
    fn age(secret: &Secret) {
        let mut kept = secret.kept.lock().unwrap();
        let (read, _) = kept.as_mut().unwrap();
        *read = read.checked_sub(FRESH).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_secret_is_read_once_then_when_it_is_old_or_was_refused_and_the_old_one_outlives_the_service() {
        let (port, asked) = manager(&["first", "second", "third"]);
        let secret = secret(port).await;
        let patience = Duration::from_secs(5);
        let password = async || secret.credentials("probe", patience).await.map(|given| given.password);
        assert_eq!(password().await.unwrap(), "first");
        assert_eq!(password().await.unwrap(), "first", "it is kept");
        age(&secret);
        assert_eq!(password().await.unwrap(), "second");
        secret.forget();
        assert_eq!(password().await.unwrap(), "third", "it was refused: it may have been rotated");
        let (asked, listener) = asked.join().unwrap();
        drop(listener);
        assert!(asked.iter().all(|body| body.contains("secret:probe-AbCdEf")), "{asked:?}");
        // Secrets Manager is gone.
        age(&secret);
        assert_eq!(password().await.unwrap(), "third", "a database must not look dead because of it");
        secret.forget();
        let error = password().await.unwrap_err();
        assert_eq!((error.service, error.action), ("Secrets Manager", "GetSecretValue"));
    }

    /// Within the time that a probe gives to the password as a whole: a probe that waits no longer hears no answer.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_old_one_outlives_a_service_that_takes_questions_and_never_answers() {
        let (port, asked) = manager(&["first"]);
        let settings = Settings {
            database: "orders".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 5432,
            name: "orders".to_owned(),
            user: "probe".to_owned(),
            login: LoginBy::Secret("arn".to_owned()),
            write: false,
            every: Duration::from_secs(5),
            ca: "ca.pem".into(),
        };
        let login = Login::Secret(secret(port).await);
        let password = async || {
            let given = timeout(limit(settings.every), login.credentials(&settings)).await;
            given.ok().and_then(Result::ok).map(|given| given.password)
        };
        assert_eq!(password().await.as_deref(), Some("first"));
        let _hangs = asked.join().unwrap();
        let Login::Secret(secret) = &login else { unreachable!() };
        age(secret);
        assert_eq!(password().await.as_deref(), Some("first"), "the last reading");
        // With nothing to fall back on, it is waited for as long as the probe allows.
        secret.forget();
        let begin = Instant::now();
        assert_eq!(password().await, None);
        assert!(begin.elapsed() >= limit(settings.every), "{:?}", begin.elapsed());
    }

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
