//! The estate's own interface: seed, fault, struck, observe, log, state, health, reset. JSON over HTTP.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::{Estate, Observation, Planned, Seed};

/// One or several, as it suits the caller.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    Many(Vec<Value>),
    One(Value),
}

/// Answers a control request. Errors are 400 with `{"error": …}` that says what was wrong.
pub(super) fn answer(
    estate: &mut Estate,
    now: Timestamp,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Response<Vec<u8>> {
    let done = match (method.as_str(), path) {
        ("GET", "/_estate/health") => {
            Ok(json!({ "status": "ok", "at": now, "requests": estate.log().len() }))
        }
        ("GET", "/_estate/log") => serde_json::to_value(estate.log()).map_err(|error| error.to_string()),
        ("GET", "/_estate/struck") => serde_json::to_value(estate.fates()).map_err(|error| error.to_string()),
        ("GET", "/_estate/state") => serde_json::to_value(estate.state()).map_err(|error| error.to_string()),
        ("POST", "/reset" | "/_estate/reset") => {
            estate.reset(now);
            Ok(json!({ "reset": true }))
        }
        ("POST", "/_estate/seed/demo") => plant(estate, now, &Seed::demo()),
        ("POST", "/_estate/seed") => parse(body).and_then(|seed| plant(estate, now, &seed)),
        ("POST", "/_estate/fault") => parse(body).and_then(|faults| planned(estate, now, faults)),
        ("POST", "/_estate/observe") => parse::<Observation>(body).map(|observation| {
            estate.observe(now, &observation);
            json!({ "observed": 1 })
        }),
        _ => {
            return respond(StatusCode::NOT_FOUND, &json!({ "error": format!("no {method} {path} here") }));
        }
    };
    match done {
        Ok(value) => respond(StatusCode::OK, &value),
        Err(error) => respond(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not what was expected: {error}"))
}

fn plant(estate: &mut Estate, now: Timestamp, seed: &Seed) -> Result<Value, String> {
    estate.seed(now, seed).map_err(|error| error.to_string())?;
    Ok(json!({ "seeded": true }))
}

/// Plans all faults, or none when one can't be read.
fn planned(estate: &mut Estate, now: Timestamp, faults: OneOrMore) -> Result<Value, String> {
    let faults = match faults {
        OneOrMore::Many(faults) => faults,
        OneOrMore::One(fault) => vec![fault],
    };
    let planned: Vec<Planned> = faults
        .into_iter()
        .map(|fault| serde_json::from_value(fault).map_err(|error| format!("not a fault: {error}")))
        .collect::<Result<_, String>>()?;
    let count = planned.len();
    for fault in planned {
        estate.fault(now, fault).map_err(|error| error.to_string())?;
    }
    Ok(json!({ "planned": count }))
}

fn respond(status: StatusCode, value: &Value) -> Response<Vec<u8>> {
    let mut response = Response::new(value.to_string().into_bytes());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
