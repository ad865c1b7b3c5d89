//! Whether Mainstay can restart a service at all. What it can't is reported, never skipped in silence.

use recovery::topology::Service;

/// Why a service can't be restarted by a forced rolling deployment; none when it can.
#[must_use]
pub fn unfit(service: &Service) -> Option<String> {
    let name = &service.name;
    if service.status != "ACTIVE" {
        return Some(format!("Service {name} is {}.", recovery::text::plain(&service.status, 40)));
    }
    if service.controller != "ECS" {
        // CODE_DEPLOY and EXTERNAL refuse most of `UpdateService`.
        return Some(format!(
            "Deployments of service {name} are made by {}: restart it there.",
            recovery::text::plain(&service.controller, 40)
        ));
    }
    match service.strategy.as_deref() {
        None | Some("ROLLING") => None,
        // These shift traffic in steps and pause on hooks: their end says nothing about the old tasks.
        Some(strategy) => Some(format!(
            "Service {name} is deployed as {}: Mainstay restarts rolling services only.",
            recovery::text::plain(strategy, 40)
        )),
    }
}
