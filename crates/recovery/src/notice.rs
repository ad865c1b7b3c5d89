//! Notices: what people are told, as a pure mapping of the incident.

use crate::incident::IncidentId;
use plan::NoticeKind;
use serde::{Deserialize, Serialize};

/// A message to one audience, ready to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Incident, sequence and audience: a second copy bears the same id.
    pub id: String,
    /// The incident.
    pub incident: IncidentId,
    /// Number of the event that owes it.
    pub sequence: u64,
    /// The plan's name of the database.
    pub database: String,
    /// What kind of news.
    pub kind: NoticeKind,
    /// `info`, `warning` or `critical`.
    pub severity: Severity,
    /// Whom it is for.
    pub audience: String,
    /// Under 100 characters, one line, printable ASCII only (SNS refuses others).
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Whether this is a drill.
    pub drill: bool,
}

/// How much a notice matters to whoever filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good news, or none.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Service is interrupted, or people must act.
    Critical,
}
