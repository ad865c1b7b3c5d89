//! What can never be told is set aside with its reason, and nothing waits behind it; what may be told later is not.

use super::{ID, World, failure, failures, ids};
use crate::{BatchReply, batch};
use recovery::{CallError, Failure};
use serde_json::{Value, json};

fn broken(batch: &mut Value, item: usize) {
    batch["Records"][item]["dynamodb"]["NewImage"]["record"]["S"] = json!("{\"incident\": 7");
}

#[tokio::test]
async fn a_bad_item_is_set_aside_as_it_came_and_loses_no_other_one() {
    let (world, mut batch) = World::new().await;
    broken(&mut batch, 1);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()), "nothing waits behind it");
    assert_eq!(world.told(), ids(&[(4, "stakeholders"), (4, "on-call")]));
    assert_eq!(world.on_bus(), [1, 3, 4]);
    let [letter] = world.aside.kept().try_into().unwrap();
    assert_eq!(letter.sequence_number.as_deref(), Some("200"));
    assert_eq!(letter.item, batch["Records"][1]);
    assert!(letter.reason.contains("the record in `dynamodb.NewImage`"), "{}", letter.reason);
}

#[tokio::test]
async fn a_bad_item_without_a_number_is_set_aside_too() {
    let (world, mut batch) = World::new().await;
    batch["Records"][1] = json!({"eventName": "INSERT"});
    batch["Records"][2]["dynamodb"]["SequenceNumber"] = json!("");
    broken(&mut batch, 2);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert_eq!(world.told(), ids(&[(4, "stakeholders"), (4, "on-call")]));
    assert_eq!(world.set_aside(), [None, None]);
    assert_eq!(world.aside.kept()[0].reason, "`dynamodb` is missing");
}

