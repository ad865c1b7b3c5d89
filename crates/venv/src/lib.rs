//! Python environments with pinned versions, made on demand.
//!
//! The local cloud, the linters of `cargo verify` and the comparisons with other emulators are Python programs.
//! Each gets an environment of its own under `.mainstay/venv`, named after the text of its pinned requirements
//! and the version of Python. Asking twice is cheap; asking from two processes at once makes it once; an
//! environment that is half made, or whose Python has gone, is made again.

mod error;
mod install;
mod lock;
mod python;

use std::path::{Path, PathBuf};

pub use error::VenvError;

/// The oldest Python that every pinned requirement supports.
pub const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// The programs that are tried, in this order, to find a Python.
pub const CANDIDATES: [&str; 6] =
    ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/// The file that says an environment is complete. It holds what the environment was made from.
const MARKER: &str = "mainstay-complete";

/// A complete Python environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    dir: PathBuf,
}

impl Environment {
    /// Returns the environment `name` with `requirements` (the text of a pip requirements file, pinned), under
    /// `root`/.mainstay/venv. Makes it if it isn't there, with progress on standard error.
    ///
    /// Errors say what is wrong and what to do: no Python, a Python that is too old or has no `venv`, no
    /// network, a refusal by pip.
    pub fn ensure(name: &str, requirements: &str, root: &Path) -> Result<Self, VenvError> {
        Maker::default().ensure(name, requirements, root)
    }

    /// Where the environment is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The environment's Python.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.bin("python")
    }

    /// A program that a requirement installed, such as `cfn-lint`.
    #[must_use]
    pub fn bin(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    /// True when the marker is there and says the same, and the environment's Python still starts.
    fn is_complete(&self, recipe: &str) -> bool {
        std::fs::read_to_string(self.dir.join(MARKER)).is_ok_and(|made_from| made_from == recipe)
            && python::starts(&self.python())
    }
}

/// How environments are made: which Pythons are tried, and who hears of the progress.
pub struct Maker {
    candidates: Vec<String>,
    progress: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Maker {
    fn default() -> Self {
        Self {
            candidates: CANDIDATES.map(String::from).to_vec(),
            progress: Box::new(|line| eprintln!("{line}")),
        }
    }
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maker").field("candidates", &self.candidates).finish_non_exhaustive()
    }
}

impl Maker {
    /// Tries these programs instead of [`CANDIDATES`].
    #[must_use]
    pub fn candidates<I: IntoIterator<Item = S>, S: Into<String>>(mut self, programs: I) -> Self {
        self.candidates = programs.into_iter().map(Into::into).collect();
        self
    }

    /// Gives each line of progress to `listener` instead of standard error. Addresses of package indexes are
    /// already taken out.
    #[must_use]
    pub fn progress(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Box::new(listener);
        self
    }

    /// As [`Environment::ensure`].
    pub fn ensure(&self, name: &str, requirements: &str, root: &Path) -> Result<Environment, VenvError> {
        let python = python::find(&self.candidates)?;
        let recipe = format!("python {}\n{requirements}", python.version);
        let home = root.join(".mainstay").join("venv");
        let environment = Environment { dir: home.join(format!("{name}-{:016x}", fingerprint(&recipe))) };
        if environment.is_complete(&recipe) {
            return Ok(environment);
        }
        std::fs::create_dir_all(&home).map_err(|source| VenvError::Folder { path: home.clone(), source })?;
        let _held = lock::hold(&environment.dir.with_extension("lock"), &*self.progress)?;
        // Somebody else may have made it while we waited.
        if environment.is_complete(&recipe) {
            return Ok(environment);
        }
        (self.progress)(&format!("Making the Python environment `{name}` (once, about a minute)…"));
        install::make(&python, &environment, requirements, &*self.progress)?;
        // Written last: whatever ends before this line leaves an environment that is made again.
        let marker = environment.dir.join(MARKER);
        std::fs::write(&marker, &recipe).map_err(|source| VenvError::Folder { path: marker, source })?;
        (self.progress)(&format!("The Python environment `{name}` is ready."));
        Ok(environment)
    }
}

/// FNV-1a, 64 bits: a name for a text, not a proof of anything. The marker holds the whole text.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
