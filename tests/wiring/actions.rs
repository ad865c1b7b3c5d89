//! What each function calls on AWS, by the adapters of crate `aws`.

use super::files;
use std::collections::{BTreeMap, BTreeSet};

/// An adapter, of crate `aws` unless one function alone needs it: its type, its file, and what it calls.
pub(crate) struct Adapter {
    pub(crate) name: &'static str,
    /// Of `crates/aws/src`, or a path from the root.
    file: &'static str,
    prefix: &'static str,
    /// The API's operations, each with the functions that come to call it.
    operations: &'static [(&'static str, &'static [&'static str])],
}

const HANDLER: &str = "alarm-handler";
const EXECUTOR: &str = "failover-executor";
const RECYCLER: &str = "task-recycler";
const NOTIFIER: &str = "notifier";
const PROBER: &str = "prober";
const SNAPSHOTTER: &str = "snapshotter";
/// Not a function: what people and GitHub use.
pub(crate) const PEOPLE: &str = "drp";

pub(crate) const ADAPTERS: &[Adapter] = &[
    Adapter {
        name: "IncidentTable",
        file: "incidents.rs",
        prefix: "dynamodb",
        operations: &[
            ("GetItem", &[HANDLER, EXECUTOR, RECYCLER, NOTIFIER]),
            ("Query", &[HANDLER, EXECUTOR, RECYCLER, NOTIFIER]),
            // Events with their head (TransactWriteItems), switches, and notices that were published.
            ("PutItem", &[HANDLER, EXECUTOR, RECYCLER, NOTIFIER]),
            ("TransactWriteItems", &[HANDLER, EXECUTOR, RECYCLER]),
            ("UpdateItem", &[HANDLER]),
        ],
    },
    Adapter {
        name: "StateMachine",
        file: "executions.rs",
        prefix: "states",
        operations: &[("StartExecution", &[HANDLER]), ("DescribeExecution", &[HANDLER])],
    },
    Adapter {
        name: "NoticeTopic",
        file: "sns.rs",
        prefix: "sns",
        operations: &[("Publish", &[HANDLER, NOTIFIER])],
    },
    Adapter {
        name: "DeadLetterQueue",
        file: "sqs.rs",
        prefix: "sqs",
        operations: &[("SendMessage", &[NOTIFIER])],
    },
    Adapter {
        name: "EventBus",
        file: "events.rs",
        prefix: "events",
        operations: &[("PutEvents", &[NOTIFIER])],
    },
    Adapter {
        name: "CloudWatch",
        file: "cloudwatch.rs",
        prefix: "cloudwatch",
        operations: &[
            ("DescribeAlarms", &[EXECUTOR]),
            ("ListAlarmMuteRules", &[EXECUTOR]),
            ("GetMetricData", &[EXECUTOR]),
        ],
    },
    Adapter {
        name: "Rds",
        file: "rds.rs",
        prefix: "rds",
        operations: &[
            ("DescribeDBClusters", &[EXECUTOR, RECYCLER]),
            ("DescribeDBInstances", &[EXECUTOR, RECYCLER]),
            ("DescribeEvents", &[EXECUTOR]),
            ("DescribeBlueGreenDeployments", &[EXECUTOR]),
            ("FailoverDBCluster", &[EXECUTOR]),
        ],
    },
    Adapter {
        name: "RdsSnapshots",
        file: "rds_snapshots.rs",
        prefix: "rds",
        operations: &[
            ("DescribeDBClusterSnapshots", &[SNAPSHOTTER]),
            ("CreateDBClusterSnapshot", &[SNAPSHOTTER]),
            ("DeleteDBClusterSnapshot", &[SNAPSHOTTER]),
            // The connection is warmed up with it.
            ("DescribeAccountAttributes", &[SNAPSHOTTER]),
        ],
    },
    Adapter {
        name: "Ecs",
        file: "ecs.rs",
        prefix: "ecs",
        operations: &[
            ("DescribeServices", &[EXECUTOR, RECYCLER]),
            ("ListTasks", &[RECYCLER]),
            ("DescribeTasks", &[RECYCLER]),
            ("UpdateService", &[RECYCLER]),
        ],
    },
    // Its login reads the secret, where it is one.
    Adapter {
        name: "Login",
        file: "crates/prober/src/secret.rs",
        prefix: "secretsmanager",
        operations: &[("GetSecretValue", &[PROBER])],
    },
    Adapter { name: "Door", file: "lambda.rs", prefix: "lambda", operations: &[("Invoke", &[PEOPLE])] },
];

/// The actions that IAM asks of a function, or of people, for its calls.
pub(crate) fn of(who: &str) -> BTreeSet<String> {
    let operations =
        ADAPTERS.iter().flat_map(|a| a.operations.iter().map(move |(o, by)| (a.prefix, *o, *by)));
    operations
        .filter(|(_, _, by)| by.contains(&who))
        .filter_map(|(prefix, operation, _)| match operation {
            // Allowed by the actions inside it.
            "TransactWriteItems" => None,
            "Invoke" => Some("lambda:InvokeFunction".to_owned()),
            _ => Some(format!("{prefix}:{operation}")),
        })
        .collect()
}

fn path(file: &str) -> String {
    if file.contains('/') { file.to_owned() } else { format!("crates/aws/src/{file}") }
}

/// The operations that an adapter's source calls on a client of the SDK, such as `get_item`, without underscores.
fn called(source: &str) -> BTreeSet<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    ["self.client.", "self.reads.", "self.acts."]
        .iter()
        .flat_map(|client| code.split(client).skip(1))
        .filter_map(|rest| rest.split_once('(').map(|(operation, _)| operation.replace('_', "")))
        .collect()
}

#[test]
fn every_call_of_an_adapter_is_listed_and_the_other_way_round() {
    for adapter in ADAPTERS {
        let listed: BTreeSet<String> =
            adapter.operations.iter().map(|(operation, _)| operation.to_lowercase()).collect();
        let source = files::text(&path(adapter.file));
        assert_eq!(called(&source), listed, "{}", adapter.file);
    }
}

#[test]
fn every_file_of_the_adapters_that_calls_aws_is_listed() {
    for folder in ["crates/aws/src", "crates/prober/src"] {
        for file in files::stems(folder, "rs") {
            let file = format!("{folder}/{file}.rs");
            let calls = called(&files::text(&file));
            let listed = ADAPTERS.iter().any(|a| path(a.file) == file);
            assert!(calls.is_empty() || listed, "{file} calls {calls:?}");
        }
    }
}

/// A function that is given an adapter calls it, and has no other.
#[test]
fn every_function_is_wired_to_the_adapters_that_it_is_listed_with() {
    let functions = files::functions();
    let mut listed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for adapter in ADAPTERS {
        for function in adapter.operations.iter().flat_map(|(_, by)| *by) {
            listed.entry(function).or_default().insert(adapter.name);
        }
    }
    listed.remove(PEOPLE);
    assert_eq!(listed.keys().copied().collect::<Vec<_>>(), functions);
    for (function, adapters) in listed {
        let main = files::text(&format!("crates/{function}/src/main.rs"));
        let wired: BTreeSet<&str> =
            ADAPTERS.iter().map(|a| a.name).filter(|name| main.contains(&format!("{name}::new("))).collect();
        assert_eq!(wired, adapters, "{function}");
    }
}
