//! The form of the file: its sections and the keys of each. `plan.schema.json` says the same to editors.

/// One kind of section.
#[derive(Debug)]
pub(crate) struct Form {
    /// How its header is written.
    pub(crate) header: &'static str,
    /// The keys that may stand in it.
    pub(crate) keys: &'static [&'static str],
    /// Keys that a later version will know: refused with "not yet", so that nobody believes they work.
    pub(crate) later: &'static [Later],
}

/// A key that is understood, but not carried out yet.
#[derive(Debug)]
pub(crate) struct Later {
    pub(crate) key: &'static str,
    /// What it would do, as the subject of a sentence.
    pub(crate) what: &'static str,
}

pub(crate) const FILE: Form = Form {
    header: "the top of the file",
    keys: &["version", "prune_at_most", "snapshot_quota", "database", "audience"],
    later: &[],
};

pub(crate) const DATABASE: Form = Form {
    header: "[[database]]",
    keys: &[
        "name",
        "identifier",
        "kind",
        "region",
        "allowed_regions",
        "strategy",
        "rpo",
        "rto",
        "mode",
        "cooldown",
        "verify_for",
        "promotion_within",
        "endpoint_within",
        "settle",
        "endpoint_proof",
        "run_book",
        "detection",
        "alarm",
        "service",
        "snapshot",
    ],
    later: &[
        Later { key: "probe", what: "a probe that asks the database itself" },
        Later { key: "http_check", what: "an HTTP check of the application" },
    ],
};

pub(crate) const DETECTION: Form =
    Form { header: "[database.detection]", keys: &["agree", "hold_deadline"], later: &[] };

pub(crate) const ALARM: Form =
    Form { header: "[[database.alarm]]", keys: &["name", "speaks_for"], later: &[] };

pub(crate) const SERVICE: Form = Form {
    header: "[[database.service]]",
    keys: &["cluster", "name", "wave", "after", "count_after_recovery", "within", "check"],
    later: &[Later { key: "stop_tasks", what: "stopping tasks where a deployment can't replace them" }],
};

pub(crate) const CHECK: Form =
    Form { header: "[database.service.check]", keys: &["url", "allow_private", "answer_within"], later: &[] };

pub(crate) const SNAPSHOT: Form = Form {
    header: "[[database.snapshot]]",
    keys: &["every", "keep"],
    later: &[
        Later { key: "copy_to", what: "copying snapshots to another region" },
        Later { key: "restore_check", what: "restoring a snapshot to see that it works" },
    ],
};

pub(crate) const AUDIENCE: Form = Form { header: "[[audience]]", keys: &["name", "notices"], later: &[] };

/// All forms, for finding out where a misplaced key belongs.
pub(crate) const ALL: [&Form; 8] =
    [&FILE, &DATABASE, &DETECTION, &ALARM, &SERVICE, &CHECK, &SNAPSHOT, &AUDIENCE];

impl Form {
    /// What to do about a key that this section doesn't know.
    pub(crate) fn mend_unknown(&self, key: &str) -> String {
        let known = || self.keys.iter().copied();
        if let Some(meant) = crate::text::meant(key, known()) {
            return format!("did you mean `{meant}`?");
        }
        let elsewhere: Vec<_> =
            ALL.iter().filter(|form| form.keys.contains(&key)).map(|form| form.header).collect();
        if !elsewhere.is_empty() {
            return format!(
                "move it to {}: a key belongs to the section whose header stands before it",
                elsewhere.join(" or ")
            );
        }
        format!("remove it; the keys here are {}", crate::text::one_of(known()).replace(" or ", " and "))
    }
}
