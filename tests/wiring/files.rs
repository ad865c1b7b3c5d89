//! The repository's files, by their path from its root.

use serde_json::Value;
use std::{fs, path::PathBuf};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The names of a folder's entries, sorted.
pub(crate) fn entries(folder: &str) -> Vec<String> {
    let read = fs::read_dir(path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let mut names: Vec<String> = read.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names of a folder's files with an extension, without it, sorted.
pub(crate) fn stems(folder: &str, extension: &str) -> Vec<String> {
    let names = entries(folder).into_iter();
    let mut stems: Vec<String> =
        names.filter_map(|n| n.strip_suffix(extension)?.strip_suffix('.').map(str::to_owned)).collect();
    stems.sort();
    stems
}

/// The samples of `events/`, without their `.json`.
pub(crate) fn samples() -> Vec<String> {
    stems("events", "json")
}

pub(crate) fn sample(name: &str) -> Value {
    json(&format!("events/{name}.json"))
}

/// The functions: the crates whose `main.rs` serves Lambda.
pub(crate) fn functions() -> Vec<String> {
    let crates = entries("crates").into_iter();
    crates
        .filter(|name| {
            let main = path(&format!("crates/{name}/src/main.rs"));
            fs::read_to_string(main).is_ok_and(|main| main.contains("function::serve"))
        })
        .collect()
}

/// `alarm-handler` → `AlarmHandler`.
pub(crate) fn logical_id(folder: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    folder.split('-').map(capital).collect()
}
