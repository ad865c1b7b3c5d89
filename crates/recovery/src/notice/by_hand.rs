//! What a person can do by hand, as labels over commands.

use super::{commands, facts::Facts, letter::name, news::News};
use crate::{
    decision::Guard,
    incident::{Closing, ServiceNews},
};

/// The labels and commands for this news, in the order in which they are to be tried.
pub(super) fn act(news: &News<'_>, facts: &Facts<'_>) -> Vec<(&'static str, Vec<String>)> {
    let database = facts.database;
    let restart = |all: &[&ServiceNews]| -> Vec<String> {
        all.iter().take(20).map(|s| commands::restart(database, &s.cluster, &s.name)).collect()
    };
    let fail_over = if facts.guard() == Some(Guard::LagAboveRpo) {
        let command = commands::fail_over_accepting_loss(database);
        ("Fail over through Mainstay and lose what has not reached the reader", vec![command])
    } else {
        ("Fail over through Mainstay", vec![commands::fail_over(database)])
    };
    let by_hand = ("Fail over without Mainstay", vec![commands::fail_over_by_hand(database)]);
    match news {
        News::FailingOver | News::Asked { .. } | News::Moved | News::RecoveredByItself => Vec::new(),
        News::Observed { moved: true } => {
            let all: Vec<String> = database
                .services
                .iter()
                .take(20)
                .map(|s| commands::restart(database, &s.cluster, &s.name))
                .collect();
            vec![("Restart the services by hand", all)]
        }
        News::Observed { moved: false } | News::Held { .. } => vec![fail_over, by_hand],
        News::Refused => {
            let mut all = Vec::new();
            match facts.guard() {
                Some(Guard::EscalationUnacknowledged) => all.push((
                    "Acknowledge the escalation, so that Mainstay acts again",
                    vec![commands::acknowledge(facts.record.incident.as_str())],
                )),
                Some(Guard::Paused) => {
                    all.push((
                        "Let Mainstay act again",
                        vec![
                            commands::resume(&database.name),
                            format!("{}  # where everything is paused", commands::resume_all()),
                        ],
                    ));
                }
                _ => {}
            }
            all.extend([fail_over, by_hand]);
            all
        }
        News::Escalated { .. } => take_over(facts, fail_over.1, by_hand.1),
        News::ServicesFailed { failed } => {
            vec![("Restart by hand, once the cause is mended", restart(failed))]
        }
        News::OldWriterNotBlocked => {
            let mut all = vec![("Look where it stands", vec![commands::look(database)])];
            if matches!(facts.incident.closed(), Some((Closing::Escalated, _))) {
                all.push((
                    "When it is safe, acknowledge, so that Mainstay acts again",
                    vec![commands::acknowledge(facts.record.incident.as_str())],
                ));
            }
            all
        }
        News::Over => {
            let mut all = vec![("Look where it stands", vec![commands::look(database)])];
            if matches!(facts.incident.closed(), Some((Closing::Escalated, _))) {
                all.push((
                    "When it is safe, acknowledge if nobody has, so that Mainstay acts again",
                    vec![commands::acknowledge(facts.record.incident.as_str())],
                ));
            }
            all
        }
        News::Recovered => {
            vec![("Restart by hand, once the cause is mended", restart(&facts.not_restarted()))]
        }
    }
}

/// What a person does whom Mainstay has handed a recovery.
fn take_over(
    facts: &Facts<'_>,
    fail_over: Vec<String>,
    by_hand: Vec<String>,
) -> Vec<(&'static str, Vec<String>)> {
    let database = facts.database;
    // After another move of the writer, also what was restarted holds connections to the one of before.
    let moved = facts.guard() == Some(Guard::WriterChanged);
    let done = if moved { Vec::new() } else { facts.restarted() };
    let restart = database
        .services
        .iter()
        .filter(|s| !done.contains(&name(&s.name)))
        .take(20)
        .map(|s| commands::restart(database, &s.cluster, &s.name))
        .collect();
    let mut all = vec![("First look where it stands", vec![commands::look(database)])];
    if moved {
        all.push(("Once the endpoint leads to the writer, restart every service by hand", restart));
    } else {
        all.extend([
            ("Only if the writer has not changed: fail over through Mainstay", fail_over),
            ("Or without Mainstay", by_hand),
            ("Then restart by hand what is not restarted", restart),
        ]);
    }
    all.push((
        "When it is safe, acknowledge, so that Mainstay acts again",
        vec![commands::acknowledge(facts.record.incident.as_str())],
    ));
    all
}
