//! What must hold of the plan's checks of services: the tasks' own words at the front, not what Mainstay made of them.

use super::Check;
use crate::{
    evidence::{Evidence, Felt},
    scenario::Expect,
};
use real_estate::front::Asked;

pub(super) fn all(seen: &Evidence, felt: &Felt, expect: &Expect) -> Vec<Check> {
    let mut checks = Vec::new();
    if !expect.asked.is_empty() {
        checks.push(new_writer_named(seen, felt, &expect.asked));
    }
    if !expect.asked_again.is_empty() {
        checks.push(restarted_once_more(seen, felt, &expect.asked_again));
    }
    checks
}

/// The last word of each service that is to be asked is the new writer.
fn new_writer_named(seen: &Evidence, felt: &Felt, services: &[String]) -> Check {
    let last = |service: &String| felt.asked.iter().rev().find(|asked| asked.service == *service);
    let right = |asked: Option<&Asked>| asked.is_some_and(|asked| is_right(asked, &seen.writer_after));
    let told: Vec<String> = services
        .iter()
        .map(|s| format!("{s}: {}", last(s).map_or("never asked".to_owned(), words)))
        .collect();
    Check::new("pools-say-the-new-writer", services.iter().all(|s| right(last(s))), told.join("; "))
}

/// Each of these named another server, then had a second restart, and only then the new writer.
fn restarted_once_more(seen: &Evidence, felt: &Felt, services: &[String]) -> Check {
    let mut told = Vec::new();
    let mut passed = true;
    for service in services {
        let wrong = felt.asked.iter().find(|asked| {
            asked.service == *service && asked.answer.is_ok() && !is_right(asked, &seen.writer_after)
        });
        let restarts: Vec<_> = seen
            .requests_of("UpdateService")
            .filter(|request| request.parameter("service") == Some(service.as_str()))
            .map(|request| request.at)
            .collect();
        let between = |asked: &Asked| {
            restarts.len() == 2
                && restarts.first().is_some_and(|at| *at < asked.at)
                && restarts.last().is_some_and(|at| *at > asked.at)
        };
        passed = passed && wrong.is_some_and(between);
        let said = wrong.map_or("never another server".to_owned(), words);
        told.push(format!("{service}: {said}; restarted {} time(s)", restarts.len()));
    }
    Check::new("wrong-pool-restarted-once-more", passed, told.join("; "))
}

fn is_right(asked: &Asked, writer: &str) -> bool {
    asked.answer.as_ref().is_ok_and(|told| told.server == writer && !told.in_recovery)
}

fn words(asked: &Asked) -> String {
    match &asked.answer {
        Ok(told) => {
            let state = if told.in_recovery { ", in recovery" } else { "" };
            format!("{}{state} at {:.3}", told.server, asked.at)
        }
        Err(why) => format!("{why} at {:.3}", asked.at),
    }
}
