//! The incident table of a stage, read without any of Mainstay's own adapters, and emptied between outages.

use crate::{cloud::Service, error::DrillError, stage::Stage};
use recovery::{Incident, Record};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long what an earlier outage began may take to end.
const ENDS_WITHIN: Duration = Duration::from_mins(2);
/// How long the last records may take to reach the notifier.
const ON_THE_WAY: Duration = Duration::from_secs(2);

impl Stage {
    /// Every incident of the table, oldest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn incidents(&self) -> Result<Vec<Incident>, DrillError> {
        let items = self.api.scan(self.stack.output("TableName")).await?;
        let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for item in &items {
            let text = item.pointer("/record/S").and_then(Value::as_str);
            if let Some(record) = text.and_then(|r| serde_json::from_str::<Record>(r).ok()) {
                records.entry(record.incident.to_string()).or_default().push(record);
            }
        }
        let mut incidents: Vec<Incident> = records
            .into_values()
            .filter_map(|mut r| {
                r.sort_by_key(|r| r.sequence);
                Incident::replay(r)
            })
            .collect();
        incidents.sort_by_key(Incident::opened_at);
        Ok(incidents)
    }

    /// Removes every item: no incident ever was. First what is under way ends: a record whose incident was removed
    /// before the notifier read it would be found in the dead-letter queue of the next outage.
    ///
    /// # Errors
    /// When the table cannot be read or written, or an execution does not end.
    pub async fn forget_incidents(&self) -> Result<(), DrillError> {
        let since = Instant::now();
        while self.runs().await? {
            if since.elapsed() > ENDS_WITHIN {
                let told = "an execution of an earlier outage does not end";
                return Err(DrillError::NotReady(format!("{told} in {} s", ENDS_WITHIN.as_secs())));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        tokio::time::sleep(ON_THE_WAY).await;
        let table = self.stack.output("TableName");
        for item in self.api.scan(table).await? {
            let key = json!({ "pk": item.get("pk"), "sk": item.get("sk") });
            let request = json!({ "TableName": table, "Key": key });
            self.api.json(Service::DynamoDb, "DeleteItem", &request).await?;
        }
        Ok(())
    }

    async fn runs(&self) -> Result<bool, DrillError> {
        let executions = self.api.executions(self.stack.output("StateMachineArn")).await?;
        Ok(executions.iter().any(|e| e.status == "RUNNING"))
    }
}
