//! Reading JSON that others wrote: what is needed must be there, what is not needed may have any shape, and
//! every complaint names the place.

use jiff::Timestamp;
use recovery::{StepError, text};
use serde_json::Value;

/// A value in an event, with the way to it from the top.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The value at `path`, such as `$` for the event itself.
    pub(crate) fn at(value: &'a Value, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// The value itself.
    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// The way to it, such as `$.detail.state`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The error that this place is wrong in this way.
    pub(crate) fn wrong(&self, what: &str) -> StepError {
        StepError::MalformedEvent(format!("`{}` {what}", self.path))
    }

    /// What stands under `key`; none when it is missing or null, or this is not an object.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|v| !v.is_null())?;
        Some(Self { value, path: format!("{}.{key}", self.path) })
    }

    /// What stands under `key`, which must be there.
    pub(crate) fn need(&self, key: &str) -> Result<Node<'a>, StepError> {
        if !self.value.is_object() {
            return Err(self.wrong(&format!("is {}, not an object", kind(self.value))));
        }
        let absent = || StepError::MalformedEvent(format!("`{}.{key}` is missing", self.path));
        self.get(key).ok_or_else(absent)
    }

    /// The items of this array; none when it is something else.
    pub(crate) fn items(&self) -> Vec<Node<'a>> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let node = |(index, value)| Self { value, path: format!("{}[{index}]", self.path) };
        items.iter().enumerate().map(node).collect()
    }

    /// This value as text.
    pub(crate) fn text(&self) -> Result<&'a str, StepError> {
        let other = || self.wrong(&format!("is {}, not text", kind(self.value)));
        self.value.as_str().ok_or_else(other)
    }

    /// The text under `key`, which must be there.
    pub(crate) fn need_text(&self, key: &str) -> Result<&'a str, StepError> {
        self.need(key)?.text()
    }

    /// The text under `key`; none when it is missing or of another type.
    pub(crate) fn maybe_text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }

    /// The moment under `key`, which must be there.
    pub(crate) fn need_time(&self, key: &str) -> Result<Timestamp, StepError> {
        let node = self.need(key)?;
        let text = node.text()?;
        let other = || node.wrong(&format!("is `{}`, not a time", text::plain(text, 60)));
        moment(text).ok_or_else(other)
    }
}

/// The moment that AWS wrote: RFC 3339, or with an offset without colon (`2019-10-02T17:04:40.989+0000`).
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    text.parse().or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)).ok()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_as_aws_writes_them() {
        for text in [
            "2019-10-02T17:04:40.989+0000",
            "2019-10-02T17:04:40.989Z",
            "2019-10-02T17:04:40.989+00:00",
            "2019-10-02T13:04:40.989-0400",
        ] {
            let at = moment(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(at.to_string(), "2019-10-02T17:04:40.989Z");
        }
        for text in ["", "soon", "2019-10-02", "1570035880", &"9".repeat(100)] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn complaints_name_the_place() {
        let event = json!({"detail": {"state": 5, "list": [{"at": "now"}]}});
        let root = Node::at(&event, "$");
        let detail = root.need("detail").unwrap();
        let said = |e: StepError| e.to_string();
        assert_eq!(
            said(detail.need_text("alarmName").unwrap_err()),
            "cannot read the event: `$.detail.alarmName` is missing"
        );
        assert_eq!(
            said(detail.need_text("state").unwrap_err()),
            "cannot read the event: `$.detail.state` is a number, not text"
        );
        let item = &detail.need("list").unwrap().items()[0];
        assert_eq!(
            said(item.need_time("at").unwrap_err()),
            "cannot read the event: `$.detail.list[0].at` is `now`, not a time"
        );
        assert_eq!(
            said(detail.need("state").unwrap().need("value").unwrap_err()),
            "cannot read the event: `$.detail.state` is a number, not an object"
        );
    }
}
