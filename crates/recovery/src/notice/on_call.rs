//! Letters of facts and commands, for people who can act.

use super::{
    by_hand, commands,
    facts::Facts,
    letter::{Letter, moment, name, names, quoted, services},
    news::{News, because},
};
use crate::{
    incident::{FailoverAnswer, ServiceNews, ServiceState},
    text::wire_name,
};

/// More facts than this help nobody.
const EVIDENCE: usize = 10;

pub(super) fn body(news: &News<'_>, facts: &Facts<'_>) -> String {
    let mut letter = Letter::new(facts.incident.drill()).line(lead(news, facts)).gap();
    if let Some((_, how)) = facts.since() {
        let since = facts.since_words().map(|words| format!("{words} ({how})"));
        letter = letter.tell("Since", since);
    }
    letter = letter.tell("Opened by", facts.opened_by());
    letter = verdict(letter, facts)
        .tell("Expected back", expected(news, facts))
        .tell("Data at risk", at_risk(news, facts));
    letter = if matches!(news, News::Recovered) {
        letter.list("What this estimate rests on", &facts.loss_sources())
    } else {
        letter.tell("Replica lag before the failover", facts.lag())
    };
    letter = writers(letter, news, facts);
    letter = outcome(letter, news, facts).gap();
    for (label, lines) in by_hand::act(news, facts) {
        letter = letter.list(label, &lines);
    }
    letter
        .list("Follow it", &[commands::follow()])
        .gap()
        .tell("Run book", facts.run_book())
        .line(facts.reference())
        .finish()
}

fn lead(news: &News<'_>, facts: &Facts<'_>) -> String {
    let it = facts.name();
    let count = facts.database.services.len();
    let restarts = if count == 0 { String::new() } else { format!(" and then restarts {}", services(count)) };
    match news {
        News::FailingOver => {
            format!("{it} is down: Mainstay fails over now{restarts}. You need to do nothing yet.")
        }
        News::Asked { by } => format!(
            "{} asked for a failover of {it}: Mainstay fails over now{restarts}. You need to do nothing yet.",
            name(by)
        ),
        News::Moved => format!(
            "The writer of {it} has changed already: Mainstay makes no failover, waits for the endpoint{restarts}. \
             You need to do nothing yet."
        ),
        News::Observed { moved: false } => format!(
            "{it} is down and in mode observe, so Mainstay does nothing. In mode automatic it would now fail \
             over{}. You decide.",
            restarts.replace("restarts", "restart")
        ),
        News::Observed { moved: true } => format!(
            "The writer of {it} has changed and {it} is in mode observe, so Mainstay does nothing. In mode \
             automatic it would now restart {}. You decide.",
            services(count)
        ),
        News::Held { until } => {
            let until = until.map_or_else(String::new, |u| format!(", until {} at the latest", moment(u)));
            format!("Mainstay does nothing to {it} yet and looks again{until}. Then it tells you and stops.")
        }
        News::Refused => format!("Mainstay does not act on {it}: {}. You decide.", because(facts.guard())),
        News::Escalated { step } => {
            let step = step.map_or_else(String::new, |s| format!(" at the step {}", wire_name(&s)));
            format!(
                "Mainstay cannot go on with {it}{step}: you take over now. It acts no more on {it} by itself until \
                 somebody acknowledges."
            )
        }
        News::ServicesFailed { failed } => {
            let failed: Vec<String> = failed.iter().map(|s| name(&s.name)).collect();
            format!(
                "Not restarted: {}. You take it over; the recovery goes on with the others.",
                names(&failed)
            )
        }
        News::OldWriterNotBlocked => format!(
            "RDS could not block the old writer of {it} in time (RDS-EVENT-0391). AWS fails over all the same, and the \
             newest writes may need recovery: look before anybody relies on them."
        ),
        News::Recovered => {
            let held = super::letter::span(facts.database.verify_for.as_secs());
            let left = facts.not_restarted().len();
            let but = if left == 0 {
                String::new()
            } else {
                format!(" Still waiting for you: {}, see below.", services(left))
            };
            let stuck = if facts.pools_are_stuck() {
                " But connections to the old writer stay, see the evidence."
            } else {
                ""
            };
            format!("{it} serves again and has been healthy for {held}.{but}{stuck}")
        }
        News::RecoveredByItself => format!("{it} recovered by itself. Mainstay changed nothing."),
        News::Over => format!(
            "An alarm of {it} is OK again. Mainstay has done nothing since it told you, and has looked at neither \
             the cluster nor the services."
        ),
    }
}

