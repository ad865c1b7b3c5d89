//! A function for the tests of the local cloud: writes down what it gets, and fails when the event says so.
//!
//! Each event is one line of the file `RECORD_FILE`. An event that holds the text `poison` fails after it was
//! written down; `{"show": "NAME"}` is answered with that variable of the environment. Each
//! answer names the process.

use std::io::Write as _;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move { record(&event.payload) })).await
}

fn record(event: &Value) -> Result<Value, Error> {
    let path = std::env::var("RECORD_FILE")?;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    // One write: several of these functions run at once.
    file.write_all(format!("{event}\n").as_bytes())?;
    if event.to_string().contains("poison") {
        return Err("this event is poisoned".into());
    }
    let shown = event.get("show").and_then(Value::as_str).and_then(|name| std::env::var(name).ok());
    Ok(json!({ "next": "done", "after_s": 0, "shown": shown, "process": std::process::id() }))
}
