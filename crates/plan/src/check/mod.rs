//! Rules that need more than one value. They look at the draft, so that a plan with one wrong value still
//! hears everything else.

mod advice;
mod execution;
mod not_yet;
mod order;
mod proof;
mod retention;
pub(crate) mod size;
mod snapshots;
mod timing;
mod unique;

use crate::draft::PlanDraft;
use crate::finding::Findings;

/// Applies every rule.
pub(crate) fn all(plan: &PlanDraft, findings: &mut Findings<'_>) {
    unique::check(plan, findings);
    advice::audiences(plan, findings);
    proof::one_prober(plan, findings);
    for database in &plan.databases {
        not_yet::check(database, findings);
        order::check(database, findings);
        timing::check(database, findings);
        execution::check(database, findings);
        proof::check(database, findings);
        advice::check(database, findings);
        snapshots::check(plan, database, findings);
    }
    retention::check(plan, findings);
}
