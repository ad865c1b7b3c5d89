//! What a stage is started from: the estate and the local cloud, and the template's parameters.

use super::{DATABASE, STACK};
use crate::{
    artifacts,
    cloud::{Cloud, CloudError, CloudSettings, Deployment, free_port},
    error::DrillError,
    estate_process::{EstateProcess, PASSWORD_FILE, ROOT_FILE},
    pace::Pace,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub(super) fn deployment(
    root: &Path,
    plan_path: &Path,
    dns: &str,
    pace: Pace,
    artifacts: BTreeMap<String, PathBuf>,
) -> Deployment {
    let parameters = [
        ("PlanPath", plan_path.display().to_string()),
        ("Drill", "true".to_owned()),
        ("DatabaseIdentifier", DATABASE.to_owned()),
        ("DatabaseName", DATABASE.to_owned()),
        ("AlarmPeriodSeconds", pace.period_s().to_string()),
        ("DnsServer", dns.to_owned()),
    ];
    Deployment {
        template: root.join("infra/template.yaml"),
        stack: STACK.to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into(),
        artifacts,
    }
}

/// The parameters of the template by which the prober reaches the real servers, as the demo application does.
pub(super) fn probing(pace: Pace, endpoint_port: u16, folder: &Path) -> BTreeMap<String, String> {
    [
        ("ProbeDatabase", DATABASE.to_owned()),
        ("ProbeEndpoint", "127.0.0.1".to_owned()),
        ("ProbePort", endpoint_port.to_string()),
        ("ProbeUser", "shop".to_owned()),
        ("ProbeLogin", "file".to_owned()),
        ("ProbePasswordFile", folder.join(PASSWORD_FILE).display().to_string()),
        ("ProbeEverySeconds", pace.probe_every_s().to_string()),
        ("ProbeSubnetA", "subnet-a".to_owned()),
        ("ProbeSubnetB", "subnet-b".to_owned()),
        ("ProbeSecurityGroup", "sg-local".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The variables by which task-recycler asks the checks of services at the front of the tasks. As with the SDK's
/// endpoints, only the environment of the functions' processes can hold them: the template has no word for them.
fn checking(front: Option<&str>, folder: &Path) -> BTreeMap<String, String> {
    let Some(front) = front else { return BTreeMap::new() };
    [
        ("MAINSTAY_CHECK_FRONT", front.to_owned()),
        // In place of the system's roots: nothing else is asked over TLS.
        ("SSL_CERT_FILE", folder.join(ROOT_FILE).display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// How often another port is tried when somebody else was quicker.
const PORT_TRIES: usize = 3;

/// The estate and the local cloud, each with the other's address.
pub(super) async fn start_both(
    root: &Path,
    run_dir: &Path,
    endpoint_port: u16,
    pace: Pace,
) -> Result<(Cloud, EstateProcess), DrillError> {
    let mut tries = PORT_TRIES;
    loop {
        let mut settings = CloudSettings::new(root, &run_dir.join("cloud"));
        // The estate must know the cloud's address before the cloud starts, and the other way round.
        let port = free_port(None)?;
        let cloud = format!("http://127.0.0.1:{port}");
        let estate = EstateProcess::start(
            &artifacts::drill_binary(),
            run_dir,
            pace,
            endpoint_port,
            &cloud,
            &settings.event_token,
        )?;
        settings.port = Some(port);
        settings.endpoint_rds = Some(estate.addresses.address.clone());
        settings.endpoint_ecs = Some(estate.addresses.address.clone());
        settings.environment = checking(estate.addresses.front.as_deref(), run_dir);
        tries -= 1;
        match Cloud::start(settings).await {
            Ok(cloud) => return Ok((cloud, estate)),
            // Between our look and its start somebody else may have taken the port.
            Err(CloudError::PortTaken(_) | CloudError::Died { .. }) if tries > 0 => {}
            Err(error) => return Err(error.into()),
        }
    }
}
