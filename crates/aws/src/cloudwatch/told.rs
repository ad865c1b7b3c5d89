//! What metric, composite and log alarms tell alike.

use super::{CLOUDWATCH, reason};
use crate::{failure::missing, moment};
use aws_sdk_cloudwatch::types::{ActionsSuppressedBy, CompositeAlarm, LogAlarm, MetricAlarm, StateValue};
use aws_smithy_types::DateTime;
use recovery::{CallError, signal::AlarmValue, topology::AlarmState};

/// What the three kinds of alarm tell alike.
pub(super) struct Told<'a> {
    name: Option<&'a str>,
    state: Option<&'a StateValue>,
    transitioned: Option<&'a DateTime>,
    updated: Option<&'a DateTime>,
    actions_enabled: Option<bool>,
    suppressed_by: Option<String>,
    reason: Option<&'a str>,
    data: Option<&'a str>,
    period_s: Option<i32>,
    datapoints: Option<i32>,
    evaluation_periods: Option<i32>,
}

impl<'a> Told<'a> {
    pub(super) fn metric(alarm: &'a MetricAlarm) -> Self {
        // An alarm on metric math has no period of its own; its slowest metric sets the pace.
        let of_metrics =
            || alarm.metrics().iter().filter_map(|m| m.metric_stat()?.period().or(m.period())).max();
        Self {
            name: alarm.alarm_name(),
            state: alarm.state_value(),
            transitioned: alarm.state_transitioned_timestamp(),
            updated: alarm.state_updated_timestamp(),
            actions_enabled: alarm.actions_enabled(),
            suppressed_by: None,
            reason: alarm.state_reason(),
            data: alarm.state_reason_data(),
            period_s: alarm.period().or_else(of_metrics),
            datapoints: alarm.datapoints_to_alarm().or(alarm.evaluation_periods()),
            evaluation_periods: alarm.evaluation_periods(),
        }
    }

    pub(super) fn composite(alarm: &'a CompositeAlarm) -> Self {
        let suppressed = alarm.actions_suppressed_by().map(|by| {
            let suppressor = alarm.actions_suppressor().unwrap_or("its suppressor");
            if *by == ActionsSuppressedBy::Alarm {
                format!("alarm {suppressor}")
            } else {
                format!("alarm {suppressor} ({})", by.as_str())
            }
        });
        Self {
            name: alarm.alarm_name(),
            state: alarm.state_value(),
            transitioned: alarm.state_transitioned_timestamp(),
            updated: alarm.state_updated_timestamp(),
            actions_enabled: alarm.actions_enabled(),
            suppressed_by: suppressed,
            reason: alarm.state_reason(),
            data: None,
            period_s: None,
            datapoints: None,
            evaluation_periods: None,
        }
    }

    pub(super) fn log(alarm: &'a LogAlarm) -> Self {
        Self {
            name: alarm.alarm_name(),
            state: alarm.state_value(),
            transitioned: alarm.state_transitioned_timestamp(),
            updated: alarm.state_updated_timestamp(),
            actions_enabled: alarm.actions_enabled(),
            suppressed_by: None,
            reason: alarm.state_reason(),
            data: alarm.state_reason_data(),
            period_s: None,
            datapoints: alarm.query_results_to_alarm(),
            evaluation_periods: alarm.query_results_to_evaluate(),
        }
    }

    pub(super) fn state(self) -> Result<AlarmState, CallError> {
        let lacking = |field: &str| {
            let field = format!("{field} of alarm {}", self.name.unwrap_or("without a name"));
            missing(CLOUDWATCH, "DescribeAlarms", &field)
        };
        let since = self.transitioned.or(self.updated).and_then(moment::from_sdk);
        let number = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
        Ok(AlarmState {
            name: self.name.ok_or_else(|| lacking("AlarmName"))?.to_owned(),
            state: value(self.state.ok_or_else(|| lacking("StateValue"))?),
            since: since.ok_or_else(|| lacking("StateTransitionedTimestamp"))?,
            // CloudWatch leaves out what has its default.
            actions_enabled: self.actions_enabled.unwrap_or(true),
            reason: recovery::text::plain(self.reason.unwrap_or_default(), 300),
            period_s: number(self.period_s),
            datapoints: number(self.datapoints),
            evaluation_periods: number(self.evaluation_periods),
            newest_datapoint: self.data.and_then(reason::newest_datapoint),
            suppressed_by: self.suppressed_by,
        })
    }
}

