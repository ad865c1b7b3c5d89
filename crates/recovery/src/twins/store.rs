//! Twins of the table, the executions, the topic and the bus.

use super::lock;
use crate::{
    error::{CallError, Failure},
    head::Head,
    incident::{Event, IncidentId, Record},
    notice::Notice,
    ports::{Bus, Committed, Execution, Executions, Incidents, Scope, Switch, Topic},
    run::Run,
};
use async_trait::async_trait;
use std::{collections::BTreeMap, sync::Mutex};

/// As many bytes as the table on DynamoDB takes for a record.
const MOST_BYTES: usize = 300_000;

/// The incident table in memory, with the same conditions as on DynamoDB.
#[derive(Debug, Default)]
pub struct MemoryIncidents {
    state: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    heads: BTreeMap<String, Head>,
    records: BTreeMap<String, Vec<Record>>,
    switches: Vec<Switch>,
    published: BTreeMap<String, String>,
    fail: Option<CallError>,
    interjection: Option<Event>,
}

impl MemoryIncidents {
    /// Somebody else writes this into the same incident right before the next commit, which thus meets a conflict.
    pub fn interject(&self, event: Event) {
        lock(&self.state).interjection = Some(event);
    }

    /// Every call fails with this until it is taken back with `None`: the store is down.
    pub fn fail_with(&self, error: Option<CallError>) {
        lock(&self.state).fail = error;
    }

    /// All records of all incidents, as the stream would carry them.
    #[must_use]
    pub fn stream(&self) -> Vec<Record> {
        lock(&self.state).records.values().flatten().cloned().collect()
    }
}

impl Table {
    /// What somebody else writes before `record`, in the hand of the attempt that is in charge.
    fn interrupt(&mut self, record: &Record) {
        let Some(head) = self.heads.get(&record.database).filter(|h| h.incident == record.incident) else {
            return;
        };
        let Some(event) = self.interjection.take() else {
            return;
        };
        let (sequence, fence) = (head.sequence + 1, head.fence);
        let first = Record { sequence, fence, event, owes: Vec::new(), ..record.clone() };
        let after = Head::after(Some(head), &first);
        self.heads.insert(record.database.clone(), after);
        self.records.entry(record.incident.to_string()).or_default().push(first);
    }

    fn up(&self) -> Result<(), CallError> {
        self.fail.clone().map_or(Ok(()), Err)
    }
}

fn notice_key(incident: &IncidentId, sequence: u64, audience: &str) -> String {
    format!("{incident}#{sequence:08}#{audience}")
}

#[async_trait]
impl Incidents for MemoryIncidents {
    async fn head(&self, database: &str) -> Result<Option<Head>, CallError> {
        let table = lock(&self.state);
        table.up()?;
        Ok(table.heads.get(database).cloned())
    }

    async fn records(&self, incident: &IncidentId) -> Result<Vec<Record>, CallError> {
        let table = lock(&self.state);
        table.up()?;
        Ok(table.records.get(incident.as_str()).cloned().unwrap_or_default())
    }

    async fn commit(
        &self,
        before: Option<&Head>,
        record: &Record,
        after: &Head,
    ) -> Result<Committed, CallError> {
        let mut table = lock(&self.state);
        table.up()?;
        table.interrupt(record);
        let now = table.heads.get(&record.database);
        let refused =
            |failure, message: &str| CallError::new("DynamoDB", "TransactWriteItems", failure, message);
        if serde_json::to_string(record).map_or(true, |json| json.len() > MOST_BYTES) {
            return Err(refused(Failure::Refused, "the record is too large"));
        }
        let written = table.records.get(record.incident.as_str());
        let standing = written.and_then(|all| all.iter().find(|r| r.sequence == record.sequence));
        if standing == Some(record) {
            return Ok(Committed::Yes);
        }
        if now != before {
            return Ok(Committed::Conflict(now.cloned()));
        }
        if standing.is_some() {
            return Err(refused(Failure::WrongState, "the incident has an event of this number already"));
        }
        table.heads.insert(record.database.clone(), after.clone());
        table.records.entry(record.incident.to_string()).or_default().push(record.clone());
        Ok(Committed::Yes)
    }

    async fn switches(&self, database: &str) -> Result<Vec<Switch>, CallError> {
        let table = lock(&self.state);
        table.up()?;
        let of_this = |s: &&Switch| match &s.scope {
            Scope::All => true,
            Scope::Database(name) => name == database,
        };
        Ok(table.switches.iter().filter(of_this).cloned().collect())
    }

