//! The adapters against scripted answers on the wire: how often a call is sent, and what its answer means.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod loopback;
mod pointed;

use aws::{
    DeadLetterQueue, Door, Ecs, EventBus, IncidentTable, NoticeTopic, Rds, RdsSnapshots, StateMachine,
};
use aws_config::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use loopback::{Loopback, Reply};
use recovery::{
    Entry, Failure, Head, IncidentId, Record, Run,
    ports::{
        Bus, Committed, Databases, DeadLetter, DeadLetters, Executions, Incidents, Services, Snapshots, Topic,
    },
    signal::Request,
    snapshot::{ClusterSnapshotId, SnapshotAnswer, SnapshotRequest},
    topology::Cluster,
    twins::{conformance, fixture},
};
use serde_json::{Value, json};
use std::{sync::Mutex, time::Duration};

const FAILED_OVER: &str = "<FailoverDBClusterResponse><FailoverDBClusterResult/></FailoverDBClusterResponse>";

#[tokio::test]
async fn a_failover_is_sent_once_whatever_the_answer() {
    let table = [
        (Reply::Close, Failure::Doubtful),
        (Reply::xml_error(500, "InternalFailure"), Failure::Doubtful),
        (Reply::xml_error(503, "ServiceUnavailable"), Failure::Doubtful),
        (Reply::new(502, "<html>"), Failure::Doubtful),
        (Reply::xml_error(400, "Throttling"), Failure::Throttled),
        (Reply::xml_error(400, "InvalidDBClusterStateFault"), Failure::WrongState),
        (Reply::xml_error(400, "InvalidDBInstanceState"), Failure::WrongState),
        (Reply::xml_error(404, "DBClusterNotFoundFault"), Failure::NotFound),
        (Reply::xml_error(403, "AccessDenied"), Failure::Denied),
        (Reply::xml_error(400, "InvalidParameterCombination"), Failure::Refused),
    ];
    for (reply, expected) in table {
        let server = Loopback::start(vec![reply.clone()]).await;
        let error = Rds::new(&server.config()).fail_over("orders", "orders-2").await.expect_err("no success");
        assert_eq!(error.failure, expected, "{reply:?}: {error}");
        assert_eq!(error.action, "FailoverDBCluster");
        assert_eq!(server.asked().len(), 1, "{reply:?}: sent once");
    }
    let server = Loopback::start(vec![Reply::new(200, FAILED_OVER)]).await;
    Rds::new(&server.config()).fail_over("orders", "orders-2").await.expect("success");
    let body = &server.asked()[0].body;
    assert!(
        body.contains("Action=FailoverDBCluster") && body.contains("TargetDBInstanceIdentifier=orders-2")
    );
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_doubtful_and_one_that_finds_nobody_was_never_sent() {
    let server = Loopback::start(vec![Reply::Silence]).await;
    let quick = TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)).build();
    let config = server.config().to_builder().timeout_config(quick).build();
    let table = IncidentTable::new(&config, "incidents");
    let error = table.head("orders").await.expect_err("no answer");
    assert_eq!(error.failure, Failure::Doubtful, "{error}");

    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", gone.local_addr().expect("an address"));
    drop(gone);
    let error = Rds::new(&pointed::at(&url)).fail_over("orders", "orders-2").await.expect_err("nobody");
    assert_eq!(error.failure, Failure::Unreachable, "{error}");
}

