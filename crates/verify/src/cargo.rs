//! What cargo itself checks.

use crate::{Ended, Place, process};
use std::process::Command;

/// Pinned: another version may know other lints, and CI must answer as the laptop did.
const DENY: &str = "0.20.2";

pub(crate) fn fmt(place: &Place) -> Ended {
    // Names of files only: what is to be changed in them, `cargo fmt` does.
    match process::quiet(cargo(place).args(["fmt", "--all", "--", "--check", "-l"])) {
        Ended::Failed(files) => Ended::Failed(format!("{files}\nRun `cargo fmt --all`.")),
        Ended::Passed | Ended::Skipped(_) => Ended::Passed,
    }
}

pub(crate) fn clippy(place: &Place) -> Ended {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    process::streamed(cargo(place).args(arguments))
}

pub(crate) fn test(place: &Place) -> Ended {
    process::streamed(cargo(place).args(["test", "--workspace", "--locked", "--no-fail-fast"]))
}

pub(crate) fn doc(place: &Place) -> Ended {
    let mut command = cargo(place);
    command.args(["doc", "--workspace", "--no-deps", "--locked"]);
    process::streamed(command.env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn deny(place: &Place) -> Ended {
    let tools = place.root.join("target").join("tools");
    let program = tools.join("bin").join("cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    let is_ours = version
        .is_ok_and(|said| String::from_utf8_lossy(&said.stdout).trim() == format!("cargo-deny {DENY}"));
    if !is_ours {
        let mut install = cargo(place);
        install.args(["install", "--locked", "--version", DENY, "cargo-deny", "--root"]).arg(&tools);
        if let Ended::Failed(what) = process::streamed(&mut install) {
            return Ended::Failed(format!("cargo-deny could not be installed: {what}"));
        }
    }
    let mut command = Command::new(&program);
    command.current_dir(&place.root).args(["--locked", "check", "bans", "licenses", "sources"]);
    process::quiet(&mut command)
}

/// The cargo that runs us, so that the toolchain is the pinned one.
fn cargo(place: &Place) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(&place.root);
    command
}