fn verdict(letter: Letter, facts: &Facts<'_>) -> Letter {
    let Some(verdict) = facts.verdict() else {
        return letter;
    };
    let evidence: Vec<String> = verdict
        .evidence
        .iter()
        .take(EVIDENCE)
        .map(|e| format!("{}: {}", name(&e.name), crate::text::plain(&e.value, 200)))
        .collect();
    let change = Some(crate::text::plain(&verdict.would_change, 300)).filter(|words| !words.is_empty());
    letter
        .tell(
            "Decision",
            Some(format!(
                "{} ({}): {}",
                wire_name(&verdict.decision),
                wire_name(&verdict.guard),
                crate::text::plain(&verdict.reason, 500)
            )),
        )
        .list("Evidence", &evidence)
        .tell("What would change it", change)
}

fn expected(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    let due = || facts.due().map(|due| format!("by {} (the plan's RTO is {})", moment(due), facts.rto()));
    match news {
        News::FailingOver | News::Asked { .. } | News::Moved | News::ServicesFailed { .. } => due(),
        News::Observed { .. } | News::Held { .. } | News::Refused | News::Escalated { .. } => facts
            .due()
            .map(|due| format!("not known; the plan's RTO of {} ends {}", facts.rto(), moment(due))),
        News::OldWriterNotBlocked | News::Recovered | News::RecoveredByItself | News::Over => None,
    }
}

fn at_risk(news: &News<'_>, facts: &Facts<'_>) -> Option<String> {
    match news {
        News::RecoveredByItself => Some("none, nothing was moved".to_owned()),
        News::Held { .. } | News::Over => None,
        News::FailingOver
        | News::Asked { .. }
        | News::Moved
        | News::Observed { .. }
        | News::Refused
        | News::Escalated { .. }
        | News::ServicesFailed { .. }
        | News::OldWriterNotBlocked => Some(facts.loss()),
        News::Recovered => Some(facts.estimated_loss()),
    }
}

fn writers(letter: Letter, news: &News<'_>, facts: &Facts<'_>) -> Letter {
    let unknown = || "not known".to_owned();
    let mut letter = letter.tell("Writer before", Some(facts.writer_before().unwrap_or_else(unknown)));
    let target = facts.incident.intent();
    letter = match (facts.writer_now(), target) {
        (Some(now), _) => letter.tell("Writer now", Some(now)),
        (None, Some((target, at))) => letter.tell(
            "Failover asked for",
            Some(format!("to {} at {}; {}", name(target), moment(at), answer(facts))),
        ),
        (None, None) if matches!(news, News::Moved | News::Observed { moved: true }) => {
            letter.tell("Writer now", Some("another one, see the decision"))
        }
        (None, None) => letter.tell("Writer now", Some("no change seen")),
    };
    letter
}

fn answer(facts: &Facts<'_>) -> String {
    match facts.incident.answer() {
        Some(FailoverAnswer::Accepted) => "AWS accepted it".to_owned(),
        Some(FailoverAnswer::Refused { cause }) => format!("AWS refused it: {}", quoted(cause)),
        Some(FailoverAnswer::Doubtful { cause }) => {
            format!("the answer was lost, it may have taken effect: {}", quoted(cause))
        }
        None => "no answer is recorded, it may have taken effect".to_owned(),
    }
}

fn outcome(letter: Letter, news: &News<'_>, facts: &Facts<'_>) -> Letter {
    let news_of = |all: &[&ServiceNews]| all.iter().take(20).map(|s| ended(s)).collect::<Vec<_>>();
    match news {
        News::Recovered => {
            let time = facts.interrupted_for().map_or_else(
                || "not known".to_owned(),
                |(from, to, time)| format!("{time}, from {} to {}", moment(from), moment(to)),
            );
            let restarted = facts.restarted();
            letter
                .tell("Interrupted for", Some(time))
                .list("Phases", &facts.phases())
                .tell("The endpoint is proved", facts.endpoint_proof())
                .tell("Restarted", Some(names(&restarted)))
                .list("Not restarted", &news_of(&facts.not_restarted()))
        }
        News::ServicesFailed { failed } => {
            let restarted = facts.restarted();
            letter.tell("Restarted so far", Some(names(&restarted))).list("Not restarted", &news_of(failed))
        }
        News::Escalated { .. } => {
            let all = facts.incident.services();
            letter.list("Services", &news_of(&all))
        }
        News::FailingOver | News::Asked { .. } | News::Moved => {
            letter.tell("Services to restart", Some(facts.service_names()))
        }
        News::Observed { .. }
        | News::Held { .. }
        | News::Refused
        | News::OldWriterNotBlocked
        | News::RecoveredByItself
        | News::Over => letter,
    }
}

fn ended(service: &ServiceNews) -> String {
    let state = match service.state {
        ServiceState::Started => "restart asked for",
        ServiceState::Recycled => "restarted",
        ServiceState::Failed => "failed",
        ServiceState::NotRecyclable => "cannot be restarted by Mainstay",
        ServiceState::Skipped => "left alone",
    };
    format!(
        "{}/{}: {state}: {}",
        name(&service.cluster),
        name(&service.name),
        crate::text::plain(&service.reason, 300)
    )
}
