//! CloudWatch: what alarms say now, whether they are silenced, and replica lag.

mod reason;
mod told;

use crate::{failure::failed, moment};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::{
    Client,
    types::{
        AlarmMuteRuleStatus, AlarmType, Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat,
        ScanBy,
    },
};
use jiff::{SignedDuration, Timestamp};
use recovery::{CallError, ports::Alarms, signal::AlarmValue, topology::AlarmState};
use told::Told;

const CLOUDWATCH: &str = "CloudWatch";
/// The most names that `DescribeAlarms` takes.
const NAMES_A_CALL: usize = 100;
/// RDS sends its metrics each minute.
const LAG_PERIOD_S: i32 = 60;

/// [`Alarms`] on CloudWatch.
pub struct CloudWatch {
    client: Client,
}

impl CloudWatch {
    /// CloudWatch in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// One harmless read; see [`crate::function::warm`].
    pub async fn warm(&self) {
        let _ = self.client.describe_alarms().alarm_names("mainstay-warms-up").send().await;
    }

    /// The name of an active mute rule that covers this alarm (`ListAlarmMuteRules`): `DescribeAlarms` doesn't tell.
    async fn mute_rule(&self, alarm: &str) -> Result<Option<String>, CallError> {
        let call = self.client.list_alarm_mute_rules().alarm_name(alarm);
        let call = call.statuses(AlarmMuteRuleStatus::Active);
        let reply = call.send().await.map_err(|e| failed(CLOUDWATCH, "ListAlarmMuteRules", &e))?;
        Ok(reply.alarm_mute_rule_summaries().first().map(|rule| {
            let name = rule.alarm_mute_rule_arn().and_then(|arn| arn.rsplit_once(':'));
            format!("alarm mute rule {}", name.map_or("without a name", |(_, name)| name))
        }))
    }
}

#[async_trait]
impl Alarms for CloudWatch {
    async fn alarms(&self, names: &[String]) -> Result<Vec<AlarmState>, CallError> {
        let mut all = Vec::new();
        for some in names.chunks(NAMES_A_CALL) {
            let call = self.client.describe_alarms().set_alarm_names(Some(some.to_vec()));
            let types = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];
            let mut pages = call.set_alarm_types(Some(types.into())).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|e| failed(CLOUDWATCH, "DescribeAlarms", &e))?;
                let told = page.metric_alarms().iter().map(Told::metric);
                let told = told.chain(page.composite_alarms().iter().map(Told::composite));
                for told in told.chain(page.log_alarms().iter().map(Told::log)) {
                    all.push(told.state()?);
                }
            }
        }
        // Silence matters only where something speaks, so the others are not asked about.
        for alarm in all.iter_mut().filter(|a| a.state == AlarmValue::Alarm && a.suppressed_by.is_none()) {
            alarm.suppressed_by = self.mute_rule(&alarm.name).await?;
        }
        Ok(all)
    }

    async fn replica_lag_ms(&self, instance: &str, since: Timestamp) -> Result<Option<f64>, CallError> {
        let call = self
            .client
            .get_metric_data()
            .metric_data_queries(lag("aurora", "AuroraReplicaLag", instance))
            .metric_data_queries(lag("rds", "ReplicaLag", instance))
            .scan_by(ScanBy::TimestampDescending)
            .start_time(moment::to_sdk(since))
            .end_time(moment::to_sdk(Timestamp::now() + SignedDuration::from_secs(LAG_PERIOD_S.into())));
        let reply = call.send().await.map_err(|e| failed(CLOUDWATCH, "GetMetricData", &e))?;
        let newest = |id: &str| {
            let result = reply.metric_data_results().iter().find(|r| r.id() == Some(id))?;
            newest(result)
        };
        // Aurora's is in milliseconds; RDS's is in seconds, and −1 while nothing is replicated.
        Ok(newest("aurora").or(newest("rds").filter(|s| *s >= 0.0).map(|s| s * 1000.0)))
    }
}

fn lag(id: &str, metric: &str, instance: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("DBInstanceIdentifier").value(instance).build();
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(metric).dimensions(dimension).build();
    // The worst of the minute: a lag that is understated costs data.
    let stat = MetricStat::builder().metric(metric).period(LAG_PERIOD_S).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

/// The value with the latest time; the order of the answer is not relied on.
fn newest(result: &MetricDataResult) -> Option<f64> {
    let pairs = result.timestamps().iter().zip(result.values());
    pairs.max_by_key(|(at, _)| (at.secs(), at.subsec_nanos())).map(|(_, value)| *value)
}
