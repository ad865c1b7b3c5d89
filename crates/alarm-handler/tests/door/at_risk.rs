//! `status` estimates what a failover may have cost in data.

use crate::world::{World, sample};
use alarm_handler::reply::StatusReply;
use recovery::{Event, data_at_risk::Basis};
use serde_json::json;

#[tokio::test]
async fn status_estimates_the_loss_once_a_new_writer_is_in_charge() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    let early: StatusReply = world.ask("10:02:40", sample("request-status-of-database")).await;
    assert_eq!(early.incident.unwrap().data_at_risk, None);

    let promoted =
        Event::Promoted { from: Some("orders-1".to_owned()), writer: "orders-2".to_owned(), zone: None };
    world.append("10:03:00", promoted).await;
    let answer = world.handle("10:06:00", &sample("request-status-of-database")).await.unwrap();
    let risk = &answer["incident"]["data_at_risk"];
    assert_eq!(risk["seconds"], json!(0.0), "{risk}");
    assert!(risk["how"].as_str().unwrap().contains("share one storage"), "{risk}");
    // The sample's first silent minute began at 10:00:00.
    let silence = &risk["sources"][1];
    assert_eq!(silence["name"], "last good datapoint to promotion");
    assert!(silence["value"].as_str().unwrap().starts_with("180 s, from 2026-03-01T10:00:00Z"), "{silence}");
}

#[tokio::test]
async fn status_of_an_older_door_is_still_read() {
    let world = World::new();
    world.decides("10:02:32", "alarm-writer-down").await;
    let mut answer = world.handle("10:06:00", &sample("request-status-of-database")).await.unwrap();
    answer["incident"].as_object_mut().unwrap().remove("data_at_risk");
    let reply: StatusReply = serde_json::from_value(answer).unwrap();
    assert_eq!(reply.incident.unwrap().data_at_risk.map(|r| r.basis), None::<Basis>);
}
