//! What is asked over HTTP, and how it is answered.

use http::{Method, StatusCode};
use serde::Serialize;

use crate::pool::{PoolError, Server, Written};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `GET /health`: whether the process serves. As in most services, it says nothing of the database.
    Health,
    /// `POST /writes?n=17`: write that row.
    Write {
        /// The row's number within its service.
        n: i64,
    },
    /// `GET /server`: which server the pool leads to.
    Server,
}

/// Why a request is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No such path.
    #[error("there are GET /health, POST /writes?n=NUMBER and GET /server")]
    Path,
    /// The path is asked for with another method.
    #[error("this path is asked for with {0}")]
    Method(&'static str),
    /// The row's number is missing or none.
    #[error("the row's number is needed: POST /writes?n=NUMBER")]
    Number,
}

/// Understands a request.
///
/// # Errors
/// When it is none of the three.
pub fn ask(method: &Method, path: &str, query: Option<&str>) -> Result<Ask, AskError> {
    let (expected, name) = match path {
        "/health" | "/server" => (Method::GET, "GET"),
        "/writes" => (Method::POST, "POST"),
        _ => return Err(AskError::Path),
    };
    if *method != expected {
        return Err(AskError::Method(name));
    }
    match path {
        "/health" => Ok(Ask::Health),
        "/server" => Ok(Ask::Server),
        _ => {
            let number = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("n="));
            let n = number.and_then(|digits| digits.parse().ok()).ok_or(AskError::Number)?;
            Ok(Ask::Write { n })
        }
    }
}

/// An answer's body.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Body<'a> {
    /// The task serves.
    Healthy {
        /// Its service.
        service: &'a str,
        /// Its id.
        task: &'a str,
    },
    /// The row's commit was acknowledged.
    Written(Written),
    /// Where the pool leads.
    Server(Server),
    /// It was not done, or nobody knows whether it was.
    Failed {
        /// Why.
        error: String,
        /// PostgreSQL's code, such as `25006` for a server that is read-only.
        #[serde(skip_serializing_if = "Option::is_none")]
        sqlstate: Option<String>,
    },
}

impl From<AskError> for (StatusCode, Body<'_>) {
    fn from(error: AskError) -> Self {
        let status = match error {
            AskError::Path => StatusCode::NOT_FOUND,
            AskError::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            AskError::Number => StatusCode::BAD_REQUEST,
        };
        (status, Body::Failed { error: error.to_string(), sqlstate: None })
    }
}

impl From<PoolError> for (StatusCode, Body<'_>) {
    fn from(error: PoolError) -> Self {
        let status = match error {
            PoolError::NoDatabase => StatusCode::NOT_IMPLEMENTED,
            PoolError::Late(_) => StatusCode::GATEWAY_TIMEOUT,
            PoolError::Sqlx(_) | PoolError::Get(_) | PoolError::Postgres(_) | PoolError::Build(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let sqlstate = error.sqlstate();
        (status, Body::Failed { error: crate::pool::whole(&error), sqlstate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_three_requests_are_understood() {
        assert_eq!(ask(&Method::GET, "/health", None), Ok(Ask::Health));
        assert_eq!(ask(&Method::GET, "/server", Some("x=1")), Ok(Ask::Server));
        assert_eq!(ask(&Method::POST, "/writes", Some("n=17")), Ok(Ask::Write { n: 17 }));
        assert_eq!(ask(&Method::POST, "/writes", Some("m=1&n=2")), Ok(Ask::Write { n: 2 }));
    }

    #[test]
    fn what_is_not_understood_says_why() {
        assert_eq!(ask(&Method::GET, "/", None), Err(AskError::Path));
        assert_eq!(ask(&Method::GET, "/writes", Some("n=1")), Err(AskError::Method("POST")));
        assert_eq!(ask(&Method::POST, "/health", None), Err(AskError::Method("GET")));
        for query in [None, Some(""), Some("n="), Some("n=x"), Some("n=1.5"), Some("nn=1")] {
            assert_eq!(ask(&Method::POST, "/writes", query), Err(AskError::Number), "{query:?}");
        }
    }

    #[test]
    fn only_a_commit_is_a_success() {
        let text = |body: &Body<'_>| serde_json::to_string(body).unwrap();
        let written = Body::Written(Written { n: 17, server: 5432, in_recovery: false });
        assert_eq!(text(&written), r#"{"n":17,"server":5432,"in_recovery":false}"#);
        let (status, body) = PoolError::Late(Duration::from_secs(5)).into();
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(text(&body), r#"{"error":"no answer within 5s"}"#);
        let (status, body) = PoolError::NoDatabase.into();
        assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
        assert_eq!(text(&body), r#"{"error":"this service does not use the database"}"#);
        let (status, _) = PoolError::Sqlx(sqlx::Error::PoolTimedOut).into();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
