//! The wire, asked by the real SDKs.

mod copies;
mod in_process;
mod names;
mod restores;
mod snapshots;

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata as _;
use aws_sdk_ecs::types::DeploymentRolloutState;
use aws_sdk_rds::types::{Filter, SourceType, Tag};

use crate::model::{Calls, Delays, Fault, Seed, Settings as ModelSettings};
use crate::server::{Server, Settings, serve};

struct Fixture {
    server: Server,
    rds: aws_sdk_rds::Client,
    ecs: aws_sdk_ecs::Client,
}

async fn fixture(delays: Delays) -> Fixture {
    let model = ModelSettings { delays, ..ModelSettings::default() };
    let server = serve(Settings { model, tick_ms: 10, ..Settings::default() }).await.unwrap();
    server.estate().seed(&Seed::demo()).unwrap();
    let credentials = aws_sdk_rds::config::Credentials::new("test", "test", None, None, "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("ca-central-1"))
        .app_name(aws_config::AppName::new("failover-executor").unwrap())
        .credentials_provider(aws_sdk_rds::config::SharedCredentialsProvider::new(credentials))
        .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(1))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(server.url())
        .build();
    Fixture { rds: aws_sdk_rds::Client::new(&config), ecs: aws_sdk_ecs::Client::new(&config), server }
}

async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen in time");
}

#[tokio::test]
async fn a_cluster_is_described_as_the_sdk_expects() {
    let f = fixture(Delays::none()).await;
    let reply = f.rds.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
    let cluster = &reply.db_clusters()[0];
    assert_eq!(cluster.db_cluster_identifier(), Some("orders"));
    assert_eq!(cluster.status(), Some("available"));
    assert_eq!(cluster.engine(), Some("aurora-postgresql"));
    assert_eq!(cluster.db_cluster_arn(), Some("arn:aws:rds:ca-central-1:123456789012:cluster:orders"));
    assert!(cluster.db_cluster_resource_id().unwrap().starts_with("cluster-"));
    assert!(cluster.endpoint().unwrap().starts_with("orders.cluster-c"));
    assert!(cluster.reader_endpoint().unwrap().starts_with("orders.cluster-ro-c"));
    assert_eq!(cluster.port(), Some(5432));
    let members: Vec<_> = cluster
        .db_cluster_members()
        .iter()
        .map(|m| {
            (m.db_instance_identifier().unwrap(), m.is_cluster_writer().unwrap(), m.promotion_tier().unwrap())
        })
        .collect();
    assert_eq!(members, [("orders-1", true, 0), ("orders-2", false, 1), ("orders-3", false, 2)]);
    assert_eq!(cluster.tag_list()[0].key(), Some("mainstay"));
    assert_eq!(cluster.tag_list()[0].value(), Some("orders"));
    assert_eq!(cluster.availability_zones(), ["ca-central-1a", "ca-central-1b", "ca-central-1d"]);

    let filter = Filter::builder().name("db-cluster-id").values("orders").build();
    let reply = f.rds.describe_db_instances().filters(filter).send().await.unwrap();
    assert_eq!(reply.db_instances().len(), 3);
    let instance = &reply.db_instances()[1];
    assert_eq!(instance.db_instance_status(), Some("available"));
    assert_eq!(instance.availability_zone(), Some("ca-central-1b"));
    assert_eq!(instance.db_instance_class(), Some("db.r6g.large"));
    assert_eq!(instance.db_cluster_identifier(), Some("orders"));
    assert!(instance.endpoint().unwrap().address().unwrap().starts_with("orders-2.c"));
    assert_eq!(instance.tag_list()[0].value(), Some("orders"));
}

