//! Who runs the servers: PostgreSQL refuses to be root.

use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// `nobody` and its group, on every Linux that we know.
const NOBODY: u32 = 65534;

/// The account that the servers' programs and files belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The caller's.
    Own,
    /// `nobody`'s, since the caller is root.
    Nobody,
}

impl Account {
    /// The one for this process.
    pub(super) fn of_caller() -> Self {
        if rustix::process::geteuid().is_root() { Self::Nobody } else { Self::Own }
    }

    /// The uid, for messages.
    pub(super) fn uid(self) -> u32 {
        match self {
            Self::Own => rustix::process::geteuid().as_raw(),
            Self::Nobody => NOBODY,
        }
    }

    /// `program`, to be run by the account, with an empty environment and no standard streams.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // An interrupt at the terminal is for the drill alone, which then stops the servers in order.
        command.process_group(0);
        if self == Self::Nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Hands a file or folder to the account.
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Nobody => chown(path, Some(NOBODY), Some(NOBODY)),
        }
    }

    /// Whether the account can come to `path`: every folder on the way, itself included, lets everybody pass.
    pub(super) fn reaches(self, path: &Path) -> bool {
        let passes = |folder: &Path| folder.metadata().is_ok_and(|about| about.mode() & 0o001 != 0);
        match self {
            Self::Own => true,
            Self::Nobody => path.canonicalize().is_ok_and(|path| path.ancestors().all(passes)),
        }
    }
}
