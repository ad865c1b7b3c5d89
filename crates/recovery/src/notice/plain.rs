//! Letters in plain words, for people who depend on the database and cannot repair it.

use super::{
    facts::Facts,
    letter::{Letter, moment, name, names, span},
    news::{News, because},
};
use crate::data_at_risk::{Basis, Unanswered};

pub(super) fn body(news: &News<'_>, facts: &Facts<'_>) -> String {
    let letter = Letter::new(facts.incident.drill())
        .line(lead(news, facts))
        .gap()
        .tell("Since", since(news, facts))
        .tell("Noticed by", noticed_by(news, facts))
        .tell("What is being done", doing(news, facts))
        .tell("When it should work again", when(news, facts));
    outcome(letter, news, facts)
        .tell("Your data", data(news, facts))
        .gap()
        .line(closing_words(news))
        .gap()
        .tell("Run book for those who repair it", facts.run_book())
        .line(facts.reference())
        .finish()
}

fn lead(news: &News<'_>, facts: &Facts<'_>) -> String {
    let it = format!("The database {}", facts.name());
    match news {
        News::FailingOver | News::Observed { moved: false } => {
            format!("{it} is not working. What depends on it may be slow or not work at all.")
        }
        News::Asked { by } => format!(
            "{it} is being moved to its standby because {} asked for it. What depends on it may be interrupted \
             for a short time.",
            name(by)
        ),
        News::Moved | News::Observed { moved: true } => format!(
            "{it} was interrupted and has already moved to its standby. What depends on it may not work until \
             it is restarted."
        ),
        News::Held { .. } => format!("{it} may not be working. The signs are not clear yet."),
        News::Refused => format!("{it} may not be working, and it is not being repaired automatically."),
        News::Escalated { .. } => {
            format!("The automatic recovery of the database {} is stuck.", facts.name())
        }
        News::ServicesFailed { failed } => {
            let failed: Vec<String> = failed.iter().map(|s| name(&s.name)).collect();
            format!("{it} moves to its standby, but this could not be restarted: {}.", names(&failed))
        }
        News::OldWriterNotBlocked => {
            format!("{it} was moved, and some of the newest changes may have to be repaired.")
        }
        News::Recovered if facts.not_restarted().is_empty() => format!("{it} works again."),
        News::Recovered => format!("{it} works again, but not everything that uses it does."),
        News::RecoveredByItself => format!("{it} works again. It recovered by itself; nothing was changed."),
        News::Over => format!(
            "{it} works again, as far as its alarm can tell. If something that depends on it does not, tell the \
             people on call."
        ),
    }
}

fn since(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    match news {
        News::Recovered => None,
        News::FailingOver
        | News::Asked { .. }
        | News::Moved
        | News::Observed { .. }
        | News::Held { .. }
        | News::Refused
        | News::Escalated { .. }
        | News::ServicesFailed { .. }
        | News::OldWriterNotBlocked
        | News::RecoveredByItself
        | News::Over => facts.since_words(),
    }
}

fn noticed_by(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    if matches!(news, News::Asked { .. }) { None } else { facts.noticed_by() }
}

fn doing(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    let restart = if facts.database.services.is_empty() {
        String::new()
    } else {
        format!(", then {} restarted", are(facts))
    };
    let words = match news {
        News::FailingOver | News::Asked { .. } => {
            format!("the database is moved to its standby{restart}. This happens by itself.")
        }
        News::Moved if facts.database.services.is_empty() => {
            "the database is watched until it is healthy.".to_owned()
        }
        News::Moved => format!("{} restarted. This happens by itself.", are(facts)),
        News::Observed { .. } => {
            "nothing by itself, because automatic recovery is switched off for this database. \
             The people on call have been told and decide."
                .to_owned()
        }
        News::Held { until } => match until {
            Some(until) => format!("it is looked at again until {} at the latest.", moment(*until)),
            None => "it is looked at again.".to_owned(),
        },
        News::Refused => format!(
            "nothing by itself: {}. The people on call have been told and decide.",
            because(facts.guard())
        ),
        News::Escalated { .. } => "the people on call have been told and take over now.".to_owned(),
        News::ServicesFailed { .. } => {
            "the people on call have been told. Everything else goes on by itself.".to_owned()
        }
        News::OldWriterNotBlocked => "the people on call have been told and look at it.".to_owned(),
        News::Recovered | News::RecoveredByItself | News::Over => return None,
    };
    Some(words)
}

/// `orders-api and orders-worker are`.
fn are(facts: &Facts<'_>) -> String {
    let verb = if facts.database.services.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", facts.service_names())
}