fn value(state: &StateValue) -> AlarmValue {
    match state.as_str() {
        "ALARM" => AlarmValue::Alarm,
        "OK" => AlarmValue::Ok,
        "INSUFFICIENT_DATA" => AlarmValue::InsufficientData,
        other => AlarmValue::Other(recovery::text::plain(other, 40)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricStat};
    use recovery::Failure;

    fn since() -> DateTime {
        DateTime::from_secs(1_772_366_400)
    }

    #[test]
    fn a_metric_alarm_tells_its_pace_and_silence() {
        let alarm = MetricAlarm::builder()
            .alarm_name("orders-writer-down")
            .state_value(StateValue::Alarm)
            .state_updated_timestamp(DateTime::from_secs(0))
            .state_transitioned_timestamp(since())
            .state_reason("Threshold\r\nCrossed")
            .actions_enabled(false)
            .period(60)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .build();
        let state = Told::metric(&alarm).state().expect("a state");
        assert_eq!(state.state, AlarmValue::Alarm);
        assert_eq!(state.since.as_second(), since().secs(), "the transition, not the last update");
        assert_eq!((state.period_s, state.datapoints), (Some(60), Some(2)));
        assert_eq!(state.evaluation_periods, Some(3), "two of three");
        assert_eq!(state.reason, "Threshold Crossed");
        assert!(!state.actions_enabled);
        assert_eq!(state.newest_datapoint, None);
    }

    #[test]
    fn metric_math_has_the_pace_of_its_slowest_metric() {
        let metric = |id: &str, period| {
            let stat = MetricStat::builder().period(period).build();
            MetricDataQuery::builder().id(id).metric_stat(stat).build()
        };
        let alarm = MetricAlarm::builder()
            .alarm_name("error-rate")
            .state_value(StateValue::Ok)
            .state_updated_timestamp(since())
            .metrics(MetricDataQuery::builder().id("rate").expression("a/b").build())
            .metrics(metric("a", 60))
            .metrics(metric("b", 300))
            .evaluation_periods(1)
            .build();
        let state = Told::metric(&alarm).state().expect("a state");
        assert_eq!((state.period_s, state.datapoints), (Some(300), Some(1)));
        assert_eq!(state.since.as_second(), since().secs());
        assert!(state.actions_enabled, "enabled unless CloudWatch says otherwise");
    }

    #[test]
    fn a_suppressed_composite_says_by_what() {
        let alarm = |by: &str| {
            CompositeAlarm::builder()
                .alarm_name("orders-down")
                .state_value("ALARM".into())
                .state_updated_timestamp(since())
                .actions_suppressed_by(by.into())
                .actions_suppressor("maintenance")
                .build()
        };
        let by = |name| Told::composite(&alarm(name)).state().expect("a state").suppressed_by;
        assert_eq!(by("Alarm").as_deref(), Some("alarm maintenance"));
        assert_eq!(by("WaitPeriod").as_deref(), Some("alarm maintenance (WaitPeriod)"));
    }

    #[test]
    fn a_value_of_tomorrow_is_kept_and_a_missing_field_is_named() {
        let alarm = MetricAlarm::builder().alarm_name("a").state_value("PONDERING".into());
        let state = Told::metric(&alarm.clone().state_updated_timestamp(since()).build()).state();
        assert_eq!(state.map(|s| s.state), Ok(AlarmValue::Other("PONDERING".to_owned())));
        let error = Told::metric(&alarm.build()).state().expect_err("no time");
        assert_eq!(error.failure, Failure::Malformed);
        assert_eq!(error.message, "the reply has no StateTransitionedTimestamp of alarm a");
    }
}
