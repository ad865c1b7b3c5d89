//! The adapters of crate `aws` keep the promises of their ports on the local cloud, as the twins do in memory.

use aws::{CloudWatch, DeadLetterQueue, Ecs, EventBus, IncidentTable, NoticeTopic, StateMachine};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use drill::{
    cloud::Service,
    stage::{ALARM, Stage},
};
use jiff::{SignedDuration, Timestamp};
use recovery::{
    Entry, IncidentId, Run,
    ports::{Alarms as _, Executions as _},
    probes::Probe,
    twins::{conformance, fixture},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(crate) async fn the_table(stage: &Stage) {
    // Keys as the template has them, but without the stream: the notifier would write its letters into the table.
    let ask = async |action, request: Value| {
        let answer = stage.api.json(Service::DynamoDb, action, &request).await;
        answer.expect("DynamoDB answers")
    };
    let shown = ask("DescribeTable", json!({ "TableName": stage.stack.output("TableName") })).await;
    let like = |key: &str| shown["Table"][key].clone();
    let table = json!({
        "TableName": "conformance",
        "KeySchema": like("KeySchema"),
        "AttributeDefinitions": like("AttributeDefinitions"),
        "BillingMode": "PAY_PER_REQUEST",
    });
    ask("CreateTable", table).await;
    let table = IncidentTable::new(&config(stage), "conformance");
    conformance::incidents(&table, "conformance").await.expect("the table answers");
}

pub(crate) async fn the_state_machine(stage: &Stage) {
    let machine = StateMachine::new(&config(stage), stage.stack.output("StateMachineArn")).expect("an ARN");
    let (run, unknown) = (run(1), run(2));
    conformance::executions(&machine, &run, &unknown).await.expect("it answers");
    // Its incident is in no table, so it fails: not before, but soon.
    let since = Instant::now();
    while machine.find(&run).await.expect("it answers").is_some_and(|e| e.status == "RUNNING") {
        assert!(since.elapsed() < Duration::from_mins(1), "it still runs");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) async fn the_topic_and_the_bus(stage: &Stage) {
    let config = config(stage);
    let topic = NoticeTopic::new(&config, stage.stack.output("NoticesTopicArn"));
    conformance::topic(&topic, "conformance").await.expect("the topic answers");
    conformance::bus(&EventBus::new(&config, "default"), "conformance").await.expect("the bus answers");
}

pub(crate) async fn the_dead_letters(stage: &Stage) {
    let url = stage.api.create_queue("conformance").await.expect("SQS answers");
    let queue = DeadLetterQueue::new(&config(stage), &url);
    let mut sent = conformance::dead_letters(&queue).await.expect("the queue answers");
    let large = sent.pop().expect("the last is the large one");
    let kept = stage.api.drain(&url).await.expect("the queue answers");
    let kept: Vec<Value> = kept.iter().map(|m| serde_json::from_str(&m.body).expect("JSON")).collect();
    assert_eq!(kept.len(), sent.len() + 1);
    for letter in sent {
        let whole = serde_json::to_value(&letter).expect("JSON");
        assert!(kept.contains(&whole), "{whole} is not in {kept:?}");
    }
    let cut = kept.iter().find(|k| k["reason"] == large.reason.as_str()).expect("the large one is kept too");
    assert!(cut["item_begins"].as_str().is_some_and(|t| large.item.to_string().starts_with(t)), "{cut}");
}

pub(crate) async fn alarms_and_services(stage: &Stage) {
    let config = config(stage);
    let alarms = stage.stack.resources.values().filter(|r| r.kind == "AWS::CloudWatch::Alarm");
    let names: Vec<String> = alarms.map(|r| r.id.clone()).collect();
    assert!(names.len() > 1 && names.iter().any(|n| n == ALARM), "{names:?}");
    let cloudwatch = CloudWatch::new(&config);
    conformance::alarms(&cloudwatch, &names).await.expect("CloudWatch answers");
    connections(&cloudwatch).await;
    probes(&cloudwatch, stage).await;

    let services = ["orders-api", "orders-worker", "catalogue"].map(str::to_owned);
    let estate = config.to_builder().endpoint_url(stage.estate.address()).build();
    conformance::services(&Ecs::new(&estate), "shop", &services).await.expect("ECS answers");
}

/// The counts by which `verify` sees whether clients hold on to the old writer: of each instance, and not of all.
async fn connections(cloudwatch: &CloudWatch) {
    let since = Timestamp::now() - SignedDuration::from_mins(10);
    let asked = Instant::now();
    loop {
        let instances = ["orders-1", "orders-2", "mainstay-no-such-instance"];
        let told = cloudwatch.connections(&instances, since).await.expect("CloudWatch answers");
        let counted: Vec<bool> = told.iter().map(|c| !c.points.is_empty()).collect();
        if counted == [true, true, false] {
            let writer = told[0].points.iter().map(|p| p.value).fold(0.0, f64::max);
            assert!(writer >= 1.0, "the writer has connections: {told:?}");
            return;
        }
        assert!(asked.elapsed() < Duration::from_mins(1), "no counts yet: {told:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The probes by which `endpoint` proves its name: of one database, each with who of the servers answered.
async fn probes(cloudwatch: &CloudWatch, stage: &Stage) {
    // Of whole seconds, as the prober's.
    let begin = Timestamp::from_second(Timestamp::now().as_second() - 30).expect("a moment");
    let at = |second: i64| begin + SignedDuration::from_secs(second);
    let put = async |database: &str, server: Option<&str>, second: i64, value: f64| {
        let server = server.map(|server| json!({ "Name": "Server", "Value": server }));
        let dimensions = std::iter::once(json!({ "Name": "Database", "Value": database })).chain(server);
        let datum = json!({
            "MetricName": "ProbeSuccess", "Dimensions": dimensions.collect::<Vec<_>>(), "Value": value,
            "Timestamp": at(second).as_second(), "StorageResolution": 1,
        });
        let request = json!({ "Namespace": "Mainstay", "MetricData": [datum] });
        stage.api.json(Service::CloudWatch, "PutMetricData", &request).await.expect("CloudWatch takes it");
    };
    let (one, two) = (Some("probed-1"), Some("probed-2"));
    for (server, second, value) in [
        (one, -1, 1.0),
        (one, 0, 1.0),
        (None, 4, 0.0),
        (two, 8, 0.0),
        (two, 9, 1.0),
        (Some("stranger"), 12, 1.0),
    ] {
        put("probed", None, second, value).await;
        if server.is_some() {
            put("probed", server, second, value).await;
        }
    }
    put("probed-too", None, 10, 1.0).await;
    let told =
        cloudwatch.probes("probed", &["probed-1", "probed-2"], at(0)).await.expect("CloudWatch answers");
    let probe = |second: i64, success: bool, server: Option<&str>| Probe {
        at: at(second),
        success,
        server: server.map(str::to_owned),
    };
    let expected = [
        probe(0, true, one),
        probe(4, false, None),
        probe(8, false, two),
        probe(9, true, two),
        probe(12, true, None),
    ];
    assert_eq!(told, expected, "since the moment, of this database, with those that were asked about");
}

fn run(fence: u64) -> Run {
    Run {
        entry: Entry::Close,
        incident: IncidentId::new("conformance", fixture::start()),
        fence,
        drill: true,
        opened_at: fixture::start(),
        plan: fixture::slice(),
    }
}

/// The SDK pointed at the local cloud; nothing of it comes from this process's environment.
pub(crate) fn config(stage: &Stage) -> SdkConfig {
    let variables = stage.variables();
    let of = |name: &str| variables.get(name).cloned().expect("a variable of the stage");
    let credentials =
        Credentials::new(of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"), None, None, "the local cloud");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(of("AWS_REGION")))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(of("AWS_ENDPOINT_URL"))
        .build()
}
