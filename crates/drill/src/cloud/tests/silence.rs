//! People silence alarms. The change still reaches EventBridge; the alarm's own actions rest.

use serde_json::json;

use super::alarms::{change, put_alarm, reaches, state};
use super::stand::{Stand, now, shared};
use crate::cloud::Service;

/// A topic's inbox, and the alarm that speaks to it.
async fn speaking_alarm(stand: &Stand, cluster: &str) -> String {
    let api = stand.cloud.api();
    let inbox = api.create_queue(&format!("inbox-{cluster}")).await.unwrap();
    let topic = stand.stack.id("Outbound");
    api.subscribe_queue(topic, &api.queue_arn(&inbox)).await.unwrap();
    put_alarm(stand, cluster, json!({ "AlarmActions": [topic], "OKActions": [topic] })).await;
    inbox
}

/// How many messages of this alarm's ALARM lie in the inbox.
async fn spoken(stand: &Stand, inbox: &str, cluster: &str) -> usize {
    let mark = format!("ALARM: \\\"{cluster}-writer-down");
    let messages = stand.cloud.api().drain(inbox).await.unwrap();
    messages.iter().filter(|message| message.body.contains(&mark)).count()
}

#[tokio::test]
async fn an_alarm_without_actions_still_changes_and_tells_eventbridge() {
    let stand = shared();
    let inbox = speaking_alarm(&stand, "hushed").await;
    stand.cloud.api().alarm_actions("hushed-writer-down", false).await.unwrap();
    reaches(&stand, "hushed", "ALARM", Some(0.0)).await;
    let event = change(&stand, "hushed-writer-down", "ALARM").await;
    assert!(event["detail"].get("muteDetail").is_none());
    assert_eq!(spoken(&stand, &inbox, "hushed").await, 0);
    assert_eq!(stand.cloud.api().alarm("hushed-writer-down").await.unwrap()["ActionsEnabled"], false);
}

#[tokio::test]
async fn an_alarm_with_actions_speaks_to_its_topic() {
    let stand = shared();
    let inbox = speaking_alarm(&stand, "loud").await;
    reaches(&stand, "loud", "ALARM", Some(0.0)).await;
    change(&stand, "loud-writer-down", "ALARM").await;
    assert_eq!(spoken(&stand, &inbox, "loud").await, 1);
}

#[tokio::test]
async fn a_muted_change_carries_the_rule_and_the_actions_rest() {
    let stand = shared();
    let api = stand.cloud.api();
    let inbox = speaking_alarm(&stand, "muted").await;
    let start = jiff_minute(now());
    let rule = json!({
        "Name": "maintenance", "MuteTargets": { "AlarmNames": ["muted-writer-down"] },
        "Rule": { "Schedule": { "Expression": format!("at({start})"), "Duration": "PT1H" } },
    });
    api.json(Service::CloudWatch, "PutAlarmMuteRule", &rule).await.unwrap();
    let listed = json!({ "AlarmName": "muted-writer-down", "Statuses": ["ACTIVE"] });
    let listed = api.json(Service::CloudWatch, "ListAlarmMuteRules", &listed).await.unwrap();
    assert_eq!(listed["AlarmMuteRuleSummaries"].as_array().map(Vec::len), Some(1), "{listed}");

    reaches(&stand, "muted", "ALARM", Some(0.0)).await;
    let event = change(&stand, "muted-writer-down", "ALARM").await;
    let mute = &event["detail"]["muteDetail"];
    assert!(mute["mutedByArn"].as_str().unwrap().ends_with(":alarm-mute-rule:maintenance"), "{mute}");
    assert_eq!(spoken(&stand, &inbox, "muted").await, 0);
    assert_eq!(state(&stand, "muted-writer-down").await, "ALARM");
}

/// The minute of a moment, as mute rules write it: `2026-05-10T14:00`.
fn jiff_minute(at: f64) -> String {
    let output = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{at:.0}"), "+%Y-%m-%dT%H:%M"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
