//! HTTP on loopback, with TLS or without, answered by a function of the request.

use crate::error::DrillError;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// Above any request or answer of a function.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// A server on a free port of 127.0.0.1. Dropping it ends it with all of its connections.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// How many connections were made so far; over TLS, how many handshakes succeeded.
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves with `answer`, over TLS where a configuration is given.
    pub(super) async fn start<A, Answer>(
        tls: Option<Arc<ServerConfig>>,
        answer: A,
    ) -> Result<Self, DrillError>
    where
        A: Fn(Parts, Bytes) -> Answer + Clone + Send + 'static,
        Answer: Future<Output = Response<Vec<u8>>> + Send + 'static,
    {
        let failed = |e| DrillError::NotReady(format!("no free port on 127.0.0.1: {e}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let connections = Arc::new(AtomicUsize::new(0));
        let acceptor = tls.map(TlsAcceptor::from);
        let task = tokio::spawn(accept(listener, acceptor, answer, connections.clone()));
        Ok(Self { address, connections, task })
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<A, Answer>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    answer: A,
    connections: Arc<AtomicUsize>,
) where
    A: Fn(Parts, Bytes) -> Answer + Clone + Send + 'static,
    Answer: Future<Output = Response<Vec<u8>>> + Send + 'static,
{
    // Dropped with this task, and every connection with it.
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, answer, connections) = (acceptor.clone(), answer.clone(), connections.clone());
        open.spawn(async move {
            let Some(acceptor) = acceptor else {
                connections.fetch_add(1, Ordering::Relaxed);
                return converse(stream, answer).await;
            };
            // A handshake that fails is the function's to report; it is not counted.
            if let Ok(stream) = acceptor.accept(stream).await {
                connections.fetch_add(1, Ordering::Relaxed);
                converse(stream, answer).await;
            }
        });
    }
}

async fn converse<A, Answer>(stream: impl AsyncRead + AsyncWrite + Unpin, answer: A)
where
    A: Fn(Parts, Bytes) -> Answer + Clone,
    Answer: Future<Output = Response<Vec<u8>>>,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = Limited::new(body, BODY_LIMIT).collect().await;
            let body = body.map_err(|e| std::io::Error::other(e.to_string()))?.to_bytes();
            let response = answer(head, body).await.map(|body| Full::new(Bytes::from(body)));
            Ok::<_, std::io::Error>(response)
        }
    });
    // The only errors are a client that went away and a body without end: the function's own end tells of both.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
