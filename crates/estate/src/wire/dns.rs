//! The estate's names over DNS: a CNAME for a cluster endpoint, an A record for an instance's.

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::model::{Estate, Resolved};

/// Seconds for which an answer may be kept: Aurora's own.
const TTL: u32 = 5;

/// Answers one datagram; `None` when it is no question. Names that the estate does not have are `NXDOMAIN`.
#[must_use]
pub fn answer(estate: &Estate, datagram: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(datagram).ok()?;
    if question.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.metadata.authoritative = true;
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_queries(question.queries.iter().cloned());
    match question.queries.first() {
        Some(query) if question.metadata.op_code == OpCode::Query => {
            let name = query.name().clone();
            match estate.resolve(&name.to_utf8()) {
                Some(resolved) => {
                    reply.add_answers(records(name, query.query_type(), resolved).into_iter().flatten());
                }
                None => reply.metadata.response_code = ResponseCode::NXDomain,
            }
        }
        _ => reply.metadata.response_code = ResponseCode::NotImp,
    }
    reply.to_vec().ok()
}

/// The records of a name: the alias always, the address when it was asked for.
fn records(name: Name, wanted: RecordType, resolved: Resolved) -> [Option<Record>; 2] {
    let address = matches!(wanted, RecordType::A | RecordType::ANY);
    match resolved {
        Resolved::Address(at) => [address.then(|| Record::from_rdata(name, TTL, RData::A(A(at)))), None],
        Resolved::Alias(to, at) => {
            let Ok(to) = Name::from_ascii(format!("{to}.")) else {
                return [None, None];
            };
            let target = address.then(|| Record::from_rdata(to.clone(), TTL, RData::A(A(at))));
            [Some(Record::from_rdata(name, TTL, RData::CNAME(CNAME(to)))), target]
        }
    }
}
