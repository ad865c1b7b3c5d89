//! RDS speaks: AWS began a failover by itself, finished one, or something else.

use super::{Ruling, all, open_incident, paused, unacknowledged};
use crate::state::State;
use plan::{Mode, NoticeKind, Plan};
use recovery::{
    Closing, Decision, Entry, Guard, Head, Opener, Status, Verdict,
    incident::Trigger,
    signal::{DatabaseEvent, DatabaseNews},
};

/// The databases that an event may be about.
pub(super) fn concerned(event: &DatabaseEvent, plan: &Plan) -> Vec<String> {
    if event.cluster {
        return plan.by_identifier(&event.identifier).map(|d| d.name.clone()).into_iter().collect();
    }
    if !fencing(event.meaning) {
        return Vec::new();
    }
    // An instance's event: the message names the cluster; else the instance is looked for among the writers.
    match fenced_cluster(&event.message).and_then(|cluster| plan.by_identifier(cluster)) {
        Some(database) => vec![database.name.clone()],
        None => all(plan),
    }
}

/// One ruling: a cluster belongs to one database of the plan.
pub(super) fn decide(event: &DatabaseEvent, plan: &Plan, state: &State) -> Vec<Ruling> {
    if let Some(why) = state.foreign(&event.account, &event.region) {
        let reason = format!("{} is not ours: {why}.", event.identifier);
        let verdict = seen(Verdict::new(Decision::Ignore, Guard::NotOurs, reason), event)
            .unless("The database would have to be in this stack's account and region.");
        return vec![Ruling::nothing(verdict)];
    }
    let Some(name) = subject(event, plan, state) else {
        return vec![Ruling::nothing(unknown(event))];
    };
    vec![for_database(&name, event, plan, state)]
}

fn subject(event: &DatabaseEvent, plan: &Plan, state: &State) -> Option<String> {
    let candidates = concerned(event, plan);
    if event.cluster || candidates.len() == 1 {
        return candidates.into_iter().next();
    }
    let writes = |head: &Head| head.writer.as_deref() == Some(event.identifier.as_str());
    let of_writer = candidates.iter().find(|name| state.head(name).is_some_and(writes));
    let open = || candidates.iter().find(|name| state.head(name).is_some_and(Head::open));
    of_writer.or_else(open).cloned()
}

fn unknown(event: &DatabaseEvent) -> Verdict {
    let verdict = if event.cluster {
        let reason = format!("The plan has no database with the identifier {}.", event.identifier);
        Verdict::new(Decision::Ignore, Guard::UnknownDatabase, reason).unless("Add the cluster to the plan.")
    } else {
        let reason =
            format!("RDS spoke of the instance {}, not of a failover of a cluster.", event.identifier);
        Verdict::new(Decision::Ignore, Guard::NotAFailover, reason)
            .unless("It would take a failover event of a cluster of the plan.")
    };
    seen(verdict, event)
}

fn for_database(name: &str, event: &DatabaseEvent, plan: &Plan, state: &State) -> Ruling {
    let about =
        |decision, guard, reason: String| seen(Verdict::new(decision, guard, reason).about(name), event);
    if let Some(why) = state.elsewhere(plan, name) {
        return Ruling::nothing(about(Decision::Ignore, Guard::NotOurs, format!("{why}.")));
    }
    let head = state.head(name);
    if event.meaning == DatabaseNews::FencingTimedOut {
        return fencing_timed_out(name, head, event);
    }
    if let Some(head) = head.filter(|h| h.open()) {
        let reason = format!("An incident of {name} is open: what RDS says is news for it.");
        let verdict = about(Decision::Note, Guard::IncidentOpen, reason)
            .seeing("incident", open_incident(head))
            .unless("Without an open incident a failover by AWS would open one, to recycle the services.");
        return Ruling::note(verdict, None, &[]);
    }
    match event.meaning {
        DatabaseNews::FailoverStarted
        | DatabaseNews::FailoverCompleted
        | DatabaseNews::PreviousWriterPromoted => failed_over(name, head, event, plan, state),
        DatabaseNews::FailoverFailed
        | DatabaseNews::OldWriterFenced
        | DatabaseNews::FencingTimedOut
        | DatabaseNews::Other => {
            let reason = format!("RDS's news of {name} is not a failover that happened.");
            let verdict = about(Decision::Ignore, Guard::NotAFailover, reason)
                .unless("A failover that began or is complete would be recycled and told.");
            Ruling::nothing(verdict)
        }
    }
}

