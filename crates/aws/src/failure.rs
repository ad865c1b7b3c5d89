//! One place where the SDK's errors become [`CallError`]s.
//!
//! What matters to a recovery is whether the call can have taken effect. A failure is named as harmless
//! (`Throttled`, `Refused`, `Unreachable`, …) only where AWS said so, or where nothing was sent; everything else
//! is `Doubtful`.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError},
    http::StatusCode,
};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use recovery::{CallError, Failure};
use std::{error::Error, io};

/// The SDK's error of `service`'s `action`, as a failure that a recovery understands.
pub fn failed<E>(service: &'static str, action: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let because = |failure| CallError::new(service, action, failure, &DisplayErrorContext(error).to_string());
    match error {
        SdkError::ConstructionFailure(_) => because(Failure::Malformed),
        SdkError::DispatchFailure(_) => {
            because(if was_never_sent(error) { Failure::Unreachable } else { Failure::Doubtful })
        }
        SdkError::ResponseError(response) => because(by_status(response.raw().status())),
        SdkError::ServiceError(refusal) => {
            let meta = refusal.err().meta();
            let status = refusal.raw().status();
            let failure = meta.code().and_then(by_code).unwrap_or_else(|| by_status(status));
            let told = meta.message().filter(|m| !m.is_empty());
            let message = told.map_or_else(
                || format!("HTTP status {}: {}", status.as_u16(), DisplayErrorContext(refusal.err())),
                str::to_owned,
            );
            CallError {
                code: meta.code().map(|c| recovery::text::plain(c, 100)),
                ..CallError::new(service, action, failure, &message)
            }
        }
        // It may have taken effect, whatever a later SDK may add.
        SdkError::TimeoutError(_) | _ => because(Failure::Doubtful),
    }
}

/// An answer of AWS that lacks `field`, such as `DBClusters[0].Status`.
#[must_use]
pub fn missing(service: &'static str, action: &'static str, field: &str) -> CallError {
    let message = format!("the reply has no {field}");
    CallError::new(service, action, Failure::Malformed, &message)
}

/// What an error code says by itself; none where the HTTP status must decide. AWS is not consistent about the
/// endings `Fault` and `Exception`, so they don't count.
fn by_code(code: &str) -> Option<Failure> {
    let word = code.trim_end_matches("Exception").trim_end_matches("Fault");
    let throttled = word.starts_with("Throttl")
        || matches!(
            word,
            "RequestLimitExceeded"
                | "RequestThrottled"
                | "TooManyRequests"
                | "ProvisionedThroughputExceeded"
                | "BandwidthLimitExceeded"
                | "TransactionConflict"
                | "TransactionInProgress"
                | "SlowDown"
        );
    let denied = word.starts_with("AccessDenied")
        || word.starts_with("KMSAccessDenied")
        || word.starts_with("ExpiredToken")
        || word.starts_with("NotAuthorized")
        || matches!(
            word,
            "AuthFailure"
                | "AuthorizationError"
                | "IncompleteSignature"
                | "InvalidClientTokenId"
                | "InvalidSignature"
                | "MissingAuthenticationToken"
                | "OptInRequired"
                | "SignatureDoesNotMatch"
                | "UnauthorizedOperation"
                | "UnrecognizedClient"
        );
    let not_found = word.ends_with("NotFound") || word.ends_with("DoesNotExist");
    let wrong_state = (word.starts_with("Invalid") && word.ends_with("State"))
        || matches!(word, "ServiceNotActive" | "UpdateInProgress" | "StateMachineDeleting");
    let doubtful = word.starts_with("Internal")
        || matches!(word, "Server" | "ServiceUnavailable" | "RequestTimeout" | "Unavailable");
    if throttled {
        Some(Failure::Throttled)
    } else if denied {
        Some(Failure::Denied)
    } else if not_found {
        Some(Failure::NotFound)
    } else if wrong_state {
        Some(Failure::WrongState)
    } else if doubtful {
        Some(Failure::Doubtful)
    } else {
        None
    }
}

fn by_status(status: StatusCode) -> Failure {
    match status.as_u16() {
        // An answer that cannot be read: the SDK reports it as a failure without a code.
        200..=299 => Failure::Malformed,
        401 | 403 => Failure::Denied,
        404 => Failure::NotFound,
        429 => Failure::Throttled,
        400 | 402 | 405..=407 | 409..=428 | 430..=499 => Failure::Refused,
        _ => Failure::Doubtful,
    }
}