#[tokio::test]
async fn a_bad_item_that_cannot_be_set_aside_is_a_failure() {
    let (world, mut batch) = World::new().await;
    broken(&mut batch, 1);
    broken(&mut batch, 2);
    world.aside.fail_with(Some(failure("SQS", "SendMessage")));
    assert_eq!(world.handle(&batch).await, Ok(failures(&["200"])), "the later one comes again with it");
    assert_eq!(world.told(), ids(&[(4, "stakeholders"), (4, "on-call")]));
    world.aside.fail_with(None);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert_eq!(world.set_aside(), [Some("200".to_owned()), Some("300".to_owned())]);

    batch["Records"][1] = json!({"eventName": "INSERT"});
    world.aside.fail_with(Some(failure("SQS", "SendMessage")));
    let error = world.handle(&batch).await.unwrap_err();
    assert_eq!(error.name(), "MalformedEvent");
    assert!(
        error.to_string().contains("`dynamodb` is missing; and it could not be set aside: SQS"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bad_item_that_comes_again_is_set_aside_once() {
    let (world, mut batch) = World::new().await;
    broken(&mut batch, 0);
    broken(&mut batch, 2);
    world.topic.fail_with(Some(failure("SNS", "Publish")));
    assert_eq!(world.handle(&batch).await, Ok(failures(&["200", "400"])));
    assert_eq!(world.set_aside(), [Some("100".to_owned())], "the one before what Lambda brings again");
    batch["Records"].as_array_mut().unwrap().remove(0);
    assert_eq!(world.handle(&batch).await, Ok(failures(&["200", "400"])));
    assert_eq!(world.set_aside().len(), 1);
    world.topic.fail_with(None);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert_eq!(world.set_aside(), [Some("100".to_owned()), Some("300".to_owned())]);
    assert_eq!(world.told().len(), 4);
}

#[tokio::test]
async fn a_good_item_without_a_number_fails_the_batch_as_long_as_it_may_be_told() {
    let (world, mut batch) = World::new().await;
    batch["Records"][3]["dynamodb"]["SequenceNumber"] = json!(null);
    broken(&mut batch, 2);
    world.topic.fail_with(Some(failure("SNS", "Publish")));
    let error = world.handle(&batch).await.unwrap_err();
    assert!(error.to_string().contains("without a sequence number: SNS Publish"), "{error}");
    assert_eq!(world.set_aside(), [], "the whole batch comes again");
    world.topic.fail_with(None);
    assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    assert_eq!(world.told().len(), 4);
    assert_eq!(world.set_aside(), [Some("300".to_owned())]);
}

#[tokio::test]
async fn hostile_items_are_set_aside_with_a_bounded_reason_and_break_nothing() {
    let (world, _) = World::new().await;
    let long = "x\n".repeat(500_000);
    let image =
        |body: Value| json!({"Keys": {"sk": {"S": "event#1"}}, "NewImage": body, "SequenceNumber": "9"});
    for change in [
        json!({"SequenceNumber": "9"}),
        image(json!({})),
        image(json!({"record": {"N": "1"}})),
        image(json!({"record": {"S": long}})),
        image(json!({"record": {"S": format!("{{\"{long}\":1}}")}})),
    ] {
        let batch = json!({"Records": [{"eventName": "INSERT", "dynamodb": change}]});
        assert_eq!(world.handle(&batch).await, Ok(BatchReply::default()));
    }
    assert_eq!(world.set_aside(), vec![Some("9".to_owned()); 5]);
    let reason = batch::items(
        &json!({"Records": [{"eventName": "INSERT", "dynamodb": image(json!({"record": {"S": long}}))}]}),
    )
    .unwrap()
    .remove(0)
    .record
    .unwrap_err();
    assert!(reason.len() < 400 && !reason.contains('\n'), "{reason}");
}

#[tokio::test]
async fn an_incident_that_stays_unreadable_is_set_aside_after_a_while() {
    let (_, batch) = World::new().await;
    let empty = World::default();
    assert_eq!(empty.handle(&batch).await, Ok(failures(&["200", "400"])));
    assert_eq!(empty.set_aside(), [], "the answer, not the incident, may have been unreadable");
    *empty.bus.fail.lock().unwrap() = true;
    let late = "2026-03-01T10:02:30Z";
    assert_eq!(empty.handle_at(late, &batch).await, Ok(BatchReply::default()));
    assert_eq!(empty.set_aside(), [Some("200".to_owned()), Some("400".to_owned())]);
    let letter = empty.aside.kept().remove(0);
    assert!(letter.reason.contains(&format!("incident {ID} has no opening event")), "{}", letter.reason);
    assert!(empty.told().is_empty());
}

#[tokio::test]
async fn an_unreadable_item_waits_a_moment_for_a_version_that_can_read_it() {
    let (world, mut batch) = World::new().await;
    batch["Records"][1]["dynamodb"]["NewImage"]["record"]["S"] = json!("{\"event\": \"of tomorrow\"}");
    // 10:02:33, to the second.
    batch["Records"][1]["dynamodb"]["ApproximateCreationDateTime"] = json!(1_772_359_353.0);
    let soon = world.handle_at("2026-03-01T10:02:50Z", &batch).await;
    assert_eq!(soon, Ok(failures(&["200"])));
    assert_eq!(world.set_aside(), [], "a deployment may be under way");
    let late = world.handle_at("2026-03-01T10:03:03Z", &batch).await;
    assert_eq!(late, Ok(BatchReply::default()));
    assert_eq!(world.set_aside(), [Some("200".to_owned())]);
}

#[tokio::test]
async fn what_may_work_later_is_never_set_aside() {
    let (world, batch) = World::new().await;
    for kind in
        [Failure::Throttled, Failure::Denied, Failure::NotFound, Failure::Refused, Failure::Unreachable]
    {
        world.topic.fail_with(Some(CallError::new("SNS", "Publish", kind, "not now")));
        let hour = world.handle_at("2026-03-01T11:02:00Z", &batch).await;
        assert_eq!(hour, Ok(failures(&["200", "400"])), "{kind:?}");
    }
    assert_eq!(world.set_aside(), []);
}
