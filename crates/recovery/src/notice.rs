//! Notices: what people are told, as a pure mapping of the incident.
//!
//! A record says which kinds of notice are owed for it. Each audience of the incident's frozen plan that wants
//! one of those kinds gets one letter. The text depends on nothing but the incident up to that record, so a
//! second copy, or one that is sent an hour late, reads the same and bears the same id.

mod by_hand;
pub mod commands;
mod facts;
mod letter;
mod news;
mod on_call;
mod outcome;
mod plain;
#[cfg(test)]
mod tests;

use crate::incident::{Incident, IncidentId, Record};
use facts::Facts;
pub use letter::{EXERCISE, subject};
use news::News;
use plan::{Audience, NoticeKind};
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

/// The notices that are owed for `record`: one for each audience that wants any of the kinds. `incident` may
/// hold later events too; they change nothing. Empty when nothing is owed, or the incident has no opening event.
#[must_use]
pub fn render(incident: &Incident, record: &Record) -> Vec<Notice> {
    let then = incident.until(record.sequence);
    let Some(plan) = then.plan() else {
        return Vec::new();
    };
    plan.audiences.iter().filter_map(|audience| letter(&then, record, plan, audience)).collect()
}

fn letter(incident: &Incident, record: &Record, plan: &plan::Slice, audience: &Audience) -> Option<Notice> {
    let kind = gravest(&record.owes, audience)?;
    let facts = Facts::of(incident, record, &plan.database);
    let news = News::of(kind, &facts);
    let body =
        if reads_plain_words(audience) { plain::body(&news, &facts) } else { on_call::body(&news, &facts) };
    Some(Notice {
        id: format!("{}#{:08}#{}", record.incident, record.sequence, audience.name),
        incident: record.incident.clone(),
        sequence: record.sequence,
        database: record.database.clone(),
        kind,
        severity: news.severity(&facts),
        audience: audience.name.clone(),
        subject: letter::subject(incident.drill(), &record.database, &news.headline(&facts)),
        body,
        drill: incident.drill(),
    })
}

/// One letter per audience and record, about the gravest kind that is owed and heard: two at once about the
/// same thing only confuse.
fn gravest(owes: &[NoticeKind], audience: &Audience) -> Option<NoticeKind> {
    let weight = |kind: &NoticeKind| match kind {
        NoticeKind::Escalation => 0,
        NoticeKind::Refused => 1,
        NoticeKind::Held => 2,
        NoticeKind::Interruption => 3,
        NoticeKind::AllClear => 4,
    };
    owes.iter().copied().filter(|kind| audience.hears(*kind)).min_by_key(weight)
}

/// Stakeholders always read plain words. Of the others, those who hear of refusals or escalations are the
/// people who can act: they read facts and commands.
fn reads_plain_words(audience: &Audience) -> bool {
    audience.name == Audience::stakeholders().name
        || !(audience.hears(NoticeKind::Refused) || audience.hears(NoticeKind::Escalation))
}
