//! When the incident table is down, nothing can be locked and nothing remembered: Mainstay does not act.
//! People are told directly, with the command that acts by hand.

use super::Context;
use crate::{
    State, by_hand,
    decide::{Act, Ruling, decide},
};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    CallError,
    notice::{Notice, Severity},
    ports::Topic,
    signal::Signal,
    text,
};

/// Tells every audience that hears escalations about each database for which this signal would have opened an
/// incident. Failures are logged: the event itself fails anyway and ends in the dead-letter queue.
pub(super) async fn tell(
    now: Timestamp,
    signal: &Signal,
    topic: &dyn Topic,
    context: &Context,
    error: &CallError,
) {
    let state = State {
        account: Some(context.account.clone()),
        region: Some(context.region.clone()),
        ..State::default()
    };
    for ruling in decide(now, signal, &context.plan, &state) {
        for notice in notices(&ruling, context, error) {
            match topic.publish(&notice).await {
                Ok(id) => tracing::warn!(notice = notice.id, message = id, "people were told directly"),
                Err(e) => tracing::error!(notice = notice.id, "people could not be told: {e}"),
            }
        }
    }
}

fn notices(ruling: &Ruling, context: &Context, error: &CallError) -> Vec<Notice> {
    let (Act::Open(opening), Some(database)) = (&ruling.act, ruling.verdict.database.as_deref()) else {
        return Vec::new();
    };
    let told = context
        .plan
        .audiences
        .iter()
        .filter(|a| a.hears(NoticeKind::Escalation));
    let notice = |audience: &plan::Audience| Notice {
        // The same for every delivery of the event: a second copy can be told from news.
        id: format!("{}#{:08}#{}", opening.incident, 0, audience.name),
        incident: opening.incident.clone(),
        sequence: 0,
        database: database.to_owned(),
        kind: NoticeKind::Escalation,
        severity: Severity::Critical,
        audience: audience.name.clone(),
        subject: subject(database, context.drill),
        body: body(ruling, database, context, error),
        drill: context.drill,
    };
    told.map(notice).collect()
}

fn subject(database: &str, drill: bool) -> String {
    let mark = if drill { "DRILL: " } else { "" };
    format!("{mark}Act by hand: Mainstay cannot recover database {database}")
}

fn body(ruling: &Ruling, database: &str, context: &Context, error: &CallError) -> String {
    let mark = if context.drill { "This is a DRILL.\n\n" } else { "" };
    let plan = context.plan.database(database);
    let run_book = plan.and_then(|d| d.run_book.as_deref());
    let run_book = run_book
        .map(|url| format!("\nRun book: {url}\n"))
        .unwrap_or_default();
    let reason = text::plain(&ruling.verdict.reason, 500);
    let command = by_hand(&context.plan, database);
    format!(
        "{mark}Mainstay's own incident table does not answer, so it does nothing for database {database} by itself.\n\
         \n\
         What was seen: {reason}\n\
         What went wrong: {error}\n\
         \n\
         Look at the database. If it must be failed over, do it by hand, then restart the services that use it:\n\
         \n  {command}\n{run_book}"
    )
}
