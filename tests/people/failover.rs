//! `drp failover` and `drp status`.

use crate::{
    programs::{drp, drp_command, start},
    scene::{as_new, failovers, incidents, requests, until},
};
use drill::stage::{DATABASE, Stage};
use jiff::Timestamp;
use recovery::Guard;

pub(crate) async fn what_is_missing_or_wrong_is_named(stage: &Stage) {
    let broken = async |arguments: &[&str], unset: &str, set: (&str, &str), says: &str| {
        let mut command = drp_command(stage, arguments);
        command.env_remove(unset).env(set.0, set.1);
        let ended = start(command).await.unwrap().with(2);
        assert!(ended.err.contains(says), "no `{says}` in:\n{}", ended.err);
    };
    let (status, nothing) = (["status"], ("UNUSED", ""));
    broken(&status, "MAINSTAY_ALARM_HANDLER", nothing, "set MAINSTAY_ALARM_HANDLER").await;
    broken(&status, "AWS_REGION", nothing, "Set AWS_REGION").await;
    broken(&status, "", ("MAINSTAY_ALARM_HANDLER", "no-such"), "Is the function's name right").await;
    // Nothing listens on port 1.
    broken(&status, "", ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), "Nothing was sent").await;
    broken(&["failover", "orders", "--reason", ""], "", nothing, "--reason").await;
    // An empty variable of a script must not mean all databases.
    broken(&["resume", ""], "", nothing, "DATABASE").await;
    let endless = "x".repeat(100_000);
    let long = ["failover", "orders", "--dry-run", "--reason", &endless];
    assert!(drp(stage, &long).await.with(0).out.len() < 2_000, "it is bounded");
}

pub(crate) async fn a_dry_run_changes_nothing(stage: &Stage) {
    as_new(stage).await;
    let since = Timestamp::now();
    let ask = ["failover", "orders", "--reason", "does it work?", "--dry-run"];
    let told = drp(stage, &[&ask[..], &["--json"]].concat()).await.with(0).json();
    assert_eq!((&told["decision"], &told["guard"]), (&"act".into(), &"dry-run".into()));
    assert_eq!((&told["dry_run"], &told["database"]), (&true.into(), &"orders".into()));
    let text = drp(stage, &ask).await.with(0);
    text.says("act (dry-run)");
    text.says("Nothing was changed");

    let unknown = ["failover", "invoices", "--reason", "x", "--json"];
    let refused = drp(stage, &unknown).await.with(1).json();
    assert_eq!((&refused["decision"], &refused["guard"]), (&"refuse".into(), &"unknown-database".into()));

    assert!(incidents(stage).await.is_empty(), "an incident");
    assert_eq!(requests(stage, since).await, [], "a request at RDS or ECS");
    drp(stage, &["status"]).await.with(0).says("no incident so far");
}

pub(crate) async fn a_recovery_is_followed_to_its_end(stage: &Stage) {
    as_new(stage).await;
    let since = Timestamp::now();
    let before = stage.estate.present(DATABASE).await.unwrap();
    let ask = ["failover", "orders", "--reason", "the disk of its writer is dying", "--json"];
    let first = start(drp_command(stage, &ask));
    let open = until(stage, "an open incident", |i| i.closed().is_none()).await;

    // Somebody else asks as well: that is news for the incident, and they may follow it too.
    let ask = ["failover", "orders", "--reason", "I see it too", "--by", "sam"];
    let second = drp(stage, &[&ask[..], &["--no-follow"]].concat()).await.with(0);
    second.says("note (person-asks)");
    second.says(open.id.as_str());
    let now = drp(stage, &["status", "orders", "--json"]).await.with(0).json();
    assert_eq!(now["databases"][0]["incident"], open.id.as_str());
    assert_eq!(now["incident"]["status"], "started");
    drp(stage, &["status"]).await.with(0).says("RECOVERY RUNS");

    let first = first.await.unwrap().with(0).json();
    let incident = &first["incident"];
    assert_eq!(incident["id"], open.id.as_str());
    assert_eq!((&incident["status"], &incident["closing"]), (&"closed".into(), &"recovered".into()));
    assert_eq!(incident["old_writer"], before.writer.as_str());
    let after = stage.estate.present(DATABASE).await.unwrap();
    assert_eq!(incident["new_writer"], after.writer.as_str());
    assert_ne!(after.writer, before.writer);
    assert_eq!(failovers(stage, since).await, 1, "calls");
    let all = incidents(stage).await;
    assert_eq!(all.len(), 1, "incidents");
    assert!(crate::scene::by(&all[0], Guard::PersonAsks));

    let shown = drp(stage, &["status", "--incident", open.id.as_str()]).await.with(0);
    shown.says("dana");
    shown.says("I see it too");
    shown.says(&format!("writer {} → {}", before.writer, after.writer));
    shown.says(&format!("{} is closed: recovered", open.id));
    drp(stage, &["status", "orders"]).await.with(0).says("last incident recovered");
    drp(stage, &["status", "--incident", "orders-never"]).await.with(1).says("no incident");
}
