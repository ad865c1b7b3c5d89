//! The demo estate as data: database `orders` in `ca-central-1`, its alarm, its services, and incidents of it.
//! Tests change what their case is about and leave the rest.

mod incidents;

pub use incidents::{alarm_trigger, aws_trigger, earlier, earlier_seen, open, person_trigger, request};

use crate::{
    signal::{AlarmValue, DatabaseEvent, DatabaseNews},
    topology::{AlarmState, Cluster, Deployment, Member, Service, Task},
};
use jiff::Timestamp;
use plan::{Agree, Alarm, Audience, Database, Detection, EndpointProof, Kind, Mode, Slice, Span, Strategy};

/// The alarm that speaks for `orders`.
pub const ALARM: &str = "orders-writer-down";
/// The cluster endpoint of `orders`.
pub const ENDPOINT: &str = "orders.cluster-abc.ca-central-1.rds.amazonaws.com";

/// The moment of the sample incident's alarm.
#[must_use]
pub const fn start() -> Timestamp {
    Timestamp::constant(1_772_366_400, 0)
}

/// So many seconds after [`start`].
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    crate::deadline::shift(start(), seconds)
}

/// The plan's slice: mode automatic, one alarm with a window of 30 s, services `orders-api` and then `orders-worker`.
#[must_use]
pub fn slice() -> Slice {
    Slice {
        database: Database {
            name: "orders".to_owned(),
            identifier: "orders".to_owned(),
            kind: Kind::AuroraCluster,
            region: "ca-central-1".to_owned(),
            allowed_regions: vec!["ca-central-1".to_owned()],
            strategy: Strategy::ActiveActive,
            rpo: Span::from_secs(5),
            rto: Span::from_mins(5),
            mode: Mode::Automatic,
            detection: Detection {
                alarms: vec![Alarm { name: ALARM.to_owned(), speaks_for: Span::from_secs(30) }],
                agree: Agree::All,
                hold_deadline: Span::from_mins(10),
            },
            cooldown: Span::from_mins(30),
            verify_for: Span::from_secs(60),
            promotion_within: Span::from_mins(5),
            endpoint_within: Span::from_mins(5),
            settle: Span::from_secs(5),
            endpoint_proof: EndpointProof::Name,
            services: vec![plan_service("orders-api", 1), plan_service("orders-worker", 2)],
            snapshots: Vec::new(),
            run_book: None,
        },
        audiences: vec![Audience::on_call(), Audience::stakeholders()],
    }
}

/// A service of the plan in the ECS cluster `shop`.
#[must_use]
pub fn plan_service(name: &str, wave: u32) -> plan::Service {
    plan::Service {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        wave,
        after: Vec::new(),
        count_after_recovery: None,
        within: Span::from_mins(10),
        check: None,
    }
}

/// The endpoint of an instance.
#[must_use]
pub fn instance_endpoint(instance: &str) -> String {
    format!("{instance}.abc.ca-central-1.rds.amazonaws.com")
}

/// An available instance of class `db.r6g.large` in zone `ca-central-1` and this letter.
#[must_use]
pub fn member(instance: &str, zone: &str, writer: bool) -> Member {
    Member {
        instance: instance.to_owned(),
        writer,
        tier: Some(1),
        status: Some("available".to_owned()),
        zone: Some(format!("ca-central-1{zone}")),
        class: Some("db.r6g.large".to_owned()),
        endpoint: Some(instance_endpoint(instance)),
    }
}

/// The cluster, `available`, with this writer of `orders-1` (zone a), `orders-2` (b) and `orders-3` (d).
#[must_use]
pub fn cluster(writer: &str) -> Cluster {
    let zones = [("orders-1", "a"), ("orders-2", "b"), ("orders-3", "d")];
    Cluster {
        identifier: "orders".to_owned(),
        resource_id: "cluster-ORDERS".to_owned(),
        status: "available".to_owned(),
        endpoint: Some(ENDPOINT.to_owned()),
        reader_endpoint: None,
        members: zones.into_iter().map(|(name, zone)| member(name, zone, name == writer)).collect(),
    }
}

/// An alarm of one minute, two datapoints, in this state since a moment.
#[must_use]
pub fn alarm(name: &str, state: AlarmValue, since: Timestamp) -> AlarmState {
    AlarmState {
        name: name.to_owned(),
        state,
        since,
        actions_enabled: true,
        suppressed_by: None,
        reason: "Threshold Crossed".to_owned(),
        period_s: Some(60),
        datapoints: Some(2),
        evaluation_periods: Some(2),
        newest_datapoint: Some(since),
    }
}

/// An event of RDS about the cluster, naming this instance.
#[must_use]
pub fn database_event(
    id: &str,
    meaning: DatabaseNews,
    instance: Option<&str>,
    at: Timestamp,
) -> DatabaseEvent {
    DatabaseEvent {
        id: Some(id.to_owned()),
        meaning,
        identifier: "orders".to_owned(),
        cluster: true,
        account: "123456789012".to_owned(),
        region: "ca-central-1".to_owned(),
        at,
        instance: instance.map(ToOwned::to_owned),
        message: "a failover".to_owned(),
    }
}

/// An ECS service with two running tasks and one deployment that was completed before [`start`].
#[must_use]
pub fn service(name: &str) -> Service {
    Service {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        desired: 2,
        running: 2,
        pending: 0,
        controller: "ECS".to_owned(),
        strategy: Some("ROLLING".to_owned()),
        deployments: vec![deployment("ecs-svc/old", "PRIMARY", "COMPLETED", at(-3600))],
    }
}

/// A deployment of two tasks.
#[must_use]
pub fn deployment(id: &str, status: &str, rollout: &str, created_at: Timestamp) -> Deployment {
    Deployment {
        id: id.to_owned(),
        status: status.to_owned(),
        rollout: Some(rollout.to_owned()),
        reason: None,
        created_at,
        desired: 2,
        running: 2,
        failed: 0,
    }
}

/// A running task of a deployment.
#[must_use]
pub fn task(arn: &str, deployment: &str, started_at: Timestamp) -> Task {
    Task {
        arn: arn.to_owned(),
        status: "RUNNING".to_owned(),
        started_at: Some(started_at),
        health: Some("HEALTHY".to_owned()),
        started_by: Some(deployment.to_owned()),
    }
}
