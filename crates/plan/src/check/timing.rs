//! Spans of time that must fit each other, and regions that must.

use crate::draft::DatabaseDraft;
use crate::finding::{At, Findings};
use crate::region;
use crate::text::{meant, quoted};
use crate::{Kind, Span, Strategy};

/// Aurora promotes a reader in under 35 s typically (10–16 s measured by users).
const TYPICAL_PROMOTION: Span = Span::from_secs(30);
/// After the promotion, the endpoint's record moves within 5 to 30 s.
const TYPICAL_ENDPOINT: Span = Span::from_secs(30);
/// The time to live of an Aurora endpoint's record.
const TIME_TO_LIVE: Span = Span::from_secs(5);

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    regions(database, findings);
    witnesses(database, findings);
    objectives(database, findings);
    limits(database, findings);
}

fn regions(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let allowed = database.allowed_regions.here();
    for written in database.region.iter().chain(allowed.iter().flat_map(|allowed| &allowed.value)) {
        if region::known().all(|known| known != written.value) {
            let message = format!("`{}` is not a region that Mainstay knows", quoted(&written.value));
            let mend = match meant(&written.value, region::known()) {
                Some(guess) => format!("did you mean `{guess}`? A region that is newer works all the same"),
                None => "check the spelling; a region that is newer works all the same".into(),
            };
            findings.warning(&written.place, message, mend);
        }
    }
    let (Some(region), Some(allowed)) = (&database.region, allowed) else {
        return;
    };
    if !allowed.value.iter().any(|one| one.value == region.value) {
        let message = format!("the database is in `{}`, which `allowed_regions` leaves out", region.value);
        findings.error(&region.place, message, format!("add \"{}\" to `allowed_regions`", region.value));
    }
}

fn witnesses(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    for span in database.alarms.iter().filter_map(|alarm| alarm.speaks_for.as_ref()) {
        if span.value.is_zero() {
            let message = "with 0s Mainstay fails over at the first word of the alarm; a partition of seconds \
                           becomes a failover";
            findings.warning(&span.place, message, "give the alarm some time, such as \"15s\"");
        }
        let Some(hold) = &database.hold_deadline else {
            continue;
        };
        if hold.value <= span.value {
            let message = format!(
                "`hold_deadline` is {}, so Mainstay would give up before an alarm has spoken for {}",
                hold.value, span.value
            );
            findings.error(&hold.place, message, format!("make it longer than {}", span.value));
        }
    }
}

fn objectives(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    if let Some(rto) = &database.rto {
        recovery_time(database, rto, findings);
    }
    let Some(rpo) = &database.rpo else { return };
    let strategy = database.strategy.as_ref().map(|strategy| strategy.value);
    let copies = database.kind.as_ref().is_some_and(|kind| kind.value == Kind::MultiAzCluster);
    match strategy {
        // The readers hold the data; snapshots don't decide what a failover loses. Aurora's readers share the
        // writer's storage: their lag loses nothing and is no reason to refuse.
        Some(Strategy::ActiveActive | Strategy::WarmStandby | Strategy::PilotLight)
            if rpo.value.is_zero() && copies =>
        {
            let message = "the readers of a Multi-AZ DB cluster always lag a little, so with 0s Mainstay refuses \
                           nearly every failover";
            findings.warning(&rpo.place, message, "allow a little, such as \"10s\"");
        }
        Some(Strategy::BackupAndRestore) => {
            let shortest =
                database.snapshots.iter().filter_map(|it| it.every.as_ref()).map(|it| it.value).min();
            if let Some(every) = shortest.filter(|every| *every > rpo.value) {
                let message =
                    format!("snapshots every {every} can't keep the loss below the RPO of {}", rpo.value);
                findings.warning(&rpo.place, message, "take snapshots more often, or allow more loss");
            }
        }
        _ => {}
    }
}

/// RTO ends where the healthy window begins, so `verify_for` is not a part of it.
fn recovery_time(database: &DatabaseDraft, rto: &At<Span>, findings: &mut Findings<'_>) {
    let confirmation = database.confirmation().unwrap_or_default();
    let settle = database.settle.as_ref().map_or(Span::ZERO, |settle| settle.value);
    let known: Span = [confirmation, TYPICAL_PROMOTION, TYPICAL_ENDPOINT, settle].into_iter().sum();
    if rto.value < known {
        let message = format!(
            "{} is less than what a recovery is known to take: {known} = {confirmation} of confirmation + \
             {TYPICAL_PROMOTION} to promote + {TYPICAL_ENDPOINT} for the endpoint + {settle} to settle, and the \
             alarm's own delay and the services' restart come on top",
            rto.value
        );
        findings.warning(
            &rto.place,
            message,
            format!("promise no less than {known}, or shorten `speaks_for`"),
        );
    }
}

fn limits(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let limits =
        [(&database.promotion_within, TYPICAL_PROMOTION), (&database.endpoint_within, TYPICAL_ENDPOINT)];
    for (limit, typical) in limits {
        let Some(limit) = limit.as_ref().filter(|limit| limit.value < typical) else {
            continue;
        };
        let message =
            format!("{} is less than it typically takes, so people are called for nothing", limit.value);
        findings.warning(&limit.place, message, format!("allow {typical} or more"));
    }
    if let Some(settle) = database.settle.as_ref().filter(|settle| settle.value < TIME_TO_LIVE) {
        let message = format!(
            "after {} a task may still be told the old writer's address: the record lives {TIME_TO_LIVE}",
            settle.value
        );
        findings.warning(&settle.place, message, format!("wait {TIME_TO_LIVE} or more"));
    }
    if let Some(verify) = database.verify_for.as_ref().filter(|verify| verify.value.is_zero()) {
        let message = "with 0s the all-clear goes out at the first good sign, and may be taken back";
        findings.warning(&verify.place, message, "let health hold for some time, such as \"60s\"");
    }
    if let Some(cooldown) = database.cooldown.as_ref().filter(|cooldown| cooldown.value.is_zero()) {
        let message = "without a cooldown an alarm that flaps moves the database to and fro";
        findings.warning(&cooldown.place, message, "keep some time between failovers, such as \"30m\"");
    }
}
