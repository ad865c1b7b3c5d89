//! A drill that is killed, which cannot clean up: what it leaves ends by itself, or the next run removes it.
//!
//! One test, since the second half needs what the first has set up, and a run beside it would clean up too.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "helpers of tests fail like tests")]

mod processes;

use drill::run_folder::RunFolder;
use processes::{Process, all, descendants, drill, end, run_folder, runs, until_said};
use std::{
    collections::BTreeSet,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a stage may take to stand, on a busy machine.
const STANDS: Duration = Duration::from_mins(3);
/// How long what holds a lifeline may take to end: servers are stopped in order.
const ENDS: Duration = Duration::from_secs(20);

/// A drill whose servers and tasks run; killed when this is dropped.
struct Run {
    drill: Child,
    folder: PathBuf,
    /// The home of its servers.
    home: PathBuf,
    below: Vec<Process>,
}

impl Run {
    fn start() -> Self {
        // Before its time is counted: on a fresh clone the build takes longest.
        drill::artifacts::build().expect("the functions");
        let mut drill = drill(&["--quick", "--scenario", "crash"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = until_said(drill.stderr.take().expect("a pipe"), "preparing the demo estate", STANDS);
        let since = Instant::now();
        let mut below = Vec::new();
        while !stands(&below) {
            assert!(since.elapsed() < STANDS, "{below:?} {:?}", said.try_recv());
            std::thread::sleep(Duration::from_millis(50));
            below = descendants(drill.id());
        }
        let folder = run_folder(drill.id()).expect("a folder of this run");
        let marker = folder.join("world-0/mainstay-servers");
        let home = PathBuf::from(std::fs::read_to_string(marker).expect("it names the servers' home"));
        let run = Self { drill, folder, home, below };
        assert!(run.folder.is_dir() && run.home.is_dir() && run.segments().len() >= 3);
        assert!(!processes_of(&[&run.folder]).is_empty() && !processes_of(&[&run.home]).is_empty());
        run
    }

    /// What runs below it, by the name of the program.
    fn named(&self, name: &str) -> Vec<&Process> {
        self.below.iter().filter(|process| process.name == name).collect()
    }

    /// The System V segments of shared memory that its processes made.
    fn segments(&self) -> Vec<u32> {
        let table = std::fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
        let makers = table.lines().filter_map(|line| line.split_whitespace().nth(4)?.parse().ok());
        makers.filter(|maker| self.below.iter().any(|process| process.id == *maker)).collect()
    }

    /// Its processes that live, and any other that works in its folders or names them.
    fn remains(&self) -> BTreeSet<u32> {
        let below = self.below.iter().filter(|process| process.lives()).map(|process| process.id);
        below.chain(processes_of(&[&self.folder, &self.home])).collect()
    }

    fn signal(&self, signal: &str, others: &[&Process]) {
        let ids = others.iter().map(|process| process.id).chain([self.drill.id()]);
        let sent = Command::new("kill").arg(signal).args(ids.map(|id| id.to_string())).status();
        assert!(sent.expect("kill starts").success());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.drill.kill();
        let _ = self.drill.wait();
    }
}

/// Whether the estate, the local cloud, three servers and the tasks run.
fn stands(below: &[Process]) -> bool {
    let count = |name: &str| below.iter().filter(|process| process.name == name).count();
    let cloud = below.iter().any(|process| process.name.starts_with("python"));
    // A server with its children has more than three processes.
    cloud && count("drill") == 1 && count("postgres") > 9 && count("shop") >= 3
}

/// The processes that work in one of these folders, or name something of it.
fn processes_of(folders: &[&Path]) -> Vec<u32> {
    let is_in = |path: &Path| folders.iter().any(|folder| path.starts_with(folder));
    let names = |line: Vec<u8>| {
        line.split(|byte| *byte == 0).any(|word| std::str::from_utf8(word).is_ok_and(|w| is_in(Path::new(w))))
    };
    let of = |id: u32| {
        std::fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| is_in(&cwd))
            || std::fs::read(format!("/proc/{id}/cmdline")).is_ok_and(names)
    };
    all().into_iter().map(|process| process.id).filter(|id| of(*id)).collect()
}

/// A program called `postgres` that names a folder almost like the home, until it is dropped.
struct Stranger {
    program: Child,
    folder: PathBuf,
}

impl Stranger {
    fn beside(home: &Path) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-postgres-stranger-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let script = folder.join("postgres");
        std::fs::write(&script, "#!/bin/sh\nread -r _\n").expect("a script");
        std::fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("to be run");
        let program = Command::new(&script)
            .arg("-D")
            .arg(format!("{}-beside/orders-1", home.display()))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .expect("it starts");
        Self { program, folder }
    }

    fn lives(&mut self) -> bool {
        let called = std::fs::read_to_string(format!("/proc/{}/comm", self.program.id()));
        called.is_ok_and(|name| name.trim() == "postgres") && matches!(self.program.try_wait(), Ok(None))
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_next_run_cleans_up_after_a_killed_drill_and_a_lifeline_ends_what_can_end() {
    let mut live = Run::start();
    // It must still be there at the end: its outage waits.
    live.signal("-STOP", &[]);
    let mut killed = Run::start();
    let mut stranger = Stranger::beside(&killed.home);

    // Killed with the process that would stop the servers, which then stay.
    killed.signal("-KILL", &killed.named("drill"));
    killed.drill.wait().expect("a child");
    let servers: Vec<_> = killed.named("postgres").into_iter().filter(|process| process.lives()).collect();
    assert!(servers.len() >= 3, "nothing was left, so this proves nothing: {servers:?}");
    assert!(killed.folder.is_dir() && killed.home.is_dir() && killed.segments().len() >= 3);

    let next = drill(&["invoke", "alarm-handler", "--data-file", "events/request-status.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let next_id = next.id();
    let next = next.wait_with_output().expect("it ends");
    assert!(next.status.success(), "{}", String::from_utf8_lossy(&next.stderr));
    assert_eq!(killed.remains(), BTreeSet::new(), "of {:?}", killed.below);
    assert!(!killed.folder.exists() && !killed.home.exists());
    assert_eq!(killed.segments(), [0; 0]);
    assert_eq!(run_folder(next_id), None);

    // What it did not start, and what lives, it left alone.
    assert!(stranger.lives());
    for name in ["drill", "postgres", "shop"] {
        assert!(live.named(name).iter().all(|process| process.lives()), "{name}: {:?}", live.below);
    }
    assert!(live.folder.join("world-0/mainstay-servers").is_file() && live.home.is_dir());

    // Killed alone, its lifelines end everything but its folder, which is the next run's.
    live.below = descendants(live.drill.id());
    assert!(stands(&live.below), "{:?}", live.below);
    live.signal("-KILL", &[]);
    live.drill.wait().expect("a child");
    end(&live.below, ENDS);
    assert_eq!(live.remains(), BTreeSet::new());
    assert!(!live.home.exists());
    assert_eq!(live.segments(), [0; 0]);
    assert!(live.folder.is_dir(), "nobody was left to remove it");
    drop(RunFolder::fresh(&runs()).expect("the first thing that a run does"));
    assert!(!live.folder.exists());
    assert!(stranger.lives());
}
