//! One maker at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::VenvError;

/// How long another process may take to make an environment before we stop waiting for it.
const PATIENCE: Duration = Duration::from_mins(15);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Waits for the lock on `path` and holds it until the answer is dropped.
///
/// The lock is the operating system's, so it ends with the process that holds it, however that ends: no lock
/// file is ever stale. The process id in the file is for people.
pub(crate) fn hold(path: &Path, progress: &dyn Fn(&str)) -> Result<File, VenvError> {
    let folder = |source| VenvError::Folder { path: path.to_owned(), source };
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(folder)?;
    let since = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if since.elapsed() > PATIENCE => {
                return Err(VenvError::Busy { lock: path.to_owned() });
            }
            Err(TryLockError::WouldBlock) => {
                if !told {
                    progress("Another process is making the same Python environment; waiting for it…");
                    told = true;
                }
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(TryLockError::Error(source)) => return Err(folder(source)),
        }
    }
    file.set_len(0).map_err(folder)?;
    write!(file, "{}", std::process::id()).map_err(folder)?;
    Ok(file)
}
