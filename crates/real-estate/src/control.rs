//! The interface by which the drill steers what is real. JSON over HTTP, on loopback.

use crate::{
    Current, RealEstateError,
    fault::{self, RealFault},
    world::Wanted,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{convert::Infallible, path::PathBuf, sync::Arc};
use tokio::net::{TcpListener, TcpStream};

/// The largest body that is read.
const BODY_LIMIT: usize = 64 * 1024;

/// What to probe, and where to write it down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeWanted {
    services: Vec<String>,
    file: PathBuf,
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, current: Arc<Current>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&current)));
        }
    }
}

async fn converse(stream: TcpStream, current: Arc<Current>) {
    let service = hyper::service::service_fn(move |request| {
        let current = Arc::clone(&current);
        async move { Ok::<_, Infallible>(respond(&current, request).await) }
    });
    // An error here is a client that went away.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(current: &Current, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return reply(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string() })),
    };
    match answer(current, &head.method, head.uri.path(), &body).await {
        Ok(value) => reply(StatusCode::OK, &value),
        Err(error) => {
            let no_postgres = matches!(error, RealEstateError::NoPostgres(_));
            reply(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string(), "no_postgres": no_postgres }))
        }
    }
}

async fn answer(
    current: &Current,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Result<Value, RealEstateError> {
    match (method.as_str(), path) {
        ("POST", "/world") => {
            let wanted: Wanted = parse(body)?;
            current.make(&wanted).await
        }
        ("DELETE", "/world") => {
            let probed = current.end_probe().await;
            current.end().await;
            probed.map(|_| json!({ "real": false }))
        }
        ("POST", "/faults") => {
            let faults: Vec<RealFault> = parse(body)?;
            let struck = fault::strike(&current.world()?, faults).await.map_err(RealEstateError::Fault)?;
            Ok(json!(struck))
        }
        ("GET", "/faults") => Ok(json!(current.world()?.blows.all())),
        ("POST", "/probe") => {
            let wanted: ProbeWanted = parse(body)?;
            current.probe(wanted.services, &wanted.file).await
        }
        ("DELETE", "/probe") => current.end_probe().await,
        ("GET", "/endpoints") => current.endpoints().await,
        ("GET", "/rows") => current.rows().await,
        ("GET", "/failures") => Ok(json!(current.world()?.failures())),
        ("GET", "/questions") => Ok(json!(current.world()?.questions.all())),
        ("GET", "/tasks") => Ok(json!(current.world()?.tasks.all())),
        _ => Err(RealEstateError::Request(format!("no {method} {path} here"))),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RealEstateError> {
    serde_json::from_slice(body).map_err(|e| RealEstateError::Request(format!("the body: {e}")))
}

fn reply(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    response
}
