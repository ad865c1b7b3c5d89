//! Starting `cargo drill` as a person does, and seeing what it started.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail like tests")]

use drill::artifacts;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{ChildStderr, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// The program, to be run from the repository.
pub(crate) fn drill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drill"));
    command.args(arguments).current_dir(artifacts::repository()).stdin(Stdio::null());
    command
}

/// Reads until a line says `word`; the receiver gets everything that was said once the program ends.
pub(crate) fn until_said(stderr: ChildStderr, word: &str, within: Duration) -> mpsc::Receiver<String> {
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

/// The folder of all runs.
pub(crate) fn runs() -> PathBuf {
    artifacts::repository().join(".mainstay/runs")
}

/// The folder of a run, which is named after its process; none when there is none.
pub(crate) fn run_folder(process: u32) -> Option<PathBuf> {
    let all = std::fs::read_dir(runs()).expect("the folder of all runs");
    let ours = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(&format!("{process}-"))
    };
    all.flatten().map(|entry| entry.path()).find(ours)
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) id: u32,
    /// What the kernel calls its program.
    pub(crate) name: String,
    parent: u32,
    state: String,
    /// When it started: ids are used again.
    started: String,
}

impl Process {
    /// Whether it still runs.
    pub(crate) fn lives(&self) -> bool {
        read(self.id).is_some_and(|now| now.started == self.started && now.state != "Z")
    }
}

/// Every process.
pub(crate) fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Every process below one.
pub(crate) fn descendants(root: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            next.push(child.id);
            found.push(child);
        }
    }
    found
}

/// Waits until none of these runs: what was told to end may need a moment to have ended.
pub(crate) fn end(processes: &[Process], within: Duration) {
    let since = Instant::now();
    loop {
        let left: Vec<_> = processes.iter().filter(|process| process.lives()).collect();
        if left.is_empty() {
            return;
        }
        assert!(since.elapsed() < within, "still running: {left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// From `proc(5)`; none when it is gone.
fn read(id: u32) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything, spaces and brackets too.
    let (head, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number).map(|f| (*f).to_owned());
    Some(Process {
        id,
        name: head.split_once('(')?.1.to_owned(),
        state: field(0)?,
        parent: field(1)?.parse().ok()?,
        started: field(19)?,
    })
}
