//! The rules of the template, the samples that each lets through, and the way from a rule to its function.

use super::{
    files,
    pattern::matches,
    template::{Template, attribute, reference},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The state machine of the samples, which the template calls `Recovery`.
const MACHINE: &str = "arn:aws:states:ca-central-1:123456789012:stateMachine:mainstay-recovery";

/// Each rule with a pattern, and the samples that it lets through. All other samples must not match.
const RULES: &[(&str, &[&str])] = &[
    (
        "AlarmRule",
        &[
            "alarm-active-sessions",
            "alarm-alb-latency",
            "alarm-api-error-rate",
            "alarm-canary",
            "alarm-composite",
            "alarm-composite-suppressed",
            "alarm-composite-suppression-ended",
            "alarm-contributor",
            "alarm-muted",
            "alarm-other-account",
            "alarm-unknown-state",
            "alarm-writer-down",
            "alarm-writer-insufficient-data",
            "alarm-writer-ok",
        ],
    ),
    (
        "DatabaseRule",
        &[
            "rds-failover-completed",
            "rds-failover-completed-without-id",
            "rds-failover-failed",
            "rds-failover-of-another-cluster",
            "rds-failover-started-cross-az",
            "rds-failover-started-same-az",
            "rds-fencing-timed-out",
            "rds-global-failover-finished",
            "rds-global-switchover-started",
            "rds-instance-restarted",
            "rds-old-writer-fenced",
            "rds-previous-writer-promoted",
        ],
    ),
    ("EndedRule", &["execution-aborted", "execution-failed", "execution-timed-out"]),
];

/// Rules that a clock fires: no pattern, and `sweep-tick` is what they send.
const CLOCKS: &[&str] = &["SweepRule"];

/// The pattern of a rule as deployed: what the template names by reference is the samples' state machine.
fn deployed(pattern: &Value) -> Value {
    if *pattern == reference("Recovery") {
        return json!(MACHINE);
    }
    match pattern {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), deployed(v))).collect(),
        Value::Array(items) => items.iter().map(deployed).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain.clone(),
    }
}

#[test]
fn every_rule_lets_through_its_samples_and_no_other() {
    let template = Template::read();
    let rules: BTreeSet<&str> = template.of_type("AWS::Events::Rule").into_iter().map(|(id, _)| id).collect();
    let listed = RULES.iter().map(|(rule, _)| *rule).chain(CLOCKS.iter().copied()).collect();
    assert_eq!(rules, listed, "the template's rules and this test's");
    for (rule, expected) in RULES {
        let pattern = deployed(&template.properties(rule)["EventPattern"]);
        let through: Vec<String> =
            files::samples().into_iter().filter(|name| matches(&pattern, &files::sample(name))).collect();
        assert_eq!(through, *expected, "{rule}");
    }
    for rule in CLOCKS {
        let rule = template.properties(rule);
        assert_eq!((&rule["EventPattern"], rule["ScheduleExpression"].is_string()), (&Value::Null, true));
    }
}

#[test]
fn the_end_of_another_state_machine_is_not_ours() {
    let pattern = deployed(&Template::read().properties("EndedRule")["EventPattern"]);
    let mut event = files::sample("execution-failed");
    assert!(matches(&pattern, &event));
    event["detail"]["stateMachineArn"] = json!(MACHINE.replace("mainstay", "billing"));
    assert!(!matches(&pattern, &event));
}

#[test]
fn every_rule_has_one_target_with_a_queue_for_what_cannot_be_delivered() {
    for (id, rule) in Template::read().of_type("AWS::Events::Rule") {
        let targets = rule["Properties"]["Targets"].as_array().unwrap();
        assert_eq!(targets.len(), 1, "{id}: two targets run everything twice");
        assert_eq!(targets[0]["Arn"], attribute("AlarmHandler.Arn"), "{id} leads past the only door");
        assert_eq!(targets[0]["DeadLetterConfig"]["Arn"], attribute("DeliveryDlq.Arn"), "{id}");
        let retry = &targets[0]["RetryPolicy"];
        assert!(
            retry["MaximumEventAgeInSeconds"].as_u64().unwrap() <= 3600,
            "{id}: an old alarm is no alarm"
        );
        assert!(retry["MaximumRetryAttempts"].as_u64().unwrap() > 0, "{id}");
    }
}

#[test]
fn every_rule_and_topic_may_call_the_door_and_only_from_its_own_arn() {
    let template = Template::read();
    let mut sources: Vec<(&str, Value)> = template
        .of_type("AWS::Events::Rule")
        .into_iter()
        .map(|(id, _)| (id, attribute(&format!("{id}.Arn"))))
        .collect();
    sources.push(("AlarmTopic", reference("AlarmTopic")));
    for (_, permission) in template.of_type("AWS::Lambda::Permission") {
        let permission = &permission["Properties"];
        assert_eq!(permission["FunctionName"], reference("AlarmHandler"));
        assert_eq!(permission["Action"], "lambda:InvokeFunction");
        assert!(!permission["SourceArn"].is_null(), "anybody's {} could call", permission["Principal"]);
    }
    for (id, arn) in sources {
        let principal = if id == "AlarmTopic" { "sns.amazonaws.com" } else { "events.amazonaws.com" };
        let named = format!("{id}Permission");
        let permission = template.properties(&named);
        assert_eq!(
            (&permission["Principal"], &permission["SourceArn"]),
            (&json!(principal), &arn),
            "{named}"
        );
    }
    let direct = template.properties("DirectAlarmPermission");
    assert_eq!(direct["Principal"], "lambda.alarms.cloudwatch.amazonaws.com");
    assert_eq!(direct["SourceAccount"], reference("AWS::AccountId"));
}

#[test]
fn the_queue_takes_what_every_rule_and_the_topic_could_not_deliver() {
    let template = Template::read();
    let policy = template.properties("DeliveryDlqPolicy");
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let may = |service: &str| {
        let statement = statements.iter().find(|s| s["Principal"]["Service"] == service);
        &statement.unwrap_or_else(|| panic!("{service} may not use the queue"))["Condition"]["ArnEquals"]["aws:SourceArn"]
    };
    let rules: Vec<Value> = template
        .of_type("AWS::Events::Rule")
        .into_iter()
        .map(|(id, _)| attribute(&format!("{id}.Arn")))
        .collect();
    let named = may("events.amazonaws.com").as_array().unwrap();
    assert_eq!(named.len(), rules.len());
    assert!(rules.iter().all(|rule| named.contains(rule)), "{named:?}");
    assert_eq!(may("sns.amazonaws.com"), &reference("AlarmTopic"));
    let topic = template.properties("AlarmTopicSubscription");
    assert_eq!(topic["RedrivePolicy"]["deadLetterTargetArn"], attribute("DeliveryDlq.Arn"));
}
