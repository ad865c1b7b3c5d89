//! Since when an alarm's datapoints have been bad, as far as CloudWatch tells it.

use super::node::{Node, moment};
use jiff::Timestamp;
use serde_json::Value;

/// The most evaluated datapoints that are looked at (CloudWatch evaluates far fewer).
const MOST_DATAPOINTS: usize = 2_000;

/// When the first breaching datapoint began. `reason_data` is a JSON text on EventBridge, an object in log
/// alarms. The oldest evaluated datapoint that is beyond the threshold is the best answer; `startDate` (where
/// the evaluated range begins) the second best. Only a hint for the timeline: whatever is odd is left out.
pub(super) fn since(reason_data: Option<&Node<'_>>, reason: &str, changed: Timestamp) -> Option<Timestamp> {
    let node = reason_data?;
    let parsed: Value;
    let data = match node.value().as_str() {
        Some(text) => {
            parsed = serde_json::from_str(text).ok()?;
            &parsed
        }
        None => node.value(),
    };
    let start = || data.get("startDate").and_then(Value::as_str).and_then(moment);
    first_bad(data, reason).or_else(start).filter(|at| *at <= changed)
}

fn first_bad(data: &Value, reason: &str) -> Option<Timestamp> {
    let points = data.get("evaluatedDatapoints")?.as_array()?;
    let common = data.get("threshold").and_then(Value::as_f64);
    let missing_is_bad = reason.contains("treated as [Breaching]");
    let bad = |point: &&Value| {
        let threshold = point.get("threshold").and_then(Value::as_f64).or(common);
        match (point.get("value").and_then(Value::as_f64), threshold) {
            (Some(value), Some(threshold)) => beyond(value, threshold, reason),
            (None, _) => missing_is_bad,
            (Some(_), None) => false,
        }
    };
    let time = |point: &Value| point.get("timestamp").and_then(Value::as_str).and_then(moment);
    points.iter().take(MOST_DATAPOINTS).filter(bad).filter_map(time).min()
}

/// The event does not carry the comparison, but CloudWatch's sentence does.
fn beyond(value: f64, threshold: f64, reason: &str) -> bool {
    if reason.contains("less than or equal to the threshold") {
        value <= threshold
    } else if reason.contains("less than the threshold") {
        value < threshold
    } else if reason.contains("greater than or equal to the threshold") {
        value >= threshold
    } else if reason.contains("greater than the threshold") {
        value > threshold
    } else {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(data: &Value, reason: &str) -> Option<String> {
        let changed = "2026-03-01T10:10:00Z".parse().unwrap();
        since(Some(&Node::at(data, "$")), reason, changed).map(|at| at.to_string())
    }

    const BELOW: &str = "Threshold Crossed: 2 datapoints were less than the threshold (1.0)";

    #[test]
    fn the_oldest_bad_datapoint_counts_and_good_ones_before_it_do_not() {
        let data = json!({"startDate": "2026-03-01T10:00:00.000+0000", "threshold": 1.0, "evaluatedDatapoints": [
            {"timestamp": "2026-03-01T10:09:00.000+0000", "value": 0.0},
            {"timestamp": "2026-03-01T10:08:00.000+0000", "value": 0.0},
            {"timestamp": "2026-03-01T10:07:00.000+0000", "value": 31.0},
        ]});
        let found = Some("2026-03-01T10:08:00Z".to_owned());
        assert_eq!(of(&data, BELOW), found);
        assert_eq!(of(&json!(data.to_string()), BELOW), found, "as a JSON text");
    }

    #[test]
    fn silence_counts_only_when_it_was_treated_as_breaching() {
        let data =
            json!({"threshold": 1.0, "evaluatedDatapoints": [{"timestamp": "2026-03-01T10:08:00.000+0000"}]});
        let silent =
            "no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].";
        assert_eq!(of(&data, silent), Some("2026-03-01T10:08:00Z".to_owned()));
        assert_eq!(of(&data, BELOW), None);
    }

    #[test]
    fn else_the_start_of_the_range_and_never_a_time_after_the_change() {
        let start = json!({"startDate": "2026-03-01T10:05:00.000+0000"});
        assert_eq!(of(&start, BELOW), Some("2026-03-01T10:05:00Z".to_owned()));
        assert_eq!(of(&json!({"startDate": "2027-03-01T10:05:00.000+0000"}), BELOW), None);
        for odd in
            [json!("{"), json!(7), json!([]), json!({"startDate": {}}), json!({"evaluatedDatapoints": 1})]
        {
            assert_eq!(of(&odd, BELOW), None);
        }
    }
}
