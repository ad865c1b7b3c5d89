//! The state of databases and incidents, for people.

use super::{Context, Ports, Trouble, in_time};
use crate::{
    State,
    reply::{Answer, DatabaseStatus, IncidentStatus, Moment, Standing, StatusReply},
};
use plan::Database;
use recovery::{
    Closing, Event, Guard, Head, Incident, IncidentId, Status,
    data_at_risk::DataAtRisk,
    phases::{self, Phases},
    ports::{Scope, Switch},
    timeline,
};

/// The answer to `status`.
pub(super) async fn reply(
    database: Option<&str>,
    incident: Option<&str>,
    state: &State,
    ports: &Ports<'_>,
    context: &Context,
) -> Result<StatusReply, Trouble> {
    let refused = |why: String| StatusReply {
        answer: Answer::refused(Guard::UnknownDatabase, why),
        databases: Vec::new(),
        incident: None,
    };
    if let Some(name) = database.filter(|name| context.plan.database(name).is_none()) {
        return Ok(refused(format!("The plan has no database `{name}`.")));
    }
    let newest = || state.head(database?).map(|h| h.incident.clone());
    let wanted = incident.map(IncidentId::named).or_else(newest);
    let found = match &wanted {
        Some(id) => Incident::replay(in_time(context, "Query", ports.incidents.records(id)).await?),
        None => None,
    };
    if let (Some(named), None) = (incident, &found) {
        return Ok(refused(format!("There is no incident `{}`.", IncidentId::named(named))));
    }
    let shown = |d: &&Database| match (database, &found) {
        (Some(name), _) => d.name == name,
        (None, Some(incident)) => d.name == incident.database,
        (None, None) => true,
    };
    let databases = context.plan.databases.iter().filter(shown);
    Ok(StatusReply {
        answer: Answer::done("As it stands now."),
        databases: databases.map(|d| database_status(d, state)).collect(),
        incident: found.map(|i| incident_status(&i)),
    })
}

fn database_status(database: &Database, state: &State) -> DatabaseStatus {
    let head = state.head(&database.name);
    let holds = |switch: &&Switch| match &switch.scope {
        Scope::All => true,
        Scope::Database(name) => *name == database.name,
    };
    let switches: Vec<Switch> = state.switches.iter().filter(holds).cloned().collect();
    let (status, closing) = standing(head.map(|h| h.status));
    DatabaseStatus {
        name: database.name.clone(),
        identifier: database.identifier.clone(),
        region: database.region.clone(),
        mode: database.mode,
        status,
        closing,
        incident: head.map(|h| h.incident.clone()),
        opened_at: head.map(|h| h.opened_at),
        closed_at: head.and_then(|h| h.closed_at),
        failed_over_at: head.and_then(|h| h.failed_over_at),
        writer: head.and_then(|h| h.writer.clone()),
        paused: !switches.is_empty(),
        switches,
        blocked: head.is_some_and(Head::blocked),
    }
}

fn standing(status: Option<Status>) -> (Standing, Option<Closing>) {
    match status {
        None => (Standing::None, None),
        Some(Status::Claimed) => (Standing::Claimed, None),
        Some(Status::Started) => (Standing::Started, None),
        Some(Status::Closed(closing)) => (Standing::Closed, Some(closing)),
    }
}

/// An incident as people read it, from its events alone.
fn incident_status(incident: &Incident) -> IncidentStatus {
    let phases = phases::fault_at(incident).map_or_else(Phases::default, |(at, _)| Phases::of(incident, at));
    let closed = incident.closed();
    let fence = incident.records.last().map_or(0, |r| r.fence);
    let execution = incident.latest(|r| match_started(&r.event).filter(|_| r.fence == fence));
    let status = match (closed, execution) {
        (Some(_), _) => Standing::Closed,
        (None, Some(_)) => Standing::Started,
        (None, None) => Standing::Claimed,
    };
    let moment = |r: &recovery::Record| Moment {
        sequence: r.sequence,
        at: r.at,
        what: timeline::line(r),
        owes: r.owes.clone(),
    };
    IncidentStatus {
        id: incident.id.clone(),
        database: incident.database.clone(),
        status,
        closing: closed.map(|(closing, _)| closing),
        drill: incident.drill(),
        fence,
        execution: execution.map(str::to_owned),
        opened_at: incident.opened_at(),
        closed_at: closed.map(|(_, at)| at),
        old_writer: incident.old_writer().map(str::to_owned),
        new_writer: incident.promoted().map(|(writer, _)| writer.to_owned()),
        timeline: incident.records.iter().map(moment).collect(),
        rto_s: phases.rto(),
        data_at_risk: DataAtRisk::of(incident),
        phases,
        services: incident.services().into_iter().cloned().collect(),
    }
}

fn match_started(event: &Event) -> Option<&str> {
    if let Event::Started { execution } = event { Some(execution) } else { None }
}
