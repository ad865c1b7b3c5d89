//! What reaches the function, and what becomes of what it can't digest.

use serde_json::{Value, json};

use super::stand::{Stand, shared, until};
use crate::cloud::{Message, Service};

/// Waits for the message in a queue whose body holds `mark`. It stays in the queue.
async fn found_in(stand: &Stand, queue: &str, mark: &str) -> Message {
    let (api, url) = (stand.cloud.api(), stand.stack.id(queue).to_owned());
    until(&format!("{mark} in {queue}"), async || {
        let messages = api.receive(&url, 0).await.unwrap();
        messages.into_iter().find(|message| message.body.contains(mark))
    })
    .await
}

fn tries(stand: &Stand, mark: &str) -> usize {
    stand.recorded().iter().filter(|event| event.to_string().contains(mark)).count()
}

fn attribute(message: &Message, name: &str) -> String {
    message.attributes[name]["StringValue"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_poisoned_event_of_a_rule_is_tried_three_times_and_lies_in_the_dead_letter_queue_as_it_was() {
    let stand = shared();
    let entry = json!({"Source": "mainstay.test", "DetailType": "T", "Detail": r#"{"poison": "by rule"}"#});
    stand.cloud.api().put_event(&entry).await.unwrap();
    let message = found_in(&stand, "Poisoned", "by rule").await;
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["detail"], json!({"poison": "by rule"}));
    assert_eq!(body["source"], "mainstay.test");
    assert!(attribute(&message, "ErrorMessage").contains("this event is poisoned"));
    assert_eq!(tries(&stand, "by rule"), 3);
}

#[tokio::test]
async fn a_poisoned_notification_and_a_poisoned_invocation_go_the_same_way() {
    let stand = shared();
    let api = stand.cloud.api();
    api.publish(stand.stack.id("Inbound"), "poison by topic").await.unwrap();
    api.invoke_later(stand.stack.id("Recorder"), r#"{"poison": "by hand"}"#).await.unwrap();
    let message = found_in(&stand, "Poisoned", "by topic").await;
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["Records"][0]["Sns"]["Message"], "poison by topic");
    assert_eq!(found_in(&stand, "Poisoned", "by hand").await.body, r#"{"poison": "by hand"}"#);
    assert_eq!(tries(&stand, "by hand"), 3);
    // The destination for failures gets the event wrapped in its story.
    let story: Value = serde_json::from_str(&found_in(&stand, "Failed", "by hand").await.body).unwrap();
    assert_eq!(story["requestPayload"], json!({ "poison": "by hand" }));
    assert_eq!(story["requestContext"]["condition"], "RetriesExhausted");
}

#[tokio::test]
async fn what_a_rule_cannot_deliver_lies_in_the_targets_own_queue() {
    let stand = shared();
    let entry = json!({"Source": "mainstay.nowhere", "DetailType": "T", "Detail": r#"{"to": "nobody"}"#});
    stand.cloud.api().put_event(&entry).await.unwrap();
    let message = found_in(&stand, "Undelivered", "nobody").await;
    assert!(attribute(&message, "TARGET_ARN").ends_with(":function:nowhere"));
    assert_eq!(attribute(&message, "ERROR_CODE"), "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn only_the_estate_speaks_for_aws() {
    let stand = shared();
    let api = stand.cloud.api();
    let forged = json!({"Source": "aws.rds", "DetailType": "T", "Detail": r#"{"who": "forger"}"#});
    let refused = api.put_event(&forged).await.unwrap_err().to_string();
    assert!(refused.contains("NotAuthorizedForSource"), "{refused}");
    let with_a_guess =
        json!({"Source": "aws.rds", "DetailType": "T", "Detail": "{}", "TraceHeader": "guess"});
    assert!(api.put_event(&with_a_guess).await.is_err());

    let arn = "arn:aws:rds:ca-central-1:123456789012:cluster:orders".to_owned();
    let detail = json!({ "EventID": "RDS-EVENT-0071", "who": "estate" });
    // 2026-01-01T00:00:00Z: an old event keeps its time.
    let sent = api.put_aws_event(
        "aws.rds",
        "RDS DB Cluster Event",
        std::slice::from_ref(&arn),
        &detail,
        Some(1_767_225_600.0),
    );
    sent.await.unwrap();
    let event = stand.recorded_one("the estate's event", |e| e["detail"]["who"] == "estate").await;
    assert_eq!(event["source"], "aws.rds");
    assert_eq!(event["detail-type"], "RDS DB Cluster Event");
    assert_eq!(event["resources"], json!([arn]));
    assert_eq!(event["time"], "2026-01-01T00:00:00Z");
    assert_eq!(event["account"], "123456789012");
    assert_eq!(event["region"], "ca-central-1");
    assert!(!event.to_string().contains(&stand.cloud.settings().event_token));
    assert_eq!(tries(&stand, "forger"), 0);
}

#[tokio::test]
async fn the_tables_stream_reaches_the_function_through_its_filter() {
    let stand = shared();
    let (api, table) = (stand.cloud.api(), stand.stack.id("Table").to_owned());
    for key in ["head", "event#00000001"] {
        let item = json!({ "pk": { "S": "incident#stream" }, "sk": { "S": key } });
        api.put_item(&table, &item).await.unwrap();
    }
    let event = stand
        .recorded_one("the stream's event", |e| {
            let records = e["Records"].as_array().map_or(&[][..], Vec::as_slice);
            records.iter().any(|one| one["dynamodb"]["NewImage"]["pk"]["S"] == "incident#stream")
        })
        .await;
    assert!(event.to_string().contains("event#00000001"));
    let heads = |all: &[Value]| all.iter().filter(|one| one.to_string().contains("\"S\":\"head\"")).count();
    assert_eq!(heads(&api.scan(&table).await.unwrap()), 1);
    assert_eq!(heads(&stand.recorded()), 0, "the filter lets only events through");
}

#[tokio::test]
async fn a_record_that_the_function_cannot_digest_is_split_off_and_does_not_block_the_stream() {
    let stand = shared();
    let (api, table) = (stand.cloud.api(), stand.stack.id("Table").to_owned());
    // One write, so that the stream has them in one batch.
    let put = |number: u32, text: &str| {
        let item = json!({ "pk": { "S": "incident#stuck" }, "sk": { "S": format!("event#0000000{number}") },
                           "text": { "S": text } });
        json!({ "Put": { "TableName": table, "Item": item } })
    };
    let items = json!({ "TransactItems": [put(1, "first"), put(2, "poison"), put(3, "last")] });
    api.json(Service::DynamoDb, "TransactWriteItems", &items).await.unwrap();
    // What failed together is told again; what came after the bad one is told without it.
    stand
        .recorded_one("the record after the bad one", |event| {
            let text = event.to_string();
            text.contains("incident#stuck") && text.contains("last") && !text.contains("poison")
        })
        .await;
    let story: Value =
        serde_json::from_str(&found_in(&stand, "Failed", "DDBStreamBatchInfo").await.body).unwrap();
    assert_eq!(story["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(story["DDBStreamBatchInfo"]["batchSize"], 1);
}

/// Puts records into the table of a mapping so that they come in one batch: it rests meanwhile. Each record may have
/// attributes of its own.
async fn put_together(stand: &Stand, mapping: &str, incident: &str, attributes: &[Value]) {
    enable(stand, mapping, false).await;
    for (number, more) in attributes.iter().enumerate() {
        let mut item = json!({ "pk": { "S": incident }, "sk": { "S": format!("event#{number}") } });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let table = stand.stack.id(&format!("{mapping}Table"));
        stand.cloud.api().put_item(table, &item).await.unwrap();
    }
    enable(stand, mapping, true).await;
}

async fn enable(stand: &Stand, mapping: &str, enabled: bool) {
    let id = stand.stack.id(&format!("Recorder{mapping}"));
    let call = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = call.put(format!("{}/2015-03-31/event-source-mappings/{id}", stand.cloud.endpoint()));
    let scope = "Credential=123456789012/20260101/ca-central-1/lambda/aws4_request";
    let call =
        call.header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"));
    let answer = call.json(&json!({ "Enabled": enabled })).send().await.unwrap();
    assert!(answer.status().is_success(), "{mapping}: {answer:?}");
}

/// The keys of the records in each batch of an incident, oldest first.
fn batches(stand: &Stand, incident: &str) -> Vec<Vec<String>> {
    let key = |record: &Value| record["dynamodb"]["Keys"]["sk"]["S"].as_str().unwrap_or_default().to_owned();
    let ours = |record: &&Value| record["dynamodb"]["Keys"]["pk"]["S"] == incident;
    let batch = |event: &Value| -> Vec<String> {
        let records = event["Records"].as_array().map_or(&[][..], Vec::as_slice);
        records.iter().filter(ours).map(key).collect()
    };
    stand.recorded().iter().map(batch).filter(|keys| !keys.is_empty()).collect()
}

async fn after_batches(stand: &Stand, incident: &str, expected: &[&[&str]]) {
    until(incident, async || (batches(stand, incident).len() >= expected.len()).then_some(())).await;
    // What came once more would come within the time between tries.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(batches(stand, incident), expected, "{incident}");
}

#[tokio::test]
async fn a_stream_goes_on_from_the_first_record_that_is_named_as_failed() {
    let stand = shared();
    let (well, fails) = (json!({}), |times: &str| json!({ "fails": { "N": times } }));
    let records = [well.clone(), fails("2"), well.clone(), fails("1")];
    put_together(&stand, "Named", "incident#named", &records).await;
    let rest: &[&str] = &["event#1", "event#2", "event#3"];
    after_batches(&stand, "incident#named", &[&["event#0", "event#1", "event#2", "event#3"], rest, rest])
        .await;

    let nameless = json!({ "fails": { "N": "1" }, "nameless": { "BOOL": true } });
    put_together(&stand, "Named", "incident#nameless", &[well.clone(), nameless]).await;
    let whole: &[&str] = &["event#0", "event#1"];
    after_batches(&stand, "incident#nameless", &[whole, whole]).await;

    put_together(&stand, "Unasked", "incident#unasked", &[well, fails("1")]).await;
    after_batches(&stand, "incident#unasked", &[whole]).await;
}

/// The story of the record with this key, once it was given up.
async fn given_up(stand: &Stand, incident: &str, key: &str) -> Value {
    let keys = json!({ "pk": { "S": incident }, "sk": { "S": key } });
    let ours = |event: &Value| -> Option<String> {
        let mut records = event["Records"].as_array()?.iter();
        let record = records.find(|record| record["dynamodb"]["Keys"] == keys)?;
        record["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned)
    };
    let event = stand.recorded_one(key, |event| ours(event).is_some()).await;
    serde_json::from_str(&found_in(stand, "Failed", &ours(&event).unwrap()).await.body).unwrap()
}

#[tokio::test]
async fn a_record_that_is_named_as_failed_again_and_again_is_given_up() {
    let stand = shared();
    let hopeless = || json!({ "fails": { "N": "99" } });
    put_together(&stand, "Hopeless", "incident#hopeless", &[json!({}), hopeless()]).await;
    let again: &[&str] = &["event#1"];
    after_batches(&stand, "incident#hopeless", &[&["event#0", "event#1"], again, again, again]).await;
    let story = given_up(&stand, "incident#hopeless", "event#1").await;
    assert_eq!(story["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(story["DDBStreamBatchInfo"]["batchSize"], 1);
    put_together(&stand, "Hopeless", "incident#after", &[json!({})]).await;
    after_batches(&stand, "incident#after", &[&["event#0"]]).await;

    // With no limit of tries, age alone gives up.
    put_together(&stand, "Aged", "incident#old", &[hopeless()]).await;
    let story = given_up(&stand, "incident#old", "event#0").await;
    assert_eq!(story["requestContext"]["condition"], "MaxRecordAgeExceeded");
    assert!(tries(&stand, "incident#old") > 1, "it was tried meanwhile");
}

#[tokio::test]
async fn a_schedule_fills_its_placeholders_in() {
    let stand = shared();
    let event = stand.recorded_one("the tick", |e| e.get("tick").is_some()).await;
    assert_eq!(event, json!({ "tick": "2026-01-02T03:04:05Z", "attempt": "1" }));
}

#[tokio::test]
async fn a_queue_subscribed_to_a_topic_is_an_inbox() {
    let stand = shared();
    let api = stand.cloud.api();
    let inbox = api.create_queue("inbox-of-the-test").await.unwrap();
    let topic = stand.stack.id("Outbound");
    let subscription = api.subscribe_queue(topic, &api.queue_arn(&inbox)).await.unwrap();
    assert!(subscription.starts_with(topic), "{subscription}");
    api.publish(topic, "hello, inbox").await.unwrap();
    let received = until("the notice", async || {
        let messages = api.drain(&inbox).await.unwrap();
        messages.into_iter().find(|message| message.body.contains("hello, inbox"))
    })
    .await;
    let envelope: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(envelope["Message"], "hello, inbox");
}