#[tokio::test]
async fn a_failover_over_the_wire_moves_the_writer_and_is_in_the_log() {
    let f = fixture(Delays::none()).await;
    f.rds
        .failover_db_cluster()
        .db_cluster_identifier("orders")
        .target_db_instance_identifier("orders-3")
        .send()
        .await
        .unwrap();
    let reply = f.rds.describe_db_clusters().send().await.unwrap();
    let writer =
        reply.db_clusters()[0].db_cluster_members().iter().find(|m| m.is_cluster_writer() == Some(true));
    assert_eq!(writer.unwrap().db_instance_identifier(), Some("orders-3"));

    let events = f
        .rds
        .describe_events()
        .source_identifier("orders")
        .source_type(SourceType::DbCluster)
        .duration(30)
        .send()
        .await
        .unwrap();
    let messages: Vec<_> = events.events().iter().map(|event| event.message().unwrap()).collect();
    assert_eq!(
        messages,
        [
            "Started cross AZ failover to DB instance: orders-3.",
            "Completed failover to DB instance: orders-3."
        ]
    );
    assert_eq!(events.events()[0].event_categories(), ["failover"]);

    let log = f.server.estate().log();
    let call = &log[0];
    assert_eq!((call.sequence, call.action.as_str(), call.status), (1, "FailoverDBCluster", Some(200)));
    assert_eq!((call.caller.as_str(), call.region.as_str()), ("failover-executor", "ca-central-1"));
    assert_eq!(call.parameters["TargetDBInstanceIdentifier"], "orders-3");
    assert_eq!(call.effect.as_deref(), Some("failover of orders from orders-1 to orders-3"));
    let line = serde_json::to_value(call).unwrap();
    assert_eq!(line["service"], "rds");
    assert_eq!(line["at"].as_str().unwrap().len(), "2026-01-01T00:00:00.000Z".len());
}

#[tokio::test]
async fn errors_of_rds_are_the_sdks_typed_errors() {
    let f = fixture(Delays::default()).await;
    let missing = f.rds.describe_db_clusters().db_cluster_identifier("nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_db_cluster_not_found_fault());
    let missing = f.rds.describe_db_instances().db_instance_identifier("nope").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_db_instance_not_found_fault());

    let failover = f.rds.failover_db_cluster().db_cluster_identifier("orders");
    let writer = failover.clone().target_db_instance_identifier("orders-1").send().await.unwrap_err();
    assert!(writer.as_service_error().unwrap().is_invalid_db_instance_state_fault());
    failover.clone().send().await.unwrap();
    let again = failover.send().await.unwrap_err();
    assert!(again.as_service_error().unwrap().is_invalid_db_cluster_state_fault());

    f.server.estate().fault(Fault::Throttle(Calls { action: None, caller: None, times: Some(1) })).unwrap();
    let throttled = f.rds.describe_db_clusters().send().await.unwrap_err();
    assert_eq!(throttled.as_service_error().unwrap().code(), Some("Throttling"));
    let deny = Calls { action: Some("DescribeDBClusters".into()), caller: None, times: Some(1) };
    f.server.estate().fault(Fault::Deny(deny)).unwrap();
    let denied = f.rds.describe_db_clusters().send().await.unwrap_err();
    assert_eq!(denied.as_service_error().unwrap().code(), Some("AccessDenied"));
    f.server
        .estate()
        .fault(Fault::ServerError(Calls { action: None, caller: None, times: Some(1) }))
        .unwrap();
    let broken = f.rds.describe_db_clusters().send().await.unwrap_err();
    assert_eq!(broken.raw_response().unwrap().status().as_u16(), 500);
    f.rds.describe_db_clusters().send().await.unwrap();
}

#[tokio::test]
async fn snapshots_are_made_described_and_deleted() {
    let delays = Delays { snapshot: crate::model::Span::fixed(0.15), ..Delays::none() };
    let f = fixture(delays).await;
    let create = f
        .rds
        .create_db_cluster_snapshot()
        .db_cluster_identifier("orders")
        .db_cluster_snapshot_identifier("orders-20260101")
        .tags(Tag::builder().key("mainstay").value("orders-20260101").build());
    let made = create.clone().send().await.unwrap();
    let made = made.db_cluster_snapshot().unwrap();
    assert_eq!((made.status(), made.percent_progress()), (Some("creating"), Some(0)));
    let twice = create.send().await.unwrap_err();
    assert!(twice.as_service_error().unwrap().is_db_cluster_snapshot_already_exists_fault());
    let member =
        f.rds.create_db_snapshot().db_instance_identifier("orders-1").db_snapshot_identifier("a").send();
    assert_eq!(member.await.unwrap_err().code(), Some("InvalidParameterValue"));

    let describe = f.rds.describe_db_cluster_snapshots().db_cluster_identifier("orders");
    let ready = until(|| async {
        let reply = describe.clone().send().await.unwrap();
        reply.db_cluster_snapshots().iter().find(|s| s.status() == Some("available")).cloned()
    })
    .await;
    assert_eq!(ready.percent_progress(), Some(100));
    assert_eq!(ready.tag_list()[0].value(), Some("orders-20260101"));
    assert!(ready.snapshot_create_time().is_some());
    let delete = f.rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("orders-20260101");
    delete.clone().send().await.unwrap();
    assert!(
        delete.send().await.unwrap_err().as_service_error().unwrap().is_db_cluster_snapshot_not_found_fault()
    );
}

