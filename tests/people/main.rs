//! What people use, on the local cloud: `drp` as a program, the failover workflow with the AWS CLI, and the
//! adapters behind both. One stage, one test after the other.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says with these what it expects; this harness has no attribute that would tell the lints"
)]

mod aside;
mod conformance;
mod escalation;
mod explain;
mod failover;
mod pause;
mod programs;
mod scene;
mod validate;
mod workflow;

use drill::{pace::Pace, stage::Stage, view::View};
use libtest_mimic::{Failed, Trial};
use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::runtime::Runtime;

/// The stage, once a test has asked for it.
struct Shared {
    runtime: Runtime,
    stage: Mutex<Option<Stage>>,
}

impl Shared {
    fn play(&self, test: impl AsyncFnOnce(&Stage)) -> Result<(), Failed> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        self.runtime.block_on(async {
            if stage.is_none() {
                *stage = Some(Stage::start(Pace::Quick, &mut View::silent()).await?);
            }
            if let Some(stage) = stage.as_ref() {
                test(stage).await;
            }
            Ok(())
        })
    }
}

/// The tests of these names, in this order. Conformance is the last: its letters go to the inboxes of the others.
macro_rules! trials {
    ($shared:expr, $($module:ident::$name:ident),+ $(,)?) => {
        vec![$({
            let shared = Arc::clone($shared);
            let name = concat!(stringify!($module), "::", stringify!($name));
            Trial::test(name, move || shared.play($module::$name))
        }),+]
    };
}

fn main() -> ExitCode {
    let code = tests::play(
        1,
        |runtime| Shared { runtime, stage: Mutex::new(None) },
        trials,
        |shared| {
            if let Some(stage) = shared.stage.lock().unwrap_or_else(PoisonError::into_inner).take() {
                stage.stop();
            }
        },
    );
    let _ = std::fs::remove_dir_all(scene::scratch_folder());
    code
}

fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    trials![
        shared,
        validate::a_plan_is_judged_by_line,
        explain::every_sample_as_the_handler_decides_it,
        explain::what_cannot_be_read_is_an_error_here_and_there,
        failover::what_is_missing_or_wrong_is_named,
        failover::a_dry_run_changes_nothing,
        failover::a_recovery_is_followed_to_its_end,
        pause::a_paused_database_is_left_alone_until_it_is_resumed,
        escalation::an_escalated_incident_blocks_until_it_is_acknowledged,
        workflow::what_is_missing_or_wrong_ends_without_a_request,
        workflow::a_dry_run_says_what_would_be_done,
        workflow::a_recovery_is_followed_and_summarised,
        aside::an_unreadable_record_is_found_in_the_queue_and_the_next_notice_arrives,
        conformance::the_table,
        conformance::the_state_machine,
        conformance::the_topic_and_the_bus,
        conformance::the_dead_letters,
        conformance::alarms_and_services,
    ]
}