#[tokio::test]
async fn reads_are_repeated_and_what_they_lack_is_named() {
    let cluster = |inside: &str| {
        Reply::new(
            200,
            format!(
                "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster>\
                 <DBClusterIdentifier>orders</DBClusterIdentifier><DbClusterResourceId>cluster-1</DbClusterResourceId>\
                 {inside}</DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"
            ),
        )
    };
    let instances = Reply::new(
        200,
        "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
    );
    let member = "<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>orders-1</DBInstanceIdentifier>\
                  <IsClusterWriter>true</IsClusterWriter></DBClusterMember></DBClusterMembers>";
    let throttled = Reply::xml_error(400, "Throttling");
    let whole = cluster(&format!("<Status>available</Status>{member}"));
    // Both are asked at once, so the answers go by the action.
    let by_action = |clusters: Vec<Reply>| {
        let (clusters, instances) = (Mutex::new(clusters), instances.clone());
        Loopback::answering(move |body| {
            if body.contains("Action=DescribeDBInstances") {
                return instances.clone();
            }
            let mut clusters = clusters.lock().expect("a lock");
            if clusters.len() > 1 { clusters.remove(0) } else { clusters[0].clone() }
        })
    };
    let server = by_action(vec![throttled, whole]).await;
    let found = Rds::new(&server.config()).cluster("orders").await.expect("a cluster");
    assert_eq!(server.asked().len(), 3, "asked again after the throttle");
    assert_eq!(found.writer().map(|m| m.instance.as_str()), Some("orders-1"));
    assert_eq!(found.writer().and_then(|m| m.status.clone()), None, "not described, so not known");
    assert!(!found.settled());

    let broken = member.replace("<IsClusterWriter>true</IsClusterWriter>", "");
    for (inside, field) in [
        (String::new(), "DBClusters[0].Status"),
        (format!("<Status>available</Status>{broken}"), "DBClusters[0].DBClusterMembers[0].IsClusterWriter"),
    ] {
        let server = by_action(vec![cluster(&inside)]).await;
        let error = Rds::new(&server.config()).cluster("orders").await.expect_err("it lacks a field");
        assert_eq!(error.failure, Failure::Malformed);
        assert_eq!(error.message, format!("the reply has no {field}"));
    }
    let server = Loopback::start(vec![Reply::new(200, "not XML")]).await;
    let error = Rds::new(&server.config()).cluster("orders").await.expect_err("not XML");
    assert_eq!(error.failure, Failure::Malformed, "{error}");
}

#[tokio::test]
async fn a_clusters_two_reads_do_not_wait_for_each_other() {
    let server = Loopback::start(vec![Reply::Silence]).await;
    let rds = Rds::new(&server.config());
    let looking = tokio::spawn(async move { rds.cluster("orders").await });
    let both = async {
        let asked = |action: &str| server.asked().iter().any(|a| a.body.contains(action));
        while !(asked("Action=DescribeDBClusters") && asked("Action=DescribeDBInstances")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), both)
        .await
        .expect("both are asked, though none is answered");
    looking.abort();
}

#[tokio::test]
async fn events_are_asked_for_with_both_ends_of_the_time() {
    let none = "<DescribeEventsResponse><DescribeEventsResult><Events/></DescribeEventsResult></DescribeEventsResponse>";
    let server = Loopback::start(vec![Reply::new(200, none)]).await;
    let since = Timestamp::now() - SignedDuration::from_hours(3);
    let cluster = Cluster { members: Vec::new(), ..recovery::twins::fixture::cluster("orders-1") };
    let events = Rds::new(&server.config()).events(&cluster, since).await;
    assert_eq!(events, Ok(Vec::new()));
    let body = server.asked()[0].body.clone();
    let time = |name: &str| -> Timestamp {
        let value = body.split('&').find_map(|pair| pair.strip_prefix(name));
        let value = value.unwrap_or_else(|| panic!("{name} is not in {body}"));
        value.replace("%3A", ":").parse().expect("a moment")
    };
    assert_eq!(time("StartTime=").as_second(), since.as_second());
    let late = Timestamp::now().duration_since(time("EndTime=")).as_secs();
    assert!((0..60).contains(&late), "until now: the default would end an hour after the start");
}

fn snapshot_request() -> SnapshotRequest {
    SnapshotRequest {
        cluster: "orders".to_owned(),
        snapshot: ClusterSnapshotId::parse("orders-2026").expect("an identifier"),
        tags: vec![("mainstay".to_owned(), "orders-2026".to_owned())],
    }
}

/// A page of `DescribeDBClusterSnapshots` with one snapshot of this inside, and where the next begins.
fn page_of_snapshots(inside: &str, marker: &str) -> Reply {
    let body = format!(
        "<DescribeDBClusterSnapshotsResponse><DescribeDBClusterSnapshotsResult>{marker}<DBClusterSnapshots>\
         <DBClusterSnapshot>{inside}</DBClusterSnapshot></DBClusterSnapshots></DescribeDBClusterSnapshotsResult>\
         </DescribeDBClusterSnapshotsResponse>"
    );
    Reply::new(200, body)
}

