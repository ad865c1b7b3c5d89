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
}

impl<'a> Told<'a> {
    pub(super) fn metric(alarm: &'a MetricAlarm) -> Self {
        // An alarm on metric math has no period of its own; its slowest metric sets the pace.
        let of_metrics = || {
            alarm
                .metrics()
                .iter()
                .filter_map(|m| m.metric_stat()?.period().or(m.period()))
                .max()
        };
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
