use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;

/// A folder that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("mainstay-venv-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// A program of this name that runs `script`.
    fn program(&self, name: &str, script: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn quiet() -> Maker {
    Maker::default().progress(|_| ())
}

/// How often the environment was made, by what was said.
fn counted() -> (Maker, Arc<Mutex<usize>>) {
    let made = Arc::new(Mutex::new(0));
    let count = Arc::clone(&made);
    let maker = Maker::default().progress(move |line| {
        if line.starts_with("Making ") {
            *count.lock().unwrap() += 1;
        }
    });
    (maker, made)
}

fn marker(environment: &Environment) -> PathBuf {
    environment.dir().join(MARKER)
}

#[test]
fn a_missing_python_says_what_was_tried_and_what_to_do() {
    let scratch = Scratch::new("missing");
    let error = quiet().candidates(["no-such-python"]).ensure("x", "", &scratch.0).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("tried no-such-python") && text.contains("Install Python 3.10 or later"), "{text}");
}

#[test]
fn an_old_python_is_named_with_its_version() {
    let scratch = Scratch::new("old");
    let old = scratch.program("python3", "echo 3.9.2; echo yes");
    let error = quiet().candidates([old.as_str()]).ensure("x", "", &scratch.0).unwrap_err();
    assert!(error.to_string().contains(&format!("{old} is 3.9.2")), "{error}");
}

#[test]
fn a_python_without_venv_names_the_package_to_install() {
    let scratch = Scratch::new("novenv");
    let bare = scratch.program("python3", "echo 3.11.2; echo no");
    let error = quiet().candidates([bare]).ensure("x", "", &scratch.0).unwrap_err();
    assert!(error.to_string().contains("apt-get install python3-venv"), "{error}");
}

#[test]
fn a_shim_that_does_not_start_is_passed_over() {
    let scratch = Scratch::new("shim");
    let shim = scratch.program("python3", "echo 'command not found' >&2; exit 127");
    let error = quiet().candidates([shim]).ensure("x", "", &scratch.0).unwrap_err();
    assert!(matches!(error, VenvError::NoPython { .. }), "{error:?}");
}

#[test]
fn it_is_made_once_and_its_python_runs() {
    let scratch = Scratch::new("once");
    let (maker, made) = counted();
    let first = maker.ensure("plain", "", &scratch.0).unwrap();
    let again = maker.ensure("plain", "", &scratch.0).unwrap();
    assert_eq!(first, again);
    assert_eq!(*made.lock().unwrap(), 1);
    assert!(python::starts(&first.python()));
}

#[test]
fn other_requirements_are_another_environment() {
    let scratch = Scratch::new("other");
    let first = quiet().ensure("plain", "# one\n", &scratch.0).unwrap();
    let second = quiet().ensure("plain", "# two\n", &scratch.0).unwrap();
    assert_ne!(first.dir(), second.dir());
    assert!(marker(&first).exists() && marker(&second).exists());
}

#[test]
fn a_half_made_environment_is_made_again() {
    let scratch = Scratch::new("half");
    let (maker, made) = counted();
    let environment = maker.ensure("plain", "", &scratch.0).unwrap();
    std::fs::remove_file(marker(&environment)).unwrap();
    std::fs::write(environment.dir().join("left-over"), "").unwrap();
    maker.ensure("plain", "", &scratch.0).unwrap();
    assert_eq!(*made.lock().unwrap(), 2);
    assert!(!environment.dir().join("left-over").exists());
}

#[test]
fn an_environment_whose_python_has_gone_is_made_again() {
    let scratch = Scratch::new("stale");
    let (maker, made) = counted();
    let environment = maker.ensure("plain", "", &scratch.0).unwrap();
    std::fs::remove_file(environment.python()).unwrap();
    maker.ensure("plain", "", &scratch.0).unwrap();
    assert_eq!(*made.lock().unwrap(), 2);
    assert!(python::starts(&environment.python()));
}

#[test]
fn two_at_once_make_it_once() {
    let scratch = Scratch::new("two");
    let (maker, made) = counted();
    let root: &Path = &scratch.0;
    std::thread::scope(|scope| {
        let one = scope.spawn(|| maker.ensure("plain", "", root).unwrap());
        let two = scope.spawn(|| maker.ensure("plain", "", root).unwrap());
        assert_eq!(one.join().unwrap(), two.join().unwrap());
    });
    assert_eq!(*made.lock().unwrap(), 1);
}

#[test]
fn a_refusal_by_pip_carries_its_last_lines_and_leaves_no_marker() {
    let scratch = Scratch::new("refused");
    let error = quiet().ensure("plain", "not a requirement !!\n", &scratch.0).unwrap_err();
    assert!(error.to_string().contains("not a requirement"), "{error}");
    let home = scratch.0.join(".mainstay/venv");
    let complete = std::fs::read_dir(home).unwrap().any(|e| e.unwrap().path().join(MARKER).exists());
    assert!(!complete);
}

#[test]
fn no_network_is_told_apart_and_names_no_host() {
    let scratch = Scratch::new("network");
    // Nothing listens on port 1 of this machine: as good as no network.
    let requirements = "--index-url http://127.0.0.1:1/simple\nsix==1.17.0\n";
    let error = quiet().ensure("plain", requirements, &scratch.0).unwrap_err();
    assert!(matches!(error, VenvError::NoNetwork), "{error:?}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
}

#[test]
fn addresses_are_taken_out_of_lines() {
    let line = "Downloading https://user:secret@index.example/six.whl (11 kB)";
    assert_eq!(install::without_addresses(line), "Downloading (address) (11 kB)");
    assert_eq!(install::without_addresses("Pool(host='index.example', port=1)"), "(address) port=1)");
}
