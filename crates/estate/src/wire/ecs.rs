//! ECS requests: JSON 1.1, told by `X-Amz-Target: AmazonEC2ContainerServiceV20141113.ACTION`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Caller;
use crate::model::{Api, Call, Page, Refusal, Request};

/// Reads a request. What it means, or why it means nothing, is in it.
pub(super) fn request(action: &str, caller: &Caller, body: &[u8]) -> Request {
    let text = if body.is_empty() { b"{}" } else { body };
    let parsed = serde_json::from_slice::<Value>(text);
    let parameters = parsed.as_ref().map_or(Value::Null, Clone::clone);
    let call = match parsed {
        Ok(_) => call(action, &parameters),
        Err(error) => Err(Refusal::new("SerializationException", error.to_string())),
    };
    Request {
        service: Api::Ecs,
        action: action.to_owned(),
        region: caller.region.clone(),
        caller: caller.name.clone(),
        parameters,
        call,
    }
}

fn default_cluster() -> String {
    "default".into()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(default = "default_cluster")]
    cluster: String,
    #[serde(default)]
    clusters: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
    service: Option<String>,
    service_name: Option<String>,
    task: Option<String>,
    reason: Option<String>,
    task_definition: Option<String>,
    #[serde(default)]
    force_new_deployment: bool,
    desired_count: Option<i64>,
    desired_status: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn parse<T: DeserializeOwned>(parameters: &Value) -> Result<T, Refusal> {
    serde_json::from_value(parameters.clone()).map_err(|error| invalid(error.to_string()))
}

fn call(action: &str, parameters: &Value) -> Result<Call, Refusal> {
    let given: Parameters = parse(parameters)?;
    let Parameters { cluster, .. } = given;
    let page = Page { most: given.max_results, marker: given.next_token };
    let required = |name: &str, value: Option<String>| {
        value.filter(|value| !value.is_empty()).ok_or_else(|| invalid(format!("{name} can not be blank.")))
    };
    Ok(match action {
        "DescribeClusters" => Call::DescribeEcsClusters(given.clusters),
        "ListServices" => Call::ListServices { cluster, page },
        "DescribeServices" => Call::DescribeServices {
            cluster,
            services: given.services,
            tags: given.include.iter().any(|include| include == "TAGS"),
        },
        "UpdateService" => {
            if given.task_definition.is_some() {
                return Err(invalid(
                    "The estate keeps a service's task definition: leave taskDefinition out.",
                ));
            }
            let desired = given
                .desired_count
                .map(|count| u32::try_from(count).map_err(|_| invalid("desiredCount must not be negative.")));
            Call::UpdateService {
                cluster,
                service: required("Service", given.service)?,
                force: given.force_new_deployment,
                desired: desired.transpose()?,
            }
        }
        "ListTasks" => Call::ListTasks {
            cluster,
            service: given.service_name,
            desired_status: given.desired_status.unwrap_or_else(|| "RUNNING".into()),
            page,
        },
        "DescribeTasks" => Call::DescribeTasks { cluster, tasks: given.tasks },
        "StopTask" => Call::StopTask { cluster, task: required("Task", given.task)?, reason: given.reason },
        unknown => {
            return Err(Refusal::new(
                "UnknownOperationException",
                format!("The estate has no action {unknown} for ECS."),
            ));
        }
    })
}
