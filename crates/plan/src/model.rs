//! The plan as data. Values here have been validated; nothing in them has to be checked again.

use serde::{Deserialize, Serialize};

use crate::defaults::{
    default_agree, default_answer_within, default_cooldown, default_endpoint_proof, default_endpoint_within,
    default_hold_deadline, default_mode, default_promotion_within, default_prune_at_most, default_settle,
    default_snapshot_quota, default_speaks_for, default_verify_for, default_wave, default_within,
};
use crate::{Agree, EndpointProof, Kind, Mode, NoticeKind, Span, Strategy};

/// The whole plan: every database that Mainstay looks after, and the people it tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How many snapshots one run may delete in a region, at most. 0: none; what would be deleted is told.
    #[serde(default = "default_prune_at_most")]
    pub prune_at_most: u32,
    /// How many manual DB cluster snapshots the account may have in a region: what AWS has granted. The plan is
    /// checked against it; at work Mainstay asks RDS itself.
    #[serde(default = "default_snapshot_quota")]
    pub snapshot_quota: u32,
    /// The databases, in the order of the file.
    pub databases: Vec<Database>,
    /// The audiences, in the order of the file; the defaults if the file names none.
    pub audiences: Vec<Audience>,
}

/// What one recovery needs of the plan. It is frozen into the execution's input when the incident is opened,
/// so that a deployment in the middle of a recovery changes nothing. Keys that were added to the plan later
/// take their defaults, so that a new version can finish what an old one began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The database to recover.
    pub database: Database,
    /// The people to tell.
    pub audiences: Vec<Audience>,
}

/// One database and how to recover it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// The name that people use. At most 40 lower-case letters, digits and hyphens; unique in the plan.
    pub name: String,
    /// The identifier by which RDS knows the cluster, in lower case, as RDS stores it.
    pub identifier: String,
    /// What the database is.
    pub kind: Kind,
    /// The AWS region in which it runs, and in which Mainstay acts.
    pub region: String,
    /// The regions in which its data may be. `region` is always one of them.
    pub allowed_regions: Vec<String>,
    /// What exists before an outage, and so what the recovery must make.
    pub strategy: Strategy,
    /// Recovery point objective: how much of the latest data may be lost. For a failover of a Multi-AZ DB
    /// cluster: the most replica lag that is accepted. Aurora's instances share one storage: there, lag loses nothing.
    pub rpo: Span,
    /// Recovery time objective: from the fault to the start of the healthy window that held.
    pub rto: Span,
    /// Whether Mainstay acts or only watches.
    #[serde(default = "default_mode")]
    pub mode: Mode,
    /// The witnesses of an outage.
    #[serde(default)]
    pub detection: Detection,
    /// After a recovery, no automatic failover for this long. It never blocks recycling.
    #[serde(default = "default_cooldown")]
    pub cooldown: Span,
    /// Health must hold this long before the all-clear.
    #[serde(default = "default_verify_for")]
    pub verify_for: Span,
    /// How long the promotion of the new writer may take before people are called.
    #[serde(default = "default_promotion_within")]
    pub promotion_within: Span,
    /// How long the endpoint may take to lead to the new writer before people are called.
    #[serde(default = "default_endpoint_within")]
    pub endpoint_within: Span,
    /// The wait after the endpoint has moved, before tasks are restarted: one TTL of its record, which is
    /// 5 s on Aurora.
    #[serde(default = "default_settle")]
    pub settle: Span,
    /// What proves that the endpoint leads to the new writer.
    #[serde(default = "default_endpoint_proof", skip_serializing_if = "EndpointProof::is_name")]
    pub endpoint_proof: EndpointProof,
    /// The ECS services to restart after the failover.
    #[serde(default)]
    pub services: Vec<Service>,
    /// When to take snapshots.
    #[serde(default)]
    pub snapshots: Vec<SnapshotPolicy>,
    /// Where people find what to do by hand; an `https` address.
    #[serde(default)]
    pub run_book: Option<String>,
}

/// The witnesses of an outage, and when they are believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The CloudWatch alarms that speak for the database.
    #[serde(default)]
    pub alarms: Vec<Alarm>,
    /// How many of them must agree.
    #[serde(default = "default_agree")]
    pub agree: Agree,
    /// How long Mainstay holds while the witnesses don't agree; then people are told and decide.
    #[serde(default = "default_hold_deadline")]
    pub hold_deadline: Span,
}

