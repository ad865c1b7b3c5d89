//! What a call answered, reduced to what Mainstay reads of it and what is the same from run to run.

use aws_sdk_rds::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use std::{
    collections::BTreeMap,
    fmt::{Debug, Display},
};

/// The field under which the whole answer stands: success, or which refusal.
pub(crate) const ANSWER: &str = "answer";

/// An answer: fields by name.
pub(crate) type Seen = BTreeMap<String, String>;

/// A reply.
#[derive(Default)]
pub(crate) struct Reply(Seen);

impl Reply {
    /// A successful answer.
    pub(crate) fn new() -> Self {
        Self(Seen::from([(ANSWER.to_owned(), "success".to_owned())]))
    }

    /// A field with its value.
    pub(crate) fn value(&mut self, field: impl Into<String>, value: impl Display) {
        self.0.insert(field.into(), value.to_string());
    }

    /// A field with its value, if it has one.
    pub(crate) fn told<T: Display>(&mut self, field: impl Into<String>, value: Option<T>) {
        self.value(field, value.map_or_else(|| "absent".to_owned(), |v| v.to_string()));
    }

    /// A field whose value is by chance or by time: only whether it has one.
    pub(crate) fn there(&mut self, field: impl Into<String>, there: bool) {
        self.value(field, if there { "present" } else { "absent" });
    }

    /// How often each value occurs, since the order and the number's names are by chance.
    pub(crate) fn counted(&mut self, field: impl Into<String>, values: impl IntoIterator<Item = String>) {
        let mut counts = BTreeMap::<String, usize>::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(value, count)| format!("{count} × {value}")).collect();
        self.value(field, if counts.is_empty() { "none".to_owned() } else { counts.join(", ") });
    }

    /// The fields.
    pub(crate) fn seen(self) -> Seen {
        self.0
    }
}

/// A refusal: the typed error's variant, the code on the wire, the HTTP status. The text is for people and documented
/// nowhere.
pub(crate) fn refused<E: ProvideErrorMetadata + Debug>(error: &SdkError<E, HttpResponse>) -> Seen {
    let answer = match (error.as_service_error(), error.raw_response()) {
        (Some(typed), Some(response)) => {
            let variant = format!("{typed:?}");
            let variant = variant.split(['(', ' ']).next().unwrap_or_default();
            let code = ProvideErrorMetadata::code(typed).unwrap_or("no code");
            format!("{code}, HTTP {}, typed {variant}", response.status().as_u16())
        }
        (_, Some(response)) => format!("unreadable, HTTP {}", response.status().as_u16()),
        _ => format!("no answer: {error:?}"),
    };
    Seen::from([(ANSWER.to_owned(), answer)])
}

/// An ARN or id with its random end taken out: a UUID with or without hyphens, or a long number.
pub(crate) fn shape(text: &str) -> String {
    let (front, end) = text.rsplit_once('/').unwrap_or(("", text));
    let random = end.len() >= 16 && end.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if random { format!("{front}/ID") } else { text.to_owned() }
}
