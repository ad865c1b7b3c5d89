//! What people ask for. Strict, unlike all else: a misspelt `dry_run` must not become a failover.

use super::node::Node;
use recovery::{
    StepError,
    signal::{Request, Signal},
    text,
};

/// The request in an object with the key `mainstay`.
pub(super) fn request(node: &Node<'_>) -> Result<Signal, StepError> {
    let name = node.need_text("mainstay")?;
    let request = match name {
        "failover" => {
            only(node, &["database", "reason", "by", "dry_run", "accept_data_loss"])?;
            Request::Failover {
                database: said(node, "database", 63)?,
                reason: said(node, "reason", 500)?,
                by: said(node, "by", 100)?,
                dry_run: flag(node, "dry_run")?,
                accept_data_loss: flag(node, "accept_data_loss")?,
            }
        }
        "status" => {
            only(node, &["database", "incident"])?;
            Request::Status { database: maybe(node, "database", 63)?, incident: maybe(node, "incident", 80)? }
        }
        "ack" => {
            only(node, &["incident", "by", "reason"])?;
            Request::Ack {
                incident: said(node, "incident", 80)?,
                by: said(node, "by", 100)?,
                reason: maybe(node, "reason", 500)?.unwrap_or_default(),
            }
        }
        "pause" => {
            only(node, &["database", "by", "reason"])?;
            Request::Pause {
                database: maybe(node, "database", 63)?,
                by: said(node, "by", 100)?,
                reason: said(node, "reason", 500)?,
            }
        }
        "resume" => {
            only(node, &["database", "by", "reason"])?;
            Request::Resume {
                database: maybe(node, "database", 63)?,
                by: said(node, "by", 100)?,
                reason: maybe(node, "reason", 500)?.unwrap_or_default(),
            }
        }
        other => {
            let shown = text::plain(other, 40);
            let words = "failover, status, ack, pause, resume";
            return Err(node.need("mainstay")?.wrong(&format!("is `{shown}`; it must be one of {words}")));
        }
    };
    Ok(Signal::Request(request))
}

fn only(node: &Node<'_>, keys: &[&str]) -> Result<(), StepError> {
    let object = node.value().as_object();
    let stray = object.and_then(|o| o.keys().find(|k| *k != "mainstay" && !keys.contains(&k.as_str())));
    match stray {
        None => Ok(()),
        Some(key) => Err(StepError::MalformedEvent(format!(
            "`{}.{}` is not known to this request; it takes {}",
            node.path(),
            text::plain(key, 40),
            keys.join(", ")
        ))),
    }
}

fn said(node: &Node<'_>, key: &str, most: usize) -> Result<String, StepError> {
    let value = text::plain(node.need_text(key)?, most);
    if value.is_empty() {
        return Err(node.need(key)?.wrong("is empty"));
    }
    Ok(value)
}

fn maybe(node: &Node<'_>, key: &str, most: usize) -> Result<Option<String>, StepError> {
    match node.get(key) {
        None => Ok(None),
        Some(value) => {
            let clean = text::plain(value.text()?, most);
            Ok((!clean.is_empty()).then_some(clean))
        }
    }
}

fn flag(node: &Node<'_>, key: &str) -> Result<bool, StepError> {
    match node.get(key) {
        None => Ok(false),
        Some(value) => {
            let other = || value.wrong("is neither true nor false");
            value.value().as_bool().ok_or_else(other)
        }
    }
}
