//! The timeline for people: one line for each event of an incident.

use crate::{
    decision::{Decision, Verdict},
    incident::{Closing, Event, FailoverAnswer, Record, ServiceNews, ServiceState, Trigger},
    run::Step,
    text::{self, wire_name},
};

/// What happened, in one line of plain English without the time. Text from outside was bounded and cleaned
/// when it was read; escape it before it becomes markup.
#[must_use]
pub fn line(record: &Record) -> String {
    match &record.event {
        Event::Opened { trigger, verdict, drill, closing, .. } => opened(trigger, verdict, *drill, *closing),
        Event::Started { .. } => format!("The recovery runs (attempt {}).", record.fence),
        Event::Noted { verdict, .. } => noted(verdict),
        Event::Held { verdict, until } => {
            format!("Nothing is done yet, until {until} at the latest: {}", verdict.reason)
        }
        Event::Confirmed { verdict } => format!("Confirmed: {}", verdict.reason),
        Event::AlreadyMoved { verdict, .. } => format!("No failover is needed: {}", verdict.reason),
        Event::Assessed { writer, target, target_zone, reason, .. } => {
            let zone = target_zone.as_deref().map(|z| format!(" in {z}")).unwrap_or_default();
            format!("The writer is {writer}; {target}{zone} is to take over: {reason}")
        }
        Event::FailoverIntended { from, target } => {
            format!("Asking AWS to fail over from {from} to {target}.")
        }
        Event::FailoverAnswered { answer } => answered(answer),
        Event::Promoted { from, writer, zone } => {
            let zone = zone.as_deref().map(|z| format!(" in {z}")).unwrap_or_default();
            let from = from.as_deref().map(|f| format!(", after {f}")).unwrap_or_default();
            format!("{writer}{zone} is the writer now{from}.")
        }
        Event::EndpointSeen { endpoint, leads_to } => {
            format!("{endpoint} was seen to lead to {leads_to}; it must stay so for one TTL.")
        }
        Event::EndpointDoubted { writer, probe } => {
            format!("The endpoint's name leads to {writer}, but {}.", probe.words(writer))
        }
        Event::EndpointMoved { endpoint, leads_to, proof, .. } => {
            let proof = proof.words().map(|words| format!(" ({words})")).unwrap_or_default();
            format!("{endpoint} leads to {leads_to}{proof}.")
        }
        Event::Services { news } => news.iter().map(service).collect::<Vec<_>>().join(" "),
        Event::Recycled { recycled, failed } if failed.is_empty() => {
            format!("All services are done: {recycled} restarted.")
        }
        Event::Recycled { recycled, failed } => {
            format!("Services restarted: {recycled}; not restarted: {}.", failed.join(", "))
        }
        Event::Health { healthy: true, reason } => format!("Healthy, watching whether it stays so: {reason}"),
        Event::Health { healthy: false, reason } => format!("Not healthy: {reason}"),
        Event::Verified { healthy_since, pools, .. } => {
            let pools = pools.as_ref().map(|p| format!(" Connections: {}.", p.words())).unwrap_or_default();
            format!("Healthy since {healthy_since}, for as long as the plan asks.{pools}")
        }
        Event::Resumed { entry, reason } => {
            format!("A new attempt ({}) begins at {}: {reason}", record.fence, wire_name(entry))
        }
        Event::Closed { closing, step, verdict } => closed(*closing, *step, verdict),
        Event::Acknowledged { by, reason } if reason.is_empty() => {
            format!("{by} took note of the escalation.")
        }
        Event::Acknowledged { by, reason } => format!("{by} took note of the escalation: {reason}"),
    }
}

fn opened(trigger: &Trigger, verdict: &Verdict, drill: bool, closing: Option<Closing>) -> String {
    let drill = if drill { "DRILL. " } else { "" };
    let what = match trigger {
        Trigger::Alarm { name, at, .. } => format!("Alarm {name} went to ALARM at {at}."),
        Trigger::Database { at, message, .. } => format!("RDS said at {at}: {message}."),
        Trigger::Person { by, reason, accept_data_loss: true, .. } => {
            format!("{by} asked for a failover and accepts data loss: {reason}.")
        }
        Trigger::Person { by, reason, .. } => format!("{by} asked for a failover: {reason}."),
    };
    let end = match closing {
        Some(closing) => format!(" Closed at once as {}.", wire_name(&closing)),
        None => String::new(),
    };
    format!("{drill}{what} {}{end}", verdict.reason)
}

