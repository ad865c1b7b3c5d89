//! What the plan's alarms say together.

use crate::sight::{Seen, word};
use jiff::Timestamp;
use plan::{Agree, Detection};
use recovery::{
    deadline::{after, seconds_until},
    signal::AlarmValue,
    topology::AlarmState,
};

/// The sum of what the witnesses say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// Somebody asked for silence: actions are disabled, or a composite or mute rule suppresses the alarm.
    Muted(String),
    /// All are OK.
    Ok,
    /// One can't be read, does not exist, or has no data.
    Missing(String),
    /// Some say ALARM, others OK, and the plan wants all.
    Disagree(String),
    /// They agree, but not for long enough: so many seconds are left.
    NotYet(u64),
    /// They agree, for long enough.
    Agreed(String),
}

/// Listens to the witnesses. An alarm that is missing, or whose state is not known, is not OK.
#[must_use]
pub fn hear(now: Timestamp, detection: &Detection, alarms: &Seen<Vec<AlarmState>>) -> Speech {
    let alarms = match alarms {
        Ok(alarms) => alarms,
        Err(error) => return Speech::Missing(format!("The alarms can't be read: {error}.")),
    };
    let (mut speaking, mut silent, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for witness in &detection.alarms {
        match alarms.iter().find(|a| a.name == witness.name) {
            None => missing.push(format!("{} does not exist", witness.name)),
            Some(alarm) => match &alarm.state {
                AlarmValue::Alarm => speaking.push((witness, alarm)),
                AlarmValue::Ok => silent.push(witness.name.as_str()),
                other @ (AlarmValue::InsufficientData | AlarmValue::Other(_)) => {
                    missing.push(format!("{} says {}", witness.name, word(other)));
                }
            },
        }
    }
    if let Some((_, alarm)) = speaking.iter().find(|(_, a)| silenced(a)) {
        let by = alarm.suppressed_by.as_deref().map_or("its actions are disabled".to_owned(), |by| {
            format!("{} suppresses it", recovery::text::plain(by, 80))
        });
        return Speech::Muted(format!("Alarm {} asks for silence: {by}.", alarm.name));
    }
    if speaking.is_empty() && missing.is_empty() && !silent.is_empty() {
        return Speech::Ok;
    }
    if speaking.is_empty() || (detection.agree == Agree::All && !missing.is_empty() && silent.is_empty()) {
        let what = if missing.is_empty() { "the plan names no alarm".to_owned() } else { missing.join(", ") };
        return Speech::Missing(format!("Evidence is missing: {what}."));
    }
    if detection.agree == Agree::All && !silent.is_empty() {
        return Speech::Disagree(format!("The witnesses disagree: {} says OK.", silent.join(", ")));
    }
    let left =
        speaking.iter().map(|(witness, alarm)| seconds_until(now, after(alarm.since, witness.speaks_for)));
    let left = match detection.agree {
        Agree::Any => left.min(),
        Agree::All => left.max(),
    };
    match left {
        Some(0) | None => {
            let names: Vec<&str> = speaking.iter().map(|(w, _)| w.name.as_str()).collect();
            Speech::Agreed(format!("{} in ALARM for as long as the plan asks", names.join(", ")))
        }
        Some(seconds) => Speech::NotYet(seconds),
    }
}

fn silenced(alarm: &AlarmState) -> bool {
    !alarm.actions_enabled || alarm.suppressed_by.is_some()
}
