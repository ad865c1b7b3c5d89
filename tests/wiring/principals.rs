//! Who is let in: the principals of every statement, in roles, topics, queues and keys.

use super::template::{Template, list};
use serde_json::{Value, json};

/// Every statement anywhere in the template, with the resource that holds it.
fn statements(template: &Template) -> Vec<(&str, &Value)> {
    fn collect<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    if key == "Statement" {
                        into.extend(list(inner));
                    }
                    collect(inner, into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut all = Vec::new();
    for (id, resource) in template.resources() {
        let mut found = Vec::new();
        collect(resource, &mut found);
        all.extend(found.into_iter().map(|s| (id, s)));
    }
    all
}

#[test]
fn nobody_is_everybody() {
    let template = Template::read();
    let mut everybody = 0;
    for (id, statement) in statements(&template) {
        let principal = &statement["Principal"];
        let open = principal == "*"
            || principal.as_object().is_some_and(|p| p.values().any(|v| list(v).contains(&&json!("*"))));
        if open {
            everybody += 1;
            assert_eq!(statement["Effect"], "Deny", "{id} lets everybody in");
            assert!(statement["Condition"].is_object(), "{id} shuts everybody out");
        }
        let from_aws = principal["Service"].as_str();
        let shared = [
            "cloudwatch.amazonaws.com",
            "events.amazonaws.com",
            "sns.amazonaws.com",
            "scheduler.amazonaws.com",
        ];
        if from_aws.is_some_and(|service| shared.contains(&service)) {
            assert!(statement["Condition"].is_object(), "{id}: {from_aws:?} speaks for other accounts too");
        }
    }
    assert_eq!(everybody, 2, "the two topics' denials");
}
