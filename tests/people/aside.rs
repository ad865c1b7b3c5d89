//! A record of the table's stream that nobody can read, on the real notifier: it keeps nobody waiting.

use crate::scene::{as_new, letter};
use aws::IncidentTable;
use drill::{cloud::Message, stage::Stage};
use recovery::{
    Closing, Event, Head, IncidentId,
    ports::{Committed, Incidents as _},
    twins::{conformance, fixture},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(crate) async fn an_unreadable_record_is_found_in_the_queue_and_the_next_notice_arrives(stage: &Stage) {
    as_new(stage).await;
    let table = stage.stack.output("TableName");
    let bodies = [json!({"S": "{\"incident\": 7"}), json!({"N": "7"}), json!({"S": "\u{7}\r\n<b>\u{1f525}"})];
    for (body, number) in bodies.iter().zip(1..) {
        let key = json!({ "S": format!("event#{number:08}") });
        let item = json!({ "pk": { "S": "incident#unreadable" }, "sk": key, "record": body });
        stage.api.put_item(table, &item).await.expect("it is put");
    }

    // Right behind them: an incident that owes a notice and is closed already, so that nothing recovers it.
    let id = IncidentId::new("behind", fixture::start());
    let mut record = conformance::opened("behind", &id, 1);
    if let Event::Opened { closing, .. } = &mut record.event {
        *closing = Some(Closing::Observed);
    }
    let incidents = IncidentTable::new(&crate::conformance::config(stage), table);
    let committed = incidents.commit(None, &record, &Head::after(None, &record)).await;
    assert_eq!(committed, Ok(Committed::Yes));
    let letter = letter(stage, "on-call", "interruption").await;
    assert_eq!(letter.incident, id.as_str());

    let mut kept: Vec<Value> = dead_letters(stage, bodies.len()).await.iter().map(read).collect();
    kept.sort_by_key(|letter| letter["sequence_number"].to_string());
    for ((letter, body), number) in kept.iter().zip(&bodies).zip(1..) {
        let change = &letter["item"]["dynamodb"];
        assert_eq!(change["Keys"]["sk"]["S"], format!("event#{number:08}"), "{letter}");
        assert_eq!(change["NewImage"]["record"], *body, "as it came: {letter}");
        assert_eq!(change["SequenceNumber"], letter["sequence_number"]);
        let reason = letter["reason"].as_str().expect("a reason");
        assert!(reason.contains("`dynamodb.NewImage"), "{reason}");
    }
    as_new(stage).await;
}

fn read(message: &Message) -> Value {
    serde_json::from_str(&message.body).expect("JSON")
}

/// What lies in the notifier's queue, once this many are there, and nothing in the others.
async fn dead_letters(stage: &Stage, count: usize) -> Vec<Message> {
    let ours = stage.stack.output("NotifierDlqUrl");
    let (since, mut found) = (Instant::now(), Vec::new());
    while found.len() < count {
        assert!(since.elapsed() < Duration::from_secs(30), "only {found:?}");
        found.extend(stage.api.drain(ours).await.expect("the queue answers"));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // One that was tried again would be set aside again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for queue in &stage.dead_letter_queues {
        found.extend(stage.api.drain(queue).await.expect("the queue answers"));
    }
    assert_eq!(found.len(), count, "{found:?}");
    found
}
