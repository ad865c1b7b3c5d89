//! The snapshot policies of one database.

use crate::Span;
use crate::draft::{DatabaseDraft, PlanDraft, SnapshotDraft};
use crate::finding::{Entry, Findings};

/// The stack looks this often, on the hour, whether a snapshot is due (`SnapshotSchedule` of infra/template.yaml).
pub(super) const TICK: Span = Span::from_mins(60);

pub(super) fn check(plan: &PlanDraft, database: &DatabaseDraft, findings: &mut Findings<'_>) {
    if database.lacks.contains(&"snapshot") {
        let message = "no snapshots are taken: a failover does not help against deleted or damaged data";
        let mend = "write a section [[database.snapshot]] with `every = \"1d\"` and `keep = \"35d\"`";
        findings.advice(&database.place.inside("snapshot"), message, mend);
    }
    for snapshot in &database.snapshots {
        ticks(snapshot, findings);
        keeps(plan, snapshot, findings);
    }
}

fn ticks(snapshot: &SnapshotDraft, findings: &mut Findings<'_>) {
    let Some(every) = snapshot.every.as_ref().filter(|it| !it.value.as_secs().is_multiple_of(TICK.as_secs()))
    else {
        return;
    };
    let message = format!(
        "the stack looks only every {TICK} whether a snapshot is due, so snapshots that are due in between \
         are not taken"
    );
    let mend = format!(
        "write a multiple of {TICK}, or set the stack's parameter `SnapshotSchedule` so that it ticks \
         at every multiple of {}",
        every.value
    );
    findings.warning(&every.place, message, mend);
}

fn keeps(plan: &PlanDraft, snapshot: &SnapshotDraft, findings: &mut Findings<'_>) {
    let Some(every) = &snapshot.every else { return };
    match &snapshot.keep {
        Entry::Here(keep) if keep.value < every.value => {
            let message = format!(
                "a snapshot is due for deletion {} before the next one is taken: the newest is never deleted, so \
                 one is left, as old as {}",
                Span::from_secs(every.value.as_secs().saturating_sub(keep.value.as_secs())),
                every.value
            );
            findings.warning(&keep.place, message, format!("keep them for {} or longer", every.value));
        }
        Entry::Here(_) | Entry::Wrong => {}
        Entry::Absent => {
            let Some(quota) = &plan.snapshot_quota else { return };
            let full = Span::from_secs(every.value.as_secs().saturating_mul(quota.value.into()));
            let message = format!(
                "these snapshots are kept for ever: at one every {} the quota of {} manual snapshots in a region is \
                 used up after {full}",
                every.value, quota.value
            );
            let mend = "write how long to keep them, such as `keep = \"35d\"`";
            findings.advice(&every.place, message, mend);
        }
    }
}
