//! Whether a prober can prove what it is asked to prove.

use crate::draft::{DatabaseDraft, PlanDraft};
use crate::finding::{At, Findings};
use crate::{EndpointProof, Kind};

/// The key's value, where it asks for the prober.
fn asked(database: &DatabaseDraft) -> Option<&At<EndpointProof>> {
    database.endpoint_proof.as_ref().filter(|proof| proof.value == EndpointProof::Prober)
}

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    let (Some(proof), Some(kind)) = (asked(database), &database.kind) else {
        return;
    };
    // A kind that can't be recovered yet has heard of that already.
    if kind.value.is_supported() && !kind.value.names_instance() {
        let message = format!(
            "a server of a `{}` tells the prober its address, not its instance, so no probe could ever prove that \
             the new writer answered: people would be called after every failover",
            kind.value
        );
        let mend = format!(
            "remove it, or write `endpoint_proof = \"name\"`: only a `{}` names its instance",
            Kind::AuroraCluster
        );
        findings.error(&proof.place, message, mend);
    }
}

/// A stack has one prober at most.
pub(super) fn one_prober(plan: &PlanDraft, findings: &mut Findings<'_>) {
    let mut asking = plan.databases.iter().filter_map(asked);
    let Some(first) = asking.next() else { return };
    for other in asking {
        let message = format!(
            "a stack probes one database, and the one on line {} asks for its prober already: where none probes, a \
             recovery waits a minute for it and then goes by the name",
            first.place.line
        );
        let mend = "keep it for the database that the stack's parameter `ProbeDatabase` names";
        findings.warning(&other.place, message, mend);
    }
}
