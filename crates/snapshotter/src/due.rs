//! Which databases are due, decided from the scheduled time and the plan alone.

use jiff::Timestamp;
use plan::{Database, Plan, Span};
use recovery::snapshot::{ClusterSnapshotId, DATABASE, OURS, SCHEDULED, SnapshotRequest};

/// RDS's limit on the identifier of a cluster's snapshot.
const LONGEST: usize = 63;
/// `-yyyymmddhhmm`
const STAMP: usize = 13;
const PREFIX: &str = "mainstay-";

/// A snapshot to be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The plan's name of the database.
    pub database: String,
    /// What RDS is asked for.
    pub request: SnapshotRequest,
    /// Why it is due, for people.
    pub reason: String,
}

/// The snapshots that are due at a tick, of the databases of one region.
///
/// The rule: a tick counts as its whole minute (its seconds are dropped). A policy is due when its interval
/// divides the time from 1 January 1970, 00:00 UTC, to that minute without rest. So `1h` is due at each full hour
/// and `1d` at midnight UTC, wherever and whenever Mainstay was deployed; and the schedule must tick at those
/// minutes (`cron(0 * * * ? *)`, not `rate(1 hour)`, which ticks at the minute of its own making). A database
/// with several policies that are due gets one snapshot.
#[must_use]
pub fn due(scheduled: Timestamp, plan: &Plan, region: &str) -> Vec<Due> {
    plan.databases
        .iter()
        .filter(|database| database.region == region)
        .filter_map(|database| {
            let every =
                database.snapshots.iter().map(|p| p.every).find(|every| divides(*every, scheduled))?;
            Some(Due {
                database: database.name.clone(),
                request: request(database, scheduled)?,
                reason: format!("the plan wants one every {every}"),
            })
        })
        .collect()
}

/// Whether a policy of this interval is due at the minute of a tick.
pub(crate) fn divides(every: Span, scheduled: Timestamp) -> bool {
    let minute = minute(scheduled);
    i64::try_from(every.as_secs()).is_ok_and(|every| every > 0 && minute.rem_euclid(every) == 0)
}

/// The beginning of a moment's minute, in seconds since 1970.
pub(crate) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60) * 60
}

fn request(database: &Database, scheduled: Timestamp) -> Option<SnapshotRequest> {
    let snapshot = ClusterSnapshotId::parse(&snapshot_id(&database.name, scheduled))?;
    Some(SnapshotRequest {
        cluster: database.identifier.clone(),
        tags: vec![
            (OURS.to_owned(), snapshot.to_string()),
            (DATABASE.to_owned(), database.name.clone()),
            (SCHEDULED.to_owned(), scheduled.to_string()),
        ],
        snapshot,
    })
}

/// `mainstay-<database>-<yyyymmddhhmm>` in UTC: at most 63 characters of `[a-z0-9-]`, no two hyphens in a row,
/// none at the end, as RDS asks. A name that is too long, or not made of these, is shortened and gets a hash of
/// the whole, so that two databases never share a name.
#[must_use]
pub fn snapshot_id(database: &str, scheduled: Timestamp) -> String {
    let room = LONGEST - PREFIX.len() - STAMP;
    let mut safe = String::new();
    for c in database.chars().take(LONGEST) {
        if c.is_ascii_alphanumeric() {
            safe.push(c.to_ascii_lowercase());
        } else if !safe.is_empty() && !safe.ends_with('-') {
            safe.push('-');
        }
    }
    let safe = safe.trim_end_matches('-');
    let name = if !safe.is_empty() && safe == database && safe.len() <= room {
        safe.to_owned()
    } else {
        let short: String = safe.chars().take(room - 9).collect();
        let hash = hash(database);
        format!("{}-{hash:08x}", short.trim_end_matches('-')).trim_start_matches('-').to_owned()
    };
    format!("{PREFIX}{name}-{}", scheduled.strftime("%Y%m%d%H%M"))
}

