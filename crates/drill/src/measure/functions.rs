//! What each function is told when it is measured: the variables of the template, and a sample of `events/`.

use crate::{artifacts, error::DrillError};
use recovery::{Head, Record};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const ACCOUNT: &str = "123456789012";
/// The region of the samples.
pub(super) const REGION: &str = "ca-central-1";

/// The sample that a function is invoked with first.
pub(super) fn sample(function: &str) -> &'static str {
    match function {
        "alarm-handler" => "alarm-writer-down",
        "failover-executor" => "step-confirm",
        "task-recycler" => "step-recycle",
        "notifier" => "stream-opened",
        _ => "snapshot-tick",
    }
}

/// A file of `events/`.
pub(super) fn event(name: &str) -> Result<Value, DrillError> {
    let path: PathBuf = artifacts::repository().join("events").join(name).with_extension("json");
    let text = std::fs::read(&path).map_err(|e| DrillError::Scenario(format!("{}: {e}", path.display())))?;
    serde_json::from_slice(&text).map_err(|e| DrillError::Scenario(format!("{}: {e}", path.display())))
}

/// The variables that the template gives a function.
pub(super) fn variables(function: &str, plan: &Path) -> Vec<(&'static str, String)> {
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}");
    let table = ("MAINSTAY_TABLE", "incidents".to_owned());
    let plan = ("MAINSTAY_PLAN", plan.display().to_string());
    let topic = ("MAINSTAY_TOPIC_ARN", arn("sns", "notices"));
    let drill = ("MAINSTAY_DRILL", "false".to_owned());
    let app = ("AWS_SDK_UA_APP_ID", function.to_owned());
    match function {
        "alarm-handler" => {
            let machine = ("MAINSTAY_STATE_MACHINE_ARN", arn("states", "stateMachine:recovery"));
            vec![table, plan, machine, topic, drill, app]
        }
        // A name server at a port where nobody answers: the step that is measured asks for no name.
        "failover-executor" => vec![table, ("MAINSTAY_DNS_SERVER", "127.0.0.1:9".to_owned()), app],
        "task-recycler" => vec![table, drill, app],
        "notifier" => {
            let queue = format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/notifier-dlq");
            vec![table, topic, ("MAINSTAY_BUS", "default".to_owned()), ("MAINSTAY_DLQ_URL", queue), app]
        }
        _ => vec![plan, app],
    }
}

/// What is in the incident table when a function is measured: nothing for the door, which opens the incident; for the
/// others the incident that the samples are about, with its head.
pub(super) fn items(function: &str) -> Result<Vec<Value>, DrillError> {
    if function == "alarm-handler" {
        return Ok(Vec::new());
    }
    let stream = event("stream-opened")?;
    let image = stream.pointer("/Records/0/dynamodb/NewImage").cloned().unwrap_or_default();
    let record = image.pointer("/record/S").and_then(Value::as_str).unwrap_or_default();
    let unreadable = |e| DrillError::Scenario(format!("events/stream-opened.json: {e}"));
    let record: Record = serde_json::from_str(record).map_err(unreadable)?;
    let head = Head::after(None, &record);
    let text = serde_json::to_string(&head).map_err(unreadable)?;
    let key = format!("database#{}", head.database);
    Ok(vec![image, json!({"pk": {"S": key}, "sk": {"S": "head"}, "record": {"S": text}})])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another variable in the template would make a function fail to start, or be measured without what it has there.
    #[test]
    fn each_function_gets_the_variables_of_the_template() {
        let template = std::fs::read_to_string(artifacts::repository().join("infra/template.yaml")).unwrap();
        for function in artifacts::MEASURED {
            let head = format!("\n  {}:\n", artifacts::logical_id(function));
            let (_, after) = template.split_once(&head).unwrap();
            let (_, after) = after.split_once("Variables:\n").unwrap();
            let lines = after.lines().take_while(|line| line.starts_with("          "));
            let mut there: Vec<&str> =
                lines.filter_map(|line| Some(line.trim().split_once(':')?.0)).collect();
            let mut ours: Vec<&str> =
                variables(function, Path::new("plan.toml")).iter().map(|(n, _)| *n).collect();
            there.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, there, "{function}");
        }
    }

    #[test]
    fn the_incident_of_the_samples_is_in_the_table() {
        let items = items("failover-executor").unwrap();
        let step = event("step-confirm").unwrap();
        let incident = step.pointer("/run/incident").unwrap().as_str().unwrap();
        assert_eq!(items[0]["pk"]["S"], format!("incident#{incident}"));
        assert!(items[1]["record"]["S"].as_str().unwrap().contains(incident));
        for function in artifacts::MEASURED {
            assert!(event(sample(function)).is_ok(), "{function}");
        }
    }
}