/// A CloudWatch alarm that speaks for a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The alarm's name in CloudWatch, letter by letter.
    pub name: String,
    /// How long it must have been in ALARM before Mainstay acts: the confirmation window.
    #[serde(default = "default_speaks_for")]
    pub speaks_for: Span,
}

/// An ECS service that uses the database and is restarted after the failover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The name of the ECS cluster.
    pub cluster: String,
    /// The name of the service; unique among a database's services.
    pub name: String,
    /// Waves start one after the other, lowest number first.
    #[serde(default = "default_wave")]
    pub wave: u32,
    /// Names of services of the same database that must be done before this one starts.
    #[serde(default)]
    pub after: Vec<String>,
    /// How many tasks to run after the recovery. None leaves the count as it is.
    #[serde(default)]
    pub count_after_recovery: Option<u32>,
    /// How long the service's deployment may take before people are called.
    #[serde(default = "default_within")]
    pub within: Span,
    /// Where to ask, once it is restarted, which server its connection pool writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// An HTTP check of a service, which answers which server its pool writes to:
/// `{"server": "orders-2", "in_recovery": false}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// An `https` address with a host by name, whose certificate is verified. Redirects are not followed.
    pub url: String,
    /// Whether that name may lead to private and link-local addresses. Loopback is never asked.
    #[serde(default)]
    pub allow_private: bool,
    /// How long an answer is waited for, from the name's resolution to the last byte.
    #[serde(default = "default_answer_within")]
    pub answer_within: Span,
}

/// When to take a manual snapshot of the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotPolicy {
    /// The time from one snapshot to the next in whole minutes, counted from midnight UTC of 1 January 1970, so
    /// that the times do not depend on when Mainstay was deployed.
    pub every: Span,
    /// How long a snapshot of this policy is kept, from the moment for which it was scheduled. None: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Span>,
}

/// People who are told, and what they are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// The name that subscriptions filter by (the SNS message attribute `audience`).
    pub name: String,
    /// The kinds of notice that they receive.
    pub notices: Vec<NoticeKind>,
}

impl Plan {
    /// The database with this name in the plan.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.iter().find(|database| database.name == name)
    }

    /// The database with this RDS identifier. RDS does not tell upper case from lower.
    #[must_use]
    pub fn by_identifier(&self, identifier: &str) -> Option<&Database> {
        self.databases.iter().find(|database| database.identifier.eq_ignore_ascii_case(identifier))
    }

    /// The databases for which the CloudWatch alarm of this name speaks; several if the plan says so.
    #[must_use]
    pub fn speaking(&self, alarm_name: &str) -> Vec<&Database> {
        self.databases.iter().filter(|database| database.detection.alarm(alarm_name).is_some()).collect()
    }

    /// What a recovery of the database with this name needs of the plan.
    #[must_use]
    pub fn slice(&self, name: &str) -> Option<Slice> {
        let database = self.database(name)?.clone();
        Some(Slice { database, audiences: self.audiences.clone() })
    }
}

impl Detection {
    /// The alarm of this name, if it speaks for the database.
    #[must_use]
    pub fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.iter().find(|alarm| alarm.name == name)
    }

    /// The names of all alarms that speak for the database, as they are asked for together.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.alarms.iter().map(|alarm| alarm.name.clone()).collect()
    }
}

impl Audience {
    /// Whether these people receive this kind of notice.
    #[must_use]
    pub fn hears(&self, kind: NoticeKind) -> bool {
        self.notices.contains(&kind)
    }

    /// The people who depend on the database: they hear that it is interrupted and that all is clear.
    #[must_use]
    pub fn stakeholders() -> Self {
        Self { name: "stakeholders".into(), notices: vec![NoticeKind::Interruption, NoticeKind::AllClear] }
    }

    /// The people who can act: they hear everything.
    #[must_use]
    pub fn on_call() -> Self {
        Self { name: "on-call".into(), notices: NoticeKind::ALL.to_vec() }
    }
}

impl Default for Detection {
    fn default() -> Self {
        Self { alarms: Vec::new(), agree: default_agree(), hold_deadline: default_hold_deadline() }
    }
}
