//! What becomes of a service in an incident.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// Its new deployment was asked for (or one of others that is new enough was joined).
    Started,
    /// Every task of it started after the endpoint was confirmed, and is running.
    Recycled,
    /// Its deployment failed, or took too long.
    Failed,
    /// It cannot be recycled by Mainstay (another deployment controller, not found, …).
    NotRecyclable,
    /// Something that it depends on failed: it was left alone.
    Skipped,
}

/// News of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceNews {
    /// ECS cluster.
    pub cluster: String,
    /// ECS service.
    pub name: String,
    /// How far it has come.
    pub state: ServiceState,
    /// The deployment that is waited for.
    pub deployment: Option<String>,
    /// When that deployment was asked for, or joined.
    pub started_at: Option<Timestamp>,
    /// When it was asked for last, after earlier calls were lost; none while there was one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// When the deployment was first seen complete while older tasks still ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<Timestamp>,
    /// What its check has led to; none where nothing was asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolNews>,
    /// Why, for people.
    pub reason: String,
}

/// What the check of a service's pool has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PoolNews {
    /// When it was restarted once more, because a pool wrote to another server than the new writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
    /// When its check first gave no answer that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_since: Option<Timestamp>,
}
