//! The model in virtual time.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks out what it looks for")]

mod copies;
mod deployments;
mod failovers;
mod meddling;
mod metrics;
mod purity;
mod restores;

use jiff::Timestamp;
use serde_json::json;

use super::agenda::later;
use super::*;

/// The moment some seconds after the beginning.
fn at(seconds: f64) -> Timestamp {
    later("2026-01-01T12:00:00Z".parse().unwrap(), seconds)
}

/// Delays without a range: failing over shows after 1 s, is done 10 s later and settled 1 s later; the
/// endpoint follows 6 s after the promotion; the old writer is back 30 s after it.
fn delays() -> Delays {
    Delays {
        failover_begins: Span::fixed(1.0),
        promotion: Span::fixed(10.0),
        settling: Span::fixed(1.0),
        endpoint: Span::fixed(6.0),
        restart: Span::fixed(30.0),
        crash_zeroes: Span::fixed(60.0),
        task_start: Span::fixed(20.0),
        task_stop: Span::fixed(5.0),
        snapshot: Span::fixed(100.0),
        copy: Span::fixed(200.0),
        restore: Span::fixed(400.0),
        instance: Span::fixed(300.0),
        deletion: Span::fixed(60.0),
        backup_lag: Span::fixed(120.0),
    }
}

fn estate_with(settings: Settings) -> Estate {
    let mut estate = Estate::new(Settings { delays: delays(), ..settings }, at(0.0));
    estate.seed(at(0.0), &Seed::demo()).unwrap();
    estate.advance(at(0.0));
    estate
}

fn estate() -> Estate {
    estate_with(Settings::default())
}

fn ask(estate: &mut Estate, seconds: f64, service: Api, action: &str, call: Call) -> Answer {
    let request = Request {
        service,
        action: action.into(),
        region: "ca-central-1".into(),
        caller: "failover-executor".into(),
        parameters: json!({ "service": "orders-api" }),
        call: Ok(call),
    };
    estate.call(at(seconds), &request)
}

fn fail_over(estate: &mut Estate, seconds: f64, target: Option<&str>) -> Answer {
    let call = Call::FailoverCluster { cluster: "orders".into(), target: target.map(str::to_owned) };
    ask(estate, seconds, Api::Rds, "FailoverDBCluster", call)
}

fn describe(estate: &mut Estate, seconds: f64) -> Answer {
    ask(estate, seconds, Api::Rds, "DescribeDBClusters", Call::DescribeClusters(Select::default()))
}

fn code(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(refusal) => &refusal.code,
        Answer::Reply(_) => "reply",
        Answer::Lost => "lost",
    }
}

/// Status, writer, and where the endpoint leads, at a moment.
fn orders(estate: &mut Estate, seconds: f64) -> (String, String, String) {
    estate.catch_up(at(seconds));
    let cluster = &estate.state().clusters[0];
    (cluster.status.clone(), cluster.writer.clone(), cluster.endpoint_target.clone())
}

fn seen(status: &str, writer: &str, endpoint: &str) -> (String, String, String) {
    (status.into(), writer.into(), endpoint.into())
}

fn rds_ids(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::RdsEvent(event) = effect { Some(event.id.clone()) } else { None })
        .collect()
}
