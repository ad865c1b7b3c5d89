//! Recovery points: what is taken, what is kept, what is deleted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod fleet;
mod histories;
mod retention;
mod scene;
mod ticks;
