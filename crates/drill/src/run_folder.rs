//! The folder of one run: nobody else's, and gone with the run unless it is kept.

use crate::error::DrillError;
use std::path::{Path, PathBuf};

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    kept: bool,
}

impl RunFolder {
    /// Makes a folder under `parent` that no other run has.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn fresh(parent: &Path) -> Result<Self, DrillError> {
        let failed = |path: &Path, source| DrillError::File {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        for number in 0_u32..1000 {
            let path = parent.join(format!("{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path, kept: false }),
                // An earlier process had our number and was killed before it could clean up.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(failed(&path, source)),
            }
        }
        Err(DrillError::NotReady(format!(
            "{} is full of runs that were killed: remove it",
            parent.display()
        )))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it there.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is no reason to fail a drill that ran.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_fresh_and_gone_afterwards_unless_kept() {
        let parent = std::env::temp_dir().join(format!("mainstay-run-folder-{}", std::process::id()));
        let (first, second) = (
            RunFolder::fresh(&parent).unwrap(),
            RunFolder::fresh(&parent).unwrap(),
        );
        let (gone, stays) = (first.path().to_owned(), second.path().to_owned());
        assert_ne!(gone, stays);
        drop(first);
        second.keep();
        assert!(!gone.exists() && stays.exists());
        std::fs::remove_dir_all(parent).unwrap();
    }
}
