//! Metrics by fault, on the estate's clock.

use super::*;

/// The values of a metric of the writer's role, at each period in between; `None` where none was reported.
fn writer(estate: &mut Estate, name: &str, from: f64, until: f64) -> Vec<(f64, f64)> {
    estate.advance(at(from));
    let effects = estate.advance(at(until));
    let start = at(0.0);
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Metric(point)
                if point.name == name
                    && point.dimensions
                        == [("DBClusterIdentifier", "orders".to_owned()), ("Role", "WRITER".to_owned())] =>
            {
                Some((point.at.duration_since(start).as_secs_f64(), point.value))
            }
            _ => None,
        })
        .collect()
}

fn estate_by_10() -> Estate {
    estate_with(Settings { metric_period: 10.0, ..Settings::default() })
}

#[test]
fn a_healthy_writer_reports_each_period() {
    let mut estate = estate_by_10();
    let connections = writer(&mut estate, "DatabaseConnections", 0.0, 60.0);
    let times: Vec<f64> = connections.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
    assert!(connections.iter().all(|(_, value)| (10.0..=40.0).contains(value)), "{connections:?}");
    assert!(writer(&mut estate, "CommitThroughput", 60.0, 120.0).iter().all(|(_, value)| *value > 0.0));
}

#[test]
fn a_server_outside_is_reported_as_it_counts() {
    let mut estate = estate_by_10();
    let instance = Key::new("ca-central-1", "orders-1");
    estate.observe(at(5.0), &Observation::ServerCounts { instance, connections: 7.0, commits: 93.5 });
    assert_eq!(writer(&mut estate, "DatabaseConnections", 5.0, 20.0), [(10.0, 7.0), (20.0, 7.0)]);
    assert_eq!(writer(&mut estate, "CommitThroughput", 20.0, 30.0), [(30.0, 93.5)]);
}

#[test]
fn a_crashed_writer_reads_zero_and_then_nothing() {
    let mut estate = estate_by_10();
    estate.fault(at(5.0), Fault::CrashWriter { cluster: "orders".into(), region: None }).unwrap();
    let connections = writer(&mut estate, "DatabaseConnections", 5.0, 200.0);
    assert_eq!(
        connections.iter().map(|(time, _)| *time).collect::<Vec<_>>(),
        [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    );
    assert!(connections.iter().all(|(_, value)| *value == 0.0));
}

#[test]
fn a_silent_writer_reports_nothing_and_a_sick_one_no_connections() {
    let mut estate = estate_by_10();
    estate.fault(at(5.0), Fault::SilenceWriter { cluster: "orders".into(), region: None }).unwrap();
    assert!(writer(&mut estate, "DatabaseConnections", 5.0, 100.0).is_empty());
    estate.fault(at(100.0), Fault::SickWriter { cluster: "orders".into(), region: None }).unwrap();
    let sick = writer(&mut estate, "DatabaseConnections", 101.0, 130.0);
    assert_eq!(sick, [(110.0, 0.0), (120.0, 0.0), (130.0, 0.0)]);
    estate.fault(at(130.0), Fault::Heal { cluster: None, region: None }).unwrap();
    assert!(writer(&mut estate, "DatabaseConnections", 131.0, 140.0)[0].1 >= 10.0);
}

#[test]
fn after_a_failover_the_new_writer_reports_few_connections_until_the_endpoint_leads_to_it() {
    let mut estate = estate_by_10();
    estate.fault(at(1.0), Fault::SilenceWriter { cluster: "orders".into(), region: None }).unwrap();
    let hold =
        Fault::HoldEndpoint { cluster: "orders".into(), region: None, from_promotion: false, seconds: 44.0 };
    estate.fault(at(1.0), hold).unwrap();
    fail_over(&mut estate, 2.0, Some("orders-2"));
    let connections = writer(&mut estate, "DatabaseConnections", 2.0, 60.0);
    assert_eq!(connections[0], (10.0, 0.0), "failing over");
    assert!(connections[1..4].iter().all(|(_, value)| (1.0..10.0).contains(value)), "{connections:?}");
    assert!(connections[4].1 >= 10.0, "the endpoint moved at 45 s");
}

#[test]
fn readers_report_their_lag_unless_a_fault_hides_it() {
    let lags = |estate: &mut Estate, from: f64, until: f64| -> Vec<(String, f64)> {
        estate.advance(at(from));
        let effects = estate.advance(at(until));
        let found = effects.iter().filter_map(|effect| match effect {
            Effect::Metric(point) if point.name == "AuroraReplicaLag" => {
                Some((point.dimensions[0].1.clone(), point.value))
            }
            _ => None,
        });
        found.collect()
    };
    let mut estate = estate_by_10();
    let seen = lags(&mut estate, 0.0, 10.0);
    assert_eq!(seen.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["orders-2", "orders-3"]);
    let lag = |milliseconds| Fault::LagReaders {
        cluster: "orders".into(),
        region: None,
        milliseconds,
        instance: Some("orders-2".into()),
    };
    estate.fault(at(10.0), lag(Some(9000.0))).unwrap();
    assert_eq!(lags(&mut estate, 10.0, 20.0)[0], ("orders-2".to_owned(), 9000.0));
    estate.fault(at(20.0), lag(None)).unwrap();
    assert_eq!(lags(&mut estate, 20.0, 30.0).len(), 1, "missing, not zero");
}

#[test]
fn another_cluster_reports_under_its_own_name_and_is_not_touched() {
    let mut estate = estate_by_10();
    let seed: Seed = serde_json::from_value(json!({ "clusters": [{
        "identifier": "billing", "instances": [{ "identifier": "billing-1", "writer": true }],
    }] }))
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    estate.fault(at(1.0), Fault::SilenceWriter { cluster: "orders".into(), region: None }).unwrap();
    estate.advance(at(1.0));
    let effects = estate.advance(at(30.0));
    let of = |id: &str| {
        let cluster = ("DBClusterIdentifier", id.to_owned());
        let points = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Metric(point) if point.dimensions.contains(&cluster)));
        points.count()
    };
    assert_eq!((of("orders"), of("billing")), (0, 6));
}
