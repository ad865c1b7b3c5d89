//! The incident table of a stage, read without any of Mainstay's own adapters, and emptied between outages.

use crate::{cloud::Service, error::DrillError, stage::Stage};
use recovery::{Incident, Record};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

    /// Removes every item: no incident ever was.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub async fn forget_incidents(&self) -> Result<(), DrillError> {
        let table = self.stack.output("TableName");
        for item in self.api.scan(table).await? {
            let key = json!({ "pk": item.get("pk"), "sk": item.get("sk") });
            let request = json!({ "TableName": table, "Key": key });
            self.api.json(Service::DynamoDb, "DeleteItem", &request).await?;
        }
        Ok(())
    }
}
