//! The alarms of the template: the one that may trigger, and those on Mainstay itself.

use super::{
    files::{self, logical_id},
    template::{Template, attribute, reference},
};
use serde_json::{Value, json};

/// The words of CloudWatch for missing data.
const SILENCE: &[&str] = &["breaching", "notBreaching", "ignore", "missing"];

#[test]
fn the_trigger_speaks_for_the_writer_of_one_cluster_and_takes_silence_for_an_outage() {
    let template = Template::read();
    let alarm = template.properties("WriterDown");
    assert_eq!(
        (&alarm["Namespace"], &alarm["MetricName"]),
        (&json!("AWS/RDS"), &json!("DatabaseConnections"))
    );
    let dimensions = json!([
        {"Name": "DBClusterIdentifier", "Value": reference("DatabaseIdentifier")},
        {"Name": "Role", "Value": "WRITER"},
    ]);
    assert_eq!(alarm["Dimensions"], dimensions);
    assert_eq!(alarm["TreatMissingData"], "breaching");
    assert_eq!((&alarm["Statistic"], &alarm["Threshold"]), (&json!("Maximum"), &json!(1)));
    assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold");
    assert_eq!(alarm["Period"], reference("AlarmPeriodSeconds"));
    for key in ["EvaluationPeriods", "DatapointsToAlarm"] {
        assert_eq!(alarm[key], reference("AlarmDatapoints"), "{key}");
    }
    let plan = plan::parse_bytes(files::text("plan.toml").as_bytes(), "plan.toml").plan.unwrap();
    let name = alarm["AlarmName"]["Fn::Sub"][0].as_str().unwrap();
    for database in &plan.databases {
        let made = name.replace("${Name}", &database.name);
        assert!(
            !plan.speaking(&made).is_empty(),
            "the plan does not know the alarm {made} that the template makes"
        );
    }
}

#[test]
fn every_alarm_says_what_silence_means() {
    for (id, alarm) in Template::read().of_type("AWS::CloudWatch::Alarm") {
        let silence = alarm["Properties"]["TreatMissingData"].as_str();
        assert!(silence.is_some_and(|s| SILENCE.contains(&s)), "{id}: {silence:?}");
        assert!(alarm["Properties"]["AlarmDescription"].is_string(), "{id} does not say what it means");
    }
}

/// What may trigger reaches the door by its rule; every other alarm is for people.
#[test]
fn every_other_alarm_tells_people() {
    for (id, alarm) in Template::read().of_type("AWS::CloudWatch::Alarm") {
        let actions = &alarm["Properties"]["AlarmActions"];
        let triggers = ["ProbeFailed", "WriterDown"].contains(&id);
        let expected = if triggers { Value::Null } else { json!([reference("OperationsTopic")]) };
        assert_eq!(*actions, expected, "{id}");
    }
}

#[test]
fn mainstay_watches_itself() {
    let template = Template::read();
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let watched = |metric: &str, dimension: &str, value: &Value| {
        alarms.iter().any(|(_, alarm)| {
            let alarm = &alarm["Properties"];
            alarm["MetricName"] == metric
                && alarm["Dimensions"] == json!([{"Name": dimension, "Value": value}])
        })
    };
    for function in files::functions() {
        let function = reference(&logical_id(&function));
        assert!(watched("Errors", "FunctionName", &function), "nobody sees errors of {function}");
    }
    for (queue, _) in template.of_type("AWS::SQS::Queue") {
        let name = attribute(&format!("{queue}.QueueName"));
        assert!(watched("ApproximateNumberOfMessagesVisible", "QueueName", &name), "nobody sees {queue}");
    }
    for metric in ["ExecutionsFailed", "ExecutionsTimedOut"] {
        assert!(watched(metric, "StateMachineArn", &reference("Recovery")), "nobody sees {metric}");
    }
    assert!(watched("IteratorAge", "FunctionName", &reference("Notifier")), "nobody sees late notices");
}

