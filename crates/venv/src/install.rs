//! Making an environment: `python -m venv`, then pip.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::python::Python;
use crate::{Environment, VenvError};

/// How many of the last lines an error carries.
const LAST_LINES: usize = 12;

/// What pip says when there is no way to its index.
const NO_NETWORK: [&str; 8] = [
    "Failed to establish a new connection",
    "NewConnectionError",
    "ConnectTimeoutError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Cannot connect to proxy",
];

/// Makes the environment in its final folder, since the scripts in `bin` hold its path. The caller holds the
/// lock and writes the marker afterwards.
pub(crate) fn make(
    python: &Python,
    environment: &Environment,
    requirements: &str,
    progress: &dyn Fn(&str),
) -> Result<(), VenvError> {
    let dir = environment.dir();
    if dir.exists() {
        std::fs::remove_dir_all(dir).map_err(|source| VenvError::Folder { path: dir.to_owned(), source })?;
    }
    run(Command::new(&python.program).args(["-m", "venv"]).arg(dir), progress)?;
    let list = dir.join("requirements.txt");
    std::fs::write(&list, requirements).map_err(|source| VenvError::Folder { path: list.clone(), source })?;
    install(environment, &list, progress)
}

fn install(environment: &Environment, list: &Path, progress: &dyn Fn(&str)) -> Result<(), VenvError> {
    let mut pip = Command::new(environment.python());
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"])
        .args(["--retries", "2", "--timeout", "20", "-r"])
        .arg(list);
    run(&mut pip, progress)
}

/// Runs to the end, handing on each line that is fit for people.
fn run(command: &mut Command, progress: &dyn Fn(&str)) -> Result<(), VenvError> {
    let failed = |error: std::io::Error| VenvError::Install { last_lines: error.to_string() };
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    // Read beside the other stream: a full pipe would stop the child.
    let complaints = child.stderr.take().map(|stream| std::thread::spawn(move || lines(stream, &|_| ())));
    let mut said = child.stdout.take().map(|stream| lines(stream, progress)).unwrap_or_default();
    let status = child.wait().map_err(failed)?;
    if let Some(Ok(more)) = complaints.map(std::thread::JoinHandle::join) {
        said.extend(more);
    }
    if status.success() {
        return Ok(());
    }
    if said.iter().any(|line| NO_NETWORK.iter().any(|sign| line.contains(sign))) {
        return Err(VenvError::NoNetwork);
    }
    let from = said.len().saturating_sub(LAST_LINES);
    let last: Vec<String> = said.iter().skip(from).map(|line| without_addresses(line)).collect();
    Err(VenvError::Install { last_lines: last.join("\n") })
}

fn lines(stream: impl Read, progress: &dyn Fn(&str)) -> Vec<String> {
    let mut all = Vec::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        // One line per package and the closing ones; the rest is pip's own book-keeping.
        if line.starts_with("Collecting ") || line.starts_with("Installing ") {
            progress(&format!("  {}", without_addresses(line.trim_end())));
        }
        all.push(line);
    }
    all
}

/// The line without addresses of package indexes: they differ from machine to machine and may hold secrets.
pub(crate) fn without_addresses(line: &str) -> String {
    line.split_inclusive(' ')
        .map(|word| {
            if word.contains("://") || word.contains("host=") {
                if word.ends_with(' ') { "(address) " } else { "(address)" }
            } else {
                word
            }
        })
        .collect()
}
