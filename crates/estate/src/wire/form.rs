//! The form of the RDS Query protocol: flat keys with numbered members.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Filter, Page, Refusal, Select, Tags};

/// A decoded form.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Decodes a query string and a body; the body wins.
    pub(super) fn decode(query: &str, body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body));
        Self(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// The parameters as the request log shows them: without action and version.
    pub(super) fn logged(&self) -> Value {
        let shown = self.0.iter().filter(|(key, _)| !["Action", "Version"].contains(&key.as_str()));
        Value::Object(shown.map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect())
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|value| !value.is_empty()).cloned()
    }

    pub(super) fn required(&self, key: &str) -> Result<String, Refusal> {
        self.text(key).ok_or_else(|| {
            Refusal::new("MissingParameter", format!("The request must contain the parameter {key}"))
        })
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<i64>, Refusal> {
        self.text(key).map(|value| value.parse().map_err(|_| invalid(key, &value))).transpose()
    }

    /// A number that fits.
    pub(super) fn small<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, Refusal> {
        let fits = |number: i64| T::try_from(number).map_err(|_| invalid(key, &number.to_string()));
        self.number(key)?.map(fits).transpose()
    }

    pub(super) fn time(&self, key: &str) -> Result<Option<jiff::Timestamp>, Refusal> {
        self.text(key).map(|value| value.parse().map_err(|_| invalid(key, &value))).transpose()
    }

    /// The values of `PREFIX.MEMBER.1`, `.2`, …; older clients write `member` for the member's name.
    pub(super) fn list(&self, prefix: &str, member: &str) -> Vec<String> {
        [member, "member"]
            .into_iter()
            .map(|member| {
                (1..).map_while(|nth| self.0.get(&format!("{prefix}.{member}.{nth}")).cloned()).collect()
            })
            .find(|values: &Vec<String>| !values.is_empty())
            .unwrap_or_default()
    }

    /// `MaxRecords` (20 to 100, as RDS demands) and `Marker`.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let most = match self.number("MaxRecords")? {
            None => None,
            Some(most @ 20..=100) => usize::try_from(most).ok(),
            Some(most) => return Err(invalid("MaxRecords", &most.to_string())),
        };
        Ok(Page { most, marker: self.text("Marker") })
    }

    /// Identifier, filters and page of a describe call.
    pub(super) fn select(&self, identifier: &str) -> Result<Select, Refusal> {
        Ok(Select { identifier: self.text(identifier), filters: self.filters()?, page: self.page()? })
    }

    fn filters(&self) -> Result<Vec<Filter>, Refusal> {
        let mut filters = Vec::new();
        for nth in 1.. {
            let named = ["Filters.Filter", "Filters.member"].map(|prefix| format!("{prefix}.{nth}"));
            let Some(prefix) = named.iter().find(|prefix| self.0.contains_key(&format!("{prefix}.Name")))
            else {
                break;
            };
            let name = self.required(&format!("{prefix}.Name"))?;
            let values = self.list(&format!("{prefix}.Values"), "Value");
            filters.push(Filter { name, values });
        }
        Ok(filters)
    }

    /// `Tags.Tag.1.Key` and `.Value`, ….
    pub(super) fn tags(&self) -> Tags {
        let key = |member: &str, nth: u32, part: &str| self.0.get(&format!("Tags.{member}.{nth}.{part}"));
        ["Tag", "member"]
            .into_iter()
            .flat_map(|member| {
                (1..).map_while(move |nth| {
                    let value = key(member, nth, "Value").cloned().unwrap_or_default();
                    key(member, nth, "Key").map(|key| (key.clone(), value))
                })
            })
            .collect()
    }
}

fn invalid(key: &str, value: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("Invalid value {value} for parameter {key}"))
}
