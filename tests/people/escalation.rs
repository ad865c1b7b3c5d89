//! An incident that was handed over to people: nothing is done until they say so.

use crate::{
    programs::{drp, drp_command, start},
    scene::{by, closing, failovers, heal, incidents, letter, named, prepare, silence_writer, until},
    workflow,
};
use drill::stage::Stage;
use jiff::Timestamp;
use recovery::{Closing, Guard};

pub(crate) async fn an_escalated_incident_blocks_until_it_is_acknowledged(stage: &Stage) {
    let mut scenario = named("deployment-fails");
    // Three outages in a row.
    scenario.plan.insert("cooldown".to_owned(), "0s".into());
    prepare(stage, &scenario).await;
    for fault in &scenario.faults {
        stage.estate.fault(fault).await.unwrap();
    }
    let first = until(stage, "an open incident", |i| i.closed().is_none()).await;
    let id = first.id.as_str();

    // Two people ask, each in their own way, and both are told that it did not end well.
    let run = workflow::start(stage, "orders", false, "it is down").await;
    let ask = ["failover", "orders", "--reason", "it is down"];
    let told = start(drp_command(stage, &ask)).await.unwrap().with(1);
    told.says("note (person-asks)");
    told.says(&format!("{id} is closed: escalated"));
    told.says("service orders-worker: FAILED");
    let run = run.ended().await;
    run.ended.with(1).says(&format!("Incident {id} is escalated"));
    assert!(run.summary.contains("drp ack"), "{}", run.summary);
    let status = drp(stage, &["status"]).await.with(0);
    status.says("BLOCKED");
    status.says(&format!("drp ack {id}"));

    // The second outage: people are told, and nothing is called.
    heal(stage).await;
    let since = Timestamp::now();
    silence_writer(stage).await;
    let guard = Guard::EscalationUnacknowledged;
    let blocked = until(stage, "a refusal", |i| by(i, guard)).await;
    assert_eq!((blocked.id.as_str(), closing(&blocked)), (id, Some(Closing::Escalated)));
    let refused = letter(stage, "on-call", "refused").await;
    assert_eq!(refused.incident, id);
    assert_eq!(failovers(stage, since).await, 0, "calls while it is blocked");
    assert_eq!(incidents(stage).await.len(), 1);
    heal(stage).await;

    // The third outage, once somebody has looked.
    drp(stage, &["ack", "orders-never"]).await.with(1).says("nothing to acknowledge");
    let ack = ["ack", id, "--reason", "the image is mended", "--json"];
    assert_eq!(drp(stage, &ack).await.with(0).json()["acknowledged"], true);
    drp(stage, &["ack", id]).await.with(0).says("already");
    let since = Timestamp::now();
    silence_writer(stage).await;
    let third =
        until(stage, "a new incident that is closed", |i| i.id != blocked.id && i.closed().is_some()).await;
    assert_eq!(closing(&third), Some(Closing::Recovered), "{:?}", third.records.last());
    assert_eq!(failovers(stage, since).await, 1, "calls after the ack");
}
