//! Answers HTTP until the task is told to end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::{Ask, Body, ask};
use crate::pool::{Pool, Row};

/// How long running requests may take after the end was asked for: the task is gone within a second.
const DRAIN: Duration = Duration::from_millis(800);
/// How long no connection is accepted after that failed: file descriptors run out, and come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What a task answers with.
#[derive(Debug)]
pub struct Task {
    /// Its service.
    pub service: String,
    /// Its id.
    pub task: String,
    /// Its connections.
    pub pool: Pool,
}

/// Serves until `end`; then nothing more is accepted, and what runs has 800 ms.
pub async fn serve(listener: TcpListener, task: Task, end: impl Future<Output = ()>) {
    let task = Arc::new(task);
    let (ending, _) = watch::channel(());
    let mut conversations = JoinSet::new();
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    conversations.spawn(converse(stream, Arc::clone(&task), ending.subscribe()));
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = conversations.join_next() => {}
        }
    }
    drop(listener);
    drop(ending);
    // What is not done by then is cut off with the set.
    let _ = timeout(DRAIN, async { while conversations.join_next().await.is_some() {} }).await;
}

async fn converse(stream: TcpStream, task: Arc<Task>, mut ending: watch::Receiver<()>) {
    let service = service_fn(move |request| {
        let task = Arc::clone(&task);
        async move { Ok::<_, Infallible>(respond(&request, &task).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A conversation that fails concerns only the peer that broke it off.
    tokio::select! {
        _ = &mut connection => return,
        _ = ending.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn respond(request: &Request<Incoming>, task: &Task) -> Response<Full<Bytes>> {
    let (status, body) = match ask(request.method(), request.uri().path(), request.uri().query()) {
        Ok(asked) => answer(asked, task).await,
        Err(error) => error.into(),
    };
    // It cannot fail: every body is a plain object of texts and numbers.
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

async fn answer(asked: Ask, task: &Task) -> (StatusCode, Body<'_>) {
    let Task { service, task: id, pool } = task;
    let done = match asked {
        Ask::Health => return (StatusCode::OK, Body::Healthy { service, task: id }),
        Ask::Write { n } => pool.write(Row { service, task: id, n }).await.map(Body::Written),
        Ask::Server => pool.server().await.map(Body::Server),
    };
    done.map_or_else(Into::into, |body| (StatusCode::OK, body))
}
