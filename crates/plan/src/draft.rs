//! The plan while it is being read: every value with its place, what is wrong left out.

use crate::finding::{At, Entry, Place};
use crate::{
    Agree, Alarm, Audience, Check, Database, Detection, EndpointProof, Kind, Mode, NoticeKind, Plan, Service,
    SnapshotPolicy, Span, Strategy,
};

#[derive(Debug)]
pub(crate) struct PlanDraft {
    pub(crate) place: Place,
    /// Whether the file has no database at all, not even a wrong one.
    pub(crate) names_none: bool,
    pub(crate) prune_at_most: Option<At<u32>>,
    /// Whether that stands in the file.
    pub(crate) prunes: bool,
    pub(crate) snapshot_quota: Option<At<u32>>,
    pub(crate) databases: Vec<DatabaseDraft>,
    /// None if the file names no audience: then the defaults hold.
    pub(crate) audiences: Option<Vec<AudienceDraft>>,
}

#[derive(Debug)]
pub(crate) struct DatabaseDraft {
    pub(crate) place: Place,
    /// The kinds of section of which it has none, not even a wrong one.
    pub(crate) lacks: Vec<&'static str>,
    pub(crate) name: Option<At<String>>,
    pub(crate) identifier: Option<At<String>>,
    pub(crate) kind: Option<At<Kind>>,
    pub(crate) region: Option<At<String>>,
    pub(crate) allowed_regions: Entry<Vec<At<String>>>,
    pub(crate) strategy: Option<At<Strategy>>,
    pub(crate) rpo: Option<At<Span>>,
    pub(crate) rto: Option<At<Span>>,
    pub(crate) mode: Option<At<Mode>>,
    pub(crate) agree: Option<At<Agree>>,
    pub(crate) hold_deadline: Option<At<Span>>,
    pub(crate) alarms: Vec<AlarmDraft>,
    pub(crate) cooldown: Option<At<Span>>,
    pub(crate) verify_for: Option<At<Span>>,
    pub(crate) promotion_within: Option<At<Span>>,
    pub(crate) endpoint_within: Option<At<Span>>,
    pub(crate) settle: Option<At<Span>>,
    pub(crate) endpoint_proof: Option<At<EndpointProof>>,
    pub(crate) services: Vec<ServiceDraft>,
    pub(crate) snapshots: Vec<SnapshotDraft>,
    pub(crate) run_book: Entry<String>,
}

#[derive(Debug)]
pub(crate) struct AlarmDraft {
    pub(crate) name: Option<At<String>>,
    pub(crate) speaks_for: Option<At<Span>>,
}

#[derive(Debug)]
pub(crate) struct ServiceDraft {
    pub(crate) cluster: Option<At<String>>,
    pub(crate) name: Option<At<String>>,
    pub(crate) wave: Option<At<u32>>,
    pub(crate) after: Entry<Vec<At<String>>>,
    pub(crate) count_after_recovery: Entry<u32>,
    pub(crate) within: Option<At<Span>>,
    pub(crate) check: Option<CheckDraft>,
}

#[derive(Debug)]
pub(crate) struct CheckDraft {
    pub(crate) url: Option<At<String>>,
    pub(crate) allow_private: Option<At<bool>>,
    pub(crate) answer_within: Option<At<Span>>,
}

#[derive(Debug)]
pub(crate) struct SnapshotDraft {
    pub(crate) every: Option<At<Span>>,
    pub(crate) keep: Entry<Span>,
}

#[derive(Debug)]
pub(crate) struct AudienceDraft {
    pub(crate) place: Place,
    pub(crate) name: Option<At<String>>,
    pub(crate) notices: Entry<Vec<At<NoticeKind>>>,
}

impl PlanDraft {
    /// The finished plan; none if it lacks anything. Ask only if there were no errors: what is wrong and may
    /// be left out counts as left out.
    pub(crate) fn finish(&self) -> Option<Plan> {
        let databases = self.databases.iter().map(DatabaseDraft::finish).collect::<Option<_>>()?;
        let audiences = match &self.audiences {
            None => vec![Audience::stakeholders(), Audience::on_call()],
            Some(drafts) => drafts.iter().map(AudienceDraft::finish).collect::<Option<_>>()?,
        };
        Some(Plan {
            prune_at_most: value(self.prune_at_most.as_ref())?,
            snapshot_quota: value(self.snapshot_quota.as_ref())?,
            databases,
            audiences,
        })
    }
}

