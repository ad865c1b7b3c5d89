//! `infra/template.yaml` as JSON, with the long forms of the intrinsic functions.

use super::files;
use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;

pub(crate) struct Template(Value);

impl Template {
    pub(crate) fn read() -> Self {
        Self(yaml("infra/template.yaml"))
    }

    /// A part of the whole template, such as `/Parameters`. Null when it is not there.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The resources of a type, such as `AWS::Events::Rule`, with their logical ids.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<(&str, &Value)> {
        let all = self.resources();
        let found: Vec<_> = all.into_iter().filter(|(_, r)| r["Type"] == kind).collect();
        assert!(!found.is_empty(), "the template has no {kind}");
        found
    }

    pub(crate) fn resources(&self) -> Vec<(&str, &Value)> {
        let all = self.at("/Resources").as_object().unwrap();
        all.iter().map(|(id, resource)| (id.as_str(), resource)).collect()
    }

    /// The properties of one resource.
    pub(crate) fn properties(&self, id: &str) -> &Value {
        let properties = self.at("/Resources").get(id).map(|r| &r["Properties"]);
        properties.unwrap_or_else(|| panic!("the template has no resource {id}"))
    }
}

/// A YAML file as JSON; a tag becomes its long form.
pub(crate) fn yaml(name: &str) -> Value {
    let text = files::text(name);
    plain(serde_norway::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}")))
}

fn plain(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(map) => Value::Object(map.into_iter().map(|(k, v)| (key(k), plain(v))).collect()),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = match tag.trim_start_matches('!') {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            Value::Object(Map::from_iter([(tag, plain(tagged.value))]))
        }
        scalar @ (Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_)) => {
            serde_json::to_value(scalar).unwrap()
        }
    }
}

fn key(yaml: Yaml) -> String {
    let Yaml::String(text) = yaml else { panic!("a key that is no text: {yaml:?}") };
    text
}

pub(crate) fn reference(id: &str) -> Value {
    json!({"Ref": id})
}

pub(crate) fn attribute(path: &str) -> Value {
    json!({"Fn::GetAtt": path})
}

/// A value that may be a list, as a list.
pub(crate) fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// The texts of a value that may be a list of texts.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().map(|v| v.as_str().unwrap_or_else(|| panic!("no text: {v}"))).collect()
}
