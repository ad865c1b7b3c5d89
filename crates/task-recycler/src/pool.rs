//! What the check of a service says of its pool, and what follows. Pure.

use crate::progress::Progress;
use jiff::Timestamp;
use recovery::{
    deadline::seconds_since,
    incident::{PoolNews, ServiceNews, ServiceState},
    ports::{PoolAnswer, Unanswered},
    text::plain,
};
use std::collections::BTreeMap;

/// How long a check may give no answer that counts. It proves more than a restart does, but one that cannot be
/// reached must not keep a service from being called restarted.
pub const SILENCE_S: u64 = 15;

/// What the answers of one service's check say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pool {
    /// Every answer names the new writer.
    Right(String),
    /// An answer names another server, or one in recovery.
    Wrong(String),
    /// There is no answer that counts.
    Unclear {
        /// Why.
        reason: String,
        /// Whether asking again may help.
        passes: bool,
    },
}

/// What checks said, by ECS cluster and service.
pub type Pools = BTreeMap<(String, String), Pool>;

impl Pool {
    /// The sum of these answers of a service with so many running tasks, for this new writer. One wrong answer
    /// outweighs all others: each comes from a task.
    #[must_use]
    pub fn read(writer: &str, tasks: usize, answers: &[Result<PoolAnswer, Unanswered>]) -> Self {
        let told: Vec<&PoolAnswer> = answers.iter().flatten().collect();
        if let Some(wrong) = told.iter().find(|answer| answer.in_recovery || !names(&answer.server, writer)) {
            let server = plain(&wrong.server, 80);
            let state = if wrong.in_recovery { ", which is in recovery" } else { "" };
            return Self::Wrong(format!(
                "a pool of it writes to {server}{state}, and the new writer is {writer}"
            ));
        }
        if !told.is_empty() {
            let (heard, all) = (told.len(), answers.len());
            let rest = if heard < tasks {
                format!("; {tasks} tasks run, so not each has answered")
            } else {
                String::new()
            };
            return Self::Right(format!("{heard} of {all} answers say its pool writes to {writer}{rest}"));
        }
        let silent = answers.iter().find_map(|answer| answer.as_ref().err());
        Self::Unclear {
            reason: silent.map_or_else(|| "it was not asked".to_owned(), |s| plain(&s.reason, 200)),
            passes: answers.iter().any(|answer| answer.as_ref().is_err_and(|s| s.passes)),
        }
    }
}

/// The moment after which a task counts as restarted: when the endpoint was confirmed, or when the service was asked
/// to restart once more.
#[must_use]
pub fn new_since(confirmed_at: Timestamp, news: &ServiceNews) -> Timestamp {
    news.pool.and_then(|pool| pool.again_at).map_or(confirmed_at, |again| again.max(confirmed_at))
}

/// Whether a server's name is this instance: its identifier, or a host name that begins with it.
fn names(server: &str, instance: &str) -> bool {
    let first = server.trim().split(['.', ':']).next().unwrap_or_default();
    first.eq_ignore_ascii_case(instance)
}

/// What follows for a service whose tasks are all new (`done`), given what its check says; none: it was not asked.
pub(crate) fn settle(
    now: Timestamp,
    before: &ServiceNews,
    done: ServiceNews,
    pool: Option<&Pool>,
) -> Progress {
    let past = before.pool.unwrap_or_default();
    match pool {
        None => Progress::Ended(with(done, "Its check was not asked.")),
        Some(Pool::Right(words)) => Progress::Ended(with(done, &format!("Its check: {words}."))),
        Some(Pool::Wrong(words)) if past.again_at.is_none() => Progress::Again(ServiceNews {
            deployment: None,
            started_at: Some(now),
            asked_at: None,
            complete_since: None,
            pool: Some(PoolNews { again_at: Some(now), silent_since: None }),
            reason: plain(&format!("Its check: {words}. It is restarted once more."), 400),
            ..before.clone()
        }),
        Some(Pool::Wrong(words)) => {
            let reason = format!("Its check: {words}, although it was restarted twice.");
            Progress::Ended(ServiceNews { state: ServiceState::Failed, reason: plain(&reason, 400), ..done })
        }
        Some(Pool::Unclear { reason, passes }) => silent(now, before, done, reason, *passes),
    }
}

