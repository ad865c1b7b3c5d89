//! The roles of the template: what each may do is what it calls, and on as little as AWS lets one name.

use super::{
    actions, files,
    files::logical_id,
    template::{Template, attribute, list, reference, texts},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a role needs besides its own calls, because AWS asks it of the role: its log, its queue, the topics' key, the
/// stream that Lambda reads for it, and the snapshot's tags.
const BESIDES: &[(&str, &[&str])] = &[
    (
        "AlarmHandlerRole",
        &[
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "sqs:SendMessage",
            "kms:Decrypt",
            "kms:GenerateDataKey",
        ],
    ),
    ("FailoverExecutorRole", &["logs:CreateLogStream", "logs:PutLogEvents"]),
    ("TaskRecyclerRole", &["logs:CreateLogStream", "logs:PutLogEvents"]),
    (
        "NotifierRole",
        &[
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "sqs:SendMessage",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
    ),
    // A token is signed, not called for; and Lambda makes the network interfaces with the role's rights.
    (
        "ProberRole",
        &[
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "rds-db:connect",
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ],
    ),
    (
        "SnapshotterRole",
        &["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "rds:AddTagsToResource"],
    ),
];

/// Statements that may name every resource, with the reason. All of them read, or AWS knows no narrower form.
const EVERYTHING: &[(&str, &str, &str)] = &[
    (
        "FailoverExecutorRole",
        "ReadTheDatabase",
        "DescribeEvents and blue/green deployments know no single resource",
    ),
    ("FailoverExecutorRole", "ReadTheWitnesses", "GetMetricData and ListAlarmMuteRules know no resource"),
    ("SnapshotterRole", "ReadSnapshotsAndQuotas", "a list of snapshots is asked for as a whole"),
    ("NotifierRole", "FindTheStream", "ListStreams knows no resource"),
    ("ProberRole", "BeInTheNetwork", "a network interface has no name before it is made"),
    ("RecoveryRole", "DeliverLogs", "log delivery knows no resource"),
    ("RecoveryRole", "Trace", "X-Ray knows no resource"),
];

/// Actions that may change something although their statement names every resource.
const EVERYTHING_WRITES: &[&str] = &["BeInTheNetwork", "DeliverLogs", "Trace"];

/// Each role with its id and the statements of its policies, those that are attached by a condition too.
fn roles(template: &Template) -> Vec<(&str, Vec<&Value>)> {
    let roles = template.of_type("AWS::IAM::Role").into_iter();
    roles
        .map(|(id, role)| {
            assert!(role["Properties"]["ManagedPolicyArns"].is_null(), "{id}: somebody else's policy");
            let policies = role["Properties"]["Policies"].as_array().unwrap().iter();
            let attached = template.of_type("AWS::IAM::Policy").into_iter().map(|(_, p)| &p["Properties"]);
            let all = policies.chain(attached.filter(|p| p["Roles"] == json!([reference(id)])));
            (id, all.flat_map(|p| p["PolicyDocument"]["Statement"].as_array().unwrap()).collect())
        })
        .collect()
}

fn allowed(statements: &[&Value]) -> BTreeSet<String> {
    let allow = statements.iter().filter(|s| s["Effect"] == "Allow");
    allow.flat_map(|s| texts(&s["Action"])).map(str::to_owned).collect()
}

#[test]
fn every_function_may_do_what_it_calls_and_nothing_else() {
    let template = Template::read();
    let roles = roles(&template);
    for function in files::functions() {
        let id = format!("{}Role", logical_id(&function));
        let (_, statements) = roles.iter().find(|(role, _)| *role == id).unwrap();
        let (_, besides) = BESIDES.iter().find(|(role, _)| *role == id).unwrap();
        let mut expected = actions::of(&function);
        expected.extend(besides.iter().map(|a| (*a).to_owned()));
        assert_eq!(allowed(statements), expected, "{id}");
    }
    for (id, expected) in [
        ("GitHubFailoverRole", actions::of(actions::PEOPLE)),
        ("ProbeScheduleRole", ["lambda:InvokeFunction", "sqs:SendMessage"].map(str::to_owned).into()),
        ("SnapshotScheduleRole", ["lambda:InvokeFunction", "sqs:SendMessage"].map(str::to_owned).into()),
    ] {
        let (_, statements) = roles.iter().find(|(role, _)| *role == id).unwrap();
        assert_eq!(allowed(statements), expected, "{id}");
    }
    let known = BESIDES.len()
        + ["GitHubFailoverRole", "ProbeScheduleRole", "SnapshotScheduleRole", "RecoveryRole"].len();
    assert_eq!(roles.len(), known, "a role that this test does not know");
}

#[test]
fn the_state_machine_may_run_the_steps() {
    let template = Template::read();
    let roles = roles(&template);
    let (_, statements) = roles.iter().find(|(role, _)| *role == "RecoveryRole").unwrap();
    let run = statements.iter().find(|s| texts(&s["Action"]).contains(&"lambda:InvokeFunction")).unwrap();
    assert_eq!(run["Resource"], json!([attribute("FailoverExecutor.Arn"), attribute("TaskRecycler.Arn")]));
    let others =
        allowed(statements).into_iter().filter(|a| !a.starts_with("logs:") && !a.starts_with("xray:"));
    assert_eq!(others.collect::<Vec<_>>(), ["lambda:InvokeFunction"]);
}

#[test]
fn no_role_names_every_resource_without_a_reason() {
    let template = Template::read();
    let mut seen = BTreeSet::new();
    for (role, statements) in roles(&template) {
        for statement in statements {
            let sid =
                statement["Sid"].as_str().unwrap_or_else(|| panic!("{role}: a statement without a name"));
            let actions = texts(&statement["Action"]);
            if statement["Effect"] == "Deny" {
                continue;
            }
            assert!(actions.iter().all(|a| !a.contains('*')), "{role} {sid} allows {actions:?}");
            if list(&statement["Resource"]).iter().all(|r| **r != "*") {
                continue;
            }
            let reason = EVERYTHING.iter().find(|(r, s, _)| (*r, *s) == (role, sid));
            assert!(reason.is_some(), "{role} {sid} allows {actions:?} on everything");
            seen.insert((role, sid));
            let reads = |action: &&&str| {
                let name = action.split_once(':').unwrap().1;
                ["Describe", "Get", "List"].iter().any(|verb| name.starts_with(verb))
            };
            if !EVERYTHING_WRITES.contains(&sid) {
                assert_eq!(actions.iter().filter(reads).count(), actions.len(), "{role} {sid}: {actions:?}");
            }
        }
    }
    assert_eq!(
        seen,
        EVERYTHING.iter().map(|(role, sid, _)| (*role, *sid)).collect(),
        "listed, but not there"
    );
}

#[test]
fn what_changes_a_database_or_a_service_asks_for_our_tag() {
    let template = Template::read();
    let mut acting = BTreeSet::new();
    for (role, statements) in roles(&template) {
        for statement in statements.iter().filter(|s| s["Effect"] == "Allow") {
            for action in texts(&statement["Action"]) {
                let (service, name) = action.split_once(':').unwrap();
                let acts = ["rds", "ecs"].contains(&service)
                    && !name.starts_with("Describe")
                    && !name.starts_with("List");
                // The new snapshot has no tag yet; its cluster has.
                let snapshots = list(&statement["Resource"])
                    .iter()
                    .all(|r| r["Fn::Sub"].as_str().is_some_and(|arn| arn.contains(":cluster-snapshot:")));
                let new = snapshots && !name.starts_with("Delete");
                if acts && !new {
                    let tag = &statement["Condition"]["StringLike"]["aws:ResourceTag/mainstay"];
                    // The value on a snapshot is its own id; on a cluster or a service it may be anything.
                    let value = if snapshots { "mainstay-*" } else { "?*" };
                    assert_eq!(*tag, value, "{role} may {action} what nobody has tagged");
                    acting.insert(action);
                }
            }
        }
    }
    let expected = [
        "ecs:UpdateService",
        "rds:CreateDBClusterSnapshot",
        "rds:DeleteDBClusterSnapshot",
        "rds:FailoverDBCluster",
    ];
    assert_eq!(acting, expected.into());
}

/// IAM can't compare a tag's value with the name of what bears it. So it asks for both beginnings, which Mainstay's own
/// snapshots have; that they are the same is the code's to see (`recovery::snapshot::Marks`).
#[test]
fn the_snapshotter_names_tags_and_deletes_only_snapshots_that_are_called_as_its_own() {
    let template = Template::read();
    let roles = roles(&template);
    let (_, statements) = roles.iter().find(|(role, _)| *role == "SnapshotterRole").unwrap();
    let of_snapshots: Vec<&&Value> = statements
        .iter()
        .filter(|s| s["Resource"]["Fn::Sub"].as_str().is_some_and(|r| r.contains(":cluster-snapshot:")))
        .collect();
    let sids: Vec<&str> = of_snapshots.iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids, ["NameAndTagTheSnapshot", "DeleteOwnSnapshots"]);
    let time = "2026-03-01T10:00:00Z".parse().unwrap();
    for statement in of_snapshots {
        let resource = statement["Resource"]["Fn::Sub"].as_str().unwrap();
        let pattern = resource.rsplit(':').next().unwrap();
        let prefix = pattern.strip_suffix('*').unwrap();
        assert_eq!(prefix, "mainstay-");
        for name in ["orders", "Orders", "a--b", &"x".repeat(60)] {
            assert!(snapshotter::due::snapshot_id(name, time).starts_with(prefix), "{name}");
        }
    }
}

#[test]
fn who_touches_databases_or_services_is_held_to_the_allowed_regions() {
    let template = Template::read();
    for (role, statements) in roles(&template) {
        let touches = allowed(&statements).iter().any(|a| a.starts_with("rds:") || a.starts_with("ecs:"));
        let held = statements.iter().any(|s| {
            s["Effect"] == "Deny"
                && s["Action"] == json!(["rds:*", "ecs:*"])
                && s["Resource"] == "*"
                && s["Condition"]
                    == json!({"StringNotEquals": {"aws:RequestedRegion": {"Ref": "AllowedRegions"}}})
        });
        assert_eq!(held, touches, "{role}");
    }
}

/// What Lambda needs to put the function into the network is not for the function's own code; and it may log in as one
/// role of one database, or read one secret, whichever it is told to.
#[test]
fn the_prober_comes_into_one_database_and_touches_no_network() {
    let template = Template::read();
    let roles = roles(&template);
    let (_, statements) = roles.iter().find(|(role, _)| *role == "ProberRole").unwrap();
    let named = |sid: &str| *statements.iter().find(|s| s["Sid"] == sid).unwrap();
    let (allowed, denied) = (named("BeInTheNetwork"), named("ButNotByItsOwnCode"));
    assert_eq!((&allowed["Action"], &denied["Effect"]), (&denied["Action"], &json!("Deny")));
    let itself = &denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]["Fn::Sub"];
    assert!(itself.as_str().unwrap().ends_with(":function:${AWS::StackName}-prober"), "{itself}");
    let token = named("LogInAsOneRoleOfOneDatabase")["Resource"]["Fn::Sub"].as_str().unwrap();
    assert!(token.ends_with(":dbuser:${ProbeResourceId}/${ProbeUser}"), "{token}");
    assert_eq!(named("ReadOneSecret")["Resource"], reference("ProbeSecretArn"));
    for (policy, condition) in [("ProberToken", "ProbeByToken"), ("ProberSecret", "ProbeBySecret")] {
        assert_eq!(template.at("/Resources")[policy]["Condition"], condition, "{policy}");
    }
}
