//! Whatever arrives: no panic, and nothing unbounded or unclean goes on.

use crate::world::{World, at, ours, plan, sample};
use alarm_handler::{decide, explain, wire};
use recovery::{
    StepError,
    signal::{AlarmChange, Signal},
};
use serde_json::{Value, json};
use std::fs;

fn alarm(event: &Value) -> AlarmChange {
    match wire::signals(event).remove(0) {
        Ok(Signal::Alarm(change)) => change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_megabyte_of_markup_and_control_characters_is_bounded_and_cleaned() {
    let mut event = sample("alarm-writer-down");
    let hostile = "<script>alert(1)</script>\r\nBcc: all\u{7}\u{1b}[31m\u{202e} ".repeat(20_000);
    event["detail"]["state"]["reason"] = json!(hostile);
    event["detail"]["state"]["reasonData"] = json!("[".repeat(1_000_000));
    event["detail"]["configuration"]["description"] = json!(hostile);
    let change = alarm(&event);
    assert!(change.reason.chars().count() <= 400);
    assert!(!change.reason.chars().any(|c| c.is_control() || c == '\u{202e}'), "{}", change.reason);
    assert_eq!(change.breaching_since, None);
    let rulings = decide(at("10:03:00"), &Signal::Alarm(change), &plan(), &ours());
    assert!(serde_json::to_string(&rulings[0].verdict).unwrap().len() < 3_000);
}

#[test]
fn a_name_that_only_looks_like_one_of_the_plan_is_unknown() {
    for disguise in
        ["orders-writer-down\n", "\u{202e}orders-writer-down", "orders-writer-down ", " orders-writer-down"]
    {
        let mut event = sample("alarm-writer-down");
        event["detail"]["alarmName"] = json!(disguise);
        event["resources"][0] =
            json!(format!("arn:aws:cloudwatch:ca-central-1:123456789012:alarm:{disguise}"));
        let explanation = explain(&event.to_string(), &plan(), &ours(), at("10:03:00")).unwrap();
        assert_eq!(explanation.guard, recovery::Guard::UnknownAlarm, "{disguise:?}");
        assert!(!explanation.reason.contains(['\n', '\u{202e}']), "{:?}", explanation.reason);
    }
}

#[test]
fn a_region_for_people_is_not_taken_for_a_region() {
    let event = sample("alarm-writer-down-sns");
    assert!(event["Records"][0]["Sns"]["Message"].as_str().unwrap().contains("Canada (Central)"));
    assert_eq!(alarm(&event).region, "ca-central-1");
}

#[test]
fn depth_is_an_error_and_not_a_crash() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let error = explain(&deep, &plan(), &ours(), at("10:03:00")).unwrap_err();
    assert!(error.to_string().contains("recursion limit"), "{error}");
    let mut event = sample("alarm-writer-down-sns");
    event["Records"][0]["Sns"]["Message"] = json!(deep);
    assert!(matches!(wire::signals(&event).remove(0), Err(StepError::MalformedEvent(_))));
}

#[test]
fn a_log_alarms_reason_data_may_be_an_object() {
    let mut event = sample("alarm-writer-down-sns");
    let text = event["Records"][0]["Sns"]["Message"].as_str().unwrap();
    let mut message: Value = serde_json::from_str(text).unwrap();
    message["NewStateReasonData"] = json!({"startDate": "2026-03-01T10:01:00.000+0000"});
    event["Records"][0]["Sns"]["Message"] = json!(message.to_string());
    assert_eq!(alarm(&event).breaching_since, Some(at("10:01:00")));
}

/// A small generator of numbers, always the same ones.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    fn value(&mut self) -> Value {
        let values = [
            Value::Null,
            json!(true),
            json!(-1),
            json!(1e300),
            json!(""),
            json!("ALARM"),
            json!("arn:aws:rds:::cluster:"),
            json!("9999-99-99T99:99:99.999+9999"),
            json!("-009999-01-01T00:00:00Z"),
            json!("\u{0}\u{202e}…"),
            json!([]),
            json!([[[[]]]]),
            json!({}),
            json!({"mainstay": "failover", "Records": [{}], "detail-type": 3}),
        ];
        values[self.roll(values.len())].clone()
    }

    /// Changes, removes or adds something somewhere in `value`.
    fn mutate(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) if !map.is_empty() && self.roll(4) > 0 => {
                let key = map.keys().nth(self.roll(map.len())).unwrap().clone();
                if self.roll(6) == 0 {
                    map.remove(&key);
                } else {
                    self.mutate(map.get_mut(&key).unwrap());
                }
            }
            Value::Array(list) if !list.is_empty() && self.roll(4) > 0 => {
                let index = self.roll(list.len());
                self.mutate(&mut list[index]);
            }
            Value::String(text) if self.roll(2) == 0 => {
                // A JSON text within the JSON is mutated inside.
                if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                    self.mutate(&mut inner);
                    *text = inner.to_string();
                } else {
                    let cut = self.roll(text.len() + 1);
                    *text = text.chars().take(cut).collect();
                }
            }
            other => *other = self.value(),
        }
    }
}

fn all_samples() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|e| e == "json"));
    json.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

#[test]
fn mutated_samples_are_decided_or_named_but_never_crash() {
    let mut dice = Dice(0x5eed_cafe);
    let (plan, state) = (plan(), ours());
    let (mut decided, mut refused) = (0, 0);
    for sample in all_samples() {
        for _ in 0..300 {
            let mut event = sample.clone();
            for _ in 0..=dice.roll(3) {
                dice.mutate(&mut event);
            }
            for signal in wire::signals(&event) {
                match signal {
                    Ok(signal) => {
                        let rulings = decide(at("10:03:00"), &signal, &plan, &state);
                        assert!(!rulings.is_empty(), "undecided: {event}");
                        decided += 1;
                    }
                    Err(StepError::MalformedEvent(what)) => {
                        assert!(what.contains("`$") && what.len() < 600, "{what}");
                        refused += 1;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
    assert!(decided > 1_000 && refused > 1_000, "{decided} decided, {refused} refused");
}

#[tokio::test]
async fn the_handler_survives_what_the_parser_lets_through() {
    let mut dice = Dice(0x0dd_ba11);
    let world = World::new();
    for sample in all_samples() {
        for _ in 0..20 {
            let mut event = sample.clone();
            dice.mutate(&mut event);
            let _ = world.handle("10:03:00", &event).await;
        }
    }
    assert!(world.topic.sent().is_empty(), "the store was never down");
}
