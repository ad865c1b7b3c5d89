//! Scripted HTTP checks of services.

use super::lock;
use crate::ports::{PoolAnswer, PoolChecks, Unanswered};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

type Answer = Result<PoolAnswer, Unanswered>;

/// Checks as a script: a test sets what each address answers, and reads how often it was asked.
#[derive(Debug, Default)]
pub struct ScriptedPools {
    state: Mutex<BTreeMap<String, (VecDeque<Answer>, u32)>>,
}

impl ScriptedPools {
    /// What an address answers, one after the other; the last answer is repeated.
    pub fn answer(&self, url: &str, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.state).entry(url.to_owned()).or_default().0 = answers.into_iter().collect();
    }

    /// How often an address was asked.
    pub fn asked(&self, url: &str) -> u32 {
        lock(&self.state).get(url).map_or(0, |(_, asked)| *asked)
    }

    /// The answer of a pool that writes to this server.
    pub fn writes_to(server: &str) -> Answer {
        Ok(PoolAnswer { server: server.to_owned(), in_recovery: false })
    }
}

#[async_trait]
impl PoolChecks for ScriptedPools {
    async fn ask(&self, check: &plan::Check) -> Answer {
        let mut state = lock(&self.state);
        let (answers, asked) = state.entry(check.url.clone()).or_default();
        *asked += 1;
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.unwrap_or_else(|| Err(Unanswered { reason: "nobody is there".to_owned(), passes: true }))
    }
}
