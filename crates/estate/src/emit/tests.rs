use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::model::{EcsEvent, RdsEvent, SourceType};

fn at() -> jiff::Timestamp {
    "2026-01-01T12:00:00.5Z".parse().unwrap()
}

fn datapoint() -> Datapoint {
    Datapoint {
        at: at(),
        region: "ca-central-1".into(),
        name: "DatabaseConnections",
        dimensions: vec![("DBClusterIdentifier", "orders".into()), ("Role", "WRITER".into())],
        value: 0.0,
        unit: "Count",
    }
}

fn rds_event() -> RdsEvent {
    RdsEvent {
        at: at(),
        region: "ca-central-1".into(),
        source_type: SourceType::Cluster,
        source: "orders".into(),
        source_arn: "arn:aws:rds:ca-central-1:123456789012:cluster:orders".into(),
        categories: vec!["failover".into()],
        id: "RDS-EVENT-0071".into(),
        message: "Completed failover to DB instance: orders-2.".into(),
    }
}

fn ecs_event(name: &'static str, deployment: Option<&str>) -> EcsEvent {
    EcsEvent {
        at: at(),
        region: "ca-central-1".into(),
        service_arn: "arn:aws:ecs:ca-central-1:123456789012:service/shop/orders-api".into(),
        cluster_arn: "arn:aws:ecs:ca-central-1:123456789012:cluster/shop".into(),
        name,
        deployment: deployment.map(str::to_owned),
        reason: "ECS deployment circuit breaker: tasks failed to start.".into(),
    }
}

#[test]
fn a_datapoint_is_a_member_of_the_query_form() {
    let form = metric_form(&[&datapoint()]);
    let value = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    assert_eq!(value("Namespace"), Some("AWS/RDS"));
    assert_eq!(value("MetricData.member.1.MetricName"), Some("DatabaseConnections"));
    assert_eq!(value("MetricData.member.1.Dimensions.member.2.Name"), Some("Role"));
    assert_eq!(value("MetricData.member.1.Dimensions.member.2.Value"), Some("WRITER"));
    assert_eq!(value("MetricData.member.1.Timestamp"), Some("2026-01-01T12:00:00.500Z"));
    assert_eq!(value("MetricData.member.1.Value"), Some("0"));
}

#[test]
fn events_have_the_shape_that_aws_documents() {
    let entry = rds_entry(&rds_event(), "secret");
    assert_eq!((&entry["Source"], &entry["DetailType"]), (&json!("aws.rds"), &json!("RDS DB Cluster Event")));
    assert_eq!(entry["Resources"], json!(["arn:aws:rds:ca-central-1:123456789012:cluster:orders"]));
    assert_eq!(entry["TraceHeader"], "secret");
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(
        detail,
        json!({
            "EventCategories": ["failover"],
            "SourceType": "CLUSTER",
            "SourceArn": "arn:aws:rds:ca-central-1:123456789012:cluster:orders",
            "Date": "2026-01-01T12:00:00.500Z",
            "Message": "Completed failover to DB instance: orders-2.",
            "SourceIdentifier": "orders",
            "EventID": "RDS-EVENT-0071",
        })
    );

    let failed = ecs_entry(&ecs_event("SERVICE_DEPLOYMENT_FAILED", Some("ecs-svc/1")), "secret");
    assert_eq!(failed["DetailType"], "ECS Deployment State Change");
    let detail: Value = serde_json::from_str(failed["Detail"].as_str().unwrap()).unwrap();
    assert_eq!((&detail["eventType"], &detail["deploymentId"]), (&json!("ERROR"), &json!("ecs-svc/1")));
    let steady = ecs_entry(&ecs_event("SERVICE_STEADY_STATE", None), "secret");
    assert_eq!(steady["DetailType"], "ECS Service Action");
    let detail: Value = serde_json::from_str(steady["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["clusterArn"], "arn:aws:ecs:ca-central-1:123456789012:cluster/shop");
}

/// Takes requests and answers each with the same body, and returns what came.
async fn cloud(answers: usize, status: &str, body: &str) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let seen = tokio::spawn(async move {
        let mut seen = Vec::new();
        for _ in 0..answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let mut buffer = [0_u8; 4096];
            loop {
                let length = stream.read(&mut buffer).await.unwrap();
                text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                    wanted.is_some_and(|wanted| body.len() >= wanted.parse().unwrap())
                });
                if whole || length == 0 {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            seen.push(text);
        }
        seen
    });
    (url, seen)
}

fn emitter(url: String, token: Option<&str>) -> Emitter {
    let emission = Emission { endpoint: url, event_token: token.map(str::to_owned) };
    Emitter::new(emission, "123456789012".into()).unwrap()
}

#[tokio::test]
async fn metrics_and_events_are_sent_with_account_and_region_in_the_scope() {
    let (url, seen) = cloud(2, "200 OK", r#"{"FailedEntryCount":0,"Entries":[]}"#).await;
    let effects = [Effect::Metric(datapoint()), Effect::RdsEvent(rds_event())];
    emitter(url, Some("secret")).emit(&effects).await.unwrap();
    let seen = seen.await.unwrap();
    assert!(seen[0].contains("Credential=123456789012/20260101/ca-central-1/monitoring/aws4_request"));
    assert!(seen[0].contains("Action=PutMetricData") && seen[0].contains("Namespace=AWS%2FRDS"));
    assert!(seen[1].contains("/events/aws4_request"));
    assert!(seen[1].to_lowercase().contains("x-amz-target: awsevents.putevents"));
    assert!(seen[1].contains(r#""TraceHeader":"secret""#));
}

#[tokio::test]
async fn without_a_token_no_event_is_sent_and_refusals_are_errors() {
    let (url, seen) = cloud(1, "200 OK", "").await;
    emitter(url, None).emit(&[Effect::RdsEvent(rds_event()), Effect::Metric(datapoint())]).await.unwrap();
    assert!(seen.await.unwrap()[0].contains("PutMetricData"));

    let (url, _seen) = cloud(1, "403 Forbidden", "no").await;
    let refused = emitter(url, None).emit(&[Effect::Metric(datapoint())]).await.unwrap_err().to_string();
    assert!(refused.contains("PutMetricData with status 403: no"), "{refused}");

    let (url, _seen) = cloud(1, "200 OK", r#"{"FailedEntryCount":1}"#).await;
    let refused = emitter(url, Some("wrong")).emit(&[Effect::RdsEvent(rds_event())]).await.unwrap_err();
    assert!(matches!(refused, EmitError::Refused { action: "PutEvents", .. }));
}
