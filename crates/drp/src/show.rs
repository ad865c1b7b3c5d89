//! What people read.

use alarm_handler::reply::{DatabaseStatus, FailoverReply, IncidentStatus, Moment, Standing, StatusReply};
use recovery::{data_at_risk::DataAtRisk, incident::ServiceState, text::wire_name};
use std::io::{Result, Write};

/// The answer to a request for a failover.
pub(crate) fn failover(reply: &FailoverReply, out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "{} ({}): {}",
        wire_name(&reply.answer.decision),
        wire_name(&reply.answer.guard),
        reply.answer.reason
    )?;
    for fact in &reply.evidence {
        writeln!(out, "  {}: {}", fact.name, fact.value)?;
    }
    if let Some(incident) = &reply.incident {
        writeln!(out, "  incident {incident}")?;
    }
    if let Some(command) = &reply.command {
        writeln!(out, "  by hand: {command}")?;
    }
    Ok(())
}

/// Databases, and an incident if one was asked for.
pub(crate) fn status(reply: &StatusReply, out: &mut dyn Write) -> Result<()> {
    if reply.answer.is_refused() {
        writeln!(out, "{}", reply.answer.reason)?;
    }
    for database in &reply.databases {
        row(database, out)?;
    }
    if let Some(incident) = &reply.incident {
        writeln!(out, "\n{} ({})", incident.id, standing(incident))?;
        for one in &incident.timeline {
            moment(one, out)?;
        }
        end(incident, out)?;
    }
    Ok(())
}

fn row(database: &DatabaseStatus, out: &mut dyn Write) -> Result<()> {
    let state = match database.status {
        Standing::None => "no incident so far".to_owned(),
        Standing::Claimed | Standing::Started => "RECOVERY RUNS".to_owned(),
        Standing::Closed => {
            let how = database.closing.as_ref().map_or_else(|| "closed".to_owned(), wire_name);
            format!("last incident {how}")
        }
    };
    writeln!(out, "{}  {}  mode {}  {state}", database.name, database.region, wire_name(&database.mode))?;
    if let Some(writer) = &database.writer {
        writeln!(out, "  writer (last seen)  {writer}")?;
    }
    if let Some(incident) = &database.incident {
        writeln!(out, "  incident            {incident}")?;
    }
    for switch in &database.switches {
        writeln!(out, "  PAUSED              by {} since {:.0}: {}", switch.by, switch.at, switch.reason)?;
    }
    if let (true, Some(incident)) = (database.blocked, &database.incident) {
        writeln!(out, "  BLOCKED             an escalation waits for: drp ack {incident} --reason …")?;
    }
    Ok(())
}

/// One line of a timeline.
pub(crate) fn moment(moment: &Moment, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "  {}  {}", moment.at.strftime("%H:%M:%SZ"), moment.what)
}

/// How an incident stands, with its times.
pub(crate) fn end(incident: &IncidentStatus, out: &mut dyn Write) -> Result<()> {
    for service in &incident.services {
        let state = match service.state {
            ServiceState::Started => "being recycled",
            ServiceState::Recycled => "recycled",
            ServiceState::Failed => "FAILED",
            ServiceState::NotRecyclable => "cannot be recycled",
            ServiceState::Skipped => "skipped",
        };
        writeln!(out, "  service {}: {state}", service.name)?;
    }
    if let (Some(old), Some(new)) = (&incident.old_writer, &incident.new_writer) {
        writeln!(out, "  writer {old} → {new}")?;
    }
    let phases: Vec<String> = incident
        .phases
        .named()
        .into_iter()
        .filter_map(|(name, seconds)| seconds.map(|s| format!("{name} {s:.1} s")))
        .collect();
    if !phases.is_empty() {
        writeln!(out, "  {}", phases.join(" · "))?;
    }
    if let Some(rto) = incident.rto_s {
        writeln!(out, "  service was interrupted for about {rto:.0} s")?;
    }
    if let Some(risk) = &incident.data_at_risk {
        at_risk(risk, out)?;
    }
    writeln!(out, "  {} is {}", incident.id, standing(incident))
}

fn at_risk(risk: &DataAtRisk, out: &mut dyn Write) -> Result<()> {
    match risk.seconds {
        Some(seconds) => writeln!(out, "  data at risk (an estimate): at most {seconds:.1} s: {}", risk.how)?,
        None => writeln!(out, "  data at risk (an estimate): not known in seconds; {}", risk.how)?,
    }
    for source in &risk.sources {
        writeln!(out, "    {}: {}", source.name, source.value)?;
    }
    Ok(())
}

fn standing(incident: &IncidentStatus) -> String {
    incident
        .closing
        .as_ref()
        .map_or_else(|| wire_name(&incident.status), |how| format!("closed: {}", wire_name(how)))
}
