//! The drill's line to the estate: seed it, break it, read what it saw.

use crate::{
    error::DrillError,
    evidence::{Move, PlannedFault, Request, ServiceSeen, TaskSeen},
};
use estate::model::Moving;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A client of the estate's control interface.
#[derive(Debug, Clone)]
pub struct EstateClient {
    http: reqwest::Client,
    address: String,
}

/// The estate's present, as far as a drill looks at it.
#[derive(Debug, Clone)]
pub struct Present {
    /// The writer of the cluster.
    pub writer: String,
    /// Where its endpoint leads.
    pub endpoint_target: String,
    /// The services with their running tasks.
    pub services: Vec<(String, bool, Vec<TaskSeen>)>,
    /// What of the cluster moved since the estate was seeded, oldest first.
    pub moves: Vec<Move>,
}

impl EstateClient {
    /// A client of the estate at `address`, such as `http://127.0.0.1:4567`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        // Loopback only: a proxy of the caller's must not see these calls.
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { http, address: address.trim_end_matches('/').to_owned() }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Forgets everything, and seeds the demo estate.
    ///
    /// # Errors
    /// When the estate does not answer or refuses.
    pub async fn seed_demo(&self) -> Result<(), DrillError> {
        self.seed(&estate::model::Seed::demo()).await
    }

    /// Forgets everything, and seeds this.
    ///
    /// # Errors
    /// When the estate does not answer or refuses.
    pub async fn seed(&self, seed: &estate::model::Seed) -> Result<(), DrillError> {
        self.post("/reset", &json!({})).await?;
        let seed = serde_json::to_value(seed).map_err(|e| DrillError::Estate(e.to_string()))?;
        self.post("/_estate/seed", &seed).await.map(drop)
    }

    /// A fault, now or when its moment comes.
    ///
    /// # Errors
    /// When the estate does not answer or refuses.
    pub async fn fault(&self, planned: &estate::model::Planned) -> Result<(), DrillError> {
        let fault = serde_json::to_value(planned).map_err(|e| DrillError::Estate(e.to_string()))?;
        self.post("/_estate/fault", &fault).await.map(drop)
    }

    /// The request log from a moment on.
    ///
    /// # Errors
    /// When the estate does not answer.
    pub async fn requests(&self, since: Timestamp) -> Result<Vec<Request>, DrillError> {
        let log: Vec<Value> = self.get("/_estate/log").await?;
        Ok(log.iter().filter_map(request).filter(|r| r.at >= since).collect())
    }

    /// What was planned to strike since the last reset, and when it did.
    ///
    /// # Errors
    /// When the estate does not answer.
    pub async fn planned_faults(&self) -> Result<Vec<PlannedFault>, DrillError> {
        let told: Vec<Value> = self.get("/_estate/struck").await?;
        let wrong = || DrillError::Estate("a planned fault without a name".to_owned());
        told.iter().map(|fate| planned_fault(fate).ok_or_else(wrong)).collect()
    }

    /// The present of a cluster and of all services.
    ///
    /// # Errors
    /// When the estate does not answer, or has no such cluster.
    pub async fn present(&self, cluster: &str) -> Result<Present, DrillError> {
        let state: Value = self.get("/_estate/state").await?;
        present(&state, cluster).ok_or_else(|| DrillError::Estate(format!("it has no cluster `{cluster}`")))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, DrillError> {
        let wrong = |e: reqwest::Error| DrillError::Estate(format!("POST {path}: {e}"));
        let answer =
            self.http.post(format!("{}{path}", self.address)).json(body).send().await.map_err(wrong)?;
        let status = answer.status();
        let text = answer.text().await.map_err(wrong)?;
        if !status.is_success() {
            return Err(DrillError::Estate(format!("POST {path}: {status}: {text}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, DrillError> {
        let wrong = |e: reqwest::Error| DrillError::Estate(format!("GET {path}: {e}"));
        let answer = self.http.get(format!("{}{path}", self.address)).send().await.map_err(wrong)?;
        answer.error_for_status().map_err(wrong)?.json().await.map_err(wrong)
    }
}

/// Services before and after, side by side.
#[must_use]
pub fn side_by_side(before: &Present, after: &Present) -> Vec<ServiceSeen> {
    let now = |name: &str| after.services.iter().find(|(n, ..)| n == name).map(|(_, _, t)| t.clone());
    before
        .services
        .iter()
        .map(|(name, uses, tasks)| ServiceSeen {
            name: name.clone(),
            uses_database: *uses,
            tasks_before: tasks.clone(),
            tasks_after: now(name).unwrap_or_default(),
        })
        .collect()
}

fn planned_fault(fate: &Value) -> Option<PlannedFault> {
    let text = |key: &str| fate.get(key).and_then(Value::as_str);
    let struck_at = text("struck_at").and_then(|at| at.parse().ok());
    Some(PlannedFault { name: text("fault")?.to_owned(), struck_at })
}

fn request(entry: &Value) -> Option<Request> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Request {
        at: text("at")?.parse().ok()?,
        action: text("action")?,
        caller: text("caller").unwrap_or_default(),
        parameters: entry.get("parameters").cloned().unwrap_or_default(),
        error: text("error"),
    })
}

fn present(state: &Value, cluster: &str) -> Option<Present> {
    let id = |value: &Value| value.pointer("/key/id").and_then(Value::as_str).map(str::to_owned);
    let list = |key: &str| state.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let found = list("clusters").into_iter().find(|c| id(c).as_deref() == Some(cluster))?;
    let tasks = list("tasks");
    let services = list("services")
        .iter()
        .filter_map(|view| {
            let service = view.get("service")?;
            let key = service.get("key")?;
            let uses = service.pointer("/tags/mainstay").and_then(Value::as_str) == Some(cluster);
            let mine =
                tasks.iter().filter(|t| t.get("service") == Some(key)).filter_map(running_task).collect();
            Some((service.get("name")?.as_str()?.to_owned(), uses, mine))
        })
        .collect();
    let moves: Vec<estate::model::Move> = serde_json::from_value(state.get("moves")?.clone()).ok()?;
    Some(Present {
        moves: moves.into_iter().filter(|m| m.cluster.id == cluster).map(moved).collect(),
        writer: found.get("writer")?.as_str()?.to_owned(),
        endpoint_target: found.get("endpoint_target")?.as_str()?.to_owned(),
        services,
    })
}

fn moved(told: estate::model::Move) -> Move {
    let what = match told.what {
        Moving::Writer => "the writer",
        Moving::Endpoint => "the endpoint",
    };
    Move { at: told.at, what, to: told.to }
}

/// A task that runs and is wanted.
fn running_task(task: &Value) -> Option<TaskSeen> {
    let text = |key: &str| task.get(key).and_then(Value::as_str);
    if text("last_status") != Some("RUNNING") || text("desired_status") != Some("RUNNING") {
        return None;
    }
    Some(TaskSeen { id: text("id")?.to_owned(), started_at: text("started").and_then(|t| t.parse().ok()) })
}