/// Whether the request cannot have reached AWS: the connection was refused or its name not found, or there were
/// no credentials to sign it with.
fn was_never_sent<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: Error + 'static,
{
    let mut next = error.source();
    while let Some(cause) = next {
        let unsigned = cause.is::<CredentialsError>();
        let refused = cause.downcast_ref::<io::Error>().is_some_and(|e| {
            matches!(
                e.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::AddrNotAvailable
            )
        });
        // The other types are private to the SDK; their words are all that can be asked.
        let words = cause.to_string();
        if unsigned
            || refused
            || words.contains("dns error")
            || words.contains("failed to lookup address")
            || words.contains("connect timeout occurred")
            || words.contains("failed to select an auth scheme to sign the request with")
        {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
    use std::{net::TcpListener, time::Duration};

    #[test]
    fn codes_mean_the_same_with_every_ending() {
        let table = [
            (Failure::Throttled, "Throttling"),
            (Failure::Throttled, "ThrottlingException"),
            (Failure::Throttled, "ThrottledException"),
            (Failure::Throttled, "RequestLimitExceeded"),
            (Failure::Throttled, "TooManyRequestsException"),
            (Failure::Throttled, "ProvisionedThroughputExceededException"),
            (Failure::Throttled, "TransactionConflictException"),
            (Failure::Denied, "AccessDenied"),
            (Failure::Denied, "AccessDeniedException"),
            (Failure::Denied, "UnauthorizedOperation"),
            (Failure::Denied, "ExpiredTokenException"),
            (Failure::Denied, "KMSAccessDeniedException"),
            (Failure::NotFound, "DBClusterNotFoundFault"),
            (Failure::NotFound, "DBInstanceNotFound"),
            (Failure::NotFound, "GlobalClusterNotFoundFault"),
            (Failure::NotFound, "ServiceNotFoundException"),
            (Failure::NotFound, "ClusterNotFoundException"),
            (Failure::NotFound, "ResourceNotFoundException"),
            (Failure::NotFound, "ExecutionDoesNotExist"),
            (Failure::NotFound, "StateMachineDoesNotExist"),
            (Failure::WrongState, "InvalidDBClusterStateFault"),
            (Failure::WrongState, "InvalidDBInstanceState"),
            (Failure::WrongState, "InvalidGlobalClusterStateFault"),
            (Failure::WrongState, "ServiceNotActiveException"),
            (Failure::Doubtful, "InternalFailure"),
            (Failure::Doubtful, "InternalServerError"),
            (Failure::Doubtful, "ServerException"),
            (Failure::Doubtful, "ServiceUnavailable"),
            (Failure::Doubtful, "RequestTimeout"),
        ];
        for (expected, code) in table {
            assert_eq!(by_code(code), Some(expected), "{code}");
        }
        for code in [
            "ValidationError",
            "InvalidParameterCombination",
            "SnapshotQuotaExceeded",
            "DBClusterSnapshotAlreadyExistsFault",
            "KMSKeyNotAccessibleFault",
            "ExecutionLimitExceeded",
        ] {
            assert_eq!(by_code(code), None, "{code}: the status decides");
        }
    }

    #[test]
    fn a_status_decides_where_the_code_is_silent() {
        let failure = |status: u16| by_status(StatusCode::try_from(status).expect("a status"));
        assert_eq!(failure(200), Failure::Malformed, "the body could not be read");
        assert_eq!(failure(400), Failure::Refused);
        assert_eq!(failure(403), Failure::Denied);
        assert_eq!(failure(404), Failure::NotFound);
        assert_eq!(failure(408), Failure::Doubtful);
        assert_eq!(failure(429), Failure::Throttled);
        assert_eq!(failure(500), Failure::Doubtful);
        assert_eq!(failure(503), Failure::Doubtful);
    }

    #[derive(Debug)]
    struct Fails(fn() -> CredentialsError);

    impl ProvideCredentials for Fails {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err((self.0)()))
        }
    }

    #[tokio::test]
    async fn a_call_without_credentials_was_never_sent() {
        let providers: [Option<fn() -> CredentialsError>; 6] = [
            None,
            Some(|| CredentialsError::not_loaded("no providers in chain provided credentials")),
            Some(|| CredentialsError::invalid_configuration("a syntax error in ~/.aws/config")),
            Some(|| CredentialsError::provider_error("the session of the single sign-on has expired")),
            Some(|| CredentialsError::provider_timed_out(Duration::from_secs(5))),
            Some(|| CredentialsError::unhandled("not UTF-8")),
        ];
        for provider in providers {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.set_nonblocking(true).expect("a listener");
            let mut config = aws_config::SdkConfig::builder()
                .behavior_version(aws_config::BehaviorVersion::latest())
                .region(aws_config::Region::new("ca-central-1"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .endpoint_url(format!("http://{}", listener.local_addr().expect("an address")));
            config.set_credentials_provider(provider.map(|p| SharedCredentialsProvider::new(Fails(p))));
            let client = aws_sdk_rds::Client::new(&crate::sdk::acting(&config.build()));
            let call = client.failover_db_cluster().db_cluster_identifier("orders").send().await;
            let error = failed("RDS", "FailoverDBCluster", &call.expect_err("no credentials"));
            assert_eq!(error.failure, Failure::Unreachable, "{error}");
            assert!(listener.accept().is_err(), "nobody was called: {error}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = missing("RDS", "DescribeDBClusters", "DBClusters[0].Status");
        assert_eq!(error.failure, Failure::Malformed);
        assert_eq!(
            error.to_string(),
            "RDS DescribeDBClusters failed (Malformed): the reply has no DBClusters[0].Status"
        );
    }
}
