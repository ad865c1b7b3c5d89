//! The only door: reads what arrives, decides what it means, opens incidents and starts their recovery.
//!
//! [`wire`] reads, [`decide()`] decides (pure), [`handle()`] acts on the decision through the ports.

pub mod decide;
mod explain;
mod handle;
pub mod reply;
mod settings;
mod state;
pub mod wire;

pub use aws::function::read_plan;
pub use decide::{Act, Opening, Ruling, decide};
pub use explain::{Explanation, explain};
pub use handle::{Context, Ports, STORE_PATIENCE, handle};
pub use settings::Settings;
pub use state::State;

use plan::Plan;
use recovery::notice::commands;

/// The command by which a person fails a database over without Mainstay; none for a database that the plan does
/// not name, because then nobody knows its cluster.
#[must_use]
pub fn by_hand(plan: &Plan, database: &str) -> Option<String> {
    plan.database(database).map(commands::fail_over_by_hand)
}
