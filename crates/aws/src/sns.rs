//! SNS: the topic that people listen to.

use crate::failure::{failed, missing};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::{Client, types::MessageAttributeValue};
use recovery::{CallError, Failure, notice::Notice, ports::Topic, text::wire_name};

const SNS: &str = "SNS";
const PUBLISH: &str = "Publish";
/// SNS takes subjects of fewer than 100 characters.
const SUBJECT: usize = 99;
/// SNS takes 256 KiB with all attributes; a notice that is longer than this is cut.
const BODY_BYTES: usize = 240_000;

/// [`Topic`] on SNS.
pub struct NoticeTopic {
    client: Client,
    arn: String,
}

impl NoticeTopic {
    /// The topic of this ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: &str) -> Self {
        Self { client: Client::new(config), arn: arn.to_owned() }
    }
}

#[async_trait]
impl Topic for NoticeTopic {
    async fn publish(&self, notice: &Notice) -> Result<String, CallError> {
        let mut call = self.client.publish().topic_arn(&self.arn);
        call = call.subject(subject(&notice.subject)).message(body(notice));
        for (name, kind, value) in attributes(notice) {
            let value = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
            let value =
                value.map_err(|e| CallError::new(SNS, PUBLISH, Failure::Malformed, &e.to_string()))?;
            call = call.message_attributes(name, value);
        }
        let reply = call.send().await.map_err(|e| failed(SNS, PUBLISH, &e))?;
        reply.message_id().map(str::to_owned).ok_or_else(|| missing(SNS, PUBLISH, "MessageId"))
    }
}

/// What subscribers filter by.
fn attributes(notice: &Notice) -> Vec<(&'static str, &'static str, String)> {
    let all = [
        ("severity", "String", wire_name(&notice.severity)),
        ("audience", "String", notice.audience.clone()),
        ("database", "String", notice.database.clone()),
        ("incident", "String", notice.incident.to_string()),
        ("kind", "String", wire_name(&notice.kind)),
        ("drill", "String", notice.drill.to_string()),
        ("sequence", "Number", notice.sequence.to_string()),
        ("id", "String", notice.id.clone()),
    ];
    // SNS refuses an attribute that is empty.
    all.into_iter().filter(|(_, _, value)| !value.is_empty()).collect()
}

/// A subject that SNS takes: printable ASCII, one line, fewer than 100 characters, beginning with a character
/// that is no space. A notice with an awkward subject must still reach people.
fn subject(text: &str) -> String {
    let ascii: String = recovery::text::plain(text, SUBJECT * 2)
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(SUBJECT)
        .collect();
    if ascii.is_empty() { "Mainstay".to_owned() } else { ascii }
}

/// The body, cut where SNS would refuse it; never empty.
fn body(notice: &Notice) -> String {
    let text = if notice.body.is_empty() { &notice.subject } else { &notice.body };
    if text.is_empty() {
        return notice.id.clone();
    }
    if text.len() <= BODY_BYTES {
        return text.clone();
    }
    let end = text.floor_char_boundary(BODY_BYTES);
    format!("{}\n… (cut: see the incident {})", text.get(..end).unwrap_or_default(), notice.incident)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_awkward_subject_becomes_one_that_sns_takes() {
        assert_eq!(subject("Database orders: failing over"), "Database orders: failing over");
        assert_eq!(subject("  a\r\nb\u{7}…"), "a b ?");
        assert_eq!(subject("Données"), "Donn?es");
        assert_eq!(subject("\n"), "Mainstay");
        assert_eq!(subject(&"x".repeat(1_000_000)).len(), 99);
    }
}
