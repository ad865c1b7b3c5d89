//! A service with a check of its pool, over twins: asked when its tasks are new, restarted once more at most.

use super::steps::Scene;
use plan::{Check, NoticeKind, Span};
use recovery::{
    Next,
    incident::{Event, ServiceNews, ServiceState},
    log::Log,
    ports::{PoolAnswer, Unanswered},
    twins::{
        ScriptedPools,
        fixture::{self, at, deployment, task},
    },
};

const URL: &str = "https://orders-api.example.com/pool";

/// The new writer is `orders-2`; the plan has `orders-api` alone, with a check.
async fn checked() -> Scene {
    let mut plan = fixture::slice();
    plan.database.services.truncate(1);
    let check = Check { url: URL.to_owned(), allow_private: true, answer_within: Span::from_secs(3) };
    plan.database.services[0].check = Some(check);
    let scene = Scene::confirmed_by(plan).await;
    let mut log = Log::of_run(scene.incidents.as_ref(), &scene.run).await.unwrap();
    let (from, writer, zone) = (Some("orders-1".to_owned()), "orders-2".to_owned(), None);
    log.append(at(100), Event::Promoted { from, writer, zone }, &[]).await.unwrap();
    assert_eq!(scene.once(101).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls().len(), 1);
    deployed(&scene, "ecs-svc/orders-api-1", 101);
    scene
}

/// The deployment was made at this moment and is complete, its tasks started 10 s later.
fn deployed(scene: &Scene, id: &str, seconds: i64) {
    scene.services.script(|s| {
        let found = s.services.iter_mut().find(|s| s.name == "orders-api").unwrap();
        found.deployments = vec![deployment(id, "PRIMARY", "COMPLETED", at(seconds))];
        let tasks = vec![task("t1", id, at(seconds + 10)), task("t2", id, at(seconds + 10))];
        s.tasks.insert("orders-api".to_owned(), tasks);
    });
}

fn silent(passes: bool) -> Result<PoolAnswer, Unanswered> {
    Err(Unanswered { reason: "there is no way to 10.0.0.1:443".to_owned(), passes })
}

async fn news(scene: &Scene) -> ServiceNews {
    scene.incident().await.services()[0].clone()
}

#[tokio::test]
async fn a_pool_at_the_new_writer_is_the_proof() {
    let scene = checked().await;
    scene.pools.answer(URL, [ScriptedPools::writes_to("orders-2")]);
    assert_eq!(scene.twice(120).await.next, Next::Done);
    assert_eq!(scene.pools.asked(URL), 2, "once for each task, and never after the end");
    let news = news(&scene).await;
    assert_eq!(news.state, ServiceState::Recycled);
    assert!(
        news.reason.ends_with("Its check: 2 of 2 answers say its pool writes to orders-2."),
        "{}",
        news.reason
    );
    assert_eq!(scene.calls().len(), 1);
}

#[tokio::test]
async fn it_is_asked_only_when_its_tasks_are_new() {
    let scene = checked().await;
    scene.services.script(|s| s.services[0].deployments[0].rollout = Some("IN_PROGRESS".to_owned()));
    assert_eq!(scene.twice(120).await.next, Next::Again);
    assert_eq!(scene.pools.asked(URL), 0);
}

