//! A function for the tests of the local cloud: writes down what it gets, and fails when the event says so.
//!
//! Each event is one line of the file `RECORD_FILE`. An event that holds the text `poison` fails after it was
//! written down; `{"show": "NAME"}` is answered with that variable of the environment; `{"print": ["…"], "then_wait_ms": N}`
//! prints those lines and waits before it answers. Each answer names the process. A record of a stream with the attribute `fails` is named as failed that many times; one
//! with the attribute `nameless` besides fails without its name.

use std::io::Write as _;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        print(&event.payload).await;
        record(&event.payload)
    }))
    .await
}

async fn print(event: &Value) {
    for line in event.get("print").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    if let Some(wait) = event.get("then_wait_ms").and_then(Value::as_u64) {
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
    }
}

fn record(event: &Value) -> Result<Value, Error> {
    let path = std::env::var("RECORD_FILE")?;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
    // One write: several of these functions run at once.
    file.write_all(format!("{event}\n").as_bytes())?;
    if event.to_string().contains("poison") {
        return Err("this event is poisoned".into());
    }
    let shown = event.get("show").and_then(Value::as_str).and_then(|name| std::env::var(name).ok());
    let failures = failures(event, &std::fs::read_to_string(path)?);
    Ok(json!({
        "next": "done", "after_s": 0, "shown": shown, "process": std::process::id(), "batchItemFailures": failures,
    }))
}

/// The records of a stream's batch that fail, by how often they stand in the file already.
fn failures(event: &Value, recorded: &str) -> Vec<Value> {
    let records = event.get("Records").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let fails = |record: &&Value| {
        let number = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or("none");
        let times = record.pointer("/dynamodb/NewImage/fails/N").and_then(Value::as_str);
        times.is_some_and(|times| times.parse().is_ok_and(|n: usize| recorded.matches(number).count() <= n))
    };
    let name = |record: &Value| {
        let nameless = record.pointer("/dynamodb/NewImage/nameless").is_some();
        if nameless {
            json!("")
        } else {
            record.pointer("/dynamodb/SequenceNumber").cloned().unwrap_or_default()
        }
    };
    records.iter().filter(fails).map(|record| json!({ "itemIdentifier": name(record) })).collect()
}
