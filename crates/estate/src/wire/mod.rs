//! The estate on the wire: one address for RDS, ECS and the estate's own control interface, told apart by the
//! request; DNS beside it.
//!
//! [`answer`] is a plain function from a request to a response: the server calls it, and so can an SDK's HTTP
//! client in the same process.

mod control;
pub mod dns;
mod ecs;
mod ecs_json;
mod form;
mod rds;
mod rds_cluster;
mod rds_reply;
mod rds_restore;
mod rds_snapshot;
mod rds_xml;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use jiff::Timestamp;

use crate::model::{Answer, Estate};

/// What goes back over the connection.
#[derive(Debug)]
pub enum Answered {
    /// A response.
    Response(Response<Vec<u8>>),
    /// Nothing: the connection closes without an answer.
    Lost,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// The SDK for Rust sends its application id here too.
const AMZ_USER_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");

/// Answers one HTTP request as of a moment: an ECS call when it has an `X-Amz-Target`, the control interface
/// under `/_estate` and at `/reset`, an RDS call otherwise. Signatures are not checked.
#[must_use]
pub fn answer(estate: &mut Estate, now: Timestamp, head: &Parts, body: &[u8]) -> Answered {
    let path = head.uri.path();
    if path == "/reset" || path.starts_with("/_estate/") {
        return Answered::Response(control::answer(estate, now, &head.method, path, body));
    }
    let caller = Caller::of(&head.headers, &estate.settings().region);
    if let Some(target) = head.headers.get(&TARGET) {
        let action = target.to_str().unwrap_or_default().rsplit('.').next().unwrap_or_default();
        let request = ecs::request(action, &caller, body);
        let answer = estate.call(now, &request);
        return respond(answer, "application/x-amz-json-1.1", estate.log().len(), |reply| match reply {
            Ok(reply) => ecs_json::reply(&reply),
            Err(refusal) => ecs_json::refusal(&refusal),
        });
    }
    let request = rds::request(&caller, head.uri.query().unwrap_or_default(), body);
    let answer = estate.call(now, &request);
    let number = estate.log().len();
    respond(answer, "text/xml", number, |reply| match reply {
        Ok(reply) => rds_reply::reply(&request.action, &reply, number),
        Err(refusal) => rds_reply::refusal(&refusal, number),
    })
}

/// Who calls, and in which region: from the headers that the SDKs send anyway.
struct Caller {
    name: String,
    region: String,
}

impl Caller {
    fn of(headers: &HeaderMap, default_region: &str) -> Self {
        let text =
            |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let agents = [text(&USER_AGENT), text(&AMZ_USER_AGENT)];
        let app = agents
            .iter()
            .flat_map(|agent| agent.split_whitespace())
            .find_map(|part| part.strip_prefix("app/"));
        let first = agents.iter().find_map(|agent| agent.split_whitespace().next());
        Self {
            name: app.or(first).unwrap_or("unknown").to_owned(),
            region: scope_region(text(&AUTHORIZATION)).unwrap_or(default_region).to_owned(),
        }
    }
}

/// The region of a credential scope: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn scope_region(authorization: &str) -> Option<&str> {
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split('/').nth(2).filter(|region| !region.is_empty())
}

fn respond(
    answer: Answer,
    content_type: &'static str,
    number: usize,
    body: impl FnOnce(Result<crate::model::Reply, crate::model::Refusal>) -> String,
) -> Answered {
    let (status, result) = match answer {
        Answer::Lost => return Answered::Lost,
        Answer::Reply(reply) => (200, Ok(reply)),
        Answer::Refused(refusal) => (refusal.status, Err(refusal)),
    };
    let mut response = Response::new(body(result).into_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(&request_id(number)) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    Answered::Response(response)
}

/// The id of a request: its number in the request log, in the usual shape.
fn request_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[cfg(test)]
mod tests;
