//! How much of the account's quota of manual snapshots is used.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// The metrics' namespace.
pub const NAMESPACE: &str = "Mainstay";
/// The metrics' only dimension.
pub const DIMENSION: &str = "Region";
/// How much of the quota is used, in percent.
pub const USED: &str = "SnapshotQuotaUsed";
/// From this share on people are warned; the template's alarm too.
pub const WARN_FROM_PERCENT: u64 = 80;

/// Manual snapshots of DB clusters in a region, whoever took them, and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// How many there are.
    pub used: u64,
    /// How many there may be.
    pub limit: u64,
    /// What to do, from 80 % on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl Quota {
    /// What `used` of `limit` means.
    #[must_use]
    pub fn of(used: u64, limit: u64) -> Self {
        let percent = percent(used, limit);
        let warning = (percent >= WARN_FROM_PERCENT).then(|| {
            format!(
                "{used} of {limit} manual snapshots of DB clusters are there ({percent} %): when there is no room, \
                 RDS refuses the next one. Keep fewer, delete some that are not Mainstay's, or ask AWS for more: Service \
                 Quotas, Amazon RDS, \"Manual DB cluster snapshots\""
            )
        });
        Self { used, limit, warning }
    }

    /// The line from which CloudWatch makes metrics of the log (embedded metric format).
    #[must_use]
    pub fn line(&self, region: &str, at: Timestamp) -> String {
        let metrics = [(USED, "Percent"), ("ManualSnapshots", "Count")];
        let definitions = metrics.map(|(name, unit)| json!({"Name": name, "Unit": unit}));
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": definitions});
        json!({
            "_aws": {"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]},
            DIMENSION: region,
            USED: percent(self.used, self.limit),
            "ManualSnapshots": self.used,
            "Limit": self.limit,
        })
        .to_string()
    }
}

fn percent(used: u64, limit: u64) -> u64 {
    used.saturating_mul(100).checked_div(limit).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_warned_from_80_percent_on() {
        for (used, limit, warned) in
            [(79, 100, false), (80, 100, true), (100, 100, true), (0, 0, true), (0, 1, false)]
        {
            let quota = Quota::of(used, limit);
            assert_eq!(quota.warning.is_some(), warned, "{quota:?}");
        }
        let warning = Quota::of(95, 100).warning.unwrap();
        let line = Quota::of(95, 200).line("ca-central-1", "2026-03-01T10:00:00Z".parse().unwrap());
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line[USED], &line["ManualSnapshots"]), (&json!(47), &json!(95)));
        assert!(warning.contains("95 of 100") && warning.contains("Service Quotas"), "{warning}");
    }
}
