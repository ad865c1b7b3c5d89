//! What is asked of a metric and what its answer means.

use crate::moment;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use jiff::Timestamp;
use recovery::{probes, topology::Datapoint};

/// RDS sends its metrics each minute.
pub(super) const PERIOD_S: i32 = 60;
/// The prober's metric keeps each second apart.
const PROBE_PERIOD_S: i32 = 1;

/// A question for one metric of an instance.
pub(super) fn query(id: &str, metric: &str, instance: &str, stat: &str) -> MetricDataQuery {
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(metric);
    let metric = metric.dimensions(dimension("DBInstanceIdentifier", instance));
    asked(id, metric.build(), PERIOD_S, stat)
}

/// A question for the probes of a database, or for those that one server answered; the worst of each second.
pub(super) fn probe_query(id: &str, database: &str, server: Option<&str>) -> MetricDataQuery {
    let metric = Metric::builder().namespace(probes::NAMESPACE).metric_name(probes::SUCCESS);
    let metric = metric.dimensions(dimension(probes::DATABASE, database));
    let metric = match server {
        Some(server) => metric.dimensions(dimension(probes::SERVER, server)),
        None => metric,
    };
    asked(id, metric.build(), PROBE_PERIOD_S, "Minimum")
}

fn asked(id: &str, metric: Metric, period_s: i32, stat: &str) -> MetricDataQuery {
    let stat = MetricStat::builder().metric(metric).period(period_s).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// The datapoints of the answer to the question `id`, oldest first; none where there is no answer.
pub(super) fn of(results: &[MetricDataResult], id: &str) -> Vec<Datapoint> {
    results.iter().find(|result| result.id() == Some(id)).map(points).unwrap_or_default()
}

/// The datapoints of an answer, oldest first; the order of the answer is not relied on.
pub(super) fn points(result: &MetricDataResult) -> Vec<Datapoint> {
    let pairs = result.timestamps().iter().zip(result.values());
    let mut points: Vec<Datapoint> = pairs
        .filter_map(|(at, value)| Some(Datapoint { at: moment::from_sdk(at)?, value: *value }))
        .collect();
    points.sort_by_key(|p| p.at);
    points
}

/// What datapoints of replica lag, oldest first and in units of so many milliseconds, say in milliseconds: the newest
/// `before` the outage, or of all where none is.
///
/// RDS writes −1 while nothing is replicated, as it is once the writer is gone. Where it was before that, the reader
/// lacks what was committed since the last good datapoint: a lag that is understated costs data.
pub(super) fn lag_ms(points: &[Datapoint], unit_ms: f64, before: Option<Timestamp>) -> Option<f64> {
    let early = points.iter().take_while(|p| before.is_none_or(|end| p.at < end)).count();
    let told = if early == 0 { points } else { points.get(..early)? };
    let good = told.iter().rev().find(|p| p.value >= 0.0)?;
    let stood = told.last()?.at.duration_since(good.at);
    Some(good.value * unit_ms + stood.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::DateTime;

    #[test]
    fn an_answer_in_any_order_is_told_in_the_order_of_time() {
        let result = MetricDataResult::builder()
            .timestamps(DateTime::from_secs(120))
            .timestamps(DateTime::from_secs(0))
            .timestamps(DateTime::from_secs(60))
            .set_values(Some(vec![3.0, 1.0, 2.0]))
            .build();
        assert_eq!(points(&result).iter().map(|p| p.value).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
    }

    /// Datapoints of consecutive minutes.
    fn minutes(values: &[f64]) -> Vec<Datapoint> {
        let at = |minute: usize| Timestamp::from_second(i64::try_from(minute * 60).unwrap()).unwrap();
        values.iter().enumerate().map(|(minute, value)| Datapoint { at: at(minute), value: *value }).collect()
    }

    #[test]
    fn the_lag_is_the_newest_one_before_the_outage() {
        let minute = |m: i64| Some(Timestamp::from_second(m * 60).unwrap());
        let all = minutes(&[1.0, 2.0, 90.0, 150.0]);
        assert_eq!(lag_ms(&all, 1.0, minute(2)), Some(2.0));
        assert_eq!(lag_ms(&all, 1000.0, minute(2)), Some(2_000.0));
        assert_eq!(lag_ms(&all, 1.0, None), Some(150.0), "nobody knows when it began");
        assert_eq!(lag_ms(&all, 1.0, minute(0)), Some(150.0), "better too much than nothing");
        assert_eq!(lag_ms(&[], 1.0, minute(2)), None, "no datapoint is not zero");
        // RDS writes −1 once the writer is gone: nothing is replicated then.
        let silent = minutes(&[1.0, 2.0, -1.0, -1.0]);
        assert_eq!(lag_ms(&silent, 1000.0, minute(2)), Some(2_000.0));
    }

    /// What the writer committed meanwhile is not on the reader.
    #[test]
    fn time_in_which_nothing_was_replicated_is_lag() {
        let minute = |m: i64| Some(Timestamp::from_second(m * 60).unwrap());
        let broken = minutes(&[2.0, -1.0, -1.0, -1.0]);
        assert_eq!(lag_ms(&broken, 1000.0, minute(3)), Some(122_000.0));
        assert_eq!(lag_ms(&broken, 1000.0, None), Some(182_000.0));
        assert_eq!(lag_ms(&minutes(&[-1.0, -1.0]), 1000.0, minute(2)), None, "it is not known");
        assert_eq!(lag_ms(&minutes(&[-1.0, 3.0]), 1000.0, minute(2)), Some(3_000.0), "it goes on again");
    }

    #[test]
    fn a_question_names_the_instance_and_the_minute() {
        let query = query("c0", "DatabaseConnections", "orders-1", "Average");
        let stat = query.metric_stat().expect("a statistic");
        let metric = stat.metric().expect("a metric");
        assert_eq!((stat.period(), stat.stat()), (Some(60), Some("Average")));
        assert_eq!(
            (metric.namespace(), metric.metric_name()),
            (Some("AWS/RDS"), Some("DatabaseConnections"))
        );
        let dimension = metric.dimensions().first().expect("a dimension");
        assert_eq!((dimension.name(), dimension.value()), (Some("DBInstanceIdentifier"), Some("orders-1")));
    }

    /// A metric is its set of dimensions: one more or one less asks for another metric.
    #[test]
    fn a_question_for_probes_names_the_database_and_the_server_and_the_second() {
        for (server, expected) in [
            (None, vec![("Database", "orders")]),
            (Some("orders-2"), vec![("Database", "orders"), ("Server", "orders-2")]),
        ] {
            let query = probe_query("p", "orders", server);
            let stat = query.metric_stat().expect("a statistic");
            let metric = stat.metric().expect("a metric");
            assert_eq!((stat.period(), stat.stat()), (Some(1), Some("Minimum")));
            assert_eq!((metric.namespace(), metric.metric_name()), (Some("Mainstay"), Some("ProbeSuccess")));
            let dimensions: Vec<_> =
                metric.dimensions().iter().filter_map(|d| d.name().zip(d.value())).collect();
            assert_eq!(dimensions, expected);
        }
    }
}
