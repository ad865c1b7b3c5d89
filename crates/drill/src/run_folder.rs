//! The folder of one run: nobody else's, and gone with the run unless it is kept.

use crate::error::DrillError;
use real_estate::postgres::Swept;
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// Locked as long as the run's process lives, however it ends.
const ALIVE: &str = "alive.lock";
/// Says that the folder was left on purpose.
const KEPT: &str = "kept";

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    kept: bool,
    /// Holds the lock.
    _alive: File,
}

impl RunFolder {
    /// Makes a folder under `parent` that no other run has.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn fresh(parent: &Path) -> Result<Self, DrillError> {
        let failed = |path: &Path, source| DrillError::File { path: path.to_owned(), source };
        std::fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        let _one = one_at_a_time(parent).map_err(|source| failed(parent, source))?;
        remove_dead(parent);
        for number in 0_u32..1000 {
            let path = parent.join(format!("{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    let lock = path.join(ALIVE);
                    let alive = File::create(&lock).map_err(|source| failed(&lock, source))?;
                    alive.lock().map_err(|source| failed(&lock, source))?;
                    return Ok(Self { path, kept: false, _alive: alive });
                }
                // An earlier process had our number and was killed before it could clean up.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(failed(&path, source)),
            }
        }
        Err(DrillError::NotReady(format!("{} is full of runs that were killed: remove it", parent.display())))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it there.
    pub fn keep(mut self) {
        self.kept = true;
        // Without the mark a later run would take it for one that was killed.
        let _ = File::create(self.path.join(KEPT));
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.kept {
            // Without the lock it is still removed: what is left of it is for the next run.
            let _one = self.path.parent().map(one_at_a_time);
            remove(&self.path);
        }
    }
}

/// Waits until nobody else makes or removes a run's folder: one that is half made, and not locked yet, would look like
/// that of a dead run.
fn one_at_a_time(parent: &Path) -> std::io::Result<File> {
    let folder = File::open(parent)?;
    folder.lock()?;
    Ok(folder)
}

/// Removes a run's folder. Its real servers outlive a process that was killed, and only the folder says where they are:
/// if they cannot be ended, or somebody still ends them, it stays for the next run. What else cannot be removed is no
/// reason to fail a drill that ran.
fn remove(path: &Path) {
    if matches!(real_estate::sweep(path), Ok(Swept::Removed | Swept::Nothing)) {
        let _ = std::fs::remove_dir_all(path);
    }
}

/// Removes the folders of runs that were killed before they could do so. What can't be read or removed is left.
fn remove_dead(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_of_a_run(&entry.file_name().to_string_lossy()) && is_dead(&path) && !path.join(KEPT).exists() {
            remove(&path);
        }
    }
}

/// Whether it has the name of a run's folder: a process and a number.
fn is_of_a_run(name: &str) -> bool {
    name.split_once('-').is_some_and(|(process, number)| {
        [process, number].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether its run has ended. Nobody else makes a folder meanwhile, so one without a lock is one whose run was killed
/// when it had just made it, or when it was removing it.
fn is_dead(path: &Path) -> bool {
    match File::open(path.join(ALIVE)) {
        Ok(file) => file.try_lock().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_killed_run_is_removed_by_the_next_and_others_are_not() {
        let parent = std::env::temp_dir().join(format!("mainstay-dead-runs-{}", std::process::id()));
        let [killed, early, late, kept, theirs] =
            ["71-0", "72-0", "73-12", "74-0", "74-mine"].map(|name| parent.join(name));
        for folder in [&killed, &early, &late, &kept, &theirs] {
            std::fs::create_dir_all(folder).unwrap();
        }
        for folder in [&killed, &kept] {
            File::create(folder.join(ALIVE)).unwrap();
        }
        File::create(kept.join(KEPT)).unwrap();
        // Killed while it removed its files, the lock first; `early` had not made one yet.
        File::create(late.join("report")).unwrap();
        let lives = RunFolder::fresh(&parent).unwrap();
        let next = RunFolder::fresh(&parent).unwrap();
        for gone in [killed, early, late] {
            assert!(!gone.exists(), "{}", gone.display());
        }
        for stays in [kept, theirs, lives.path().to_owned()] {
            assert!(stays.exists(), "{}", stays.display());
        }
        drop((lives, next));
        std::fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn runs_that_start_together_do_not_take_each_other_for_dead() {
        let parent = std::env::temp_dir().join(format!("mainstay-runs-together-{}", std::process::id()));
        let one_after_the_other = || {
            for _ in 0..200 {
                let run = RunFolder::fresh(&parent).unwrap();
                assert!(run.path().join(ALIVE).exists(), "{}", run.path().display());
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(one_after_the_other);
            }
        });
        std::fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn a_folder_is_fresh_and_gone_afterwards_unless_kept() {
        let parent = std::env::temp_dir().join(format!("mainstay-run-folder-{}", std::process::id()));
        let (first, second) = (RunFolder::fresh(&parent).unwrap(), RunFolder::fresh(&parent).unwrap());
        let (gone, stays) = (first.path().to_owned(), second.path().to_owned());
        assert_ne!(gone, stays);
        drop(first);
        second.keep();
        assert!(!gone.exists() && stays.exists());
        std::fs::remove_dir_all(parent).unwrap();
    }
}