/// A check that gives no answer that counts is waited for a short while, then told and passed over.
fn silent(now: Timestamp, before: &ServiceNews, done: ServiceNews, reason: &str, passes: bool) -> Progress {
    let past = before.pool.unwrap_or_default();
    match past.silent_since {
        None if passes => Progress::Follow(ServiceNews {
            pool: Some(PoolNews { silent_since: Some(now), ..past }),
            reason: plain(
                &format!("Its tasks are new; its check gives no answer that counts yet: {reason}."),
                400,
            ),
            ..before.clone()
        }),
        Some(since) if passes && seconds_since(now, since) < SILENCE_S => {
            Progress::Waiting(format!("{}: its check gives no answer that counts: {reason}", before.name))
        }
        _ => Progress::Ended(with(
            done,
            &format!("Its check could not tell which server it writes to: {reason}."),
        )),
    }
}

fn with(done: ServiceNews, words: &str) -> ServiceNews {
    ServiceNews { reason: plain(&format!("{} {words}", done.reason), 400), ..done }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(server: &str, in_recovery: bool) -> PoolAnswer {
        PoolAnswer { server: server.to_owned(), in_recovery }
    }

    fn silence(passes: bool) -> Result<PoolAnswer, Unanswered> {
        Err(Unanswered { reason: "connection refused".to_owned(), passes })
    }

    #[test]
    fn a_server_is_known_by_its_identifier_and_by_its_host_name() {
        for (server, right) in [
            ("orders-2", true),
            (" ORDERS-2 ", true),
            ("orders-2.abc.ca-central-1.rds.amazonaws.com", true),
            ("orders-2:5432", true),
            ("orders-1", false),
            ("orders-22", false),
            ("orders-1.orders-2.example", false),
            ("orders.cluster-abc.ca-central-1.rds.amazonaws.com", false),
            ("10.0.1.2", false),
            ("", false),
        ] {
            let pool = Pool::read("orders-2", 1, &[Ok(says(server, false))]);
            assert_eq!(matches!(pool, Pool::Right(_)), right, "{server}: {pool:?}");
            assert_eq!(matches!(pool, Pool::Wrong(_)), !right, "{server}: {pool:?}");
        }
    }

    #[test]
    fn one_wrong_answer_outweighs_all_others() {
        let right = || Ok(says("orders-2", false));
        let sum = |answers: &[_]| Pool::read("orders-2", answers.len(), answers);
        assert!(
            matches!(sum(&[right(), Ok(says("orders-1", false)), right()]), Pool::Wrong(w) if w.contains("orders-1"))
        );
        assert!(
            matches!(sum(&[right(), Ok(says("orders-2", true))]), Pool::Wrong(w) if w.contains("in recovery"))
        );
        assert!(matches!(sum(&[silence(true), right()]), Pool::Right(w) if w.starts_with("1 of 2 answers")));
        // Five answers of ten tasks leave at least half of them unheard.
        let Pool::Right(words) = Pool::read("orders-2", 10, &[right(), right()]) else {
            panic!("it is right")
        };
        assert_eq!(
            words,
            "2 of 2 answers say its pool writes to orders-2; 10 tasks run, so not each has answered"
        );
        assert!(matches!(sum(&[silence(false), silence(true)]), Pool::Unclear { passes: true, .. }));
        assert!(matches!(sum(&[silence(false)]), Pool::Unclear { passes: false, .. }));
        assert!(matches!(sum(&[]), Pool::Unclear { passes: false, .. }));
    }
}
