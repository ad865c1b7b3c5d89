//! A recovery must be able to end before its execution does.

use std::collections::HashMap;

use crate::Span;
use crate::draft::{DatabaseDraft, ServiceDraft};
use crate::finding::{At, Findings};

/// After this the state machine ends an execution (`TimeoutSeconds` of infra/recovery.asl.json) and people take over.
const EXECUTION: Span = Span::from_mins(4 * 60);
/// For everything that has no limit of its own in the plan: confirming, settling, calls and their repeats.
const STEPS: Span = Span::from_mins(15);

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let (Some(hold), Some(promotion), Some(endpoint), Some(verify)) = (
        &database.hold_deadline,
        &database.promotion_within,
        &database.endpoint_within,
        &database.verify_for,
    ) else {
        return;
    };
    let Some(waves) = waves(&database.services) else {
        return;
    };
    let total: Span =
        [hold.value, promotion.value, endpoint.value, waves, verify.value, STEPS].into_iter().sum();
    if total <= EXECUTION {
        return;
    }
    let services = database.services.iter().filter_map(|it| it.within.as_ref());
    let longest: Option<&At<Span>> =
        [hold, promotion, endpoint, verify].into_iter().chain(services).max_by_key(|it| it.value);
    let place = longest.map_or(&database.place, |it| &it.place);
    let checked = database.services.iter().any(|it| it.check.is_some());
    let twice = if checked { " (twice where there is a `check`)" } else { "" };
    let message = format!(
        "a recovery may take {total} = {} of `hold_deadline` + {} of `promotion_within` + {} of `endpoint_within` \
         + {waves} of `within` in all waves{twice} + {} of `verify_for` + {STEPS} for the steps between, but its execution \
         is ended after {EXECUTION}",
        hold.value, promotion.value, endpoint.value, verify.value
    );
    let beyond = Span::from_secs(total.as_secs().saturating_sub(EXECUTION.as_secs()));
    findings.error(place, message, format!("shorten them by {beyond} or more"));
}

/// How long all waves may take: in each, the services that wait for each other come on top of each other. None if
/// they wait in a circle, which is an error of its own.
fn waves(services: &[ServiceDraft]) -> Option<Span> {
    let mut ends: HashMap<&str, (u32, Span)> = HashMap::new();
    // Each round lengthens the chains by one service at most, so in the end none can grow any more.
    for _ in 0..=services.len() {
        let mut grown = false;
        for service in services {
            let (Some(name), Some(wave), Some(within)) = (&service.name, &service.wave, &service.within)
            else {
                continue;
            };
            let before = service
                .waits_for()
                .iter()
                .filter_map(|after| ends.get(after.value.as_str()))
                .filter(|(other, _)| *other == wave.value)
                .map(|(_, end)| *end)
                .max()
                .unwrap_or(Span::ZERO);
            // A service whose pool is found at the old writer is restarted once more, with the same limit.
            let again = if service.check.is_some() { within.value } else { Span::ZERO };
            let end: Span = [before, within.value, again].into_iter().sum();
            let known = ends.insert(&name.value, (wave.value, end));
            grown |= known != Some((wave.value, end));
        }
        if !grown {
            let mut longest: HashMap<u32, Span> = HashMap::new();
            for (wave, end) in ends.into_values() {
                let so_far = longest.entry(wave).or_default();
                *so_far = end.max(*so_far);
            }
            return Some(longest.into_values().sum());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_machine_ends_an_execution_after_that_time() {
        let machine: serde_json::Value =
            serde_json::from_str(include_str!("../../../../infra/recovery.asl.json")).unwrap();
        assert_eq!(machine["TimeoutSeconds"], EXECUTION.as_secs());
    }
}