/// The metric of the alarms is the one that the prober prints; a dead writer is a 0, and silence is not.
#[test]
fn the_probers_alarm_hears_a_failed_probe_and_another_one_hears_silence() {
    let outcome =
        |meaning| prober::Outcome { meaning, server: None, connect: None, answer: None, detail: None };
    let printed = |meaning| -> Value {
        let at = "2026-03-01T10:00:10Z".parse().unwrap();
        serde_json::from_str(&prober::emf::line("orders", at, &outcome(meaning))).unwrap()
    };
    let dead = printed(prober::Meaning::Failed(prober::meaning::Failure::ConnectTimeout));
    let turned_away = printed(prober::Meaning::Unable(prober::meaning::Inability::LoginRefused));
    let template = Template::read();
    for (id, silence) in [("ProbeFailed", "missing"), ("ProbeSilent", "breaching")] {
        let alarm = template.properties(id);
        let metric = alarm["MetricName"].as_str().unwrap();
        assert_eq!(alarm["Namespace"], dead["_aws"]["CloudWatchMetrics"][0]["Namespace"], "{id}");
        let dimension = dead["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0][0].clone();
        assert_eq!(
            alarm["Dimensions"],
            json!([{"Name": dimension, "Value": reference("ProbeDatabase")}]),
            "{id}"
        );
        assert_eq!((&dead[metric], &turned_away[metric]), (&json!(0), &Value::Null), "{id}");
        assert_eq!(alarm["TreatMissingData"], silence, "{id}");
        assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold", "{id}");
        assert_eq!(alarm["Threshold"], 1, "{id}");
    }
    let failed = template.properties("ProbeFailed");
    assert_eq!(failed["Statistic"], "Maximum");
    // One probe in each period, and two in a row.
    assert_eq!(failed["Period"], reference("ProbeEverySeconds"));
    assert_eq!((&failed["EvaluationPeriods"], &failed["DatapointsToAlarm"]), (&json!(2), &json!(2)));
    assert_eq!(template.properties("ProbeSilent")["Statistic"], "SampleCount");
}

/// What the prober prints for its alarms stays apart from what it prints for the step `endpoint`, which asks for the very
/// metric that is printed: a metric is its name and its set of dimensions.
#[test]
fn the_probes_of_a_server_are_a_metric_besides_the_alarms_and_the_one_that_is_asked_for() {
    let outcome = prober::Outcome {
        meaning: prober::Meaning::Writer,
        server: Some("orders-2".to_owned()),
        connect: None,
        answer: None,
        detail: None,
    };
    let at = "2026-03-01T10:00:10Z".parse().unwrap();
    let line: Value = serde_json::from_str(&prober::emf::line("orders", at, &outcome)).unwrap();
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let sets: Vec<&Value> = directives.iter().map(|d| &d["Dimensions"]).collect();
    let (database, server) = (recovery::probes::DATABASE, recovery::probes::SERVER);
    assert_eq!(sets, [&json!([[database]]), &json!([[database, server]])]);
    for directive in directives {
        assert_eq!(directive["Namespace"], recovery::probes::NAMESPACE);
        assert_eq!(directive["Metrics"][0]["Name"], recovery::probes::SUCCESS);
    }
    let template = Template::read();
    for id in ["ProbeFailed", "ProbeSilent"] {
        assert_eq!(template.properties(id)["Dimensions"].as_array().unwrap().len(), 1, "{id}");
    }
}

/// The alarm warns where the summary does.
#[test]
fn the_quotas_alarm_hears_what_the_snapshotter_prints() {
    let at = "2026-03-01T10:00:10Z".parse().unwrap();
    let line = snapshotter::Quota::of(80, 100).line("ca-central-1", at);
    let printed: Value = serde_json::from_str(&line).unwrap();
    let alarm = Template::read().properties("SnapshotQuotaUsed").clone();
    let directive = &printed["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(alarm["Namespace"], directive["Namespace"]);
    assert_eq!(
        alarm["Dimensions"],
        json!([{"Name": directive["Dimensions"][0][0], "Value": reference("AWS::Region")}])
    );
    assert_eq!(printed[alarm["MetricName"].as_str().unwrap()], alarm["Threshold"]);
    assert_eq!(alarm["Threshold"], json!(snapshotter::quota::WARN_FROM_PERCENT));
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
    // Between two ticks nothing is printed, and nothing has changed.
    assert_eq!((&alarm["Statistic"], &alarm["TreatMissingData"]), (&json!("Maximum"), &json!("ignore")));
}

/// A record that the notifier names as failed, or sets aside, is no error of the function: its log is the only
/// witness.
#[test]
fn a_notice_that_could_not_be_sent_raises_an_alarm() {
    let template = Template::read();
    let filter = template.properties("NotifierComplaints");
    assert_eq!(filter["LogGroupName"], reference("NotifierLogs"));
    assert_eq!(filter["FilterPattern"], r#"{ $.level = "ERROR" }"#);
    let transformation = &filter["MetricTransformations"][0];
    let alarm = template.properties("NotifierComplains");
    assert_eq!(alarm["Namespace"], transformation["MetricNamespace"]);
    assert_eq!(alarm["MetricName"], transformation["MetricName"]);
    let notifier = files::text("crates/notifier/src/settled.rs");
    for line in [
        r#"tracing::error!(item = item.place, "not told: "#,
        r#"tracing::error!(item = item.place, message, "set aside, it can never be told: "#,
    ] {
        assert!(notifier.contains(line), "the lines that the filter is for: {line}");
    }
}
