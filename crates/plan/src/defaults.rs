//! What holds where the plan says nothing.

use crate::{Agree, EndpointProof, Mode, Span};

/// None: a recovery point is deleted when somebody has written that it may be.
pub(crate) const fn default_prune_at_most() -> u32 {
    0
}
/// The quota "manual DB cluster snapshots" of an account that has asked for no more.
pub(crate) const fn default_snapshot_quota() -> u32 {
    100
}
pub(crate) const fn default_mode() -> Mode {
    Mode::Observe
}
pub(crate) const fn default_agree() -> Agree {
    Agree::All
}
pub(crate) const fn default_hold_deadline() -> Span {
    Span::from_mins(10)
}
pub(crate) const fn default_speaks_for() -> Span {
    Span::from_secs(30)
}
pub(crate) const fn default_cooldown() -> Span {
    Span::from_mins(30)
}
pub(crate) const fn default_verify_for() -> Span {
    Span::from_secs(60)
}
pub(crate) const fn default_promotion_within() -> Span {
    Span::from_mins(5)
}
pub(crate) const fn default_endpoint_within() -> Span {
    Span::from_mins(5)
}
pub(crate) const fn default_settle() -> Span {
    Span::from_secs(5)
}
pub(crate) const fn default_endpoint_proof() -> EndpointProof {
    EndpointProof::Name
}
pub(crate) const fn default_wave() -> u32 {
    1
}
pub(crate) const fn default_within() -> Span {
    Span::from_mins(10)
}
pub(crate) const fn default_answer_within() -> Span {
    Span::from_secs(3)
}
