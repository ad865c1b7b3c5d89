//! What clients of real services felt in the first of these outages, and what the drill took of the machine.

use crate::{
    evidence::Felt,
    footprint::{Footprint, Memory, Program},
    real::{BYSTANDER, Endpoints, Held, Led, Made, Server},
};
use jiff::{SignedDuration, Timestamp};
use real_estate::{
    fault::Struck,
    front::{Asked, Told},
};
use recovery::twins::fixture::at;
use std::collections::{BTreeMap, BTreeSet};

/// A write every 20 ms through each service: acknowledged by `orders-1` until the fault, refused for 66 s, and then
/// acknowledged by `orders-2`, which holds every acknowledged row.
pub(super) fn felt() -> Felt {
    let mut attempts = Vec::new();
    let mut rows = BTreeMap::new();
    for (name, task) in [
        ("orders-api", Some("orders-api-64")),
        ("orders-worker", Some("orders-worker-66")),
        (BYSTANDER, None),
    ] {
        let held: &mut BTreeSet<u64> = rows.entry(name.to_owned()).or_default();
        for n in 0..5000_u64 {
            let sent_at = after(at(-18), i64::try_from(n).unwrap() * 20);
            let answer = if name == BYSTANDER {
                ::felt::Answer::Acknowledged { server: String::new() }
            } else if sent_at < at(-4) {
                ::felt::Answer::Acknowledged { server: "5431".to_owned() }
            } else if sent_at < at(62) {
                ::felt::Answer::Refused { reason: "no route".to_owned() }
            } else {
                ::felt::Answer::Acknowledged { server: "5432".to_owned() }
            };
            let attempt = ::felt::Attempt {
                service: name.to_owned(),
                task: task.map(str::to_owned),
                n,
                sent_at,
                ended_at: after(sent_at, 3),
                answer,
            };
            if attempt.is_acknowledged() && name != BYSTANDER {
                held.insert(n);
            }
            attempts.push(attempt);
        }
    }
    let server = |instance: &str, port| Server { instance: instance.to_owned(), port };
    Felt {
        attempts,
        rows: [("orders-2".to_owned(), Held::Rows(rows))].into(),
        endpoints: Endpoints {
            writer: Led::To { server: 5432, in_recovery: false },
            reader: Led::To { server: 5431, in_recovery: true },
        },
        made: Made {
            servers: vec![server("orders-1", 5431), server("orders-2", 5432)],
            version: "17.2".to_owned(),
            origin: "(found)".to_owned(),
            data: "data".into(),
        },
        struck: Struck { instance: "orders-1".to_owned(), mechanism: None },
        synchronous: false,
        failures: Vec::new(),
        asked: vec![asked("orders-api", 65, "orders-1"), asked("orders-api", 75, "orders-2")],
    }
}

/// What a task of a service said of its pool; `orders-2` is the new writer.
fn asked(service: &str, seconds: i64, server: &str) -> Asked {
    let told = Told { server: server.to_owned(), in_recovery: server != "orders-2" };
    Asked {
        at: at(seconds),
        service: service.to_owned(),
        task: Some(format!("{service}-{seconds}")),
        answer: Ok(told),
    }
}

pub(super) fn footprint() -> Footprint {
    let program = Program { processes: 3, bytes: 95_000_000 };
    let programs = [("postgres".to_owned(), program)].into();
    Footprint {
        memory: Some(Memory { bytes: 400_000_000, programs, unread: 0 }),
        files: [("run", 52_000_000)].into(),
    }
}

fn after(at: Timestamp, milliseconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(milliseconds)).unwrap()
}
