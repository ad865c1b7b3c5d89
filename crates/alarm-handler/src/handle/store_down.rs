//! When the incident table is down, nothing can be locked and nothing remembered: Mainstay does not act.
//! People are told directly, with the commands that go on by hand.

use super::Context;
use crate::{
    State, by_hand,
    decide::{Act, decide, incident},
};
use jiff::Timestamp;
use plan::NoticeKind;
use recovery::{
    CallError, IncidentId,
    notice::{self, Notice, Severity, commands},
    ports::Topic,
    signal::{ExecutionEnded, Signal},
    text,
};

/// What people must know of one database.
struct News {
    database: String,
    incident: IncidentId,
    /// The same for every delivery of the event, and for no other: a second copy can be told from news.
    id: String,
    headline: &'static str,
    seen: String,
    /// What is to be done, as a line over commands.
    todo: (&'static str, Vec<String>),
}

/// Tells every audience that hears escalations about each database for which this signal would have opened an
/// incident, or whose recovery ended badly. Failures are logged: the event itself fails anyway and ends in the
/// dead-letter queue.
pub(super) async fn tell(
    now: Timestamp,
    signal: &Signal,
    topic: &dyn Topic,
    context: &Context,
    error: &CallError,
) {
    let all = if let Signal::Ended(ended) = signal {
        stopped(ended, context).into_iter().collect()
    } else {
        not_opened(now, signal, context)
    };
    for notice in all.iter().flat_map(|news| notices(news, context, error)) {
        match topic.publish(&notice).await {
            Ok(id) => tracing::warn!(notice = notice.id, message = id, "people were told directly"),
            Err(e) => tracing::error!(notice = notice.id, "people could not be told: {e}"),
        }
    }
}

/// The incidents that this signal would have opened.
fn not_opened(now: Timestamp, signal: &Signal, context: &Context) -> Vec<News> {
    let state = State {
        account: Some(context.account.clone()),
        region: Some(context.region.clone()),
        ..State::default()
    };
    let mut all = Vec::new();
    for ruling in decide(now, signal, &context.plan, &state) {
        let (Act::Open(opening), Some(database)) = (ruling.act, ruling.verdict.database) else {
            continue;
        };
        all.push(News {
            todo: (
                "Look at the database. If it must be failed over, do it by hand, then restart the services that use \
                 it:",
                by_hand(&context.plan, &database).into_iter().collect(),
            ),
            id: opening.incident.to_string(),
            incident: opening.incident,
            headline: "act by hand, Mainstay cannot recover it",
            seen: ruling.verdict.reason,
            database,
        });
    }
    all
}

/// A recovery that ended badly. Whether its incident was closed before is not known: better told twice than never.
fn stopped(ended: &ExecutionEnded, context: &Context) -> Option<News> {
    if !matches!(ended.status.as_str(), "FAILED" | "TIMED_OUT" | "ABORTED") {
        return None;
    }
    let (incident, _, database) = incident(&ended.name)?;
    let cause = if ended.cause.is_empty() { String::new() } else { format!(": {}", ended.cause) };
    let plan = context.plan.database(&database);
    let steps = plan.map(|plan| {
        let restart = |s: &plan::Service| commands::restart(plan, &s.cluster, &s.name);
        let mut all = vec![commands::look(plan), commands::fail_over_by_hand(plan)];
        all.extend(plan.services.iter().map(restart));
        all
    });
    Some(News {
        todo: (
            "You take over, unless you were told before that this incident is closed. Look where the database stands; \
             fail over only if its writer has not changed; then restart what is not restarted:",
            steps.unwrap_or_default(),
        ),
        id: ended.name.clone(),
        headline: "its recovery stopped, a person is needed now",
        seen: format!(
            "the recovery of {database} (execution {}) ended as {} at {}{cause}",
            ended.name, ended.status, ended.at
        ),
        incident,
        database,
    })
}

fn notices<'a>(
    news: &'a News,
    context: &'a Context,
    error: &'a CallError,
) -> impl Iterator<Item = Notice> + 'a {
    let told = context.plan.audiences.iter().filter(|a| a.hears(NoticeKind::Escalation));
    told.map(move |audience| Notice {
        id: format!("{}#{:08}#{}", news.id, 0, audience.name),
        incident: news.incident.clone(),
        sequence: 0,
        database: news.database.clone(),
        kind: NoticeKind::Escalation,
        severity: Severity::Critical,
        audience: audience.name.clone(),
        subject: notice::subject(context.drill, &news.database, news.headline),
        body: body(news, context, error),
        drill: context.drill,
    })
}

fn body(news: &News, context: &Context, error: &CallError) -> String {
    let mark = if context.drill { format!("{}\n\n", notice::EXERCISE) } else { String::new() };
    let plan = context.plan.database(&news.database);
    let run_book = plan.and_then(|d| d.run_book.as_deref());
    let run_book = run_book.map(|url| format!("\nRun book: {url}\n")).unwrap_or_default();
    let (todo, commands) = &news.todo;
    let commands: String = commands.iter().flat_map(|c| ["  ", c, "\n"]).collect();
    format!(
        "{mark}Mainstay's own incident table does not answer, so it does nothing for database {} by itself.\n\
         \n\
         What was seen: {}\n\
         What went wrong: {error}\n\
         \n\
         {todo}\n\
         \n{commands}{run_book}",
        news.database,
        text::plain(&news.seen, 500)
    )
}
