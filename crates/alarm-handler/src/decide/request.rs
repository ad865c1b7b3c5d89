//! A person asks. People are allowed despite an escalation, a pause and a cooldown: they look, and decide.

use super::{Ruling, all, open_incident, refused};
use crate::state::State;
use jiff::Timestamp;
use plan::{NoticeKind, Plan};
use recovery::{Closing, Decision, Entry, Guard, Head, Status, Verdict, incident::Trigger, signal::Request};

/// The databases that a request is about.
pub(super) fn concerned(request: &Request, plan: &Plan) -> Vec<String> {
    let known = |name: &String| plan.database(name).map(|d| d.name.clone()).into_iter().collect();
    match request {
        Request::Failover { database, .. } | Request::Status { database: Some(database), .. } => {
            known(database)
        }
        Request::Status { incident: Some(incident), .. } | Request::Ack { incident, .. } => {
            database_of(incident).into_iter().collect()
        }
        Request::Status { .. } => all(plan),
        Request::Pause { database, .. } | Request::Resume { database, .. } => {
            database.as_ref().map_or_else(|| all(plan), known)
        }
    }
}

/// The database's name in an incident's name.
pub(crate) fn database_of(incident: &str) -> Option<String> {
    incident.rsplit_once('-').map(|(database, _)| database.to_owned())
}

pub(super) fn decide(now: Timestamp, request: &Request, plan: &Plan, state: &State) -> Ruling {
    let named = match request {
        Request::Failover { database, .. } => Some(database),
        Request::Status { database, .. }
        | Request::Pause { database, .. }
        | Request::Resume { database, .. } => database.as_ref(),
        Request::Ack { .. } => None,
    };
    if let Some(name) = named
        && plan.database(name).is_none()
    {
        let known = all(plan).join(", ");
        let reason = format!("The plan has no database `{name}`; it has {known}.");
        let verdict = Verdict::new(Decision::Refuse, Guard::UnknownDatabase, reason)
            .unless("Name a database of the plan, or add this one to it.");
        return Ruling::nothing(verdict);
    }
    match request {
        Request::Failover { database, reason, by, dry_run, accept_data_loss } => {
            let (dry_run, accept_data_loss) = (*dry_run, *accept_data_loss);
            failover(now, &Asked { database, reason, by, dry_run, accept_data_loss }, plan, state)
        }
        Request::Ack { incident, .. } => acknowledgement(&ack(incident, state)),
        Request::Status { .. } | Request::Pause { .. } | Request::Resume { .. } => {
            let verdict = Verdict::new(Decision::Note, Guard::PersonAsks, "A person asks, and is answered.")
                .unless("Nothing: people are always answered.");
            let verdict = match named {
                Some(name) => verdict.about(name),
                None => verdict,
            };
            let act = super::Act::Answer;
            Ruling { verdict, act }
        }
    }
}

/// What an acknowledgement of an incident meets.
pub(crate) enum Ack<'a> {
    /// The escalation waits for it.
    Awaited(&'a Head),
    /// Somebody was quicker.
    Done,
    /// There is nothing to acknowledge, and why.
    Nothing(String),
}

/// An escalation is acknowledged by its own name, or by the name of the incident after it, which letters about the
/// block bear.
pub(crate) fn ack<'a>(named: &str, state: &'a State) -> Ack<'a> {
    let bears = |head: &&Head| {
        head.incident.as_str() == named || head.escalated.as_ref().is_some_and(|id| id.as_str() == named)
    };
    let Some(head) = state.heads.values().find(bears) else {
        return Ack::Nothing(format!(
            "{named} is not the newest incident of a database of the plan: there is nothing to acknowledge."
        ));
    };
    if head.blocked() {
        return Ack::Awaited(head);
    }
    match head.status {
        Status::Closed(Closing::Escalated) => Ack::Done,
        Status::Claimed | Status::Started | Status::Closed(_) => {
            Ack::Nothing(format!("Incident {named} was not handed over to people: nothing waits for an ack."))
        }
    }
}

fn acknowledgement(ack: &Ack<'_>) -> Ruling {
    let verdict = match ack {
        Ack::Awaited(head) => {
            Verdict::new(Decision::Note, Guard::PersonAsks, "A person acknowledges the escalation.")
                .about(&head.database)
                .unless("Without an escalation that waits there would be nothing to acknowledge.")
        }
        Ack::Done => Verdict::new(Decision::Note, Guard::PersonAsks, "It had been acknowledged already."),
        Ack::Nothing(why) => Verdict::new(Decision::Refuse, Guard::UnknownDatabase, why.clone())
            .unless("An incident that was handed over to people can be acknowledged."),
    };
    Ruling { verdict, act: super::Act::Answer }
}

struct Asked<'a> {
    database: &'a str,
    reason: &'a str,
    by: &'a str,
    dry_run: bool,
    accept_data_loss: bool,
}

fn failover(now: Timestamp, asked: &Asked<'_>, plan: &Plan, state: &State) -> Ruling {
    let Asked { database, reason, by, dry_run, accept_data_loss } = *asked;
    if let Some(why) = state.elsewhere(plan, database) {
        let verdict = refused(Guard::NotOurs, format!("{why}."), plan, database)
            .unless("Ask the stack in the database's region.");
        return Ruling::nothing(verdict);
    }
    let evidence = |verdict: Verdict| {
        let verdict = verdict.about(database).seeing(format!("asked by {by}"), reason);
        if accept_data_loss { verdict.seeing("data loss", format!("accepted by {by}")) } else { verdict }
    };
    let guard = if accept_data_loss { Guard::PersonAcceptsLoss } else { Guard::PersonAsks };
    // Where storage is shared, the reader's lag loses nothing: then consent changes nothing either.
    let loses = plan.database(database).is_some_and(|d| !d.kind.shares_storage());
    let (lag, refusal) = match (loses, accept_data_loss) {
        (false, _) => ("", ""),
        (true, false) => (
            ", if it lags no more than the RPO,",
            ", with one that lags more than the RPO (unless that is accepted)",
        ),
        (true, true) => (", even if it lags more than the RPO,", ""),
    };
    let open = state.head(database).filter(|h| h.open());
    if dry_run {
        let said = match open {
            Some(head) => format!(
                "Incident {} of {database} is open: the request would end its waiting. Nothing was changed.",
                head.incident
            ),
            None => format!(
                "{database} would be failed over to the best reader{lag} and its services restarted. Nothing was changed."
            ),
        };
        let verdict = evidence(Verdict::new(Decision::Act, Guard::DryRun, said))
            .unless("Without the dry run it would be done.");
        return Ruling::nothing(verdict);
    }
    if let Some(head) = open {
        let said = format!(
            "{by} asks for a failover of {database} while an incident is open: if it still waits, it acts at once. {reason}"
        );
        let verdict = evidence(Verdict::new(Decision::Note, guard, said))
            .seeing("incident", open_incident(head))
            .unless("Without an open incident a new recovery would begin.");
        return Ruling::note(verdict, None, &[]);
    }
    let said = format!("{by} asks for a failover of {database}: {reason}");
    let verdict = evidence(Verdict::new(Decision::Act, guard, said)).unless(format!(
        "Without an available reader{refusal}, or in a region that the plan forbids, it would be refused."
    ));
    let trigger = Trigger::Person { by: by.to_owned(), reason: reason.to_owned(), at: now, accept_data_loss };
    Ruling::open(verdict, trigger, Entry::Assess, None, &[NoticeKind::Interruption])
}