fn when(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    match news {
        News::FailingOver | News::Asked { .. } | News::Moved => {
            facts.due().map(|due| format!("by {} (the agreed time is {})", moment(due), facts.rto()))
        }
        News::Observed { .. }
        | News::Held { .. }
        | News::Refused
        | News::Escalated { .. }
        | News::ServicesFailed { .. } => Some("not known yet".to_owned()),
        News::OldWriterNotBlocked | News::Recovered | News::RecoveredByItself | News::Over => None,
    }
}

fn outcome(letter: Letter, news: &News<'_>, facts: &Facts<'_>) -> Letter {
    if !matches!(news, News::Recovered) {
        return letter;
    }
    let time = facts.interrupted_for().map_or_else(
        || "for a time that is not known".to_owned(),
        |(from, to, time)| format!("{time}, from {} to {}", moment(from), moment(to)),
    );
    let moved = facts.writer_now().map(|now| match facts.writer_before() {
        Some(before) => format!("{now} (before: {before})"),
        None => now,
    });
    let restarted = facts.restarted();
    let left: Vec<String> = facts.not_restarted().iter().map(|s| name(&s.name)).collect();
    letter
        .tell("Interrupted", Some(time))
        .tell("It runs on", moved)
        .tell("Restarted", (!restarted.is_empty()).then(|| names(&restarted)))
        .tell("Not restarted, people are on it", (!left.is_empty()).then(|| names(&left)))
}

fn data(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    match news {
        News::FailingOver
        | News::Asked { .. }
        | News::Moved
        | News::ServicesFailed { .. }
        | News::OldWriterNotBlocked => Some(loss(facts, None)),
        News::Recovered => {
            let seconds = facts.data_at_risk().and_then(|risk| risk.seconds);
            Some(format!("{}{}", loss(facts, seconds), unanswered(facts)))
        }
        // Nothing was moved, or it is not known what was.
        News::Observed { .. } | News::Held { .. } | News::Refused | News::Escalated { .. } => {
            Some("not known yet".to_owned())
        }
        News::RecoveredByItself | News::Over => None,
    }
}

/// What may be lost, with the estimate in seconds where there is one.
fn loss(facts: &Facts<'_>, seconds: Option<f64>) -> String {
    let at_most = seconds.map(whole_seconds).filter(|s| *s > 0).map(span);
    match (facts.basis(), at_most) {
        (Basis::NotBlocked, _) => "not known; some of the newest changes may have to be repaired".to_owned(),
        (Basis::LossAccepted, None) => {
            "the newest changes may be lost; whoever asked for the move has accepted that".to_owned()
        }
        (Basis::LossAccepted, Some(time)) => format!(
            "what was saved in the last {time} before the move may be lost (an estimate); whoever asked for the move \
             has accepted that"
        ),
        (Basis::SharedStorage | Basis::CommitWaits | Basis::StandbyWaits, None) => {
            "nothing that was saved is expected to be lost (an estimate)".to_owned()
        }
        (Basis::SharedStorage | Basis::CommitWaits | Basis::StandbyWaits, Some(time)) => format!(
            "nothing that was saved is expected to be lost, at most what was saved in the last {time} before the move \
             (an estimate)"
        ),
        (Basis::CopyLags, None) => format!(
            "not known; what was saved in the last {} may be lost (an estimate)",
            span(facts.database.rpo.as_secs())
        ),
        (Basis::CopyLags, Some(time)) => {
            format!("what was saved in the last {time} before the move may be lost (an estimate)")
        }
    }
}

/// What became of changes that nobody answered: only those who made them can tell.
fn unanswered(facts: &Facts<'_>) -> String {
    Unanswered::of(facts.incident).map_or_else(String::new, |time| {
        format!(
            "; changes between {} and {} that were not confirmed may or may not have been saved",
            moment(time.from),
            moment(time.to)
        )
    })
}

/// Seconds rounded up, so that a loss is not told as smaller than it may be.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().clamp(0.0, 1e12) as u64
}

fn closing_words(news: &News<'_>) -> &'static str {
    match news {
        News::Recovered | News::RecoveredByItself | News::Over => "You need to do nothing.",
        // Mainstay has ended here: all that it may still hear is that an alarm is OK.
        News::Observed { .. } | News::Refused | News::Escalated { .. } => {
            "You need to do nothing. The people on call will tell you when it works again."
        }
        News::FailingOver
        | News::Asked { .. }
        | News::Moved
        | News::Held { .. }
        | News::ServicesFailed { .. }
        | News::OldWriterNotBlocked => "You need to do nothing. You will be told when it works again.",
    }
}
