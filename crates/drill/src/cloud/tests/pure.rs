//! The pure parts of the hooks have tests in Python.

use std::path::Path;

use crate::cloud::files;

#[test]
fn the_verdicts_and_the_metric_math_are_as_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let environment = venv::Environment::ensure("local-cloud", files::REQUIREMENTS, root).unwrap();
    let output = std::process::Command::new(environment.python())
        .args(["-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("local_cloud"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("Ran 0 tests"), "{said}");
}