#[tokio::test]
async fn a_pool_at_another_server_is_restarted_once_more_and_counted_from_then() {
    for wrong in [
        ScriptedPools::writes_to("orders-1"),
        Ok(PoolAnswer { server: "orders-2".to_owned(), in_recovery: true }),
    ] {
        let scene = checked().await;
        scene.pools.answer(URL, [ScriptedPools::writes_to("orders-2"), wrong]);
        assert_eq!(scene.once(120).await.unwrap().next, Next::Again);
        assert_eq!(scene.calls().len(), 2, "restarted once more");
        let again = news(&scene).await;
        assert_eq!(
            (again.state, again.deployment.as_deref()),
            (ServiceState::Started, Some("ecs-svc/orders-api-2"))
        );
        let lines: Vec<String> =
            scene.incident().await.records.iter().map(recovery::timeline::line).collect();
        assert!(
            lines.iter().any(|l| l.contains("asked to restart once more. Its check: a pool of it writes to")),
            "{lines:#?}"
        );
        // The first deployment's tasks are new for the endpoint, but not for this restart: they are not asked again.
        let asked = scene.pools.asked(URL);
        assert_eq!(scene.twice(123).await.next, Next::Again);
        assert_eq!((scene.pools.asked(URL), scene.calls().len()), (asked, 2));
        deployed(&scene, "ecs-svc/orders-api-2", 121);
        scene.pools.answer(URL, [ScriptedPools::writes_to("orders-2")]);
        assert_eq!(scene.twice(140).await.next, Next::Done);
        assert_eq!(news(&scene).await.state, ServiceState::Recycled);
        assert!(scene.owed().await.is_empty());
    }
}

#[tokio::test]
async fn a_pool_that_stays_at_another_server_is_escalated_after_the_second_restart() {
    let scene = checked().await;
    scene.pools.answer(URL, [ScriptedPools::writes_to("orders-1")]);
    scene.once(120).await.unwrap();
    deployed(&scene, "ecs-svc/orders-api-2", 121);
    assert_eq!(scene.twice(140).await.next, Next::Done);
    let news = news(&scene).await;
    assert_eq!(news.state, ServiceState::Failed);
    assert!(
        news.reason.contains("writes to orders-1") && news.reason.contains("restarted twice"),
        "{}",
        news.reason
    );
    assert_eq!(scene.calls().len(), 2, "never a third time");
    assert_eq!(scene.owed().await, [NoticeKind::Escalation]);
}

#[tokio::test]
async fn the_lost_answer_of_the_second_restart_does_not_pass_the_first_one_off_as_it() {
    let scene = checked().await;
    scene.pools.answer(URL, [ScriptedPools::writes_to("orders-1")]);
    let lost = recovery::CallError::new("ECS", "UpdateService", recovery::Failure::Doubtful, "no");
    scene.services.script(|s| s.failures.push(lost));
    scene.once(120).await.unwrap();
    assert_eq!(scene.twice(123).await.next, Next::Again);
    let before = news(&scene).await;
    assert_eq!((before.state, before.deployment.as_deref()), (ServiceState::Started, None), "{before:?}");
    assert_eq!(scene.once(136).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls().len(), 2, "sent again after its time to show");
}

#[tokio::test]
async fn a_check_without_a_way_is_told_and_stops_nothing() {
    let scene = checked().await;
    scene.pools.answer(URL, [silent(true)]);
    assert_eq!(scene.twice(120).await.next, Next::Again);
    assert_eq!(scene.twice(134).await.next, Next::Again);
    assert_eq!(scene.twice(135).await.next, Next::Done);
    let told = news(&scene).await;
    assert_eq!(told.state, ServiceState::Recycled);
    assert!(
        told.reason.contains("could not tell which server it writes to: there is no way to"),
        "{}",
        told.reason
    );
    assert!(scene.owed().await.is_empty());
    // What asking again cannot mend is not waited for.
    let scene = checked().await;
    scene.pools.answer(URL, [silent(false)]);
    assert_eq!(scene.twice(120).await.next, Next::Done);
    assert_eq!(news(&scene).await.state, ServiceState::Recycled);
}

#[tokio::test]
async fn an_unwell_database_is_not_asked_for_by_a_second_restart() {
    let scene = checked().await;
    scene.pools.answer(URL, [ScriptedPools::writes_to("orders-1")]);
    let unwell = |status: &str| {
        let mut cluster = fixture::cluster("orders-2");
        status.clone_into(&mut cluster.status);
        scene.databases.script(|s| s.clusters.insert("orders".to_owned(), cluster));
    };
    unwell("modifying");
    assert_eq!(scene.twice(120).await.next, Next::Again);
    assert_eq!(scene.calls().len(), 1);
    unwell("available");
    assert_eq!(scene.once(130).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls().len(), 2);
}
