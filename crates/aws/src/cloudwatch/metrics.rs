//! What is asked of a metric and what its answer means.

use crate::moment;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
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

/// The value with the latest time.
pub(super) fn newest(result: &MetricDataResult) -> Option<f64> {
    points(result).last().map(|p| p.value)
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
        assert_eq!(newest(&result), Some(3.0));
        assert_eq!(newest(&MetricDataResult::builder().build()), None, "no datapoint is not zero");
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