impl DatabaseDraft {
    fn finish(&self) -> Option<Database> {
        let region = value(self.region.as_ref())?;
        let allowed_regions = self.allowed_regions.here().map_or_else(|| vec![region.clone()], values);
        Some(Database {
            name: value(self.name.as_ref())?,
            identifier: value(self.identifier.as_ref())?,
            kind: value(self.kind.as_ref())?,
            region,
            allowed_regions,
            strategy: value(self.strategy.as_ref())?,
            rpo: value(self.rpo.as_ref())?,
            rto: value(self.rto.as_ref())?,
            mode: value(self.mode.as_ref())?,
            detection: Detection {
                alarms: self.alarms.iter().map(AlarmDraft::finish).collect::<Option<_>>()?,
                agree: value(self.agree.as_ref())?,
                hold_deadline: value(self.hold_deadline.as_ref())?,
            },
            cooldown: value(self.cooldown.as_ref())?,
            verify_for: value(self.verify_for.as_ref())?,
            promotion_within: value(self.promotion_within.as_ref())?,
            endpoint_within: value(self.endpoint_within.as_ref())?,
            settle: value(self.settle.as_ref())?,
            endpoint_proof: value(self.endpoint_proof.as_ref())?,
            services: self.services.iter().map(ServiceDraft::finish).collect::<Option<_>>()?,
            snapshots: self.snapshots.iter().map(SnapshotDraft::finish).collect::<Option<_>>()?,
            run_book: self.run_book.here().map(|at| at.value.clone()),
        })
    }

    /// The time for which the witnesses must speak before Mainstay acts; none without a readable alarm.
    pub(crate) fn confirmation(&self) -> Option<Span> {
        let spans = self.alarms.iter().filter_map(|alarm| Some(alarm.speaks_for.as_ref()?.value));
        match self.agree.as_ref()?.value {
            Agree::All => spans.max(),
            Agree::Any => spans.min(),
        }
    }
}

impl AlarmDraft {
    fn finish(&self) -> Option<Alarm> {
        Some(Alarm { name: value(self.name.as_ref())?, speaks_for: value(self.speaks_for.as_ref())? })
    }
}

impl ServiceDraft {
    /// What the service waits for, as far as it is written.
    pub(crate) fn waits_for(&self) -> &[At<String>] {
        self.after.here().map_or(&[], |after| &after.value)
    }

    fn finish(&self) -> Option<Service> {
        Some(Service {
            cluster: value(self.cluster.as_ref())?,
            name: value(self.name.as_ref())?,
            wave: value(self.wave.as_ref())?,
            after: self.after.here().map(values).unwrap_or_default(),
            count_after_recovery: self.count_after_recovery.here().map(|at| at.value),
            within: value(self.within.as_ref())?,
            check: match &self.check {
                Some(check) => Some(check.finish()?),
                None => None,
            },
        })
    }
}

impl CheckDraft {
    fn finish(&self) -> Option<Check> {
        Some(Check {
            url: value(self.url.as_ref())?,
            allow_private: value(self.allow_private.as_ref())?,
            answer_within: value(self.answer_within.as_ref())?,
        })
    }
}

impl SnapshotDraft {
    fn finish(&self) -> Option<SnapshotPolicy> {
        let keep = self.keep.here().map(|at| at.value);
        Some(SnapshotPolicy { every: value(self.every.as_ref())?, keep })
    }
}

impl AudienceDraft {
    /// What they hear: what is written, or the default of the two audiences that have one.
    pub(crate) fn hears(&self) -> Option<Vec<NoticeKind>> {
        match &self.notices {
            Entry::Here(notices) => return Some(values(notices)),
            Entry::Wrong => return None,
            Entry::Absent => {}
        }
        let name = &self.name.as_ref()?.value;
        let known = [Audience::stakeholders(), Audience::on_call()];
        known.into_iter().find(|audience| audience.name == *name).map(|audience| audience.notices)
    }

    fn finish(&self) -> Option<Audience> {
        Some(Audience { name: value(self.name.as_ref())?, notices: self.hears()? })
    }
}

fn value<T: Clone>(at: Option<&At<T>>) -> Option<T> {
    at.map(|at| at.value.clone())
}

fn values<T: Clone>(list: &At<Vec<At<T>>>) -> Vec<T> {
    list.value.iter().map(|at| at.value.clone()).collect()
}
