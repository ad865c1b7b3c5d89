//! Where the servers live, and the removal of what a killed run left.
//!
//! The folder of the run holds a marker, locked for as long as its owner lives and naming the home of the data.
//! The home is in memory that looks like a folder, where making three servers takes half a second instead of two
//! or three; else below the run's folder; else, when the servers' account cannot come there, among the temporary
//! files. It names the folder in return. Only what both name is ever removed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::{PostgresError, memory, port, processes};

const MARKER: &str = "mainstay-servers";
const OWNER: &str = "owner";
/// Linux's memory that looks like a folder.
const MEMORY: &str = "/dev/shm";
/// The servers take 100 MB; with all the log that they may keep, 800.
const ROOM: u64 = 2 << 30;
/// How the name of every home begins.
const HOME: &str = "mainstay-postgres-";

/// What [`sweep`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// Nothing of ours.
    Nothing,
    /// What a killed run had left, and is gone.
    Removed,
    /// Servers of a process that lives; left alone.
    InUse,
}

/// Removes what a killed run left in `folder`: its processes, shared memory and files. Touches nothing else, and
/// nothing of a run whose process lives.
///
/// Errors: something could not be removed.
pub fn sweep(folder: &Path) -> Result<Swept, PostgresError> {
    let marker = folder.join(MARKER);
    let mut file = match OpenOptions::new().read(true).write(true).open(&marker) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Swept::Nothing),
        Err(error) => return Err(PostgresError::file(marker)(error)),
    };
    if !lock(&file, &marker)? {
        return Ok(Swept::InUse);
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(PostgresError::file(&marker))?;
    let folder = folder.canonicalize().map_err(PostgresError::file(folder))?;
    Home { path: PathBuf::from(text), folder, account: Account::of_caller(), _held: file }.remove()?;
    Ok(Swept::Removed)
}

/// The home of one run's servers.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    folder: PathBuf,
    account: Account,
    /// Its lock says that we live. It ends with this process, however that ends.
    _held: File,
}

impl Home {
    /// Makes one for `folder`, after what a killed run left there is gone. Memory is often closed to programs, so
    /// a home that is to hold some is made elsewhere.
    pub(super) fn new(folder: &Path, for_programs: bool) -> Result<Self, PostgresError> {
        if sweep(folder)? == Swept::InUse {
            return Err(PostgresError::InUse(folder.to_owned()));
        }
        std::fs::create_dir_all(folder).map_err(PostgresError::file(folder))?;
        let folder = folder.canonicalize().map_err(PostgresError::file(folder))?;
        let account = Account::of_caller();
        let path = place(&folder, account, !for_programs)?.join(format!("{HOME}{}", port::secret()?));
        let marker = folder.join(MARKER);
        let failed = |marker: &Path| PostgresError::file(marker.to_owned());
        let mut held =
            OpenOptions::new().write(true).create_new(true).open(&marker).map_err(failed(&marker))?;
        if !lock(&held, &marker)? {
            return Err(PostgresError::InUse(folder));
        }
        // The marker before the home: whatever ends us between the two leaves nothing that is not named.
        held.write_all(path.as_os_str().as_encoded_bytes()).map_err(failed(&marker))?;
        let home = Self { path, folder, account, _held: held };
        home.make().inspect_err(|_| drop(home.remove()))?;
        Ok(home)
    }

    fn make(&self) -> Result<(), PostgresError> {
        let made = std::fs::DirBuilder::new().mode(0o700).create(&self.path);
        made.map_err(PostgresError::file(&self.path))?;
        let owner = self.path.join(OWNER);
        std::fs::write(&owner, self.folder.as_os_str().as_encoded_bytes())
            .map_err(PostgresError::file(owner))?;
        self.account.give(&self.path).map_err(PostgresError::file(&self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn account(&self) -> Account {
        self.account
    }

    /// Ends every process in it and removes it, its shared memory, the marker, and the folder if nothing else is
    /// in it. Calling it again does no harm.
    pub(super) fn remove(&self) -> Result<(), PostgresError> {
        if self.is_ours() {
            if !processes::kill(&self.path) {
                tracing::warn!(home = %self.path.display(), "a process of PostgreSQL could not be ended");
            }
            for entry in std::fs::read_dir(&self.path).map_err(PostgresError::file(&self.path))?.flatten() {
                memory::clear(&entry.path(), self.account);
            }
            std::fs::remove_dir_all(&self.path).map_err(PostgresError::file(&self.path))?;
        }
        let marker = self.folder.join(MARKER);
        match std::fs::remove_file(&marker) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(PostgresError::file(marker)(error));
            }
            Ok(()) | Err(_) => {}
        }
        // Not empty: others' files, which stay.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    /// The home has a home's name and names the folder. An empty one is one that its maker did not finish.
    fn is_ours(&self) -> bool {
        let named = self.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(HOME));
        let owner = std::fs::read(self.path.join(OWNER));
        let is_empty = || std::fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none());
        let agrees = match owner {
            Ok(owner) => owner == self.folder.as_os_str().as_encoded_bytes() || owner.is_empty(),
            Err(_) => is_empty(),
        };
        named && agrees
    }
}

/// The first that the account can come to.
fn place(folder: &Path, account: Account, in_memory: bool) -> Result<PathBuf, PostgresError> {
    let memory = Some(PathBuf::from(MEMORY)).filter(|memory| in_memory && has_room(memory));
    memory
        .into_iter()
        .chain([folder.to_owned(), std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")])
        .filter_map(|place| place.canonicalize().ok())
        .find(|place| account.reaches(place))
        .ok_or(PostgresError::Unreachable { uid: account.uid(), what: "any folder for temporary files" })
}

/// Whether the caller may write there, and there is room in plenty.
fn has_room(memory: &Path) -> bool {
    use rustix::fs::{Access, access, statvfs};
    access(memory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
        && statvfs(memory).is_ok_and(|about| about.f_bavail.saturating_mul(about.f_frsize) >= ROOM)
}

fn lock(file: &File, path: &Path) -> Result<bool, PostgresError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(PostgresError::file(path)(source)),
    }
}

#[cfg(test)]
mod tests;
