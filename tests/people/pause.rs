//! `drp pause` and `drp resume`.

use crate::{
    programs::drp,
    scene::{as_new, by, closing, heal, incidents, letter, requests, silence_writer, until},
};
use drill::stage::Stage;
use jiff::Timestamp;
use recovery::{Closing, Guard};

pub(crate) async fn a_paused_database_is_left_alone_until_it_is_resumed(stage: &Stage) {
    as_new(stage).await;
    let pause = ["pause", "orders", "--reason", "maintenance of the network", "--json"];
    let paused = drp(stage, &pause).await.with(0).json();
    assert_eq!(paused["paused"], true);
    let status = drp(stage, &["status"]).await.with(0);
    status.says("PAUSED");
    status.says("dana");
    status.says("maintenance of the network");

    let since = Timestamp::now();
    silence_writer(stage).await;
    let refused = until(stage, "a refusal", |i| closing(i) == Some(Closing::Refused)).await;
    assert!(by(&refused, Guard::Paused), "{:?}", refused.records);
    let letter = letter(stage, "on-call", "refused").await;
    assert!(letter.body.contains("paused"), "{}", letter.body);
    assert_eq!(requests(stage, since).await, [], "nothing is called");
    assert_eq!(incidents(stage).await.len(), 1);
    heal(stage).await;

    // Two switches: each is lifted by itself.
    drp(stage, &["pause", "--reason", "game day"]).await.with(0).says("all databases");
    drp(stage, &["resume", "orders"]).await.with(0).says("another one stands");
    let resumed = drp(stage, &["resume", "--json"]).await.with(0).json();
    assert_eq!(resumed["paused"], false);
    let status = drp(stage, &["status"]).await.with(0);
    assert!(!status.out.contains("PAUSED"), "{}", status.out);
    drp(stage, &["pause", "invoices", "--reason", "x"]).await.with(1).says("no database `invoices`");
}
