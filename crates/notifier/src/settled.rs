//! What becomes of the items that were not told.
//!
//! Lambda tries again from the first item that failed, for as long as the mapping allows, and what lies behind the
//! batch waits. So an item that no try can help is no failure: it is set aside, for people.

use crate::batch::{BatchReply, Item, ItemFailure};
use recovery::{
    StepError,
    ports::{DeadLetter, DeadLetters},
};
use std::collections::BTreeMap;

/// Why an item was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Untold {
    /// Another try may help.
    Yet(String),
    /// No try will.
    Ever(String),
}

/// Sets aside what can never be told and names the rest as failed. `untold` is by the item's place in `items`.
///
/// # Errors
/// [`StepError::MalformedEvent`] when an item failed by which number Lambda cannot be told: the whole batch is to
/// come again.
pub(crate) async fn settle(
    items: &[Item<'_>],
    untold: BTreeMap<usize, Untold>,
    dead_letters: &dyn DeadLetters,
) -> Result<BatchReply, StepError> {
    let mut reply = BatchReply::default();
    let mut nameless = None;
    let mut again = first_to_come_again(items, &untold);
    for (position, why) in untold {
        let Some(item) = items.get(position) else { continue };
        let reason = match why {
            // Set aside when it has come again, and no earlier one brings it once more.
            Untold::Ever(_) if again.is_some_and(|first| first < position) => continue,
            Untold::Ever(reason) => match set_aside(item, &reason, dead_letters).await {
                Ok(()) => continue,
                Err(failure) => {
                    again = Some(position);
                    failure
                }
            },
            Untold::Yet(reason) => reason,
        };
        tracing::error!(item = item.place, "not told: {reason}");
        match &item.place {
            Some(place) => reply.failures.push(ItemFailure { item: place.clone() }),
            None => nameless = Some(reason),
        }
    }
    match nameless {
        Some(reason) => {
            Err(StepError::MalformedEvent(format!("an item without a sequence number: {reason}")))
        }
        None => Ok(reply),
    }
}

/// From which item on Lambda will bring all of them again, as far as it is known now.
fn first_to_come_again(items: &[Item<'_>], untold: &BTreeMap<usize, Untold>) -> Option<usize> {
    let failed = untold.iter().filter(|(_, why)| matches!(why, Untold::Yet(_)));
    // One without a number fails the whole batch.
    failed.map(|(at, _)| if items.get(*at).is_some_and(|i| i.place.is_some()) { *at } else { 0 }).min()
}

async fn set_aside(item: &Item<'_>, reason: &str, dead_letters: &dyn DeadLetters) -> Result<(), String> {
    let letter = DeadLetter {
        reason: reason.to_owned(),
        sequence_number: item.place.clone(),
        item: item.wire.clone(),
    };
    let message = dead_letters.keep(&letter).await;
    let message = message.map_err(|error| format!("{reason}; and it could not be set aside: {error}"))?;
    tracing::error!(item = item.place, message, "set aside, it can never be told: {reason}");
    Ok(())
}
