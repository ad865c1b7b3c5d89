//! What a drill saw: everything that its checks and its report rest on, and nothing that Mainstay says of itself
//! where the estate or the local cloud can be asked instead.

use crate::{
    clients::{self, Clients},
    footprint::Footprint,
    listener::AlarmEvent,
    real::{Endpoints, Held, Made},
};
use jiff::Timestamp;
use real_estate::{fault::Struck, front::Asked};
use recovery::Incident;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that was seen of one outage.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// When the fault struck: what interrupts the database, not what only prepares it.
    pub fault_at: Timestamp,
    /// What was planned to strike the model and the servers, and when it did.
    pub faults: Vec<PlannedFault>,
    /// The state changes of the trusted alarm on the bus, from the fault on.
    pub alarm_events: Vec<AlarmEvent>,
    /// Every incident of the database, oldest first.
    pub incidents: Vec<Incident>,
    /// The estate's request log, from the fault on.
    pub requests: Vec<Request>,
    /// When the estate's writer changed or its endpoint moved after the fault, oldest first.
    pub moves: Vec<Move>,
    /// The writer before the fault.
    pub writer_before: String,
    /// The writer at the end.
    pub writer_after: String,
    /// The services of the estate.
    pub services: Vec<ServiceSeen>,
    /// What reached the inboxes, in the order of arrival.
    pub inbox: Vec<Letter>,
    /// Messages in any dead-letter queue.
    pub dead_letters: Vec<DeadLetter>,
    /// The mark of the poisoned event that was sent.
    pub poison: String,
    /// Name and status of every execution since the fault.
    pub executions: Vec<(String, String)>,
    /// What clients felt, where the estate was real.
    pub felt: Option<Felt>,
    /// What the drill itself took of the machine.
    pub footprint: Footprint,
    /// Why the drill stopped waiting before the incident had closed, if it did.
    pub gave_up: Option<String>,
}

/// A fault of the scenario, as the estate tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    /// What it does, such as `move_writer`.
    pub name: String,
    /// When it struck; none: it never did, and the outage was another one than its row says.
    pub struck_at: Option<Timestamp>,
}

impl From<real_estate::fault::Fate> for PlannedFault {
    fn from(fate: real_estate::fault::Fate) -> Self {
        Self { name: recovery::text::wire_name(&fate.blow), struck_at: fate.struck_at }
    }
}

/// What a client of the real services saw.
#[derive(Debug, Clone)]
pub struct Felt {
    /// Every write that was tried.
    pub attempts: Vec<felt::Attempt>,
    /// What each instance's server holds at the end.
    pub rows: BTreeMap<String, Held>,
    /// Where the endpoints lead at the end.
    pub endpoints: Endpoints,
    /// What was made real.
    pub made: Made,
    /// What was struck.
    pub struck: Struck,
    /// Whether a commit waited for a standby.
    pub synchronous: bool,
    /// What the model decided and could not be carried out on the servers and tasks.
    pub failures: Vec<String>,
    /// What the tasks said when the plan's checks were asked.
    pub asked: Vec<Asked>,
}

/// Something of the cluster moved to another instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// When it happened, by the estate's own clock.
    pub at: Timestamp,
    /// `the writer` or `the endpoint`.
    pub what: &'static str,
    /// The instance.
    pub to: String,
}

/// A request that reached the estate.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// The API action.
    pub action: String,
    /// The function that called.
    pub caller: String,
    /// Its parameters.
    pub parameters: serde_json::Value,
    /// The error's code, if it was refused.
    pub error: Option<String>,
}

impl Request {
    /// A parameter as text.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(serde_json::Value::as_str)
    }
}

/// A service before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceSeen {
    /// Its name.
    pub name: String,
    /// Whether it uses the database (by the estate's seed, not by the plan).
    pub uses_database: bool,
    /// Tasks before the fault.
    pub tasks_before: Vec<TaskSeen>,
    /// Tasks at the end.
    pub tasks_after: Vec<TaskSeen>,
}

/// A running task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskSeen {
    /// Its id.
    pub id: String,
    /// When it started.
    pub started_at: Option<Timestamp>,
}

/// A notice as it reached a subscriber.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// What kind of news, from the message attribute.
    pub kind: String,
    /// Whom it was for, from the message attribute.
    pub audience: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Number of the event that owed it.
    pub sequence: u64,
    /// The incident, from the message attribute.
    pub incident: String,
    /// Whether the message attribute says that it is a drill.
    pub drill: bool,
}

/// A message in a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The queue's name.
    pub queue: String,
    /// Its body.
    pub body: String,
}

impl Evidence {
    /// The newest incident.
    #[must_use]
    pub fn incident(&self) -> Option<&Incident> {
        self.incidents.last()
    }

    /// The last move: before it, a restarted task may have connected to an old writer.
    #[must_use]
    pub fn last_move(&self) -> Option<&Move> {
        self.moves.last()
    }

    /// What clients felt, where the estate was real.
    #[must_use]
    pub fn clients(&self) -> Option<Clients> {
        self.felt.as_ref().map(|felt| clients::of(self, felt))
    }

    /// When `the writer` or `the endpoint` moved last.
    #[must_use]
    pub fn moved(&self, what: &str) -> Option<Timestamp> {
        self.moves.iter().rev().find(|m| m.what == what).map(|m| m.at)
    }

    /// Requests of this action.
    pub fn requests_of<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Request> {
        self.requests.iter().filter(move |r| r.action == action)
    }
}
