//! What one tick costs for fleets of several sizes: calls by operation beside the floor, time, peak memory.
//!
//! `cargo run -p snapshotter --example fleet -- 100 1000 10000`
//!
//! The estate runs in this process, the tick in a process of its own, over loopback. Every database has an hourly policy
//! that keeps for two hours, and two snapshots: one that stays and one whose time is over. So N databases are N snapshots
//! to take, 2 N to read before and 3 N after, and N to delete. Linux only: memory is read from `/proc`.

use aws::{RdsSnapshots, sdk};
use estate::{
    model::{ClusterSeed, Delays, InstanceSeed, Seed, Settings as Model, SnapshotSeed, Span, Tags},
    server::{Server, Settings, serve},
};
use jiff::{SignedDuration, Timestamp};
use plan::Plan;
use recovery::snapshot::{DATABASE, OURS, SCHEDULED};
use serde_json::{Value, json};
use snapshotter::{due::snapshot_id, handle};
use std::{
    collections::BTreeMap,
    error::Error,
    io::Write,
    process::{Command, ExitCode},
    time::Instant,
};

type Trouble = Box<dyn Error + Send + Sync>;

const REGION: &str = "ca-central-1";
const TICK: &str = "2026-03-01T10:00:00Z";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((word, rest)) if word == "tick" => one_tick(rest.first().map_or("", String::as_str)),
        Some(_) => measure(&arguments),
        None => measure(&["100", "1000", "10000"].map(str::to_owned)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn name(number: u32) -> String {
    format!("d{number:05}")
}

/// The plan of a fleet. It is made here and not read from a file, which holds 2,000 databases at most.
fn fleet(databases: u32) -> Result<Plan, Trouble> {
    let mut plan: Plan = serde_json::from_value(json!({
        "prune_at_most": 10_000, "snapshot_quota": 1_000_000, "audiences": [],
        "databases": [{
            "name": "", "identifier": "", "kind": "aurora-cluster", "region": REGION,
            "allowed_regions": [REGION], "strategy": "active-active", "rpo": "1m", "rto": "5m",
            "snapshots": [{"every": "1h", "keep": "2h"}]
        }]
    }))?;
    let database = |number| {
        let mut database = plan.databases.first().cloned()?;
        (database.name, database.identifier) = (name(number), name(number));
        Some(database)
    };
    plan.databases = (0..databases).filter_map(database).collect();
    Ok(plan)
}

/// The child: one tick, as the function does it, with the function's own client.
fn one_tick(databases: &str) -> Result<(), Trouble> {
    let plan = fleet(databases.parse()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let rds = RdsSnapshots::new(&sdk::config().await);
        rds.warm().await;
        let before = peak()?;
        let begin = Instant::now();
        let event = json!({"mainstay": "snapshot", "scheduled_time": TICK});
        let done = handle(&event, TICK.parse()?, &plan, REGION, &rds, &|_| ()).await?;
        let report = json!({
            "seconds": begin.elapsed().as_secs_f64(), "before_kib": before, "peak_kib": peak()?,
            "taken": done.snapshots.len(), "deleted": done.deleted.len(), "findings": done.findings,
        });
        writeln!(std::io::stdout(), "{report}")?;
        Ok(())
    })
}

/// The most memory that this process has held so far, in KiB.
fn peak() -> Result<u64, Trouble> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.ok_or("the system does not tell the peak memory")?.trim().parse()?)
}

fn measure(sizes: &[String]) -> Result<(), Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let out = &mut std::io::stdout();
    writeln!(out, "| databases | tick | calls | of them | floor | seconds | peak MiB (before the tick) |")?;
    writeln!(out, "|--:|---|--:|---|--:|--:|--:|")?;
    for size in sizes {
        let databases: u32 = size.parse().map_err(|e| format!("{size} is no number of databases: {e}"))?;
        let server = runtime.block_on(estate(databases))?;
        for (tick, floor) in [("first", floor(databases, true)), ("repeated", floor(databases, false))] {
            let so_far = server.estate().log().len();
            let report = child(&server.url(), databases)?;
            let mut calls: BTreeMap<String, usize> = BTreeMap::new();
            for entry in server.estate().log().into_iter().skip(so_far) {
                *calls.entry(entry.action).or_default() += 1;
            }
            let listed: Vec<String> =
                calls.iter().map(|(action, count)| format!("{count} {action}")).collect();
            let told = |key: &str| report.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
            writeln!(
                out,
                "| {databases} | {tick} | {} | {} | {floor} | {:.2} | {:.1} ({:.1}) |",
                calls.values().sum::<usize>(),
                listed.join(", "),
                told("seconds"),
                told("peak_kib") / 1024.0,
                told("before_kib") / 1024.0,
            )?;
        }
        runtime.block_on(server.stop());
    }
    Ok(())
}

/// What nobody can go under: one call for each snapshot to take and to delete, and one for each page of 100 to see them.
fn floor(databases: u32, first: bool) -> u32 {
    let (there, gone) = if first { (databases * 3, databases) } else { (databases * 2, 0) };
    databases + there.div_ceil(100) + gone
}

/// A tick in a process of its own, which finds the estate as a function does: by the SDK's variables.
fn child(url: &str, databases: u32) -> Result<Value, Trouble> {
    let done = Command::new(std::env::current_exe()?)
        .args(["tick", &databases.to_string()])
        .env("AWS_ENDPOINT_URL_RDS", url)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_SDK_UA_APP_ID", "snapshotter")
        .output()?;
    if !done.status.success() {
        return Err(format!("the tick failed: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

async fn estate(databases: u32) -> Result<Server, Trouble> {
    let model = Model {
        delays: Delays { snapshot: Span::fixed(3600.0), ..Delays::none() },
        metric_period: 3600.0,
        snapshot_quota: 1_000_000,
        ..Model::default()
    };
    let server = serve(Settings { model, ..Settings::default() }).await?;
    let tick: Timestamp = TICK.parse()?;
    let cluster = |number| ClusterSeed {
        identifier: name(number),
        instances: vec![InstanceSeed {
            identifier: format!("{}-1", name(number)),
            writer: true,
            ..InstanceSeed::default()
        }],
        ..ClusterSeed::default()
    };
    let snapshot = |number, hours| {
        let at = tick - SignedDuration::from_hours(hours);
        let identifier = snapshot_id(&name(number), at);
        let tags = [(OURS, identifier.clone()), (DATABASE, name(number)), (SCHEDULED, at.to_string())];
        SnapshotSeed {
            identifier,
            cluster: name(number),
            created: Some(at),
            tags: Tags::from(tags.map(|(key, value)| (key.to_owned(), value))),
            ..SnapshotSeed::default()
        }
    };
    let seed = Seed {
        clusters: (0..databases).map(cluster).collect(),
        snapshots: (0..databases).flat_map(|number| [1, 2].map(|hours| snapshot(number, hours))).collect(),
        ..Seed::default()
    };
    server.estate().seed(&seed)?;
    Ok(server)
}
