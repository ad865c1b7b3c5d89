//! How EventBridge compares an event with a pattern, as far as Mainstay's patterns go.

use serde_json::{Value, json};

/// Whether an event matches. A key of the pattern must be in the event; a list names what the value may be; a list
/// in the event matches when one of its items does.
///
/// Panics at a comparison that it does not know: a pattern must not pass for what nobody has tested.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    let keys = pattern.as_object().unwrap_or_else(|| panic!("no object in a pattern: {pattern}"));
    keys.iter().all(|(key, wanted)| {
        if wanted.is_object() {
            return event.get(key).is_some_and(|inner| matches(wanted, inner));
        }
        let any = wanted.as_array().unwrap_or_else(|| panic!("`{key}` must hold a list: {wanted}"));
        any.iter().any(|one| fits(one, event.get(key)))
    })
}

fn fits(wanted: &Value, found: Option<&Value>) -> bool {
    if let Some(exists) = wanted.get("exists") {
        return found.is_some() == exists.as_bool().unwrap();
    }
    match found {
        None => false,
        Some(Value::Array(items)) => items.iter().any(|item| is(wanted, item)),
        Some(value) => is(wanted, value),
    }
}

fn is(wanted: &Value, value: &Value) -> bool {
    let Some(comparison) = wanted.as_object() else {
        return wanted == value;
    };
    let (name, operand) = comparison.iter().next().unwrap();
    match (name.as_str(), operand) {
        ("prefix", Value::String(prefix)) => value.as_str().is_some_and(|v| v.starts_with(prefix)),
        ("anything-but", Value::Array(none)) => !none.contains(value),
        ("anything-but", Value::String(_)) => operand != value,
        _ => panic!("a comparison that this test does not know: {wanted}"),
    }
}

#[test]
fn patterns_compare_as_eventbridge_does() {
    let event = json!({"source": "aws.rds", "detail": {"EventID": "RDS-EVENT-0071", "tags": ["a", "b"]}});
    for (pattern, expected) in [
        (json!({"source": ["aws.rds"]}), true),
        (json!({"source": ["aws.ecs", "aws.rds"]}), true),
        (json!({"source": ["aws.ecs"]}), false),
        (json!({"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0072"]}}), false),
        (json!({"detail": {"EventID": [{"prefix": "RDS-"}]}}), true),
        (json!({"detail": {"EventID": [{"prefix": "ECS-"}]}}), false),
        (json!({"detail": {"tags": ["b"]}}), true),
        (json!({"detail": {"tags": ["c"]}}), false),
        (json!({"detail": {"other": ["c"]}}), false),
        (json!({"detail": {"other": {"deeper": ["c"]}}}), false),
        (json!({"detail": {"other": [{"exists": false}]}}), true),
        (json!({"detail": {"other": [{"exists": true}]}}), false),
        (json!({"source": [{"anything-but": ["aws.rds"]}]}), false),
        (json!({"source": [{"anything-but": "aws.ecs"}]}), true),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{pattern}");
    }
}
