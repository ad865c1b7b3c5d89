//! CloudWatch: what alarms say now, whether they are silenced, replica lag, connections, and probes.

mod metrics;
mod reason;
mod told;

use crate::{failure::failed, moment};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::{
    Client,
    types::{AlarmMuteRuleStatus, AlarmType, MetricDataQuery, MetricDataResult, ScanBy},
};
use jiff::{SignedDuration, Timestamp};
use metrics::{PERIOD_S, lag_ms, of, probe_query, query};
use recovery::{
    CallError,
    ports::Alarms,
    probes::Probe,
    signal::AlarmValue,
    topology::{AlarmState, Connections},
};
use told::Told;

const CLOUDWATCH: &str = "CloudWatch";
/// The most names that `DescribeAlarms` takes.
const NAMES_A_CALL: usize = 100;

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

    /// The answers to these questions since a moment, newest datapoint first. One page holds
    /// more minutes than any recovery takes.
    async fn data(
        &self,
        queries: Vec<MetricDataQuery>,
        since: Timestamp,
    ) -> Result<Vec<MetricDataResult>, CallError> {
        let call = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .scan_by(ScanBy::TimestampDescending)
            .start_time(moment::to_sdk(since))
            .end_time(moment::to_sdk(Timestamp::now() + SignedDuration::from_secs(PERIOD_S.into())));
        let reply = call.send().await.map_err(|e| failed(CLOUDWATCH, "GetMetricData", &e))?;
        Ok(reply.metric_data_results.unwrap_or_default())
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

    async fn replica_lag_ms(
        &self,
        instance: &str,
        since: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<Option<f64>, CallError> {
        // The worst of the minute: a lag that is understated costs data.
        let queries = [("aurora", "AuroraReplicaLag"), ("rds", "ReplicaLag")];
        let queries = queries.map(|(id, metric)| query(id, metric, instance, "Maximum"));
        let results = self.data(queries.into(), since).await?;
        // Aurora's is in milliseconds, RDS's in seconds.
        let lag = |id: &str, unit_ms: f64| lag_ms(&of(&results, id), unit_ms, before);
        Ok(lag("aurora", 1.0).or_else(|| lag("rds", 1000.0)))
    }

    async fn connections(&self, instances: &[&str], since: Timestamp) -> Result<Vec<Connections>, CallError> {
        let id = |index: usize| format!("c{index}");
        let queries = instances.iter().enumerate();
        let queries = queries.map(|(i, instance)| query(&id(i), "DatabaseConnections", instance, "Average"));
        let results = self.data(queries.collect(), since).await?;
        let told = instances.iter().enumerate().map(|(i, instance)| Connections {
            instance: (*instance).to_owned(),
            points: of(&results, &id(i)),
        });
        Ok(told.collect())
    }

    async fn probes(
        &self,
        database: &str,
        servers: &[&str],
        since: Timestamp,
    ) -> Result<Vec<Probe>, CallError> {
        let id = |index: usize| format!("s{index}");
        let queries =
            servers.iter().enumerate().map(|(i, server)| probe_query(&id(i), database, Some(server)));
        let whole = probe_query("whole", database, None);
        let results = self.data(std::iter::once(whole).chain(queries).collect(), since).await?;
        let answered: Vec<_> =
            servers.iter().enumerate().map(|(i, server)| (*server, of(&results, &id(i)))).collect();
        let mut probes = Probe::all(&of(&results, "whole"), &answered);
        // CloudWatch begins with the period that `since` is in.
        probes.retain(|probe| probe.at >= since);
        Ok(probes)
    }
}
