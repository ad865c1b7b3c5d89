//! `drp validate`.

use crate::{programs::drp, scene::scratch};
use drill::stage::Stage;
use serde_json::Value;
use std::fs;

pub(crate) async fn a_plan_is_judged_by_line(stage: &Stage) {
    let good = drp(stage, &["validate", "plan.toml", "--json"]).await.with(0).json();
    assert_eq!(good["valid"], true);
    assert!(errors(&good).is_empty(), "{good}");
    drp(stage, &["validate", "plan.toml"]).await.with(0).says("plan.toml: valid, 1 database(s)");

    let text = fs::read_to_string(drill::artifacts::repository().join("plan.toml")).unwrap();
    let broken = text
        .replace("mode = \"automatic\"", "mood = \"automatic\"")
        .replace("rto = \"5m\"", "rto = \"five\"");
    let path = scratch("broken-plan.toml");
    fs::write(&path, broken).unwrap();
    let path = path.to_str().unwrap();
    let bad = drp(stage, &["validate", path, "--json"]).await.with(1).json();
    assert_eq!(bad["valid"], false);
    for finding in bad["findings"].as_array().unwrap() {
        for key in ["severity", "line", "key", "message", "mend"] {
            assert!(finding.get(key).is_some(), "`{key}` in {finding}");
        }
    }
    let errors = errors(&bad);
    assert_eq!(errors.len(), 2, "all errors, not just the first: {errors:?}");
    assert!(errors.iter().any(|e| e.contains("mood")), "{errors:?}");
    assert!(errors.iter().any(|e| e.contains("rto")), "{errors:?}");
    drp(stage, &["validate", path]).await.with(1).says("NOT valid; 2 error(s)");

    let gone = drp(stage, &["validate", "no-such-plan.toml"]).await.with(2);
    assert!(gone.err.contains("no-such-plan.toml"), "{}", gone.err);
}

fn errors(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|f| f["severity"] == "error");
    errors.map(ToString::to_string).collect()
}
