//! What stands before the tasks, as a load balancer does: HTTPS on loopback, where the plan's check of a service is
//! asked in a drill. Each question goes to the next task in service.

use crate::{Current, RealEstateError, certificate::Certificate, world::World};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// The services' names end with it: `orders-api` is `orders-api.shop.example`. No resolver knows them (RFC 2606).
pub const DOMAIN: &str = "shop.example";
/// What is asked, of the front and of a task.
pub const PATH: &str = "/server";
/// How long a task may take to answer: less than a plan's check waits.
const TASK_ANSWERS: Duration = Duration::from_secs(2);
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The front. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    /// The root of its certificate, as PEM.
    pub(crate) root: String,
    server: JoinHandle<()>,
}

impl Front {
    /// Opens it at a free port.
    pub(crate) async fn open(current: Arc<Current>) -> Result<Self, RealEstateError> {
        let certificate = Certificate::of(&format!("*.{DOMAIN}"))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(RealEstateError::Front)?;
        let address = listener.local_addr().map_err(RealEstateError::Front)?;
        let acceptor = TlsAcceptor::from(Arc::new(certificate.server));
        let balancer = Arc::new(Balancer { current, http: crate::http_client(), turns: Mutex::default() });
        let server = tokio::spawn(async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(converse(stream, acceptor.clone(), Arc::clone(&balancer)));
                }
            }
        });
        Ok(Self { address, root: certificate.root, server })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A question and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When it was answered.
    pub at: Timestamp,
    /// The service.
    pub service: String,
    /// The task that was asked; none where none was in service.
    pub task: Option<String>,
    /// What the task said; else why there is no answer.
    pub answer: Result<Told, String>,
}

/// Where a task's pool leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The instance, as `aurora_db_instance_identifier()` names it.
    pub server: String,
    /// Whether it is a reader.
    pub in_recovery: bool,
}

/// Every question of a world, in the order of the answers.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<Vec<Asked>>);

impl Questions {
    pub(crate) fn keep(&self, asked: Asked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug)]
struct Balancer {
    current: Arc<Current>,
    http: reqwest::Client,
    /// How many questions each service had.
    turns: Mutex<BTreeMap<String, usize>>,
}

impl Balancer {
    async fn ask(&self, world: &World, service: &str) -> Asked {
        let tasks = world.tasks.in_service(service);
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = turns.entry(service.to_owned()).or_default();
            *turn = turn.wrapping_add(1);
            *turn
        };
        let next = turn.checked_rem(tasks.len()).and_then(|at| tasks.into_iter().nth(at));
        let answer = match &next {
            Some(task) => self.told(world, task.address).await,
            None => Err("no task is in service".to_owned()),
        };
        Asked { at: Timestamp::now(), service: service.to_owned(), task: next.map(|seen| seen.task), answer }
    }

    /// A task knows its server by the port; applications on Aurora know the instance.
    async fn told(&self, world: &World, task: SocketAddr) -> Result<Told, String> {
        let url = format!("http://{task}{PATH}");
        let answer = self.http.get(url).timeout(TASK_ANSWERS).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).map_err(|e| e.to_string())?;
        let said: ByPort = answer.json().await.map_err(|e| e.to_string())?;
        let is_it = |id: &&String| world.servers.address(id).is_some_and(|a| a.port() == said.server);
        let instance = world.instances.iter().find(is_it);
        let server = instance.ok_or_else(|| format!("no instance listens on port {}", said.server))?;
        Ok(Told { server: server.clone(), in_recovery: said.in_recovery })
    }
}

/// A task's answer.
#[derive(Deserialize)]
struct ByPort {
    server: u16,
    in_recovery: bool,
}

async fn converse(stream: TcpStream, acceptor: TlsAcceptor, balancer: Arc<Balancer>) {
    // A client that does not trust us, or goes away, is its own affair.
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let service = hyper::service::service_fn(move |request| {
        let balancer = Arc::clone(&balancer);
        async move { Ok::<_, Infallible>(respond(&balancer, &request).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(balancer: &Balancer, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let (Some(service), &Method::GET, PATH) =
        (host.and_then(service_of), request.method(), request.uri().path())
    else {
        return reply(
            StatusCode::NOT_FOUND,
            &json!({ "error": format!("GET https://SERVICE.{DOMAIN}{PATH}") }),
        );
    };
    let world = match balancer.current.world() {
        Ok(world) => world,
        Err(error) => return reply(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error.to_string() })),
    };
    let asked = balancer.ask(&world, service).await;
    let response = match &asked.answer {
        Ok(told) => reply(StatusCode::OK, &json!(told)),
        Err(why) => reply(StatusCode::BAD_GATEWAY, &json!({ "error": why })),
    };
    world.heard(asked);
    response
}

/// The service that a host's name stands for.
fn service_of(host: &str) -> Option<&str> {
    let host = host.split_once(':').map_or(host, |(name, _)| name);
    let service = host.strip_suffix(DOMAIN)?.strip_suffix('.')?;
    (!service.is_empty() && !service.contains('.')).then_some(service)
}

fn reply(status: StatusCode, value: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_the_first_label_of_its_name() {
        assert_eq!(service_of("orders-api.shop.example"), Some("orders-api"));
        assert_eq!(service_of("orders-api.shop.example:8443"), Some("orders-api"));
        for other in
            ["shop.example", ".shop.example", "a.b.shop.example", "orders-apishop.example", "127.0.0.1"]
        {
            assert_eq!(service_of(other), None, "{other}");
        }
    }
}