const SNAPSHOT: &str = "<DBClusterSnapshotIdentifier>orders-2026</DBClusterSnapshotIdentifier><DBClusterIdentifier>orders\
                        </DBClusterIdentifier><Status>available</Status><SnapshotType>manual</SnapshotType>";

#[tokio::test]
async fn snapshot_calls_are_repeated_until_aws_has_room() {
    let throttled = || Reply::xml_error(400, "Throttling");
    let exists = Reply::xml_error(400, "DBClusterSnapshotAlreadyExistsFault");
    let server = Loopback::start(vec![throttled(), Reply::Close, exists]).await;
    let answer = RdsSnapshots::new(&server.config()).take(&snapshot_request()).await;
    assert_eq!(answer, Ok(SnapshotAnswer::Exists), "an answer that was lost is asked for again");
    assert_eq!(server.asked().len(), 3);

    let gone = Reply::xml_error(404, "DBClusterSnapshotNotFoundFault");
    let server = Loopback::start(vec![throttled(), gone]).await;
    let id = snapshot_request().snapshot;
    assert_eq!(RdsSnapshots::new(&server.config()).delete(&id).await, Ok(()));
    assert!(server.asked()[1].body.contains("Action=DeleteDBClusterSnapshot"));
    assert!(server.asked()[1].body.contains("DBClusterSnapshotIdentifier=orders-2026"));

    // Somebody else's 404 says nothing of the snapshot.
    for reply in [Reply::new(404, "<html>"), Reply::xml_error(404, "DBClusterNotFoundFault")] {
        let server = Loopback::start(vec![reply]).await;
        let answer = RdsSnapshots::new(&server.config()).delete(&id).await;
        assert_eq!(answer.map_err(|e| e.failure), Err(Failure::NotFound));
    }

    for (code, failure) in [
        ("InvalidDBClusterSnapshotStateFault", Failure::WrongState),
        ("AccessDenied", Failure::Denied),
        ("SnapshotQuotaExceeded", Failure::Refused),
    ] {
        let server = Loopback::start(vec![Reply::xml_error(400, code)]).await;
        let rds = RdsSnapshots::new(&server.config());
        assert_eq!(rds.delete(&id).await.map_err(|e| e.failure), Err(failure), "{code}");
        assert_eq!(rds.take(&snapshot_request()).await.map_err(|e| e.failure), Err(failure), "{code}");
        assert_eq!(server.asked().len(), 2, "{code}: no repeat helps");
    }
}

