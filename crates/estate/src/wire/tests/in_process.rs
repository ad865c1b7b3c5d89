//! The estate behind the SDK's HTTP client in the same process, in virtual time: no socket, no waiting.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Delays, Estate, Seed, Settings, Span};
use crate::wire::{Answered, answer};

/// The world: an estate, and a clock that moves a second with each request.
#[derive(Clone, Debug)]
struct World(Arc<Mutex<(Estate, Timestamp)>>);

impl HttpConnector for World {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (head, body) = request.try_into_http1x().unwrap().into_parts();
        let mut world = self.0.lock().unwrap();
        let (estate, now) = &mut *world;
        *now += SignedDuration::from_secs(1);
        HttpConnectorFuture::ready(match answer(estate, *now, &head, body.bytes().unwrap_or_default()) {
            Answered::Response(response) => Ok(HttpResponse::try_from(response.map(SdkBody::from)).unwrap()),
            Answered::Lost => Err(ConnectorError::io("the connection closed".into())),
        })
    }
}

impl HttpClient for World {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

#[tokio::test]
async fn the_sdk_sees_a_whole_failover_in_virtual_time() {
    let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    let delays =
        Delays { failover_begins: Span::fixed(3.0), promotion: Span::fixed(20.0), ..Delays::default() };
    let mut estate = Estate::new(Settings { delays, ..Settings::default() }, start);
    estate.seed(start, &Seed::demo()).unwrap();
    let world = World(Arc::new(Mutex::new((estate, start))));
    let config = aws_sdk_rds::Config::builder()
        .behavior_version(aws_sdk_rds::config::BehaviorVersion::latest())
        .region(aws_sdk_rds::config::Region::new("ca-central-1"))
        .credentials_provider(aws_sdk_rds::config::Credentials::new("test", "test", None, None, "test"))
        .http_client(world.clone())
        .build();
    let rds = aws_sdk_rds::Client::from_conf(config);

    let target = "orders-2";
    let failover = rds.failover_db_cluster().db_cluster_identifier("orders");
    failover.target_db_instance_identifier(target).send().await.unwrap();
    let mut statuses = Vec::new();
    let mut polls = 0;
    loop {
        polls += 1;
        let reply = rds.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
        let cluster = &reply.db_clusters()[0];
        let writer =
            cluster.db_cluster_members().iter().find(|member| member.is_cluster_writer() == Some(true));
        let seen = (
            cluster.status().unwrap().to_owned(),
            writer.unwrap().db_instance_identifier().unwrap() == target,
        );
        if statuses.last() != Some(&seen) {
            statuses.push(seen.clone());
        }
        if seen == ("available".to_owned(), true) {
            break;
        }
        assert!(polls < 60, "{statuses:?}");
    }
    let seen: Vec<_> = statuses.iter().map(|(status, moved)| (status.as_str(), *moved)).collect();
    assert_eq!(
        [seen[0], seen[1], seen[seen.len() - 1]],
        [("available", false), ("failing-over", false), ("available", true)]
    );
    assert!(polls >= 23, "3 s until it shows, 20 s until it is done: {polls}");
}