#[tokio::test]
async fn what_is_empty_is_described_as_empty() {
    let f = fixture(Delays::none()).await;
    assert!(
        f.rds.describe_blue_green_deployments().send().await.unwrap().blue_green_deployments().is_empty()
    );
    assert!(f.rds.describe_global_clusters().send().await.unwrap().global_clusters().is_empty());
    assert!(f.rds.describe_db_snapshots().send().await.unwrap().db_snapshots().is_empty());
    let unknown = f.rds.stop_db_cluster().db_cluster_identifier("orders").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("InvalidAction"));
}

#[tokio::test]
async fn a_reply_is_lost_after_it_took_effect() {
    let f = fixture(Delays::none()).await;
    let lose = Calls { action: Some("FailoverDBCluster".into()), caller: None, times: Some(1) };
    f.server.estate().fault(Fault::LoseReply(lose)).unwrap();
    let failover = f.rds.failover_db_cluster().db_cluster_identifier("orders").send().await.unwrap_err();
    assert!(failover.as_service_error().is_none(), "the connection closes: {failover:?}");
    assert!(failover.raw_response().is_none());
    let state = f.server.estate().state();
    assert_eq!(state.clusters[0].writer, "orders-2");
    assert_eq!(f.server.estate().log()[0].status, None);
}

#[tokio::test]
async fn a_deployment_is_followed_with_the_sdk() {
    let f = fixture(Delays::none()).await;
    let tasks = |status| f.ecs.list_tasks().cluster("shop").service_name("orders-api").desired_status(status);
    let running = || tasks(aws_sdk_ecs::types::DesiredStatus::Running).send();
    let before = running().await.unwrap().task_arns().to_vec();
    assert_eq!(before.len(), 3);
    let update = f.ecs.update_service().cluster("shop").service("orders-api").force_new_deployment(true);
    let updated = update.send().await.unwrap();
    let ours = updated.service().unwrap().deployments()[0].clone();
    assert_eq!(
        (ours.status(), ours.rollout_state()),
        (Some("PRIMARY"), Some(&DeploymentRolloutState::InProgress))
    );
    let service = until(|| async {
        let reply = f.ecs.describe_services().cluster("shop").services("orders-api").send().await.unwrap();
        let service = reply.services()[0].clone();
        (service.deployments().len() == 1).then_some(service)
    })
    .await;
    assert_eq!(service.deployments()[0].id(), ours.id());
    assert_eq!(service.deployments()[0].rollout_state(), Some(&DeploymentRolloutState::Completed));
    assert_eq!((service.running_count(), service.pending_count(), service.desired_count()), (3, 0, 3));
    assert!(service.events()[0].message().unwrap().contains("has reached a steady state"));
    let after = running().await.unwrap().task_arns().to_vec();
    assert!(after.iter().all(|task| !before.contains(task)));
    let described = f.ecs.describe_tasks().cluster("shop").set_tasks(Some(after)).send().await.unwrap();
    for task in described.tasks() {
        assert_eq!((task.last_status(), task.started_by()), (Some("RUNNING"), ours.id()));
        assert!(task.started_at().unwrap().as_secs_f64() >= ours.created_at().unwrap().as_secs_f64());
        assert_eq!(task.health_status().unwrap().as_str(), "HEALTHY");
    }
}

