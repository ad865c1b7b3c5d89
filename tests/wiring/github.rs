//! The failover workflow, its role, and the environments of `samconfig.toml`.

use super::{
    files,
    template::{Template, reference, yaml},
};
use serde_json::{Value, json};

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_array().unwrap()).collect()
}

/// Text in an input must never become a part of a script.
#[test]
fn no_script_of_a_workflow_holds_an_expression() {
    let workflows = files::entries(".github/workflows");
    assert!(!workflows.is_empty());
    let mut scripts = 0;
    for name in workflows {
        let workflow = yaml(&format!(".github/workflows/{name}"));
        for script in steps(&workflow).into_iter().filter_map(|step| step["run"].as_str()) {
            assert!(!script.contains("${{"), "{name}: {script}");
            scripts += 1;
        }
        assert_eq!(workflow["permissions"], json!({}), "{name}: each job names what it needs");
        for step in steps(&workflow) {
            let Some(action) = step["uses"].as_str() else {
                continue;
            };
            let (_, commit) =
                action.split_once('@').unwrap_or_else(|| panic!("{name}: {action} has no version"));
            let pinned = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(pinned, "{name}: {action}: a tag can be moved to other code");
        }
    }
    assert!(scripts > 0);
    for name in files::entries(".github/scripts") {
        assert!(!files::text(&format!(".github/scripts/{name}")).contains("${{"), "{name}");
    }
}

#[test]
fn the_failover_workflow_asks_by_hand_only_with_leave_and_without_keys() {
    let workflow = yaml(".github/workflows/failover.yml");
    let triggers: Vec<_> = workflow["on"].as_object().unwrap().keys().collect();
    assert_eq!(triggers, ["workflow_dispatch"]);
    let inputs = &workflow["on"]["workflow_dispatch"]["inputs"];
    let names: Vec<_> = inputs.as_object().unwrap().keys().collect();
    assert_eq!(names, ["database", "dry_run", "reason"]);
    assert_eq!(inputs["dry_run"]["default"], true, "an empty form must change nothing");
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false, "a recovery must not lose its follower");
    let jobs = workflow["jobs"].as_object().unwrap();
    assert_eq!(jobs.len(), 1);
    for (name, job) in jobs {
        assert_eq!(job["environment"], "production", "{name} runs without anybody's leave");
        assert_eq!(job["permissions"], json!({"contents": "read", "id-token": "write"}), "{name}");
    }
    let text = files::text(".github/workflows/failover.yml");
    assert!(!text.contains("secrets."), "no long-lived key belongs here");
    let script = steps(&workflow).into_iter().find_map(|s| s["run"].as_str()).unwrap();
    assert!(files::path(script).is_file(), "no {script}");
}

#[test]
fn githubs_role_is_for_one_environment_and_one_function() {
    let template = Template::read();
    let role = template.properties("GitHubFailoverRole");
    let trust = &role["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(trust.as_array().unwrap().len(), 1);
    assert_eq!(trust[0]["Action"], "sts:AssumeRoleWithWebIdentity");
    assert_eq!(trust[0]["Principal"], json!({"Federated": reference("GitHubOidcProviderArn")}));
    // Whole values: a pattern could let another repository in.
    let condition = json!({"StringEquals": {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": reference("GitHubSub"),
    }});
    assert_eq!(trust[0]["Condition"], condition);
    let condition = template.at("/Resources/GitHubFailoverRole/Condition").as_str().unwrap();
    let needs = &template.at("/Conditions")[condition]["Fn::And"];
    for parameter in ["GitHubOidcProviderArn", "GitHubSub"] {
        let given = json!({"Fn::Not": [{"Fn::Equals": [reference(parameter), ""]}]});
        assert!(needs.as_array().unwrap().contains(&given), "an empty {parameter} makes a role");
    }
    let minutes =
        yaml(".github/workflows/failover.yml")["jobs"]["failover"]["timeout-minutes"].as_u64().unwrap();
    assert!(role["MaxSessionDuration"].as_u64().unwrap() >= minutes * 60, "the session ends before the job");
}

#[test]
fn the_environments_of_samconfig_set_parameters_that_the_template_has() {
    let template = Template::read();
    let config: toml::Table = files::text("samconfig.toml").parse().unwrap();
    for environment in ["default", "dev", "prod"] {
        let of = &config[environment];
        assert_eq!(
            of["global"]["parameters"]["template_file"].as_str(),
            Some("infra/template.yaml"),
            "{environment}"
        );
    }
    let mut drills = Vec::new();
    for environment in ["dev", "prod"] {
        let parameters = &config[environment]["deploy"]["parameters"];
        for set in parameters["parameter_overrides"].as_array().unwrap() {
            let (name, value) = set.as_str().unwrap().split_once('=').unwrap();
            let parameter = &template.at("/Parameters")[name];
            assert!(parameter.is_object(), "{environment}: the template has no parameter {name}");
            if let Some(allowed) = parameter["AllowedValues"].as_array() {
                let fits = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned) == value;
                assert!(allowed.iter().any(fits), "{environment}: {name} may not be {value}");
            }
            if name == "Drill" {
                drills.push((environment, value));
            }
        }
    }
    assert_eq!(drills, [("dev", "true"), ("prod", "false")]);
}

#[test]
fn every_parameter_says_what_it_is_and_is_shown_in_a_group() {
    let template = Template::read();
    let groups = template.at("/Metadata/AWS::CloudFormation::Interface/ParameterGroups").as_array().unwrap();
    let mut grouped: Vec<&str> = groups
        .iter()
        .flat_map(|g| g["Parameters"].as_array().unwrap())
        .map(|p| p.as_str().unwrap())
        .collect();
    grouped.sort_unstable();
    let mut all = Vec::new();
    for (name, parameter) in template.at("/Parameters").as_object().unwrap() {
        let says = parameter["Description"].as_str().unwrap_or_default();
        assert!(says.len() > 20, "{name} does not say what it is");
        all.push(name.as_str());
    }
    all.sort_unstable();
    assert_eq!(grouped, all);
}
