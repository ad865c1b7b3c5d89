//! The tests of the whole: outages on the local cloud, people's tools, the estate beside other emulators, and the wiring
//! without a cloud.
//!
//! The tests are in `outages.rs`, `people`, `compared` and `wiring.rs`; this library is empty so that they have a package.
