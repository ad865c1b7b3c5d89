//! The part of Lambda that a function talks to: the runtime API, for one function and one event at a time.

use super::http::Server;
use crate::error::DrillError;
use http::{Method, Response, StatusCode, request::Parts};
use hyper::body::Bytes;
use std::{net::SocketAddr, time::Instant};
use tokio::sync::{mpsc, oneshot};

/// What the function did.
#[derive(Debug)]
pub(super) enum Said {
    /// It asks for the next event: it is ready.
    Next(Instant, Invocation),
    /// It answered the event.
    Answered(Instant, Bytes),
    /// It reported that the event failed.
    Failed(Instant, Bytes),
    /// It reported that it cannot start.
    NotStarted(Bytes),
}

/// Where the next event is put in.
pub(super) type Invocation = oneshot::Sender<Bytes>;

/// The runtime API of one function.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    server: Server,
    said: mpsc::UnboundedReceiver<Said>,
}

impl RuntimeApi {
    /// Starts it on a free port.
    pub(super) async fn start() -> Result<Self, DrillError> {
        let (tell, said) = mpsc::unbounded_channel();
        let server = Server::start(None, move |head, body| answer(tell.clone(), head, body)).await?;
        Ok(Self { server, said })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What the function does next; none only when the server has ended.
    pub(super) async fn said(&mut self) -> Option<Said> {
        self.said.recv().await
    }
}

async fn answer(tell: mpsc::UnboundedSender<Said>, head: Parts, body: Bytes) -> Response<Vec<u8>> {
    let now = Instant::now();
    let path = head.uri.path();
    let said = match path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default() {
        "invocation/next" if head.method == Method::GET => {
            let (invocation, event) = oneshot::channel();
            let _ = tell.send(Said::Next(now, invocation));
            return match event.await {
                Ok(event) => invoked(&event),
                // Nobody will: the measurement of this process is over.
                Err(_) => reply(StatusCode::SERVICE_UNAVAILABLE),
            };
        }
        "init/error" => Said::NotStarted(body),
        path if path.ends_with("/response") => Said::Answered(now, body),
        path if path.ends_with("/error") => Said::Failed(now, body),
        _ => return reply(StatusCode::NOT_FOUND),
    };
    let _ = tell.send(said);
    reply(StatusCode::ACCEPTED)
}

fn reply(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// An event as Lambda hands it over, with half a minute to answer it.
fn invoked(event: &Bytes) -> Response<Vec<u8>> {
    let deadline = jiff::Timestamp::now().as_millisecond() + 30_000;
    let mut response = Response::new(event.to_vec());
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000001".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:ca-central-1:123456789012:function:measured".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
