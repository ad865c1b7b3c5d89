//! Stand-ins for the services of AWS that the functions call: RDS and ECS are the estate, the others answer the little
//! that a first event needs. Each has an address of its own, as on AWS, so each costs a connection of its own.

use super::{certificate::Certificate, http::Server};
use crate::error::DrillError;
use estate::{
    model::{Estate, Seed, Settings},
    wire::{self, Answered},
};
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// The services, as the SDK's variables `AWS_ENDPOINT_URL_…` name them.
const SERVICES: [&str; 7] = ["CLOUDWATCH", "DYNAMODB", "ECS", "EVENTBRIDGE", "RDS", "SFN", "SNS"];
/// Every other service: nothing that is measured needs its answer.
const OTHERS: &str = "";

/// What is behind the addresses.
#[derive(Debug)]
struct World {
    estate: Estate,
    items: Vec<Value>,
}

/// The services, with TLS or without.
#[derive(Debug)]
pub(super) struct Services {
    servers: Vec<(&'static str, Server)>,
    scheme: &'static str,
}

impl Services {
    /// A fresh estate with the demo's cluster, and a table with `items`.
    pub(super) async fn start(tls: Option<&Certificate>, items: Vec<Value>) -> Result<Self, DrillError> {
        let now = Timestamp::now();
        let mut estate = Estate::new(Settings::default(), now);
        estate.seed(now, &Seed::demo()).map_err(|e| DrillError::Estate(e.to_string()))?;
        let world = Arc::new(Mutex::new(World { estate, items }));
        let mut servers = Vec::new();
        for service in SERVICES.into_iter().chain([OTHERS]) {
            let world = world.clone();
            let answer = move |head: Parts, body: hyper::body::Bytes| {
                let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
                let response = world.answer(service, &head, &body);
                std::future::ready(response)
            };
            servers.push((service, Server::start(tls.map(|t| t.server.clone()), answer).await?));
        }
        Ok(Self { servers, scheme: if tls.is_some() { "https" } else { "http" } })
    }

    /// The variables that lead the SDK here.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let named = |(service, server): &(&str, Server)| {
            let name = format!("AWS_ENDPOINT_URL{}{service}", if service.is_empty() { "" } else { "_" });
            (name, format!("{}://localhost:{}", self.scheme, server.address.port()))
        };
        self.servers.iter().map(named).collect()
    }

    /// How many connections were made so far.
    pub(super) fn connections(&self) -> usize {
        self.servers.iter().map(|(_, server)| server.connections()).sum()
    }
}

impl World {
    fn answer(&mut self, service: &str, head: &Parts, body: &[u8]) -> Response<Vec<u8>> {
        let target = head.headers.get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or_default();
        let action = target.rsplit('.').next().unwrap_or_default();
        match (service, action) {
            ("RDS" | "ECS", _) => match wire::answer(&mut self.estate, Timestamp::now(), head, body) {
                Answered::Response(response) => response,
                Answered::Lost => of(StatusCode::BAD_GATEWAY, "text/plain", Vec::new()),
            },
            ("DYNAMODB", "GetItem") => ok(&self.item(&read(body))),
            ("DYNAMODB", "Query") => ok(&self.query(&read(body))),
            ("DYNAMODB", _) => ok(&json!({})),
            ("SFN", "StartExecution") => {
                let arn = "arn:aws:states:ca-central-1:123456789012:execution:recovery:measured";
                ok(&json!({"executionArn": arn, "startDate": 1_772_359_353}))
            }
            ("SFN", _) => refusal("ExecutionDoesNotExist"),
            ("EVENTBRIDGE", _) => ok(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})),
            // An empty answer of CloudWatch in its own protocol, CBOR: it knows no alarm.
            ("CLOUDWATCH", _) => {
                let mut response = of(StatusCode::OK, "application/cbor", vec![0xa0]);
                let protocol = HeaderValue::from_static("rpc-v2-cbor");
                response.headers_mut().insert("smithy-protocol", protocol);
                response
            }
            ("SNS", _) => {
                let published = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";
                of(StatusCode::OK, "text/xml", published.into())
            }
            _ => refusal("AccessDeniedException"),
        }
    }

    fn item(&self, asked: &Value) -> Value {
        let key = |item: &Value, name| item.get(name).cloned();
        let wanted = asked.get("Key").cloned().unwrap_or_default();
        let found = self.items.iter().find(|i| ["pk", "sk"].iter().all(|k| key(i, k) == key(&wanted, k)));
        found.map_or_else(|| json!({}), |item| json!({"Item": item}))
    }

    fn query(&self, asked: &Value) -> Value {
        let value = |name: &str| asked.pointer(&format!("/ExpressionAttributeValues/{name}/S"));
        let (pk, prefix) = (value(":pk"), value(":prefix").and_then(Value::as_str).unwrap_or_default());
        let matches = |item: &&Value| {
            item.pointer("/pk/S") == pk
                && item.pointer("/sk/S").and_then(Value::as_str).is_some_and(|sk| sk.starts_with(prefix))
        };
        let items: Vec<&Value> = self.items.iter().filter(matches).collect();
        json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items})
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn ok(body: &Value) -> Response<Vec<u8>> {
    of(StatusCode::OK, "application/x-amz-json-1.0", body.to_string().into_bytes())
}

fn refusal(code: &str) -> Response<Vec<u8>> {
    let body = json!({"__type": code, "message": "this stand-in does no more"});
    of(StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", body.to_string().into_bytes())
}

fn of(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
