//! The model is pure: no clock, runtime, socket or environment, not even by accident.

use std::path::Path;

#[test]
fn the_model_knows_no_clock_runtime_socket_or_environment() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model");
    let mut files = 0;
    for entry in std::fs::read_dir(model).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        files += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        for forbidden in [
            "::now()",
            "tokio",
            "std::env",
            "std::time",
            "reqwest",
            "hyper",
            "TcpListener",
            "UdpSocket",
            "rand::",
            "HashMap",
        ] {
            assert!(!text.contains(forbidden), "{} has `{forbidden}`", path.display());
        }
    }
    assert!(files > 20, "the files of the model were found: {files}");
}
