//! A witness speaks, or falls silent.

use super::{Act, Ruling, open_incident, paused, unacknowledged};
use crate::state::State;
use plan::{Agree, NoticeKind, Plan};
use recovery::{
    Closing, Decision, Entry, Guard, Head, IncidentId, Opener, Status, Verdict,
    incident::Trigger,
    signal::{AlarmChange, AlarmValue},
};

/// One ruling for each database that the alarm speaks for.
pub(super) fn decide(change: &AlarmChange, plan: &Plan, state: &State) -> Vec<Ruling> {
    if let Some(why) = state.foreign(&change.account, &change.region) {
        let reason = format!("Alarm {} is not ours: {why}.", change.name);
        let verdict = seen(Verdict::new(Decision::Ignore, Guard::NotOurs, reason), change)
            .unless("The alarm would have to be in this stack's account and region.");
        return vec![Ruling::nothing(verdict)];
    }
    let speaking = plan.speaking(&change.name);
    if speaking.is_empty() {
        let reason = format!("No database of the plan lists the alarm {}.", change.name);
        let verdict = seen(Verdict::new(Decision::Ignore, Guard::UnknownAlarm, reason), change)
            .unless("List the alarm as a `[[database.alarm]]` of a database in the plan.");
        return vec![Ruling::nothing(verdict)];
    }
    let names = speaking.iter().map(|d| d.name.as_str());
    names.map(|name| for_database(name, change, plan, state)).collect()
}

fn for_database(name: &str, change: &AlarmChange, plan: &Plan, state: &State) -> Ruling {
    let about =
        |decision, guard, reason: String| seen(Verdict::new(decision, guard, reason).about(name), change);
    if let Some(why) = state.elsewhere(plan, name) {
        let reason = format!("{why}.");
        return Ruling::nothing(about(Decision::Ignore, Guard::NotOurs, reason));
    }
    let head = state.head(name);
    if let Some(head) = head
        && let Some(ruling) = known(head, change)
    {
        return ruling;
    }
    match &change.state {
        AlarmValue::Alarm => {}
        AlarmValue::Ok => {
            if let Some(ruling) = over(name, change, plan, state) {
                return ruling;
            }
            let reason = format!("Alarm {} is OK, and no incident of {name} is open.", change.name);
            return Ruling::nothing(
                about(Decision::Ignore, Guard::OkWithoutIncident, reason)
                    .unless("The alarm would have to go to ALARM."),
            );
        }
        AlarmValue::InsufficientData => {
            let reason =
                format!("Alarm {} has too little data: that says nothing about {name}.", change.name);
            return Ruling::nothing(about(Decision::Ignore, Guard::InsufficientData, reason).unless(
                "The alarm would have to go to ALARM; with `TreatMissingData: breaching` silence does that.",
            ));
        }
        AlarmValue::Other(value) => {
            let reason =
                format!("Alarm {} is in state `{value}`, which this version does not know.", change.name);
            return Ruling::nothing(
                about(Decision::Ignore, Guard::InsufficientData, reason)
                    .unless("The alarm would have to go to ALARM."),
            );
        }
    }
    speaks(name, change, plan, state)
}

/// A witness is OK again after people were told of an interruption that Mainstay left to them: they hear its end,
/// once. Where one witness is enough, another one may still speak: its OK alone says nothing.
fn over(name: &str, change: &AlarmChange, plan: &Plan, state: &State) -> Option<Ruling> {
    let head = state.head(name).filter(|head| State::may_await_end(head))?;
    let detection = &plan.database(name)?.detection;
    let alone = detection.agree == Agree::All || detection.alarms.len() == 1;
    // An OK that is older than what people were told is late, not good news. An alarm's own times are compared with
    // each other: the moment in which the handler heard of it is of another clock, and may be minutes later.
    let told_of = if head.opened_by == Some(Opener::Alarm) { None } else { Some(head.opened_at) };
    let newer = head.alarm_seen.max(told_of) < Some(change.at);
    if !(alone && newer && state.awaiting_end.contains(name)) {
        return None;
    }
    let reason = format!(
        "Alarm {} is OK again: the interruption that incident {} told people of is over, as far as it can tell.",
        change.name, head.incident
    );
    let verdict = Verdict::new(Decision::Note, Guard::RecoveredByItself, reason)
        .about(name)
        .unless("Had people heard the end already, there would be nothing to tell.");
    Some(Ruling::note(seen(verdict, change), Some(change.at), &[NoticeKind::AllClear]))
}

