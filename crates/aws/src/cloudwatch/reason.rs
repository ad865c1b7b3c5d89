//! `StateReasonData`: the datapoints that an alarm's state rests on.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// `StateReasonData`, which is a JSON text inside the reply.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasonData {
    start_date: Option<String>,
    period: Option<i64>,
    #[serde(default)]
    recent_datapoints: Vec<Option<f64>>,
    evaluated_datapoints: Option<Vec<EvaluatedDatapoint>>,
}

#[derive(Deserialize)]
struct EvaluatedDatapoint {
    timestamp: String,
    value: Option<f64>,
}

/// When the newest datapoint that the state rests on ended; none when there was no data. Where CloudWatch lists
/// the datapoints, those without a value are missing data that was filled in by `TreatMissingData`.
pub(super) fn newest_datapoint(data: &str) -> Option<Timestamp> {
    let data: ReasonData = serde_json::from_str(data).ok()?;
    let period = data.period?;
    let began = if let Some(all) = &data.evaluated_datapoints {
        all.iter().filter(|d| d.value.is_some()).filter_map(|d| d.timestamp.parse().ok()).max()?
    } else {
        let later = i64::try_from(data.recent_datapoints.len()).ok()?.checked_sub(1).filter(|n| *n >= 0)?;
        let first: Timestamp = data.start_date?.parse().ok()?;
        first.checked_add(SignedDuration::from_secs(period.checked_mul(later)?)).ok()?
    };
    began.checked_add(SignedDuration::from_secs(period)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn the_newest_datapoint_comes_from_those_that_have_a_value() {
        let data = r#"{"version":"1.0","queryDate":"2026-05-10T14:03:10.985+0000","period":60,
            "startDate":"2026-05-10T14:01:00.000+0000","recentDatapoints":[4.0],"threshold":1.0,
            "evaluatedDatapoints":[{"timestamp":"2026-05-10T14:02:00.000+0000"},
                                   {"timestamp":"2026-05-10T14:01:00.000+0000","sampleCount":1.0,"value":4.0}]}"#;
        assert_eq!(newest_datapoint(data), Some(at("2026-05-10T14:02:00Z")));
    }

    #[test]
    fn without_the_list_it_is_counted_from_the_first() {
        let data = r#"{"version":"1.0","queryDate":"2019-10-02T17:04:40.985+0000","statistic":"SampleCount",
            "startDate":"2019-10-02T17:03:00.000+0000","period":60,"recentDatapoints":[2.0,3.0],"threshold":1.0}"#;
        assert_eq!(newest_datapoint(data), Some(at("2019-10-02T17:05:00Z")));
    }

    #[test]
    fn no_data_is_no_datapoint() {
        for data in [
            r#"{"period":60,"startDate":"2026-05-10T14:01:00.000+0000","recentDatapoints":[]}"#,
            r#"{"period":60,"recentDatapoints":[],"evaluatedDatapoints":[{"timestamp":"2026-05-10T14:01:00.000+0000"}]}"#,
            r#"{"recentDatapoints":[1.0],"startDate":"2026-05-10T14:01:00.000+0000"}"#,
            r#"{"period":9223372036854775807,"startDate":"2026-05-10T14:01:00.000+0000","recentDatapoints":[1,2,3]}"#,
            "not JSON",
            "{}",
        ] {
            assert_eq!(newest_datapoint(data), None, "{data}");
        }
    }
}
