//! The twin of the dead-letter queue, and what every such queue must do.

use super::lock;
use crate::{
    error::CallError,
    ports::{DeadLetter, DeadLetters},
};
use async_trait::async_trait;
use serde_json::json;
use std::{collections::BTreeSet, sync::Mutex};

/// A dead-letter queue in memory.
#[derive(Debug, Default)]
pub struct MemoryDeadLetters {
    kept: Mutex<Vec<DeadLetter>>,
    fail: Mutex<Option<CallError>>,
}

impl MemoryDeadLetters {
    /// Every call fails with this until it is taken back with `None`.
    pub fn fail_with(&self, error: Option<CallError>) {
        *lock(&self.fail) = error;
    }

    /// What the queue holds, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<DeadLetter> {
        lock(&self.kept).clone()
    }
}

#[async_trait]
impl DeadLetters for MemoryDeadLetters {
    async fn keep(&self, letter: &DeadLetter) -> Result<String, CallError> {
        lock(&self.fail).clone().map_or(Ok(()), Err)?;
        let mut kept = lock(&self.kept);
        kept.push(letter.clone());
        Ok(format!("message-{}", kept.len()))
    }
}

/// The queue: every letter gets an id of its own; an awkward one, an empty one and a large one too. Returns what it
/// sent, in order.
///
/// # Panics
/// When the queue does not do what the port promises.
pub(super) async fn conformance(
    queue: &dyn DeadLetters,
    awkward: &str,
) -> Result<Vec<DeadLetter>, CallError> {
    let letter = |reason: &str, sequence_number: Option<&str>, item| DeadLetter {
        reason: reason.to_owned(),
        sequence_number: sequence_number.map(str::to_owned),
        item,
    };
    let letters = vec![
        letter("`dynamodb` is missing", Some("100"), json!({"eventName": "INSERT"})),
        letter(awkward, Some(awkward), json!({awkward: [awkward, "\u{fffe}\u{ffff}\u{0}"]})),
        letter("", None, json!(null)),
        letter("too large", Some("200"), json!({"record": "\"\u{e9}".repeat(300_000)})),
    ];
    let mut ids = BTreeSet::new();
    for letter in &letters {
        ids.insert(queue.keep(letter).await?);
    }
    assert!(ids.iter().all(|id| !id.is_empty()));
    assert_eq!(ids.len(), letters.len(), "each message has its own id");
    Ok(letters)
}