/// FNV-1a, 32 bits: the same in every build and on every machine, which the standard library's is not.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn database(name: &str, region: &str, every: &[&str]) -> Database {
        let policies: Vec<_> = every.iter().map(|every| serde_json::json!({"every": every})).collect();
        serde_json::from_value(serde_json::json!({
            "name": name, "identifier": format!("{name}-cluster"), "kind": "aurora-cluster", "region": region,
            "allowed_regions": [region], "strategy": "active-active", "rpo": "1m", "rto": "5m",
            "snapshots": policies
        }))
        .unwrap()
    }

    fn plan(databases: Vec<Database>) -> Plan {
        Plan { prune_at_most: 20, snapshot_quota: 100, databases, audiences: vec![] }
    }

    fn names(time: &str, databases: Vec<Database>) -> Vec<String> {
        let plan = plan(databases);
        due(at(time), &plan, "ca-central-1").into_iter().map(|due| due.database).collect()
    }

    #[test]
    fn a_policy_is_due_when_its_interval_divides_the_scheduled_minute() {
        for (every, time, expected) in [
            ("1h", "2026-03-01T10:00:00Z", true),
            ("1h", "2026-03-01T10:00:59.999Z", true),
            ("1h", "2026-03-01T10:01:00Z", false),
            ("1h", "2026-03-01T09:59:59Z", false),
            ("15m", "2026-03-01T10:45:10Z", true),
            ("15m", "2026-03-01T10:50:00Z", false),
            ("1d", "2026-03-01T00:00:00Z", true),
            ("1d", "2026-03-01T12:00:00Z", false),
            ("1h", "1969-12-31T23:00:00Z", true),
            ("0s", "2026-03-01T00:00:00Z", false),
        ] {
            let found = names(time, vec![database("orders", "ca-central-1", &[every])]);
            assert_eq!(!found.is_empty(), expected, "{every} at {time}");
        }
    }

    #[test]
    fn only_this_region_and_only_those_with_a_policy_and_each_once() {
        let databases = vec![
            database("orders", "ca-central-1", &["1h", "30m"]),
            database("west", "ca-west-1", &["1h"]),
            database("never", "ca-central-1", &[]),
            database("users", "ca-central-1", &["1d", "1h"]),
        ];
        assert_eq!(names("2026-03-01T10:00:00Z", databases), ["orders", "users"]);
    }

    #[test]
    fn the_request_bears_its_own_id_and_the_scheduled_time() {
        let plan = plan(vec![database("orders", "ca-central-1", &["1h"])]);
        let due = due(at("2026-03-01T10:00:07Z"), &plan, "ca-central-1").remove(0);
        assert_eq!(due.reason, "the plan wants one every 1h");
        assert_eq!(due.request.cluster, "orders-cluster");
        assert_eq!(due.request.snapshot.as_str(), "mainstay-orders-202603011000");
        let tag = |key: &str| due.request.tags.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(tag("mainstay"), Some("mainstay-orders-202603011000"));
        assert_eq!(tag("mainstay:database"), Some("orders"));
        assert_eq!(tag("mainstay:scheduled"), Some("2026-03-01T10:00:07Z"));
    }

    #[test]
    fn names_keep_to_the_rules_of_rds_and_apart_from_each_other() {
        let time = at("2026-03-01T10:00:00Z");
        let forty = "a".repeat(40);
        let hostile = ["", "-", "--", "a--b", "-a", "a-", "Orders", "é", "a\nb", "a b", &"-".repeat(99)];
        let long =
            [forty.clone(), format!("{forty}b"), format!("{forty}c"), "x-".repeat(500_000), "a".repeat(99)];
        let mut seen = std::collections::BTreeSet::new();
        for name in hostile.into_iter().map(str::to_owned).chain(long) {
            let id = snapshot_id(&name, time);
            let shown: String = name.chars().take(60).collect();
            assert!(id.len() <= 63 && id.starts_with("mainstay-") && id.ends_with("-202603011000"), "{id}");
            assert!(!id.contains("--") && !id.ends_with('-'), "{shown}: {id}");
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{id}");
            assert!(ClusterSnapshotId::parse(&id).is_some(), "{shown}: {id}");
            assert!(seen.insert(id.clone()), "{shown} shares {id}");
        }
        assert_eq!(snapshot_id(&forty, time), format!("mainstay-{forty}-202603011000"));
        assert!(divides(Span::from_mins(60), time));
    }
}
