//! What is asked of alarm-handler.

use crate::{Done, DrpError, cli, show};
use alarm_handler::reply::{Answer, FailoverReply, IncidentStatus, Standing, StatusReply};
use aws::lambda::Door;
use recovery::{Closing, Decision, signal::Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{io::Write, time::Duration};

/// How often a recovery is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many looks may fail in a row before following is given up: the door may be busy, the recovery goes on.
const DEAF_LOOKS: usize = 15;

/// `drp failover`.
pub(crate) async fn failover(
    at: &cli::Door,
    request: &Request,
    follow: bool,
    out: &mut (dyn Write + Send),
) -> Result<Done, DrpError> {
    let door = open(at).await?;
    let answer = door.ask(request).await?;
    let reply: FailoverReply = read(&answer)?;
    let refused = reply.answer.is_refused();
    if !follow || refused {
        if at.json {
            writeln!(out, "{answer:#}")?;
        } else {
            show::failover(&reply, out)?;
        }
        return Ok(if refused { Done::No } else { Done::Yes });
    }
    if !at.json {
        show::failover(&reply, out)?;
    }
    let Some(incident) = &reply.incident else {
        return Err(DrpError::Answer("it names no incident to follow".to_owned()));
    };
    let status = Request::Status { database: None, incident: Some(incident.to_string()) };
    let (last, raw) = follow_to_end(&door, &status, at.json, out).await?;
    if at.json {
        writeln!(out, "{raw:#}")?;
    } else {
        show::end(&last, out)?;
    }
    Ok(if last.closing == Some(Closing::Recovered) { Done::Yes } else { Done::No })
}

/// `drp status`.
pub(crate) async fn status(
    at: &cli::Door,
    request: &Request,
    out: &mut (dyn Write + Send),
) -> Result<Done, DrpError> {
    let answer = open(at).await?.ask(request).await?;
    let reply: StatusReply = read(&answer)?;
    if at.json {
        writeln!(out, "{answer:#}")?;
    } else {
        show::status(&reply, out)?;
    }
    Ok(if reply.answer.is_refused() { Done::No } else { Done::Yes })
}

/// `drp ack`, `pause` and `resume`: the answer's sentence says it all.
pub(crate) async fn plain(
    at: &cli::Door,
    request: &Request,
    out: &mut (dyn Write + Send),
) -> Result<Done, DrpError> {
    let answer = open(at).await?.ask(request).await?;
    let reply: Answer = read(&answer)?;
    if at.json {
        writeln!(out, "{answer:#}")?;
    } else {
        writeln!(out, "{}", reply.reason)?;
    }
    Ok(if reply.decision == Decision::Refuse { Done::No } else { Done::Yes })
}

/// Looks until the incident is closed, and prints each new line of its timeline.
async fn follow_to_end(
    door: &Door,
    request: &Request,
    quiet: bool,
    out: &mut (dyn Write + Send),
) -> Result<(IncidentStatus, Value), DrpError> {
    let (mut told, mut deaf) = (0, 0);
    loop {
        match door.ask(request).await {
            Ok(raw) => {
                deaf = 0;
                let reply: StatusReply = read(&raw)?;
                let Some(incident) = reply.incident else {
                    return Err(DrpError::Answer(reply.answer.reason));
                };
                if !quiet {
                    for moment in incident.timeline.iter().filter(|m| m.sequence > told) {
                        show::moment(moment, out)?;
                    }
                    out.flush()?;
                }
                told = incident.timeline.last().map_or(told, |m| m.sequence);
                if incident.status == Standing::Closed {
                    return Ok((incident, raw));
                }
            }
            Err(error) => {
                deaf += 1;
                if deaf > DEAF_LOOKS {
                    return Err(error.into());
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn open(at: &cli::Door) -> Result<Door, DrpError> {
    let function = at.function.as_deref().ok_or(DrpError::Whom {
        missing: "alarm-handler's name",
        mend: "Give --function, or set MAINSTAY_ALARM_HANDLER, to the stack's output AlarmHandlerName.",
    })?;
    let config = aws::sdk::config().await;
    if config.region().is_none() {
        return Err(DrpError::Whom {
            missing: "the AWS region",
            mend: "Set AWS_REGION, or AWS_PROFILE to a profile that has one.",
        });
    }
    Ok(Door::new(&config, function))
}

fn read<T: DeserializeOwned>(answer: &Value) -> Result<T, DrpError> {
    T::deserialize(answer).map_err(|e| DrpError::Answer(recovery::text::plain(&e.to_string(), 200)))
}
