//! `cargo drill` as a program: its exit codes, what it writes where, and that it leaves nothing behind.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod processes;

use drill::artifacts;
use processes::{descendants, drill, end, run_folder, until_said};
use std::{
    io::Read as _,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

#[test]
fn an_outage_that_does_not_exist_is_an_error_that_names_those_that_do() {
    let ended = drill(&["--json", "--scenario", "no-such"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(ended.stdout.is_empty(), "{:?}", ended.stdout);
    assert!(said.contains("`no-such`") && said.contains("writer-silent"), "{said}");
}

/// Interrupted while its servers run and the template is being deployed: the worst moment for leaving something.
#[test]
fn an_interrupted_drill_leaves_nothing_and_says_so_by_its_exit_code() {
    artifacts::build().expect("the functions");
    let mut drill = drill(&["--quick", "--json", "--scenario", "writer-silent"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = until_said(drill.stderr.take().expect("a pipe"), "deploying", Duration::from_mins(2));
    let folder = run_folder(drill.id()).expect("a folder of this run");
    assert!(folder.is_dir(), "{} while it runs", folder.display());
    let below = descendants(drill.id());
    assert!(below.len() > 1, "the estate and the local cloud run below it: {below:?}");

    let interrupted = Command::new("kill").args(["-INT", &drill.id().to_string()]).status();
    assert!(interrupted.expect("kill starts").success());
    let status = ended(&mut drill, Duration::from_secs(20));
    let said = said.recv_timeout(Duration::from_secs(5)).expect("standard error ends with it");

    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("everything that was started is ended"), "{said}");
    assert!(!said.contains('\u{1b}'), "plain lines where there is no terminal: {said}");
    let mut out = String::new();
    drill.stdout.take().expect("a pipe").read_to_string(&mut out).expect("UTF-8");
    assert_eq!(out, "", "nothing but the document may be on standard output");
    assert!(!folder.exists(), "{} is left", folder.display());
    end(&below, Duration::from_secs(5));
}

fn ended(child: &mut Child, within: Duration) -> ExitStatus {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if since.elapsed() > within {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
