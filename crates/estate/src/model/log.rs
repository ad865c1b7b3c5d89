//! The request log: the witness for counts and order.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::reply::Answer;
use super::request::{Request, Service};

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogEntry {
    /// When it arrived: RFC 3339 with milliseconds.
    #[serde(serialize_with = "milliseconds")]
    pub at: Timestamp,
    /// Its number, from 1.
    pub sequence: u64,
    /// The service.
    pub service: Service,
    /// The action.
    pub action: String,
    /// The region.
    pub region: String,
    /// Who called.
    pub caller: String,
    /// The parameters as they came.
    pub parameters: Value,
    /// The HTTP status; absent when the reply was lost.
    pub status: Option<u16>,
    /// The code of the error, if it was one.
    pub error: Option<String>,
    /// What the request changed, in words.
    pub effect: Option<String>,
}

impl LogEntry {
    /// The entry of a request.
    pub(crate) fn new(
        at: Timestamp,
        sequence: u64,
        request: &Request,
        answer: &Answer,
        effect: Option<String>,
    ) -> Self {
        let (status, error) = match answer {
            Answer::Reply(_) => (Some(200), None),
            Answer::Refused(refusal) => (Some(refusal.status), Some(refusal.code.clone())),
            Answer::Lost => (None, None),
        };
        Self {
            at,
            sequence,
            service: request.service,
            action: request.action.clone(),
            region: request.region.clone(),
            caller: request.caller.clone(),
            parameters: request.parameters.clone(),
            status,
            error,
            effect,
        }
    }
}

fn milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{at:.3}"))
}