fn failed_over(name: &str, head: Option<&Head>, event: &DatabaseEvent, plan: &Plan, state: &State) -> Ruling {
    let about =
        |decision, guard, reason: String| seen(Verdict::new(decision, guard, reason).about(name), event);
    if let Some(ruling) = head.and_then(|head| already_known(name, head, event, plan, state)) {
        return ruling;
    }
    let trigger = || Trigger::Database {
        id: event.id.clone(),
        at: event.at,
        instance: event.instance.clone(),
        message: event.message.clone(),
    };
    if let Some(head) = head.filter(|h| h.blocked()) {
        let verdict = seen(unacknowledged(head, plan), event);
        return Ruling::note(verdict, None, &[NoticeKind::Refused]);
    }
    if let Some(switch) = state.paused(name) {
        let verdict = seen(paused(switch, plan, name), event);
        let closing = Some(Closing::Refused);
        return Ruling::open(verdict, trigger(), Entry::Promotion, closing, &[NoticeKind::Refused]);
    }
    let observed = plan.database(name).is_some_and(|d| d.mode == Mode::Observe);
    let (reason, closing, unless) = if observed {
        let reason =
            format!("AWS fails {name} over by itself. In mode observe its services are not restarted.");
        let unless = "With `mode = \"automatic\"` the services would be restarted.";
        (reason, Some(Closing::Observed), unless)
    } else {
        let reason =
            format!("AWS fails {name} over by itself: no failover is asked for; its services are restarted.");
        (
            reason,
            None,
            "With a pause, an unacknowledged escalation or an open incident nothing would be started.",
        )
    };
    let verdict = about(Decision::Recycle, Guard::AwsFailover, reason).unless(unless);
    Ruling::open(verdict, trigger(), Entry::Promotion, closing, &[NoticeKind::Interruption])
}

/// The ruling about a failover that the last incident has dealt with, or told of.
fn already_known(
    name: &str,
    head: &Head,
    event: &DatabaseEvent,
    plan: &Plan,
    state: &State,
) -> Option<Ruling> {
    let about = |decision, reason: String| {
        let verdict = Verdict::new(decision, Guard::AlreadyKnown, reason).about(name);
        seen(verdict, event).seeing("last incident", head.incident.to_string())
    };
    let closed_at = head.closed_at?;
    let in_charge = head.writer.is_some() && head.writer == event.instance;
    if in_charge && event.at <= closed_at {
        let reason = format!(
            "This failover of {name} was dealt with: its writer is in charge, and the event is older than the last close."
        );
        let verdict = about(Decision::Ignore, reason)
            .unless("A newer event, or one that names another writer, would be recycled.");
        return Some(Ruling::nothing(verdict));
    }
    // RDS speaks twice of one failover (begun, complete). Where it was only told, the second is no second outage.
    // But a guard that forbade Mainstay to fail over (a cooldown, …) forbids no recycling when AWS does it.
    let database = plan.database(name)?;
    let told_of_it = match head.opened_by {
        Some(Opener::Failover) => true,
        Some(Opener::OtherNews) => false,
        Some(Opener::Alarm | Opener::Person) | None => {
            database.mode == Mode::Observe || state.paused(name).is_some()
        }
    };
    let only_told = told_of_it && matches!(head.status, Status::Closed(Closing::Observed | Closing::Refused));
    let one_failover = database.promotion_within.as_secs();
    let apart = event.at.duration_since(closed_at).as_secs();
    if only_told && apart <= i64::try_from(one_failover).unwrap_or(i64::MAX) {
        let reason = format!(
            "People were just told of an outage of {name}, and nothing was done: this belongs to it."
        );
        let verdict = about(Decision::Note, reason).unless(
            "A failover that begins later than `promotion_within` after the last close would be told anew.",
        );
        return Some(Ruling::note(verdict, None, &[]));
    }
    None
}

fn fencing_timed_out(name: &str, head: Option<&Head>, event: &DatabaseEvent) -> Ruling {
    let reason = format!(
        "The old writer of {name} could not be kept from writing: look for writes that must be recovered."
    );
    let guard = if head.is_some_and(Head::open) { Guard::IncidentOpen } else { Guard::AwsFailover };
    let verdict = seen(Verdict::new(Decision::Note, guard, reason).about(name), event)
        .unless("Nothing: people must always look after this.");
    let owes = [NoticeKind::Escalation];
    if head.is_some() {
        return Ruling::note(verdict, None, &owes);
    }
    let trigger = Trigger::Database {
        id: event.id.clone(),
        at: event.at,
        instance: Some(event.identifier.clone()),
        message: event.message.clone(),
    };
    // No incident to write it into: one is made to tell people, which keeps AWS's own failover from nothing.
    Ruling::open(verdict, trigger, Entry::Promotion, Some(Closing::Observed), &owes)
}

const fn fencing(meaning: DatabaseNews) -> bool {
    matches!(meaning, DatabaseNews::FencingTimedOut | DatabaseNews::OldWriterFenced)
}

/// `Attempt to block writes for DB cluster orders in Region ca-central-1 timed out.`
fn fenced_cluster(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("DB cluster ")?;
    rest.split_whitespace().next()
}

fn seen(verdict: Verdict, event: &DatabaseEvent) -> Verdict {
    let id = event.id.as_deref().unwrap_or("an RDS event without a number");
    verdict.seeing(format!("{id} of {}", event.identifier), format!("{} ({})", event.message, event.at))
}