fn noted(verdict: &Verdict) -> String {
    let facts: Vec<String> = verdict.evidence.iter().map(|e| format!("{}: {}", e.name, e.value)).collect();
    match verdict.decision {
        Decision::Refuse => format!("Refused: {}", verdict.reason),
        Decision::Note if !facts.is_empty() => format!("News: {}", text::plain(&facts.join("; "), 300)),
        Decision::Ignore
        | Decision::Note
        | Decision::Open
        | Decision::Hold
        | Decision::Act
        | Decision::Recycle
        | Decision::StandDown => verdict.reason.clone(),
    }
}

fn answered(answer: &FailoverAnswer) -> String {
    match answer {
        FailoverAnswer::Accepted => "AWS accepted the failover.".to_owned(),
        FailoverAnswer::Refused { cause } => format!("AWS refused the failover: {cause}"),
        FailoverAnswer::Doubtful { cause } => {
            format!("The failover's answer was lost ({cause}); the database is read instead of asking twice.")
        }
    }
}

fn service(news: &ServiceNews) -> String {
    let name = format!("{}/{}", news.cluster, news.name);
    match news.state {
        ServiceState::Started if news.deployment.is_none() => {
            if news.pool.is_some_and(|pool| pool.again_at.is_some()) {
                return format!("{name} is about to be asked to restart once more. {}", news.reason);
            }
            format!("{name} is about to be asked to restart.")
        }
        ServiceState::Started => format!("{name} restarts. {}", news.reason),
        ServiceState::Recycled => format!("{name} is restarted."),
        ServiceState::Failed => format!("{name} failed to restart: {}", news.reason),
        ServiceState::NotRecyclable => format!("{name} cannot be restarted by Mainstay: {}", news.reason),
        ServiceState::Skipped => format!("{name} is left alone: {}", news.reason),
    }
}

fn closed(closing: Closing, step: Option<Step>, verdict: &Verdict) -> String {
    let end = match closing {
        Closing::Recovered => "All clear",
        Closing::StoodDown => "Stood down, nothing was done",
        Closing::Observed => "Observed only",
        Closing::Refused => "Refused",
        Closing::Escalated => "Handed over to people",
    };
    let step = step.map(|s| format!(" at {}", wire_name(&s))).unwrap_or_default();
    format!("{end}{step}: {}", verdict.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Guard, IncidentId};

    fn said(event: Event) -> String {
        line(&Record {
            incident: IncidentId::named("orders-1"),
            database: "orders".to_owned(),
            sequence: 3,
            fence: 2,
            at: "2026-03-01T10:00:00Z".parse().unwrap(),
            event,
            owes: Vec::new(),
        })
    }

    fn verdict(decision: Decision, reason: &str) -> Verdict {
        Verdict::new(decision, Guard::WitnessesAgree, reason)
    }

    #[test]
    fn lines_read_as_sentences() {
        let from = "orders-1".to_owned();
        let target = "orders-2".to_owned();
        assert_eq!(
            said(Event::FailoverIntended { from, target }),
            "Asking AWS to fail over from orders-1 to orders-2."
        );
        assert_eq!(
            said(Event::Promoted {
                from: Some("orders-1".to_owned()),
                writer: "orders-2".to_owned(),
                zone: Some("ca-central-1b".to_owned()),
            }),
            "orders-2 in ca-central-1b is the writer now, after orders-1."
        );
        assert_eq!(
            said(Event::Closed {
                closing: Closing::Escalated,
                step: Some(Step::Promotion),
                verdict: verdict(Decision::Refuse, "no writer after 5m."),
            }),
            "Handed over to people at promotion: no writer after 5m."
        );
        assert_eq!(
            said(Event::Noted {
                verdict: verdict(Decision::Refuse, "nobody has acknowledged it."),
                alarm_at: None,
            }),
            "Refused: nobody has acknowledged it."
        );
        assert_eq!(
            said(Event::Recycled { recycled: 1, failed: vec!["orders-api".to_owned()] }),
            "Services restarted: 1; not restarted: orders-api."
        );
    }
}