    async fn pause(&self, switch: &Switch) -> Result<(), CallError> {
        let mut table = lock(&self.state);
        table.up()?;
        table.switches.retain(|s| s.scope != switch.scope);
        table.switches.push(switch.clone());
        Ok(())
    }

    async fn resume(&self, scope: &Scope) -> Result<bool, CallError> {
        let mut table = lock(&self.state);
        table.up()?;
        let before = table.switches.len();
        table.switches.retain(|s| s.scope != *scope);
        Ok(table.switches.len() < before)
    }

    async fn published(
        &self,
        incident: &IncidentId,
        sequence: u64,
        audience: &str,
    ) -> Result<bool, CallError> {
        let table = lock(&self.state);
        table.up()?;
        Ok(table.published.contains_key(&notice_key(incident, sequence, audience)))
    }

    async fn record_published(&self, notice: &Notice, message_id: &str) -> Result<(), CallError> {
        let mut table = lock(&self.state);
        table.up()?;
        let key = notice_key(&notice.incident, notice.sequence, &notice.audience);
        table.published.insert(key, message_id.to_owned());
        Ok(())
    }
}

/// Step Functions in memory: remembers what was started.
#[derive(Debug, Default)]
pub struct MemoryExecutions {
    started: Mutex<Vec<(Run, Execution)>>,
    fail: Mutex<Option<CallError>>,
}

impl MemoryExecutions {
    /// Every call fails with this until it is taken back with `None`.
    pub fn fail_with(&self, error: Option<CallError>) {
        *lock(&self.fail) = error;
    }

    /// Every run that was started.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        lock(&self.started).iter().map(|(run, _)| run.clone()).collect()
    }

    /// Ends the execution of this name with a status such as `FAILED`.
    pub fn end(&self, name: &str, status: &str) {
        for (run, execution) in lock(&self.started).iter_mut() {
            if run.execution_name() == name {
                status.clone_into(&mut execution.status);
            }
        }
    }
}

#[async_trait]
impl Executions for MemoryExecutions {
    async fn start(&self, run: &Run) -> Result<Execution, CallError> {
        lock(&self.fail).clone().map_or(Ok(()), Err)?;
        let mut started = lock(&self.started);
        if let Some((_, known)) = started.iter().find(|(r, _)| r.execution_name() == run.execution_name()) {
            return Ok(known.clone());
        }
        let arn =
            format!("arn:aws:states:ca-central-1:123456789012:execution:recovery:{}", run.execution_name());
        let execution = Execution { arn, status: "RUNNING".to_owned() };
        started.push((run.clone(), execution.clone()));
        Ok(execution)
    }

    async fn find(&self, run: &Run) -> Result<Option<Execution>, CallError> {
        lock(&self.fail).clone().map_or(Ok(()), Err)?;
        let started = lock(&self.started);
        Ok(started.iter().find(|(r, _)| r.execution_name() == run.execution_name()).map(|(_, e)| e.clone()))
    }
}

/// A topic in memory.
#[derive(Debug, Default)]
pub struct MemoryTopic {
    sent: Mutex<Vec<Notice>>,
    fail: Mutex<Option<CallError>>,
}

impl MemoryTopic {
    /// Every publish fails with this until it is taken back with `None`.
    pub fn fail_with(&self, error: Option<CallError>) {
        *lock(&self.fail) = error;
    }

    /// What was published.
    #[must_use]
    pub fn sent(&self) -> Vec<Notice> {
        lock(&self.sent).clone()
    }
}

#[async_trait]
impl Topic for MemoryTopic {
    async fn publish(&self, notice: &Notice) -> Result<String, CallError> {
        lock(&self.fail).clone().map_or(Ok(()), Err)?;
        let mut sent = lock(&self.sent);
        sent.push(notice.clone());
        Ok(format!("message-{}", sent.len()))
    }
}

/// An event bus in memory.
#[derive(Debug, Default)]
pub struct MemoryBus {
    put: Mutex<Vec<Record>>,
}

impl MemoryBus {
    /// What was put on the bus.
    #[must_use]
    pub fn events(&self) -> Vec<Record> {
        lock(&self.put).clone()
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn put(&self, record: &Record) -> Result<(), CallError> {
        lock(&self.put).push(record.clone());
        Ok(())
    }
}
