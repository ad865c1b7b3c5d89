//! What the drill itself takes of the machine: the memory of every process that it started, and its files.

use serde::Serialize;
use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// How often is looked: often enough for a peak that lasts, and too seldom to be felt.
const EVERY: Duration = Duration::from_secs(3);

/// What the drill took at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Footprint {
    /// The most memory of all processes together; none where this system does not tell.
    pub memory: Option<Memory>,
    /// The most bytes of files: `run`, the run's folder; `servers`, the servers' data.
    pub files: BTreeMap<&'static str, u64>,
}

/// Memory in bytes: what several processes share is counted once (Linux's proportional set size).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// In all.
    pub bytes: u64,
    /// By the program's name, in the moment of the peak.
    pub programs: BTreeMap<String, Program>,
    /// Processes of the drill whose memory this user may not read: it is not in the sum.
    pub unread: usize,
}

/// The processes of one program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Program {
    /// How many.
    pub processes: usize,
    /// Their memory in bytes.
    pub bytes: u64,
}

/// A look at the machine every few seconds.
#[derive(Debug)]
pub struct Watching {
    stop: watch::Sender<bool>,
    looks: JoinHandle<Footprint>,
}

impl Watching {
    /// Starts looking: at this process and all that descend from it, and at these folders.
    #[must_use]
    pub fn start(folders: Vec<(&'static str, PathBuf)>) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let looks = tokio::spawn(async move {
            let mut peak = Footprint::default();
            loop {
                let folders = folders.clone();
                // What cannot be looked at is left out of the peak, as a process that ended meanwhile.
                if let Ok(seen) = tokio::task::spawn_blocking(move || look(&folders)).await {
                    peak = peak.or_more(seen);
                }
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return peak,
                }
            }
        });
        Self { stop, looks }
    }

    /// The most that was seen.
    pub async fn end(self) -> Footprint {
        let _ = self.stop.send(true);
        self.looks.await.unwrap_or_default()
    }
}

impl Footprint {
    fn or_more(self, seen: Self) -> Self {
        let bytes = |of: &Option<Memory>| of.as_ref().map(|m| m.bytes);
        let memory = if bytes(&seen.memory) > bytes(&self.memory) { seen.memory } else { self.memory };
        let mut files = self.files;
        for (name, bytes) in seen.files {
            let most = files.entry(name).or_default();
            *most = bytes.max(*most);
        }
        Self { memory, files }
    }
}

fn look(folders: &[(&'static str, PathBuf)]) -> Footprint {
    let files = folders.iter().map(|(name, path)| (*name, occupied(path))).collect();
    Footprint { memory: memory(std::process::id()), files }
}

/// The memory of a process and of all that descend from it.
fn memory(root: u32) -> Option<Memory> {
    let mut processes: BTreeMap<u32, Process> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(process) =
            std::fs::read_to_string(entry.path().join("stat")).ok().as_deref().and_then(stat)
        {
            processes.insert(pid, process);
        }
    }
    let mut memory = Memory::default();
    for (pid, process) in &processes {
        if !descends(*pid, root, &processes) {
            continue;
        }
        let read = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
        if read.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied) {
            memory.unread += 1;
        }
        if let Some(bytes) = read.ok().as_deref().and_then(proportional) {
            memory.bytes += bytes;
            let program = memory.programs.entry(process.name.clone()).or_default();
            program.processes += 1;
            program.bytes += bytes;
        }
    }
    (memory.bytes > 0).then_some(memory)
}

#[derive(Debug, PartialEq, Eq)]
struct Process {
    name: String,
    parent: u32,
}

/// `pid (name) state parent …`; the name may hold anything, brackets too.
fn stat(text: &str) -> Option<Process> {
    let (before, after) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    Some(Process { name: name.to_owned(), parent: after.split_whitespace().nth(1)?.parse().ok()? })
}

fn descends(pid: u32, root: u32, processes: &BTreeMap<u32, Process>) -> bool {
    let mut at = pid;
    // As many steps as there are processes: a number that is used again meanwhile must not make a circle.
    for _ in 0..=processes.len() {
        if at == root {
            return true;
        }
        match processes.get(&at) {
            Some(process) => at = process.parent,
            None => return false,
        }
    }
    false
}

/// `Pss: 123 kB` in bytes.
fn proportional(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The bytes that a folder's files really take.
fn occupied(folder: &Path) -> u64 {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // Of the entry itself: a link is not followed.
        match entry.metadata() {
            Ok(found) if found.is_dir() => sum += occupied(&entry.path()),
            Ok(found) => sum += found.blocks() * 512,
            Err(_) => {}
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_brackets() {
        let process = stat("17 (a ) b) S 4 17 17 0").unwrap();
        assert_eq!(process, Process { name: "a ) b".to_owned(), parent: 4 });
        assert_eq!(stat("17"), None);
    }

    #[test]
    fn only_what_descends_counts() {
        let process = |parent| Process { name: String::new(), parent };
        let all = [
            (2, process(1)),
            (3, process(2)),
            (4, process(3)),
            (5, process(1)),
            (6, process(7)),
            (7, process(6)),
        ];
        let all: BTreeMap<u32, Process> = all.into();
        let found: Vec<u32> = all.keys().copied().filter(|pid| descends(*pid, 3, &all)).collect();
        assert_eq!(found, [3, 4]);
    }

    #[test]
    fn the_peak_is_the_largest_look_and_each_folders_own() {
        let seen = |bytes, a, b| Footprint {
            memory: Some(Memory { bytes, ..Memory::default() }),
            files: [("a", a), ("b", b)].into(),
        };
        let peak = Footprint::default().or_more(seen(5, 1, 9)).or_more(seen(7, 3, 2)).or_more(seen(6, 2, 2));
        assert_eq!(peak, seen(7, 3, 9));
        assert_eq!(proportional("Rss: 9 kB\nPss:      12 kB\nPss_Dirty: 3 kB\n"), Some(12 * 1024));
        assert_eq!(proportional("Rss: 9 kB\n"), None);
    }

    #[tokio::test]
    async fn our_own_process_and_our_own_files_are_seen() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let seen = Watching::start(vec![("source", crates)]).end().await;
        assert!(seen.files["source"] > 100_000, "{seen:?}");
        if cfg!(target_os = "linux") {
            let memory = seen.memory.unwrap();
            assert!(
                memory.bytes > 1_000_000 && memory.programs.values().all(|p| p.processes > 0),
                "{memory:?}"
            );
        }
    }
}
