//! The wiring, without a cloud: the template, the state machine, the samples and the code agree with each other.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says with these what it expects"
)]

mod wiring {
    mod actions;
    mod alarms;
    mod arrows;
    mod files;
    mod functions;
    mod github;
    mod machine;
    mod pattern;
    mod policies;
    mod principals;
    mod resumed;
    mod rules;
    mod steps;
    mod stream_and_tick;
    mod template;
    mod world;
}
