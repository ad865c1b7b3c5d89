//! The tick on the wire: EventBridge Scheduler's, or a classic scheduled rule's.

use jiff::Timestamp;
use recovery::{StepError, text::plain};
use serde_json::Value;

/// What a tick asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The moment for which it was scheduled. Not the moment at which it came: a tick that is delivered late or twice
    /// names the same snapshots.
    pub scheduled: Timestamp,
    /// Whether to take what is due and delete what is over, or to tell only what would be deleted.
    pub dry_run: bool,
}

/// Reads a tick.
///
/// Understood are `{"mainstay": "snapshot", "scheduled_time": "…"}` (or `snapshot-tick`) with Scheduler's
/// `<aws.scheduler.scheduled-time>` filled in, and a rule's `{"detail-type": "Scheduled Event", "time": "…"}`. With
/// `"prune": "dry-run"` nothing is taken and nothing deleted.
///
/// # Errors
/// [`StepError::MalformedEvent`] that names what is missing or wrong.
pub fn read(event: &Value) -> Result<Tick, StepError> {
    let dry_run = match event.get("prune").map(|prune| prune.as_str()) {
        None => false,
        Some(Some("dry-run")) => true,
        Some(_) => return Err(malformed("`prune` can only be `dry-run`; leave it out to prune")),
    };
    Ok(Tick { scheduled: scheduled(event)?, dry_run })
}

fn scheduled(event: &Value) -> Result<Timestamp, StepError> {
    let word = |key: &str| event.get(key).and_then(Value::as_str);
    let key = match (word("mainstay"), word("detail-type")) {
        (Some("snapshot" | "snapshot-tick"), _) => "scheduled_time",
        (None, Some("Scheduled Event")) => "time",
        (Some(other), _) => {
            return Err(malformed(&format!("`mainstay` is `{}`, not `snapshot`", plain(other, 60))));
        }
        (None, _) => {
            return Err(malformed(
                "neither a tick of Mainstay's schedule (`mainstay`: `snapshot`) nor a `Scheduled Event`",
            ));
        }
    };
    let time = word(key).ok_or_else(|| malformed(&format!("`{key}` is missing or no text")))?;
    if time.contains("<aws.scheduler.") {
        return Err(malformed(&format!(
            "`{key}` is `{}`: the scheduler has not filled it in. A local cloud may not; send the time itself",
            plain(time, 60)
        )));
    }
    time.parse().map_err(|e| {
        let shown = plain(time, 60);
        malformed(&plain(&format!("`{key}` is `{shown}`, no time such as 2026-01-01T00:00:00Z: {e}"), 300))
    })
}

fn malformed(what: &str) -> StepError {
    StepError::MalformedEvent(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_schedulers_are_understood() {
        let time = "2026-03-01T10:00:00Z";
        let at: Timestamp = time.parse().unwrap();
        for word in ["snapshot", "snapshot-tick"] {
            let scheduler = json!({"mainstay": word, "scheduled_time": time, "execution_id": "x"});
            assert_eq!(scheduled(&scheduler), Ok(at));
        }
        let rule =
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": time, "detail": {}});
        assert_eq!(scheduled(&rule), Ok(at));
    }

    #[test]
    fn the_samples_are_understood() {
        for (sample, dry_run) in [
            (include_str!("../../../events/snapshot-tick.json"), false),
            (include_str!("../../../events/snapshot-dry-run.json"), true),
        ] {
            let sample: Value = serde_json::from_str(sample).unwrap();
            let scheduled = "2026-03-01T10:00:00Z".parse().unwrap();
            assert_eq!(read(&sample), Ok(Tick { scheduled, dry_run }));
        }
    }

    #[test]
    fn a_misspelt_dry_run_is_not_a_run() {
        for prune in [json!("dryrun"), json!(true), json!(null), json!("")] {
            let event =
                json!({"mainstay": "snapshot", "scheduled_time": "2026-03-01T10:00:00Z", "prune": prune});
            let error = read(&event).unwrap_err().to_string();
            assert!(error.contains("`prune` can only be `dry-run`"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_is_wrong() {
        let long = "y\n".repeat(500_000);
        for (event, says) in [
            (json!(null), "neither a tick"),
            (json!({"mainstay": "failover"}), "`failover`"),
            (json!({"mainstay": long}), "`mainstay` is"),
            (json!({"mainstay": "snapshot-tick"}), "`scheduled_time` is missing"),
            (json!({"mainstay": "snapshot-tick", "scheduled_time": 7}), "`scheduled_time` is missing"),
            (json!({"mainstay": "snapshot-tick", "scheduled_time": "soon"}), "`soon`, no time"),
            (json!({"mainstay": "snapshot-tick", "scheduled_time": long}), "no time"),
            (
                json!({"mainstay": "snapshot-tick", "scheduled_time": "<aws.scheduler.scheduled-time>"}),
                "has not filled it in",
            ),
            (json!({"detail-type": "Scheduled Event"}), "`time` is missing"),
            (json!({"detail-type": "EC2 Something", "time": "2026-03-01T10:00:00Z"}), "neither a tick"),
        ] {
            let error = scheduled(&event).unwrap_err();
            assert_eq!(error.name(), "MalformedEvent");
            let text = error.to_string();
            assert!(text.contains(says) && text.len() < 400 && !text.contains('\n'), "{text}");
        }
    }
}
