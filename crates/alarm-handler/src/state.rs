//! What a decision looks at besides the event and the plan.

use plan::{NoticeKind, Plan};
use recovery::{
    Closing, Head, Record, Status,
    ports::{Scope, Switch},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known at the moment of a decision. The handler reads it from the table; `drp explain` from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Our account: events of others are not ours. None: not looked at.
    pub account: Option<String>,
    /// Our region: databases of other regions are other stacks' business. None: not looked at.
    pub region: Option<String>,
    /// The head of each database that ever had an incident, by the plan's name.
    pub heads: BTreeMap<String, Head>,
    /// The kill switches that are set.
    pub switches: Vec<Switch>,
    /// The databases of whose newest incident, which is closed, people were told and have not heard the end.
    pub awaiting_end: BTreeSet<String>,
}

impl State {
    /// The newest incident of a database, if it ever had one.
    #[must_use]
    pub fn head(&self, database: &str) -> Option<&Head> {
        self.heads.get(database)
    }

    /// The switch that keeps Mainstay from acting on a database: its own, or the one for all.
    #[must_use]
    pub fn paused(&self, database: &str) -> Option<&Switch> {
        self.switches.iter().find(|switch| match &switch.scope {
            Scope::All => true,
            Scope::Database(name) => name == database,
        })
    }

    /// Whether the end of a head's incident may still be told: it was closed, but not because it was over; or it was
    /// over, and an earlier escalation kept Mainstay from acting on what was noted in it since.
    pub(crate) fn may_await_end(head: &Head) -> bool {
        match head.status {
            Status::Closed(Closing::Observed | Closing::Refused | Closing::Escalated) => true,
            Status::Closed(Closing::Recovered | Closing::StoodDown) => head.blocked(),
            Status::Claimed | Status::Started => false,
        }
    }

    /// Whether people were told of trouble after they last heard that all is clear.
    pub(crate) fn awaits_end(records: &[Record]) -> bool {
        let newest = records.iter().rfind(|r| !r.owes.is_empty());
        newest.is_some_and(|r| !r.owes.contains(&NoticeKind::AllClear))
    }

    /// Why an event of this account and region is not ours; none if it is.
    pub(crate) fn foreign(&self, account: &str, region: &str) -> Option<String> {
        let of_other =
            |ours: &Option<String>, theirs: &str| ours.as_deref().is_some_and(|ours| ours != theirs);
        if of_other(&self.account, account) {
            return Some(format!("it belongs to account {account}"));
        }
        of_other(&self.region, region).then(|| format!("it belongs to region {region}"))
    }

    /// Why a database is another stack's business; none if it is ours.
    pub(crate) fn elsewhere(&self, plan: &Plan, database: &str) -> Option<String> {
        let region = &plan.database(database)?.region;
        let ours = self.region.as_ref()?;
        (ours != region).then(|| format!("{database} runs in {region}, and this stack acts in {ours}"))
    }
}
