//! How much of the plan travels with a recovery.

use crate::Plan;
use crate::draft::PlanDraft;
use crate::finding::Findings;

/// The largest slice, in bytes of JSON. Step Functions limits the state of an execution to 262,144 bytes, and
/// most of that belongs to the steps.
const MOST_SLICE: usize = 64 * 1024;

pub(crate) fn check(plan: &Plan, draft: &PlanDraft, findings: &mut Findings<'_>) {
    for (database, of) in plan.databases.iter().zip(&draft.databases) {
        let bytes = plan
            .slice(&database.name)
            .and_then(|slice| serde_json::to_vec(&slice).ok())
            .map_or(usize::MAX, |json| json.len());
        if bytes > MOST_SLICE {
            let message = format!(
                "a recovery would carry {bytes} bytes of the plan with it, but at most {MOST_SLICE} travel safely"
            );
            findings.error(&of.place, message, "name fewer services, or fewer services in each `after`");
        }
    }
}
