//! `cargo drill` as a program: its exit codes, what it writes where, and that it leaves nothing behind.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail like tests")]

use drill::artifacts;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

fn drill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drill"));
    command.args(arguments).current_dir(artifacts::repository()).stdin(Stdio::null());
    command
}

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
    let folder = run_folder(drill.id());
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
    // What was told to end may need a moment to have ended.
    let since = Instant::now();
    while below.iter().any(lives) {
        let left: Vec<_> = below.iter().filter(|process| lives(process)).collect();
        assert!(since.elapsed() < Duration::from_secs(5), "still running: {left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reads until a line says `word`; the receiver gets everything that was said once the program ends.
fn until_said(stderr: ChildStderr, word: &str, within: Duration) -> mpsc::Receiver<String> {
    let (lines, heard) = mpsc::channel();
    let (all, whole) = mpsc::channel();
    std::thread::spawn(move || {
        let mut told = String::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            told.push_str(&line);
            told.push('\n');
            let _ = lines.send(line);
        }
        let _ = all.send(told);
    });
    let since = Instant::now();
    loop {
        let left = within.saturating_sub(since.elapsed());
        match heard.recv_timeout(left) {
            Ok(line) if line.contains(word) => return whole,
            Ok(_) => {}
            Err(error) => panic!("`{word}` was not said: {error}; {:?}", whole.try_recv()),
        }
    }
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

/// The folder of a run is named after its process.
fn run_folder(process: u32) -> PathBuf {
    let runs = artifacts::repository().join(".mainstay/runs");
    let all = std::fs::read_dir(&runs).expect("the folder of all runs");
    let ours = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(&format!("{process}-"))
    };
    all.flatten().map(|entry| entry.path()).find(ours).expect("a folder of this run")
}

/// A process: its id, and when it started, for ids are used again.
type Process = (u32, String);

/// Every process below one, from `/proc`.
fn descendants(root: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some((_, parent, started)) = stat(id) {
            children.entry(parent).or_default().push((id, started));
        }
    }
    let mut all = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            next.push(child.0);
            all.push(child);
        }
    }
    all
}

fn lives((id, started): &Process) -> bool {
    stat(*id).is_some_and(|(state, _, since)| since == *started && state != "Z")
}

/// State, parent and start of a process (`proc(5)`); none when it is gone.
fn stat(id: u32) -> Option<(String, u32, String)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything, spaces and brackets too.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number).map(|f| (*f).to_owned());
    Some((field(0)?, field(1)?.parse().ok()?, field(19)?))
}
