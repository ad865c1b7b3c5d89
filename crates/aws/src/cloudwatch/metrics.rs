//! What is asked of a metric and what its answer means.

use crate::moment;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use recovery::topology::Datapoint;

/// RDS sends its metrics each minute.
pub(super) const PERIOD_S: i32 = 60;

/// A question for one metric of an instance.
pub(super) fn query(id: &str, metric: &str, instance: &str, stat: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("DBInstanceIdentifier").value(instance).build();
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_S).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
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
}
