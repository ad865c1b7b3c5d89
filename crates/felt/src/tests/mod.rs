//! Every rule on made-up attempts.
#![expect(clippy::float_cmp, reason = "made-up attempts give exact results")]

mod attempt;
mod experiment;
mod phases;
mod rpo;
mod rto;
mod svg;
mod terminal;

use crate::{Answer, Attempt, Mark, MarkKind, Picture, Rule, Series, Span};
use jiff::{SignedDuration, Timestamp};

/// 2026-11-24T12:00:00Z
const FAULT: i64 = 1_795_521_600;

fn fault_at() -> Timestamp {
    Timestamp::from_second(FAULT).unwrap()
}

/// From and until, in milliseconds after the fault.
type Stretches<'a> = &'a [(i64, i64)];

/// So many milliseconds after the fault.
fn at(ms: i64) -> Timestamp {
    fault_at() + SignedDuration::from_millis(ms)
}

fn acknowledged(n: u64, sent_ms: i64, took_ms: i64, server: &str) -> Attempt {
    let answer = Answer::Acknowledged { server: server.to_owned() };
    let service = "orders-api".to_owned();
    Attempt { service, task: None, n, sent_at: at(sent_ms), ended_at: at(sent_ms + took_ms), answer }
}

/// A write every 20 ms from `from` until `until` (milliseconds after the fault). Where `fails` says so it was
/// refused.
fn writes(from: i64, until: i64, fails: impl Fn(i64) -> bool) -> Vec<Attempt> {
    let times = (from..until).step_by(20);
    times
        .zip(1..)
        .map(|(ms, n)| {
            let mut attempt = acknowledged(n, ms, 3, "5433");
            if fails(ms) {
                attempt.answer = Answer::Refused { reason: "connection refused".to_owned() };
            }
            attempt
        })
        .collect()
}

/// Three services: back after 8.4 s, never back (35 of 50), and not touched.
fn sample() -> Picture {
    let seconds = -5..30;
    let series = |name: &str, fails: &dyn Fn(i64) -> bool| {
        let attempts = writes(-15_000, 30_000, fails);
        Series::of(name, &attempts, fault_at(), seconds.clone(), &Rule::default())
    };
    let services = vec![
        series("orders-api, recycled", &|ms| (0..8_400).contains(&ms)),
        series("orders-api, not recycled", &|ms| {
            (0..8_300).contains(&ms) || ms >= 8_300 && (ms / 20) % 10 >= 7
        }),
        series("catalogue", &|_| false),
    ];
    let mark = |kind, ms| Mark { kind, at: at(ms) };
    Picture {
        title: "What clients felt: freeze".to_owned(),
        subtitle: "Writer frozen (SIGSTOP), asynchronous replication, sqlx pool".to_owned(),
        fault_at: fault_at(),
        seconds: seconds.clone(),
        services,
        marks: vec![
            mark(MarkKind::Promoted, 3_000),
            mark(MarkKind::EndpointMoved, 8_200),
            mark(MarkKind::Recycled, 8_400),
        ],
        phases: vec![
            Span::new("detect", at(0), at(2_100)),
            Span::new("decide", at(2_100), at(2_600)),
            Span::new("promote", at(2_600), at(3_000)),
            Span::new("endpoint", at(3_000), at(8_200)),
            Span::new("recycle", at(8_200), at(8_400)),
            Span::new("verify", at(8_400), at(18_400)),
        ],
    }
}
