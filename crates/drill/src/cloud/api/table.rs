//! DynamoDB: the incidents as they are stored.

use serde_json::{Value, json};

use super::{Api, Service, members};
use crate::cloud::ApiError;

impl Api {
    /// All items of a table, in DynamoDB's own form (`{"pk": {"S": "…"}}`).
    pub async fn scan(&self, table: &str) -> Result<Vec<Value>, ApiError> {
        let mut all = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if let (Some(request), false) = (request.as_object_mut(), start.is_null()) {
                request.insert("ExclusiveStartKey".to_owned(), start);
            }
            let reply = self.json(Service::DynamoDb, "Scan", &request).await?;
            all.extend_from_slice(members(&reply, "Items"));
            start = reply.get("LastEvaluatedKey").cloned().unwrap_or(Value::Null);
            if start.is_null() {
                return Ok(all);
            }
        }
    }

    /// Puts one item, in DynamoDB's own form.
    pub async fn put_item(&self, table: &str, item: &Value) -> Result<(), ApiError> {
        let request = json!({ "TableName": table, "Item": item });
        self.json(Service::DynamoDb, "PutItem", &request).await.map(drop)
    }
}
