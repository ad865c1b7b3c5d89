//! Starting, stopping, failing to start.

use super::stand::{Stand, settings};
use crate::cloud::{Cloud, CloudError};

#[tokio::test]
async fn it_starts_deploys_and_leaves_nothing_behind() {
    let stand = Stand::start("whole").await;
    assert!(stand.stack.output("Bus").contains("event-bus") || !stand.stack.outputs.is_empty());
    let pid = stand.cloud.pid();
    let reply = stand
        .cloud
        .api()
        .invoke(
            stand.stack.id("Recorder"),
            &serde_json::json!({"show": "AWS_ENDPOINT_URL_RDS"}),
        )
        .await;
    assert_eq!(reply.unwrap()["shown"], "http://127.0.0.1:1/rds");
    stand.cloud.stop();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let mut settings = settings("taken");
    settings.port = Some(port);
    let error = Cloud::start(settings).await.unwrap_err();
    assert!(
        matches!(error, CloudError::PortTaken(taken) if taken == port),
        "{error}"
    );
}