/// The ruling about a transition that is a repeat, or news for an open incident.
fn known(head: &Head, change: &AlarmChange) -> Option<Ruling> {
    let about = |decision, guard, reason: String| {
        seen(Verdict::new(decision, guard, reason).about(&head.database), change)
    };
    let alarm = change.state == AlarmValue::Alarm;
    if (alarm || head.open()) && head.alarm_seen.is_some_and(|newest| change.at <= newest) {
        let reason =
            format!("This change of alarm {} is no newer than the newest that was dealt with.", change.name);
        let verdict = about(Decision::Ignore, Guard::Repeat, reason)
            .seeing("newest change dealt with", head.alarm_seen.map(|at| at.to_string()).unwrap_or_default())
            .unless("The alarm would have to change its state again.");
        // Whoever opened it may have died before starting: the repeat does it, and a second start is harmless.
        let ours = head.incident == IncidentId::new(&head.database, change.at);
        let act = if ours && head.status == Status::Claimed { Act::Start } else { Act::Nothing };
        return Some(Ruling { verdict, act });
    }
    if head.open() {
        let reason = format!("An incident of {} is open: this is news for it.", head.database);
        let verdict = about(Decision::Note, Guard::IncidentOpen, reason)
            .seeing("incident", open_incident(head))
            .unless("Without an open incident an ALARM would open one.");
        return Some(Ruling::note(verdict, Some(change.at), &[]));
    }
    None
}

/// The alarm is in ALARM, and no incident is open.
fn speaks(name: &str, change: &AlarmChange, plan: &Plan, state: &State) -> Ruling {
    let trigger = || Trigger::Alarm {
        name: change.name.clone(),
        kind: change.kind,
        at: change.at,
        breaching_since: change.breaching_since,
        reason: change.reason.clone(),
    };
    if let Some(head) = state.head(name).filter(|h| h.blocked()) {
        let verdict = seen(unacknowledged(head, plan), change);
        return Ruling::note(verdict, Some(change.at), &[NoticeKind::Refused]);
    }
    if let Some(switch) = state.paused(name) {
        let verdict = seen(paused(switch, plan, name), change);
        let closing = Some(Closing::Refused);
        return Ruling::open(verdict, trigger(), Entry::Confirm, closing, &[NoticeKind::Refused]);
    }
    let verdict = if change.muted {
        let reason = format!(
            "Alarm {} speaks for {name}, but somebody asked for silence (muted or suppressed).",
            change.name
        );
        Verdict::new(Decision::Hold, Guard::Muted, reason)
            .unless("When the silence ends and the witnesses still speak, Mainstay acts; at the deadline it tells people.")
    } else {
        let reason = format!(
            "Alarm {} speaks for {name}: the witnesses are read again before anything is done.",
            change.name
        );
        Verdict::new(Decision::Open, Guard::WitnessSpeaks, reason)
            .unless("An OK of the alarm within its `speaks_for` would end the incident without a failover.")
    };
    Ruling::open(seen(verdict.about(name), change), trigger(), Entry::Confirm, None, &[])
}

/// The verdict with what the alarm said as its evidence.
fn seen(verdict: Verdict, change: &AlarmChange) -> Verdict {
    let value = match &change.state {
        AlarmValue::Ok => "OK",
        AlarmValue::Alarm => "ALARM",
        AlarmValue::InsufficientData => "INSUFFICIENT_DATA",
        AlarmValue::Other(other) => other.as_str(),
    };
    let verdict = verdict.seeing(format!("alarm {}", change.name), format!("{value} since {}", change.at));
    if change.reason.is_empty() {
        return verdict;
    }
    verdict.seeing("CloudWatch's reason", change.reason.clone())
}
