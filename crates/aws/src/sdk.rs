//! How every client of the SDK is made: TLS, retries, timeouts.

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::Duration;

/// Time to make a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// Time for one attempt of a call.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Time for a call with its repeats.
const OPERATION: Duration = Duration::from_secs(10);
/// Time for a call that is repeated until AWS has room for it.
const PATIENT: Duration = Duration::from_mins(2);
const PATIENT_ATTEMPTS: u32 = 8;

/// The configuration from which every client is made: region, credentials and endpoints from the environment;
/// rustls with ring (the first call over TLS costs a tenth of aws-lc's processor time, see `docs/decisions`);
/// standard retries; 2 s to connect, 5 s for an attempt, 10 s for a call.
pub async fn config() -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(ATTEMPT, OPERATION))
        .load()
        .await
}

/// The same configuration for calls that change something and take no token: sent once, never repeated by the
/// SDK, and given the whole time of an operation to be answered, because a doubtful answer is the costly one.
#[must_use]
pub fn acting(config: &SdkConfig) -> SdkConfig {
    once(config, OPERATION)
}

/// The same configuration for calls of which a fleet needs many, and which do no harm when they are repeated: when AWS
/// asks for fewer of them, all that use the client slow down together, and a call is given up only after two minutes.
#[must_use]
pub fn patient(config: &SdkConfig) -> SdkConfig {
    config
        .to_builder()
        .retry_config(RetryConfig::adaptive().with_max_attempts(PATIENT_ATTEMPTS))
        .timeout_config(timeouts(OPERATION, PATIENT))
        .build()
}

/// The same configuration with one attempt of at most `patience`.
pub(crate) fn once(config: &SdkConfig, patience: Duration) -> SdkConfig {
    config
        .to_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .timeout_config(timeouts(patience, patience))
        .build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}
