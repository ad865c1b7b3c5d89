//! The wiring, without a cloud.
