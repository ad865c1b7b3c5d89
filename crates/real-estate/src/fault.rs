//! What can be done to the real servers. The model is told nothing: it sees it.

use crate::{endpoint::Mechanism, world::World};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What is done to the server that is the writer when the fault is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blow {
    /// Its processes are killed (SIGKILL).
    Crash,
    /// Its processes are stopped (SIGSTOP): connections stay open and nothing answers.
    Freeze,
    /// They run again.
    Thaw,
    /// No packet reaches it through an endpoint, or comes back.
    BlackHole,
    /// It refuses writes and keeps its connections.
    Demote,
    /// Its standbys get no more of its log.
    HoldReplication,
    /// The endpoint's name goes on leading clients to it after it has moved, until a check of a service tells of it.
    StaleResolver,
}

impl Blow {
    /// Whether clients feel it; the others prepare an outage, or end one. Where a commit waits for a standby, it waits for
    /// one that gets nothing, too.
    #[must_use]
    pub fn interrupts(self, synchronous: bool) -> bool {
        match self {
            Self::Crash | Self::Freeze | Self::BlackHole | Self::Demote => true,
            Self::HoldReplication => synchronous,
            Self::Thaw | Self::StaleResolver => false,
        }
    }
}

/// How often is looked for another writer.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A blow at its time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealFault {
    /// What is done.
    #[serde(rename = "fault")]
    pub blow: Blow,
    /// Seconds from now.
    #[serde(default)]
    pub after_s: f64,
    /// Instead: seconds from the moment in which another instance is the writer.
    #[serde(default)]
    pub after_promotion_s: Option<f64>,
}

/// Strikes the writer of this moment with all of them, each at its time. Returns which server that is; what is due
/// later is struck in the background.
pub(crate) async fn strike(world: &Arc<World>, faults: Vec<RealFault>) -> Result<Struck, String> {
    let state = world.estate.state();
    let writer = world.cluster_of(&state).map(|cluster| cluster.writer.clone()).ok_or("no cluster")?;
    let mut struck = Struck { instance: writer.clone(), mechanism: None };
    for fault in faults {
        let number = world.blows.planned(fault.blow);
        if fault.after_s <= 0.0 && fault.after_promotion_s.is_none() {
            // Before the blow, whose first process feels it at once and whose last one only after a while.
            let at = Timestamp::now();
            struck.mechanism = hit(world, &writer, fault.blow).await?.or(struck.mechanism);
            world.blows.struck(number, at);
            continue;
        }
        // A blow that is still due keeps no world alive.
        let (world, writer) = (Arc::downgrade(world), writer.clone());
        tokio::spawn(async move {
            if let Some(seconds) = fault.after_promotion_s {
                while world.upgrade().is_some_and(|world| world.is_writer(&writer)) {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            } else {
                tokio::time::sleep(Duration::from_secs_f64(fault.after_s)).await;
            }
            let Some(world) = world.upgrade() else { return };
            let at = Timestamp::now();
            match hit(&world, &writer, fault.blow).await {
                Ok(_) => world.blows.struck(number, at),
                Err(why) => tracing::error!(?fault, "the fault did not strike: {why}"),
            }
        });
    }
    Ok(struck)
}

/// A blow and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// What was to be done.
    #[serde(rename = "fault")]
    pub blow: Blow,
    /// When it was done; none: it has not been.
    pub struck_at: Option<Timestamp>,
}

/// The blows of a world, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Blows(Mutex<Vec<Fate>>);

impl Blows {
    fn planned(&self, blow: Blow) -> usize {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Fate { blow, struck_at: None });
        all.len() - 1
    }

    fn struck(&self, number: usize, at: Timestamp) {
        if let Some(fate) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
            fate.struck_at = Some(at);
        }
    }

    pub(crate) fn all(&self) -> Vec<Fate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What was struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// The instance.
    pub instance: String,
    /// For a black hole: whether packets are really dropped.
    pub mechanism: Option<String>,
}

async fn hit(world: &World, instance: &str, blow: Blow) -> Result<Option<String>, String> {
    let servers = &world.servers;
    let done = match blow {
        Blow::Crash => servers.crash(instance),
        Blow::Freeze => servers.freeze(instance),
        Blow::Thaw => servers.thaw(instance),
        Blow::Demote => servers.demote(instance).await,
        Blow::StaleResolver => {
            world.stale_resolver();
            Ok(())
        }
        Blow::HoldReplication => servers.hold_replication(instance, true).await,
        Blow::BlackHole => {
            let server = servers.address(instance).ok_or_else(|| format!("no server {instance}"))?;
            let told = match (world.endpoint.black_hole(server), world.reader_endpoint.black_hole(server)) {
                (Mechanism::PacketFilter, Mechanism::PacketFilter) => {
                    "packets are dropped by a filter on the sockets"
                }
                _ => "the sockets are neither read nor written",
            };
            return Ok(Some(told.to_owned()));
        }
    };
    done.map(|()| None).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blow_that_was_not_done_has_no_time() {
        let blows = Blows::default();
        let (freeze, thaw) = (blows.planned(Blow::Freeze), blows.planned(Blow::Thaw));
        blows.struck(freeze, Timestamp::now());
        let told = serde_json::to_value(blows.all()).unwrap();
        assert_eq!((&told[freeze]["fault"], &told[thaw]["fault"]), (&"freeze".into(), &"thaw".into()));
        assert!(told[freeze]["struck_at"].is_string() && told[thaw]["struck_at"].is_null(), "{told}");
    }
}