#[tokio::test]
async fn errors_and_pages_of_ecs_are_the_sdks() {
    let f = fixture(Delays::none()).await;
    let names = (0..11).map(|nth| format!("s{nth}")).collect::<Vec<_>>();
    let eleven =
        f.ecs.describe_services().cluster("shop").set_services(Some(names)).send().await.unwrap_err();
    assert!(eleven.as_service_error().unwrap().is_invalid_parameter_exception());
    let nowhere = f.ecs.list_tasks().cluster("nope").send().await.unwrap_err();
    assert!(nowhere.as_service_error().unwrap().is_cluster_not_found_exception());
    let nothing = f.ecs.update_service().cluster("shop").service("nope").send().await.unwrap_err();
    assert!(nothing.as_service_error().unwrap().is_service_not_found_exception());
    let missing = f.ecs.describe_services().cluster("shop").services("nope").send().await.unwrap();
    assert_eq!(missing.failures()[0].reason(), Some("MISSING"));
    f.server.estate().fault(Fault::Throttle(Calls { action: None, caller: None, times: Some(1) })).unwrap();
    let throttled = f.ecs.list_services().cluster("shop").send().await.unwrap_err();
    assert_eq!(throttled.code(), Some("ThrottlingException"));

    let mut pages = f.ecs.list_tasks().cluster("shop").max_results(3).into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().task_arns().len());
    }
    assert_eq!(sizes, [3, 3, 1]);
    let services = f.ecs.list_services().cluster("shop").send().await.unwrap();
    assert_eq!(services.service_arns().len(), 3);
    let clusters = f.ecs.describe_clusters().clusters("shop").send().await.unwrap();
    assert_eq!(clusters.clusters()[0].running_tasks_count(), 7);
    let tagged = f.ecs.describe_services().cluster("shop").services("orders-api");
    let tagged = tagged.include(aws_sdk_ecs::types::ServiceField::Tags).send().await.unwrap();
    assert_eq!(tagged.services()[0].tags()[0].value(), Some("orders"));
    let task = f.server.estate().state().tasks[0].clone();
    f.ecs.stop_task().cluster("shop").task(&task.id).reason("test").send().await.unwrap();
    let replaced = f.ecs.describe_tasks().cluster("shop").tasks(&task.arn).send().await.unwrap();
    assert_eq!(replaced.tasks()[0].desired_status(), Some("STOPPED"));
    assert_eq!(replaced.tasks()[0].stopped_reason(), Some("test"));
}

#[tokio::test]
async fn the_control_interface_seeds_strikes_and_forgets() {
    let f = fixture(Delays::none()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |path: &str, body: serde_json::Value| client.post(f.server.url() + path).json(&body).send();
    let get = async |path: &str| {
        client.get(f.server.url() + path).send().await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    let fault = serde_json::json!({ "fault": "set_status", "cluster": "orders", "status": "upgrading" });
    assert_eq!(post("/_estate/fault", fault).await.unwrap().status(), 200);
    assert_eq!(get("/_estate/state").await["clusters"][0]["status"], "upgrading");
    let later = serde_json::json!({ "fault": "heal", "when": { "on": "UpdateService" } });
    assert_eq!(post("/_estate/fault", later).await.unwrap().status(), 200);
    let struck = get("/_estate/struck").await;
    assert!(struck[0]["struck_at"].is_string() && struck[1]["struck_at"].is_null(), "{struck}");
    assert_eq!(struck[0]["fault"], "set_status");
    for (wrong, hint) in [
        (serde_json::json!({ "fault": "crash_writer", "cluster": "nope" }), "cluster `nope`"),
        (serde_json::json!({ "fault": "crash_writer", "cluster": "orders", "whne": {} }), "whne"),
        (serde_json::json!({ "fault": "explode" }), "explode"),
    ] {
        let refused = post("/_estate/fault", wrong).await.unwrap();
        assert_eq!(refused.status(), 400);
        let text = refused.text().await.unwrap();
        assert!(text.contains(hint), "{text}");
    }
    let twice = post("/_estate/seed", serde_json::to_value(Seed::demo()).unwrap()).await.unwrap();
    assert!(twice.text().await.unwrap().contains("exists already"));
    assert_eq!(post("/reset", serde_json::Value::Null).await.unwrap().status(), 200);
    assert_eq!(get("/_estate/state").await["clusters"].as_array().unwrap().len(), 0);
    assert_eq!(get("/_estate/log").await.as_array().unwrap().len(), 0);
    assert_eq!(get("/_estate/health").await["status"], "ok");
    assert_eq!(post("/_estate/seed/demo", serde_json::Value::Null).await.unwrap().status(), 200);
    assert_eq!(get("/_estate/state").await["services"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = serve(Settings::default()).await.unwrap();
    let taken = Settings { port: first.address.port(), ..Settings::default() };
    let error = serve(taken).await.unwrap_err().to_string();
    assert!(error.contains(&first.address.to_string()) && error.contains("choose another port"), "{error}");
    let taken = Settings { dns_port: first.dns_address.port(), ..Settings::default() };
    assert!(serve(taken).await.unwrap_err().to_string().contains("DNS"));
    let port = first.address.port();
    first.stop().await;
    serve(Settings { port, ..Settings::default() }).await.unwrap();
}
