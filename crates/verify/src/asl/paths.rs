//! Where the states lead.

use super::{ACTING, list, text};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(super) fn check(start: &str, states: &Map<String, Value>, findings: &mut Vec<String>) {
    for (name, state) in states {
        findings.extend(
            successors(state)
                .filter(|next| !states.contains_key(*next))
                .map(|next| format!("{name}: leads to {next:?}, which does not exist")),
        );
    }
    if !states.contains_key(start) {
        findings.push(format!("machine: StartAt {start:?} does not exist"));
    }
    let reached = reachable([start], states);
    findings.extend(
        states
            .keys()
            .filter(|name| !reached.contains(name.as_str()))
            .map(|name| format!("{name}: can't be reached")),
    );
    never_back(states, findings);
}

/// From what follows acting, nothing leads back to it: a second call needs a new decision. Its own wait is of
/// use to nobody else.
fn never_back(states: &Map<String, Value>, findings: &mut Vec<String>) {
    let wait = format!("{ACTING} wait");
    let own = format!("{ACTING}?");
    let (Some(task), Some(choice)) = (states.get(ACTING), states.get(&own)) else {
        findings.push(format!("machine: has no {ACTING:?}"));
        return;
    };
    for after in successors(choice)
        .chain(successors(task))
        .filter(|next| *next != wait && *next != own)
        .collect::<BTreeSet<_>>()
    {
        if reachable([after], states).contains(ACTING) {
            findings.push(format!("{after}: comes after {ACTING:?} and leads back to it"));
        }
    }
    let others = states.iter().filter(|(name, _)| **name != ACTING && **name != own);
    findings.extend(
        others
            .filter(|(_, state)| successors(state).any(|next| next == wait))
            .map(|(name, _)| format!("{name}: {wait:?} belongs to {ACTING:?} alone")),
    );
}

fn reachable<'a>(from: [&'a str; 1], states: &'a Map<String, Value>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = from.to_vec();
    while let Some(name) = open.pop() {
        if let Some(state) = states.get(name)
            && reached.insert(name)
        {
            open.extend(successors(state));
        }
    }
    reached
}

/// Every state that `state` may lead to.
fn successors(state: &Value) -> impl Iterator<Item = &str> {
    let rules = list(state, "Choices").iter().chain(list(state, "Catch"));
    rules
        .chain(std::iter::once(state))
        .map(|way| text(way, "Next"))
        .chain(std::iter::once(text(state, "Default")))
        .filter(|next| !next.is_empty())
}
