//! SQS: the queue for what can never be processed.

use crate::failure::{failed, missing};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use recovery::{
    CallError, Failure,
    ports::{DeadLetter, DeadLetters},
    text::plain,
};
use serde::Serialize;

const SQS: &str = "SQS";
const SEND: &str = "SendMessage";
/// Every queue takes messages of 256 KiB; one that was made later may take 1 MiB.
const MOST_BYTES: usize = 262_144;
/// How much of a longer item is kept: as text in JSON it may become twice as long.
const ITEM_BYTES: usize = 120_000;

/// [`DeadLetters`] in a queue.
pub struct DeadLetterQueue {
    client: Client,
    url: String,
}

impl DeadLetterQueue {
    /// The queue of this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, url: &str) -> Self {
        Self { client: Client::new(config), url: url.to_owned() }
    }
}

#[async_trait]
impl DeadLetters for DeadLetterQueue {
    async fn keep(&self, letter: &DeadLetter) -> Result<String, CallError> {
        let call = self.client.send_message().queue_url(&self.url).message_body(body(letter)?);
        let reply = call.send().await.map_err(|e| failed(SQS, SEND, &e))?;
        reply.message_id().map(str::to_owned).ok_or_else(|| missing(SQS, SEND, "MessageId"))
    }
}

/// A letter whose item is too long for a message. What it is about stands at an item's beginning: its keys.
#[derive(Serialize)]
struct Cut<'a> {
    reason: String,
    sequence_number: Option<String>,
    item_bytes: usize,
    item_begins: &'a str,
}

/// The letter as JSON, cut where SQS would refuse it.
fn body(letter: &DeadLetter) -> Result<String, CallError> {
    let whole = json(letter)?;
    if whole.len() <= MOST_BYTES {
        return Ok(whole);
    }
    let item = letter.item.to_string();
    json(&Cut {
        reason: plain(&letter.reason, 1_000),
        sequence_number: letter.sequence_number.as_deref().map(|number| plain(number, 100)),
        item_bytes: item.len(),
        item_begins: item.get(..item.floor_char_boundary(ITEM_BYTES)).unwrap_or_default(),
    })
}

/// JSON of the characters that SQS takes: those of XML. JSON has escaped the lower ones already.
fn json(letter: &impl Serialize) -> Result<String, CallError> {
    let json = serde_json::to_string(letter);
    let json = json.map_err(|e| CallError::new(SQS, SEND, Failure::Malformed, &e.to_string()))?;
    Ok(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn letter(text: &str) -> DeadLetter {
        let item = json!({"dynamodb": {"Keys": {"sk": {"S": "event#1"}}, "NewImage": {"text": {"S": text}}}});
        DeadLetter { reason: text.to_owned(), sequence_number: Some(text.to_owned()), item }
    }

    #[test]
    fn a_letter_is_kept_whole_in_the_characters_that_sqs_takes() {
        let text = "\u{0}\u{1b}\r\n\u{fffe}\u{ffff}\u{fffd}\u{1f525}\"\\";
        let body = body(&letter(text)).unwrap();
        let taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(taken), "{body}");
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["sequence_number"], text);
        assert_eq!(read["reason"], text);
        assert_eq!(read["item"], letter(text).item);
    }

    #[test]
    fn a_letter_that_is_too_long_is_cut_and_still_says_what_it_is_about() {
        for text in ["\"", "\\", "\u{0}", "\u{ffff}", "\u{1f525}"] {
            let long = text.repeat(400_000);
            let body = body(&letter(&long)).unwrap();
            assert!(body.len() <= MOST_BYTES, "{text:?}: {}", body.len());
            let read: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(read["item_bytes"], letter(&long).item.to_string().len());
            assert!(read["item_begins"].as_str().unwrap().contains(r#"{"sk":{"S":"event#1"}}"#));
        }
    }
}