#[tokio::test]
async fn the_list_of_snapshots_is_whole_or_an_error() {
    let tags = "<TagList><Tag><Key>mainstay</Key><Value>orders-2026</Value></Tag><Tag><Key>mainstay:scheduled</Key>\
                <Value>2026-03-01T10:00:00Z</Value></Tag></TagList><AllocatedStorage>7</AllocatedStorage>";
    let more = "<Marker>more</Marker>";
    let replies = vec![
        page_of_snapshots(&format!("{SNAPSHOT}{tags}"), more),
        page_of_snapshots(SNAPSHOT, "<Marker>even-more</Marker>"),
        page_of_snapshots(SNAPSHOT, ""),
    ];
    let server = Loopback::start(replies).await;
    let all = RdsSnapshots::new(&server.config()).manual().await.expect("three pages");
    assert_eq!(all.iter().map(|s| s.marks.ours).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((all[0].recovery_point().is_some(), all[0].size_gib), (true, Some(7)));
    let asked = server.asked();
    assert!(asked.iter().all(|a| a.body.contains("SnapshotType=manual&MaxRecords=100")), "{asked:?}");
    assert!(asked[2].body.contains("Marker=even-more"));

    // A page is refused, or says again where it has been.
    let denied = Reply::xml_error(403, "AccessDenied");
    let server = Loopback::start(vec![page_of_snapshots(SNAPSHOT, more), denied]).await;
    let part = RdsSnapshots::new(&server.config()).manual().await;
    assert_eq!(part.map_err(|e| e.failure), Err(Failure::Denied));
    let server = Loopback::start(vec![page_of_snapshots(SNAPSHOT, more)]).await;
    let part = RdsSnapshots::new(&server.config()).manual().await;
    assert_eq!(part.map_err(|e| e.message), Err("the reply has no Marker that leads on".to_owned()));

    for field in ["DBClusterIdentifier", "Status", "SnapshotType", "DBClusterSnapshotIdentifier"] {
        let lacks = SNAPSHOT.replace(&format!("{field}>"), "Other>");
        let server = Loopback::start(vec![page_of_snapshots(&lacks, "")]).await;
        let error = RdsSnapshots::new(&server.config()).manual().await.expect_err("it lacks a field");
        assert_eq!(error.failure, Failure::Malformed);
        assert!(error.message.contains(&format!("DBClusterSnapshots[0].{field}")), "{error}");
    }
}

#[tokio::test]
async fn the_quota_is_the_one_of_cluster_snapshots() {
    let quota = |name: &str, most: &str| {
        format!(
            "<AccountQuota><AccountQuotaName>{name}</AccountQuotaName><Used>1</Used>{most}</AccountQuota>"
        )
    };
    let reply = |quotas: &str| {
        Reply::new(
            200,
            format!(
                "<DescribeAccountAttributesResponse><DescribeAccountAttributesResult><AccountQuotas>{quotas}\
                 </AccountQuotas></DescribeAccountAttributesResult></DescribeAccountAttributesResponse>"
            ),
        )
    };
    let instances = quota("ManualSnapshots", "<Max>100</Max>");
    let both = instances.clone() + &quota("ManualClusterSnapshots", "<Max>350</Max>");
    let server = Loopback::start(vec![reply(&both)]).await;
    assert_eq!(RdsSnapshots::new(&server.config()).quota().await, Ok(350));
    for without in [instances.clone(), quota("ManualClusterSnapshots", "")] {
        let server = Loopback::start(vec![reply(&without)]).await;
        let error = RdsSnapshots::new(&server.config()).quota().await.expect_err("no quota");
        assert_eq!(error.message, "the reply has no AccountQuotas[ManualClusterSnapshots].Max");
    }
}

#[tokio::test]
async fn services_are_asked_for_ten_at_a_time() {
    let nothing = Reply::new(200, r#"{"services":[],"failures":[{"arn":"a","reason":"MISSING"}]}"#);
    let server = Loopback::start(vec![nothing]).await;
    let names: Vec<String> = (0..11).map(|n| format!("service-{n}")).collect();
    let found = Ecs::new(&server.config()).services("shop", &names).await.expect("an answer");
    assert_eq!(found, [], "what ECS does not know is left out");
    let counts: Vec<usize> = server
        .asked()
        .iter()
        .map(|a| {
            let body: Value = serde_json::from_str(&a.body).expect("JSON");
            body["services"].as_array().expect("names").len()
        })
        .collect();
    assert_eq!(counts, [10, 1]);

    let denied = Reply::new(200, r#"{"services":[],"failures":[{"arn":"a","reason":"ACCESS_DENIED"}]}"#);
    let server = Loopback::start(vec![denied]).await;
    let error = Ecs::new(&server.config()).services("shop", &names[..1]).await.expect_err("not just missing");
    assert_eq!(error.message, "a: ACCESS_DENIED");
}

#[tokio::test]
async fn a_new_deployment_is_asked_for_once_and_its_id_is_the_primarys() {
    let body = r#"{"service":{"deployments":[{"id":"ecs-svc/1","status":"ACTIVE"},{"id":"ecs-svc/2","status":"PRIMARY"}]}}"#;
    let server = Loopback::start(vec![Reply::new(200, body)]).await;
    let id = Ecs::new(&server.config()).redeploy("shop", "orders-api", Some(4)).await;
    assert_eq!(id.as_deref(), Ok("ecs-svc/2"));
    let asked: Value = serde_json::from_str(&server.asked()[0].body).expect("JSON");
    assert_eq!(asked["forceNewDeployment"], json!(true));
    assert_eq!(asked["desiredCount"], json!(4));
    assert_eq!(asked.get("taskDefinition"), None);

    let server = Loopback::start(vec![Reply::new(500, r#"{"__type":"ServerException"}"#)]).await;
    let error = Ecs::new(&server.config()).redeploy("shop", "orders-api", None).await.expect_err("no id");
    assert_eq!(error.failure, Failure::Doubtful);
    assert_eq!(server.asked().len(), 1);
}

fn opened() -> (Record, Head) {
    let id = IncidentId::new("orders", fixture::start());
    let record = conformance::opened("orders", &id, 1);
    let head = Head::after(None, &record);
    (record, head)
}

/// A cancelled transaction with these two reasons.
fn cancelled(head: &Value, event: &Value) -> Reply {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [head, event],
    });
    Reply::new(400, body.to_string())
}

fn stands(item: &impl serde::Serialize) -> Value {
    let json = serde_json::to_string(item).expect("JSON");
    json!({"Code": "ConditionalCheckFailed", "Item": {"pk": {"S": "x"}, "record": {"S": json}}})
}

#[tokio::test]
async fn a_cancelled_transaction_is_read_for_what_it_means() {
    let (record, head) = opened();
    let none = json!({"Code": "None"});
    let conflict = json!({"Code": "TransactionConflict"});
    let commit = |replies: Vec<Reply>| {
        let (record, head) = opened();
        async move {
            let server = Loopback::start(replies).await;
            let answer = IncidentTable::new(&server.config(), "incidents").commit(None, &record, &head).await;
            (answer, server.asked().len())
        }
    };

    let (answer, _) = commit(vec![cancelled(&stands(&head), &stands(&record))]).await;
    assert_eq!(answer, Ok(Committed::Yes), "our own event stands there: it succeeded before");

    let mut other = record.clone();
    other.owes.clear();
    let (answer, _) = commit(vec![cancelled(&stands(&head), &stands(&other))]).await;
    assert_eq!(answer, Ok(Committed::Conflict(Some(head.clone()))), "an equal head, but another's event");

    let (answer, _) = commit(vec![cancelled(&stands(&head), &none)]).await;
    assert_eq!(answer, Ok(Committed::Conflict(Some(head.clone()))));

    let gone = json!({"Code": "ConditionalCheckFailed"});
    let (answer, _) = commit(vec![cancelled(&gone, &none)]).await;
    assert_eq!(answer, Ok(Committed::Conflict(None)));

    let (answer, asked) = commit(vec![cancelled(&conflict, &none), Reply::new(200, "{}")]).await;
    assert_eq!(answer, Ok(Committed::Yes), "another transaction was under way: tried again");
    assert_eq!(asked, 2);

    let (answer, asked) = commit(vec![cancelled(&none, &conflict)]).await;
    assert_eq!(answer.map_err(|e| e.failure), Err(Failure::Throttled), "but not for ever");
    assert_eq!(asked, 4);

    let (answer, _) = commit(vec![cancelled(&json!({"Code": "ThrottlingError"}), &none)]).await;
    assert_eq!(answer.map_err(|e| e.failure), Err(Failure::Throttled));

    let broken = json!({"Code": "ConditionalCheckFailed", "Item": {"pk": {"S": "database#orders"}, "record": {"S": "{"}}});
    let (answer, _) = commit(vec![cancelled(&broken, &none)]).await;
    let error = answer.expect_err("not a head");
    assert_eq!(error.failure, Failure::Malformed);
    assert!(error.message.contains("head database#orders"), "{error}");
}

#[tokio::test]
async fn an_execution_that_exists_is_looked_at() {
    let run = Run {
        entry: Entry::Confirm,
        incident: IncidentId::new("orders", fixture::start()),
        fence: 2,
        drill: false,
        opened_at: fixture::start(),
        plan: fixture::slice(),
    };
    let machine = "arn:aws:states:ca-central-1:123456789012:stateMachine:recovery";
    let looked = r#"{"executionArn":"x","stateMachineArn":"y","startDate":1.0,"status":"FAILED"}"#;
    let server =
        Loopback::start(vec![Reply::json_error("ExecutionAlreadyExists"), Reply::new(200, looked)]).await;
    let execution = StateMachine::new(&server.config(), machine).expect("an ARN").start(&run).await;
    let execution = execution.expect("an execution");
    assert_eq!(execution.status, "FAILED");
    assert!(execution.arn.ends_with(&format!(":execution:recovery:{}", run.execution_name())));
    let asked = server.asked();
    let input: Value = serde_json::from_str(&asked[0].body).expect("JSON");
    let input: Run = serde_json::from_str(input["input"].as_str().expect("a text")).expect("the run");
    assert_eq!(input, run, "the input is the run");

    let server = Loopback::start(vec![Reply::json_error("ExecutionDoesNotExist")]).await;
    let found = StateMachine::new(&server.config(), machine).expect("an ARN").find(&run).await;
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn an_entry_that_the_bus_did_not_take_is_a_failure() {
    let (record, _) = opened();
    let taken = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#;
    let server = Loopback::start(vec![Reply::new(200, taken)]).await;
    EventBus::new(&server.config(), "default").put(&record).await.expect("taken");
    let asked: Value = serde_json::from_str(&server.asked()[0].body).expect("JSON");
    assert_eq!(asked["Entries"][0]["Source"], json!("mainstay"));
    assert_eq!(asked["Entries"][0]["DetailType"], json!("Incident opened"));

    let failed =
        r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"slow"}]}"#;
    let server = Loopback::start(vec![Reply::new(200, failed)]).await;
    let error = EventBus::new(&server.config(), "default").put(&record).await.expect_err("not taken");
    assert_eq!((error.failure, error.message.as_str()), (Failure::Throttled, "slow"));
}

#[tokio::test]
async fn a_notice_bears_what_subscribers_filter_by() {
    let published =
        "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>";
    let server = Loopback::start(vec![Reply::new(200, published)]).await;
    let notice = conformance::notice("orders", "on-call", "Base de données: interruption");
    let id = NoticeTopic::new(&server.config(), "arn:topic").publish(&notice).await;
    assert_eq!(id.as_deref(), Ok("m-1"));
    let body = server.asked()[0].body.clone();
    for expected in ["severity", "audience", "database", "incident", "drill", "kind", "sequence"] {
        assert!(body.contains(&format!("Name={expected}&")), "{expected}: {body}");
    }
    assert!(body.contains("Subject=Base%20de%20donn%3Fes"), "{body}");
}

#[tokio::test]
async fn what_is_set_aside_reaches_its_queue_whole() {
    let letter = DeadLetter {
        reason: "`dynamodb` is missing".to_owned(),
        sequence_number: None,
        item: json!({"eventName": "INSERT"}),
    };
    let server = Loopback::start(vec![Reply::new(200, r#"{"MessageId":"m-1"}"#)]).await;
    let id = DeadLetterQueue::new(&server.config(), "https://sqs/1/dlq").keep(&letter).await;
    assert_eq!(id.as_deref(), Ok("m-1"));
    let asked: Value = serde_json::from_str(&server.asked()[0].body).expect("JSON");
    assert_eq!(asked["QueueUrl"], json!("https://sqs/1/dlq"));
    let body: Value = serde_json::from_str(asked["MessageBody"].as_str().expect("a text")).expect("JSON");
    let expected = json!({"reason": letter.reason, "sequence_number": null, "item": letter.item});
    assert_eq!(body, expected);

    let gone = Reply::json_error("com.amazonaws.sqs#QueueDoesNotExist");
    let server = Loopback::start(vec![gone]).await;
    let error = DeadLetterQueue::new(&server.config(), "https://sqs/1/dlq").keep(&letter).await;
    assert_eq!(error.map_err(|e| e.failure), Err(Failure::NotFound));
}

#[tokio::test]
async fn the_functions_failure_reaches_the_person_who_asked() {
    let request = Request::Ack { incident: "x".to_owned(), by: "sam".to_owned(), reason: String::new() };
    let server = Loopback::start(vec![Reply::new(200, r#"{"acknowledged":true}"#)]).await;
    let answer = Door::new(&server.config(), "alarm-handler").ask(&request).await;
    assert_eq!(answer, Ok(json!({"acknowledged": true})));
    let asked: Value = serde_json::from_str(&server.asked()[0].body).expect("JSON");
    assert_eq!(asked["mainstay"], json!("ack"));

    let body = r#"{"errorType":"InvalidPlan","errorMessage":"line 3"}"#;
    let reply = Reply::Answer(200, vec![("x-amz-function-error", "Unhandled")], body.to_owned());
    let server = Loopback::start(vec![reply]).await;
    let error = Door::new(&server.config(), "alarm-handler").ask(&request).await.expect_err("it failed");
    assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("InvalidPlan"), "line 3"));

    let server = Loopback::start(vec![Reply::json_error("ResourceNotFoundException")]).await;
    let error =
        Door::new(&server.config(), "alarm-handler").ask(&request).await.expect_err("no such function");
    assert_eq!(error.failure, Failure::NotFound);
    assert_eq!(server.asked().len(), 1);
}
