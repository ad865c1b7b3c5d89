//! A function as a process: what it has spent, its largest memory, and its end.

use crate::error::DrillError;
use std::{fs::File, path::Path, process::Stdio, time::Duration};
use tokio::process::{Child, Command};

/// How often is looked whether the process sleeps, and how long at most.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: usize = 500;

/// A running function. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) child: Child,
    pid: u32,
}

impl Function {
    /// Starts it with these variables and no others; what it says goes to `log`.
    pub(super) fn start(binary: &Path, variables: &[(&str, String)], log: &Path) -> Result<Self, DrillError> {
        let file = |source| DrillError::File { path: log.to_owned(), source };
        let out = File::create(log).map_err(file)?;
        let err = out.try_clone().map_err(file)?;
        let mut command = Command::new(binary);
        command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true);
        let failed = |e| DrillError::NotReady(format!("{} could not be started: {e}", binary.display()));
        let child = command.spawn().map_err(failed)?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid })
    }

    /// The processor time of all its threads once every one of them sleeps; none where this system does not tell.
    pub(super) async fn spent(&self) -> Option<Duration> {
        let mut last = None;
        for _ in 0..LOOKS {
            let now = asleep(self.pid)?.then(|| spent(self.pid)).flatten();
            if now.is_some() && now == last {
                return now;
            }
            last = now;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    }

    /// The most memory that it ever had, in bytes; none where this system does not tell.
    pub(super) fn peak(&self) -> Option<u64> {
        high_water(&std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?)
    }

    /// Ends it, and collects it.
    pub(super) async fn end(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Linux counts a thread's time in nanoseconds, brought up to date when the thread stops running.
fn spent(pid: u32) -> Option<Duration> {
    let nanos: Option<Vec<u64>> = threads(pid, "schedstat")?.iter().map(|text| running(text)).collect();
    Some(Duration::from_nanos(nanos?.iter().sum()))
}

fn asleep(pid: u32) -> Option<bool> {
    Some(threads(pid, "stat")?.iter().all(|text| sleeps(text)))
}

/// A file of each thread.
fn threads(pid: u32, file: &str) -> Option<Vec<String>> {
    let folders = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    folders.map(|thread| std::fs::read_to_string(thread.ok()?.path().join(file)).ok()).collect()
}

/// `schedstat`: nanoseconds on a processor, nanoseconds waiting for one, times it got one.
fn running(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

/// `stat`: number, name in brackets (which may hold anything), state.
fn sleeps(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

/// `VmHWM:     7692 kB`.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        assert_eq!(running("1234567 2865272 1\n"), Some(1_234_567));
        assert_eq!(running(""), None);
        assert!(sleeps("12 (a name) R) S 1 2") && !sleeps("12 (S) R 1 2"));
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t    7692 kB\n"), Some(7692 * 1024));
        assert_eq!(high_water("VmPeak:\t 9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    async fn spent_by(script: &str) -> Duration {
        let mut command = Command::new("/bin/sh");
        let child = command.args(["-c", script]).kill_on_drop(true).spawn().unwrap();
        let pid = child.id().unwrap();
        let function = Function { child, pid };
        let spent = function.spent().await.unwrap();
        assert!(function.peak().unwrap() > 100_000);
        function.end().await;
        spent
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_process_has_spent_what_it_worked_and_not_what_it_slept() {
        let idle = spent_by("sleep 60").await;
        let busy = spent_by("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 60").await;
        assert!(busy > idle + Duration::from_millis(10), "{busy:?} {idle:?}");
    }
}
