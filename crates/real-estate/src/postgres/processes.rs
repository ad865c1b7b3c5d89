//! The servers' processes, found in `/proc` and signalled one by one.
//!
//! A process is one of ours when it is a program of PostgreSQL **and** works in our folder or names it on its
//! command line; with its descendants, since a server's children name nothing and need not be readable.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The names (as the kernel cuts them, at 15 letters) of the programs that we start in a folder.
const PROGRAMS: [&str; 4] = ["postgres", INITDB, "pg_basebackup", "pg_rewind"];

const INITDB: &str = "initdb";

/// How long killed processes may take to go; a process that waits for a disk goes late.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Process {
    pid: i32,
    parent: i32,
    name: String,
    state: char,
}

/// The process ids of PostgreSQL's programs that run in `folder`.
pub(super) fn of(folder: &Path) -> BTreeSet<i32> {
    let all = table();
    let ours = |process: &Process| PROGRAMS.contains(&process.name.as_str()) && process.state != 'Z';
    let mut found: BTreeSet<i32> =
        all.iter().filter(|p| ours(p) && belongs(p.pid, folder)).map(|p| p.pid).collect();
    loop {
        let before = found.len();
        found.extend(
            all.iter().filter(|p| ours(p) && found.contains(&p.parent)).map(|p| p.pid).collect::<Vec<_>>(),
        );
        if found.len() == before {
            return found;
        }
    }
}

/// Kills what runs in `folder` (kill -9), until nothing does. False when something stays.
pub(super) fn kill(folder: &Path) -> bool {
    let since = Instant::now();
    // Killed, it would leave shared memory that nobody can find again; let alone, it ends soon and leaves nothing.
    while since.elapsed() < PATIENCE && of(folder).into_iter().filter_map(read).any(|p| p.name == INITDB) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let since = Instant::now();
    // Listed before the first signal: a stopped child of a killed server is an orphan that is hard to find.
    let mut left = of(folder);
    while !left.is_empty() && since.elapsed() < PATIENCE {
        send(&left, Signal::KILL);
        std::thread::sleep(Duration::from_millis(3));
        left.retain(|pid| state(*pid).is_some_and(|state| state != 'Z'));
        left.extend(of(folder));
    }
    left.is_empty()
}

/// Stops what runs in `folder` (SIGSTOP), the oldest first, until no new process appears.
pub(super) fn freeze(folder: &Path) {
    until_no_new(|| of(folder), Signal::STOP);
}

/// Lets what runs in `folder` go on.
pub(super) fn thaw(folder: &Path) {
    // Children first: a server that runs again finds them running.
    let all: Vec<i32> = of(folder).into_iter().rev().collect();
    send(&all, Signal::CONT);
}

/// Stops or lets go on the processes that send the log of the server in `folder` to its standbys.
pub(super) fn hold_senders(folder: &Path, hold: bool) {
    let senders =
        || of(folder).into_iter().filter(|pid| title(*pid).starts_with("postgres: walsender")).collect();
    if hold {
        until_no_new(senders, Signal::STOP);
    } else {
        send(&senders(), Signal::CONT);
    }
}

/// True when the process is stopped by a signal.
pub(super) fn is_stopped(pid: i32) -> bool {
    state(pid) == Some('T')
}

/// Sends a signal to one process that we started and have not waited for.
pub(super) fn signal(pid: i32, signal: Signal) {
    send(&[pid], signal);
}

fn until_no_new(list: impl Fn() -> BTreeSet<i32>, signal: Signal) {
    let mut done = BTreeSet::new();
    let mut quiet = 0;
    while quiet < 2 {
        let new: BTreeSet<i32> = list().difference(&done).copied().collect();
        quiet = if new.is_empty() { quiet + 1 } else { 0 };
        send(&new, signal);
        done.extend(new);
    }
}

fn send<'a>(pids: impl IntoIterator<Item = &'a i32>, signal: Signal) {
    for pid in pids.into_iter().filter_map(|pid| Pid::from_raw(*pid)) {
        // One that has gone meanwhile is as it should be.
        let _ = kill_process(pid, signal);
    }
}

fn belongs(pid: i32, folder: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        || std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| is_in(word, folder)))
}

fn is_in(word: &[u8], folder: &Path) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| Path::new(word).starts_with(folder))
}

fn title(pid: i32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}

fn state(pid: i32) -> Option<char> {
    read(pid).map(|process| process.state)
}

fn table() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

fn read(pid: i32) -> Option<Process> {
    parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `123 (name) S 1 …`; the name may hold blanks and brackets.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut words = rest.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some(Process { pid, parent: words.next()?.parse().ok()?, name: name.to_owned(), state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read_whatever_the_name() {
        let process = parse(7, "7 (a) b (c) T 42 7 7 0").unwrap();
        assert_eq!((process.name.as_str(), process.state, process.parent), ("a) b (c", 'T', 42));
    }

    #[test]
    fn a_program_that_is_not_postgresql_is_never_ours_even_inside_the_folder() {
        let folder = std::env::temp_dir().join(format!("mainstay-processes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut other = std::process::Command::new("sleep").arg("30").current_dir(&folder).spawn().unwrap();
        let pid = i32::try_from(other.id()).unwrap();
        assert!(belongs(pid, &folder.canonicalize().unwrap()));
        assert!(of(&folder).is_empty() && kill(&folder));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
