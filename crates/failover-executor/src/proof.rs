//! The stronger proof of the endpoint, where the plan asks for it: a probe of Mainstay's prober, which connects from
//! inside the VPC as clients do, that began after the name led to the new writer and that the new writer answered.
//!
//! A probe that says otherwise is believed: nothing is restarted while the newest one does. A prober that says
//! nothing is not waited for long, since it may be gone with the zone that was lost.

use crate::{
    Ports,
    incident_of::Case,
    sight::{PATIENCE, within},
};
use jiff::Timestamp;
use plan::{EndpointProof, Span};
use recovery::{
    deadline::after,
    incident::Event,
    probes::{Probe, Proof},
    text::plain,
    topology::Cluster,
};
use std::time::Duration;

/// How long a prober may be silent once the name has settled: six of its probes on AWS, and the time that CloudWatch
/// takes to make a metric of a log line, which AWS does not state.
pub const SILENCE: Span = Span::from_secs(60);

/// What is seen of the prober at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// Nobody looked: the plan does not ask for it, or there was nothing to be proved yet.
    NotAsked,
    /// Its probes since the name was first seen to lead to the writer, oldest first.
    Seen(Vec<Probe>),
    /// CloudWatch can't be read, and why.
    Unseen(String),
}

/// A name that leads to the new writer and has settled.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// The new writer.
    pub writer: &'a str,
    /// Since when the name was seen to lead there.
    pub seen_at: Timestamp,
    /// When it had for the plan's time of settling.
    pub at: Timestamp,
    /// What the newest probe that was doubted said, since then.
    pub doubt: Option<&'a Probe>,
}

/// Whether the endpoint is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// It is.
    Proved(Proof),
    /// The newest probe says otherwise, as none did before: write that down.
    Doubted(Probe),
    /// It is not: the newest word of the prober, and it counts against the time that the plan gives.
    Refuted(String),
    /// Nothing was heard yet. This ends by itself, and never in an escalation.
    Unheard(String),
}

/// Looks for probes, if there is a name to be proved by them. A CloudWatch that does not answer within [`PATIENCE`]
/// is not seen.
pub(crate) async fn look(
    case: &Case<'_>,
    cluster: &Cluster,
    seen_at: Option<Timestamp>,
    ports: &Ports,
) -> Watched {
    look_within(PATIENCE, case, cluster, seen_at, ports).await
}

pub(crate) async fn look_within(
    patience: Duration,
    case: &Case<'_>,
    cluster: &Cluster,
    seen_at: Option<Timestamp>,
    ports: &Ports,
) -> Watched {
    let Some(since) = seen_at.filter(|_| case.plan.endpoint_proof == EndpointProof::Prober) else {
        return Watched::NotAsked;
    };
    // Of each member: people want to hear which one answered instead.
    let members: Vec<&str> = cluster.members.iter().map(|m| m.instance.as_str()).collect();
    let asked = ports.alarms.probes(&case.plan.name, &members, since);
    match within(patience, ("CloudWatch", "GetMetricData"), asked).await {
        Ok(probes) => Watched::Seen(probes),
        Err(error) => Watched::Unseen(plain(&error.to_string(), 200)),
    }
}

/// Whether what is seen proves a name that has settled.
#[must_use]
pub fn judge(now: Timestamp, wanted: EndpointProof, name: &Settled<'_>, watched: &Watched) -> Judged {
    if wanted == EndpointProof::Name {
        return Judged::Proved(Proof::Name);
    }
    let missing = match watched {
        Watched::NotAsked => return Judged::Unheard("The prober is looked for next.".to_owned()),
        Watched::Seen(probes) => {
            if let Some(judged) = newest(name, probes) {
                return judged;
            }
            format!("no probe was told since {}", name.seen_at)
        }
        Watched::Unseen(why) => format!("the probes can't be read: {why}"),
    };
    if let Some(doubt) = name.doubt {
        let words = doubt.words(name.writer);
        return Judged::Refuted(format!(
            "The name leads to {}, but {words}; since then {missing}.",
            name.writer
        ));
    }
    let until = after(name.at, SILENCE);
    if now >= until {
        return Judged::Proved(Proof::NameAlone { missing });
    }
    Judged::Unheard(format!("The name has settled, but {missing}; it is believed alone from {until} on."))
}

/// What the newest of the probes says that began after the name led to the writer; none: there is none.
fn newest(name: &Settled<'_>, probes: &[Probe]) -> Option<Judged> {
    let fresh = || probes.iter().filter(|probe| probe.at >= name.seen_at);
    let at = fresh().map(|probe| probe.at).max()?;
    let mut latest = fresh().filter(|probe| probe.at == at);
    // Two probers may have looked in the same second: all of them must have met the writer.
    let Some(wrong) = latest.find(|probe| !probe.proves(name.writer)) else {
        return Some(Judged::Proved(Proof::Probe { server: name.writer.to_owned(), at }));
    };
    let known =
        name.doubt.is_some_and(|doubt| (doubt.success, &doubt.server) == (wrong.success, &wrong.server));
    if !known {
        return Some(Judged::Doubted(wrong.clone()));
    }
    let words = wrong.words(name.writer);
    Some(Judged::Refuted(format!("The name leads to {}, but {words}.", name.writer)))
}

/// What the newest probe that was doubted said, since the name was last seen to change.
pub(crate) fn doubt<'a>(case: &Case<'a>) -> Option<&'a Probe> {
    case.incident
        .latest(|r| {
            if let Event::EndpointDoubted { probe, .. } = &r.event {
                return Some(Some(probe));
            }
            matches!(r.event, Event::EndpointSeen { .. } | Event::Promoted { .. }).then_some(None)
        })
        .flatten()
}
