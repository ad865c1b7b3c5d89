//! What of a cluster moved to another instance, and exactly when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Estate;
use super::key::Key;

/// What can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moving {
    /// The role of the writer: the promotion.
    Writer,
    /// The cluster endpoint: its CNAME.
    Endpoint,
}

/// Something of a cluster moved to another instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: Key,
    /// What moved.
    pub what: Moving,
    /// The instance.
    pub to: String,
}

impl Estate {
    pub(crate) fn moved(&mut self, at: Timestamp, cluster: &Key, what: Moving, to: &str) {
        self.moves.push(Move { at, cluster: cluster.clone(), what, to: to.to_owned() });
    }
}
