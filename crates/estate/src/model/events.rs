//! RDS events: told, kept, and described. Texts and categories are those of AWS's list of event messages.

use jiff::{SignedDuration, Timestamp};

use super::Estate;
use super::answering::{Done, read};
use super::describe::{BAD_MARKER, RDS_PAGE};
use super::effect::{Effect, RdsEvent, SourceType};
use super::key::{Key, bare};
use super::reply::{Refusal, Reply, page};
use super::request::EventSelect;

/// How many events are kept; AWS keeps them for 14 days.
const KEPT: usize = 5_000;

/// News about a cluster.
#[derive(Clone, Debug)]
pub(crate) enum ClusterNews {
    /// 0072: the target is in the writer's zone.
    StartedSameZone(String),
    /// 0073: the target is in another zone.
    StartedCrossZone(String),
    /// 0070: the move is taken back.
    PromotesPreviousAgain(String),
    /// 0071: done.
    Completed(String),
}

/// News about an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InstanceNews {
    /// 0004.
    Shutdown,
    /// 0006.
    Restarted,
    /// 0385: DNS of the cluster changed.
    TopologyUpdated,
    /// 0013: a Multi-AZ failover started.
    StandbyFailoverStarted,
    /// 0049: a Multi-AZ failover completed.
    StandbyFailoverCompleted,
    /// 0040: a manual snapshot begins.
    SnapshotBegins,
    /// 0042: a manual snapshot is done.
    SnapshotDone,
}

/// What RDS takes as the kind of an event's source (API reference, `DescribeEvents`, `SourceType`).
const SOURCE_TYPES: [&str; 11] = [
    "db-instance",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster",
    "db-cluster-snapshot",
    "custom-engine-version",
    "db-proxy",
    "blue-green-deployment",
    "db-shard-group",
    "zero-etl",
];

impl Estate {
    /// Tells news about a cluster.
    pub(crate) fn tell_cluster(&mut self, at: Timestamp, key: &Key, news: &ClusterNews) {
        let (id, message) = match news {
            ClusterNews::StartedSameZone(name) => {
                ("RDS-EVENT-0072", format!("Started same AZ failover to DB instance: {name}."))
            }
            ClusterNews::StartedCrossZone(name) => {
                ("RDS-EVENT-0073", format!("Started cross AZ failover to DB instance: {name}."))
            }
            ClusterNews::PromotesPreviousAgain(name) => {
                ("RDS-EVENT-0070", format!("Promoting previous primary again: {name}."))
            }
            ClusterNews::Completed(name) => {
                ("RDS-EVENT-0071", format!("Completed failover to DB instance: {name}."))
            }
        };
        let Some(arn) = self.clusters.get(key).map(|cluster| cluster.arn.clone()) else {
            return;
        };
        self.tell(at, key, SourceType::Cluster, arn, &["failover"], id, message);
    }

    /// Tells news about an instance.
    pub(crate) fn tell_instance(&mut self, at: Timestamp, key: &Key, news: InstanceNews) {
        let (category, id, message) = match news {
            InstanceNews::Shutdown => ("availability", "RDS-EVENT-0004", "DB instance shutdown."),
            InstanceNews::Restarted => ("availability", "RDS-EVENT-0006", "DB instance restarted."),
            InstanceNews::TopologyUpdated => {
                ("notification", "RDS-EVENT-0385", "Cluster topology is updated.")
            }
            InstanceNews::StandbyFailoverStarted => {
                ("failover", "RDS-EVENT-0013", "Multi-AZ instance failover started.")
            }
            InstanceNews::StandbyFailoverCompleted => {
                ("failover", "RDS-EVENT-0049", "Multi-AZ instance failover completed.")
            }
            InstanceNews::SnapshotBegins => ("backup", "RDS-EVENT-0040", "Creating manual snapshot"),
            InstanceNews::SnapshotDone => ("creation", "RDS-EVENT-0042", "Manual snapshot created"),
        };
        let Some(arn) = self.instances.get(key).map(|instance| instance.arn.clone()) else {
            return;
        };
        self.tell(at, key, SourceType::Instance, arn, &[category], id, message.to_owned());
    }

    /// Tells and keeps one event.
    #[expect(clippy::too_many_arguments, reason = "the parts of an event, each once")]
    pub(crate) fn tell(
        &mut self,
        at: Timestamp,
        key: &Key,
        source_type: SourceType,
        source_arn: String,
        categories: &[&str],
        id: &str,
        message: String,
    ) {
        let event = RdsEvent {
            at,
            region: key.region.clone(),
            source_type,
            source: key.id.clone(),
            source_arn,
            categories: categories.iter().map(|&category| category.to_owned()).collect(),
            id: id.to_owned(),
            message,
        };
        if self.rds_events.len() >= KEPT {
            self.rds_events.pop_front();
        }
        self.rds_events.push_back(event.clone());
        self.outbox.push(Effect::RdsEvent(event));
    }

    pub(crate) fn describe_events(&self, at: Timestamp, region: &str, select: &EventSelect) -> Done {
        if select.source.is_some() && select.source_type.is_none() {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "SourceType must be provided when SourceIdentifier is provided.",
            ));
        }
        if let Some(kind) = select.source_type.as_deref().filter(|kind| !SOURCE_TYPES.contains(kind)) {
            return Err(Refusal::new("InvalidParameterValue", format!("Invalid source type: {kind}")));
        }
        let minutes = select.minutes.unwrap_or(60).clamp(1, 14 * 24 * 60);
        let until = select.until.unwrap_or(at);
        let from = select.from.unwrap_or_else(|| {
            until.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN)
        });
        if from > until {
            // AWS's documents are silent; a caller that mixes them up had better hear of it.
            return Err(Refusal::new("InvalidParameterValue", "StartTime must not be later than EndTime."));
        }
        let source = select.source.as_deref().map(bare);
        let found = self.rds_events.iter().filter(|event| {
            event.region == region
                && (from..=until).contains(&event.at)
                && source.is_none_or(|source| source == event.source)
                && select.source_type.as_deref().is_none_or(|kind| kind == event.source_type.described())
                && (select.categories.is_empty()
                    || event.categories.iter().any(|category| select.categories.contains(category)))
        });
        let (events, marker) = page(found.cloned().collect(), &select.page, RDS_PAGE, BAD_MARKER)?;
        read(Reply::Events(events, marker))
    }
}

impl SourceType {
    /// The source type as the RDS API writes it; EventBridge writes `CLUSTER`, `DB_INSTANCE`, ….
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            Self::Cluster => "db-cluster",
            Self::Instance => "db-instance",
            Self::ClusterSnapshot => "db-cluster-snapshot",
            Self::Snapshot => "db-snapshot",
        }
    }
}
