//! What a plan leaves out, by what that would cost.

use crate::draft::{AudienceDraft, DatabaseDraft, PlanDraft};
use crate::finding::Findings;
use crate::{Mode, NoticeKind, Strategy};

pub(super) fn audiences(plan: &PlanDraft, findings: &mut Findings<'_>) {
    if plan.names_none {
        let message = "the plan names no database";
        findings.error(&plan.place, message, "describe each one in a section [[database]]");
    }
    let Some(audiences) = &plan.audiences else { return };
    for audience in audiences {
        let silent = audience.notices.here().filter(|list| list.value.is_empty());
        if let Some(silent) = silent {
            let message = "this audience would never hear anything";
            findings.error(&silent.place, message, "name the notices they receive, or remove the audience");
        }

        if audience.notices.is_absent() && audience.name.is_some() && audience.hears().is_none() {
            let message = "`notices` has a default only for `stakeholders` and `on-call`";
            let mend = "write what they receive, such as `notices = [\"interruption\", \"all-clear\"]`";
            findings.error(&audience.place.inside("notices"), message, mend);
        }
    }
    let Some(heard) = audiences.iter().map(AudienceDraft::hears).collect::<Option<Vec<_>>>() else {
        return;
    };
    let place = audiences.first().map_or(&plan.place, |audience| &audience.place);
    for kind in NoticeKind::ALL.iter().filter(|kind| !heard.iter().flatten().any(|heard| heard == *kind)) {
        let message = format!("no audience receives `{kind}`");
        findings.warning(&place.inside("notices"), message, format!("add \"{kind}\" to one of them"));
    }
}

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let place = &database.place;
    let mode = database.mode.as_ref().map(|mode| mode.value);
    if database.lacks.contains(&"alarm") {
        let missing = place.inside("alarm");
        let mend = "name the alarms that speak for it, each in a section [[database.alarm]]";
        match mode {
            Some(Mode::Automatic) => {
                findings.error(&missing, "an automatic database needs a witness, but it has no alarm", mend);
            }
            _ => findings.warning(&missing, "without an alarm nothing is ever noticed by itself", mend),
        }
    }
    if let Some(mode) = database.mode.as_ref().filter(|mode| mode.value == Mode::Observe) {
        let message = "Mainstay will watch and tell, but not act";
        findings.advice(&mode.place, message, "write `mode = \"automatic\"` when you trust what it says");
    }
    if database.lacks.contains(&"service") {
        let message = "no service is restarted after a failover: pools stay connected to the old writer";
        let mend = "name the services that use it, each in a section [[database.service]]";
        findings.warning(&place.inside("service"), message, mend);
    }
    if database.run_book.is_absent() {
        let message = "messages will not say where people find what to do by hand";
        let mend = "write `run_book = \"https://…\"` with the address of your run book";
        findings.advice(&place.inside("run_book"), message, mend);
    }
    counts(database, findings);
}

fn counts(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let Some(strategy) = &database.strategy else {
        return;
    };
    let counted = database.services.iter().any(|service| !service.count_after_recovery.is_absent());
    if strategy.value == Strategy::WarmStandby && !database.lacks.contains(&"service") && !counted {
        let message = "warm-standby scales services up after the failover, but none says to how many tasks";
        let mend = "write `count_after_recovery` in a service, or use the strategy `active-active`";
        findings.warning(&strategy.place, message, mend);
    }
}
