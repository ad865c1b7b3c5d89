//! The tests of the whole: outages on the local cloud, people's tools, the estate beside other emulators, and the wiring
//! without a cloud.
//!
//! They are in `outages.rs`, `people`, `compared` and `wiring.rs`; here is what those that are made from data share.

use libtest_mimic::{Arguments, Trial};
use std::{process::ExitCode, sync::Arc};
use tokio::runtime::Runtime;

/// Plays trials on at most so many threads: what they share is made first, and ended at last, since the exit that follows
/// skips destructors.
pub fn play<S>(
    threads: usize,
    shared: impl FnOnce(Runtime) -> S,
    trials: impl FnOnce(&Arc<S>) -> Vec<Trial>,
    end: impl FnOnce(&S),
) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(threads).min(threads));
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no test can be run: {error}");
            return ExitCode::from(2);
        }
    };
    let shared = Arc::new(shared(runtime));
    let conclusion = libtest_mimic::run(&arguments, trials(&shared));
    end(&shared);
    conclusion.exit_code()
}
