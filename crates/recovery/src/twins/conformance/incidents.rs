//! The table of incidents.

use super::{AWKWARD, fixture, notice, opened};
use crate::{
    decision::{Decision, Guard, Verdict},
    error::{CallError, Failure},
    head::Head,
    incident::{Closing, Event, IncidentId, Record},
    ports::{Committed, Incidents, Scope, Switch},
    run::Entry,
};

/// The table: conditions, own success, order, sizes, switches and published notices, for a `database` that it has
/// never heard of.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn incidents(store: &dyn Incidents, database: &str) -> Result<(), CallError> {
    let (records, head) = opening(store, database).await?;
    let head = sharing(store, records, head).await?;
    large(store, &head).await?;
    switches(store, database).await?;
    published(store, database).await
}

/// Opens an incident, repeats the write, and lets another writer come too late.
async fn opening(store: &dyn Incidents, database: &str) -> Result<(Vec<Record>, Head), CallError> {
    let id = IncidentId::new(database, fixture::start());
    assert_eq!(store.head(database).await?, None, "a new database has no head");
    assert_eq!(store.records(&id).await?, [], "a new incident has no events");

    let opened = opened(database, &id, 1);
    let head = Head::after(None, &opened);
    assert_eq!(store.commit(None, &opened, &head).await?, Committed::Yes);
    assert_eq!(store.head(database).await?.as_ref(), Some(&head));
    let written = vec![opened.clone()];
    assert_eq!(store.records(&id).await?, written);

    let again = store.commit(None, &opened, &head).await?;
    assert_eq!(again, Committed::Yes, "one's own success is success");
    assert_eq!(store.records(&id).await?, written, "and is written once");

    let other_id = IncidentId::new(database, fixture::at(1));
    let other = self::opened(database, &other_id, 1);
    let late = store.commit(None, &other, &Head::after(None, &other)).await?;
    assert_eq!(late, Committed::Conflict(Some(head.clone())), "the lock is held");
    assert_eq!(store.records(&other_id).await?, [], "and the loser wrote nothing");
    Ok((written, head))
}

/// Two writers on one incident; a fence; a close; an incident that cannot be opened twice.
async fn sharing(store: &dyn Incidents, mut records: Vec<Record>, first: Head) -> Result<Head, CallError> {
    let mine = next(&first, noted(AWKWARD));
    let mut head = Head::after(Some(&first), &mine);
    assert_eq!(store.commit(Some(&first), &mine, &head).await?, Committed::Yes);
    records.push(mine);

    // The head after it would be the very same: only the event tells the two apart.
    let theirs = next(&first, noted("news of somebody else"));
    let conflict = store.commit(Some(&first), &theirs, &Head::after(Some(&first), &theirs)).await?;
    assert_eq!(conflict, Committed::Conflict(Some(head.clone())), "another's event is not one's own success");

    for number in 3..=12 {
        let record = next(&head, noted(&format!("event {number}")));
        let after = Head::after(Some(&head), &record);
        assert_eq!(store.commit(Some(&head), &record, &after).await?, Committed::Yes);
        records.push(record);
        head = after;
    }
    assert_eq!(store.records(&head.incident).await?, records, "all events, oldest first, to the letter");

    let stale = head.clone();
    let mut resumed = next(&head, Event::Resumed { entry: Entry::Recycle, reason: AWKWARD.to_owned() });
    resumed.fence += 1;
    head = Head::after(Some(&stale), &resumed);
    assert_eq!(store.commit(Some(&stale), &resumed, &head).await?, Committed::Yes);
    let delayed = next(&stale, noted("a delayed worker"));
    let conflict = store.commit(Some(&stale), &delayed, &Head::after(Some(&stale), &delayed)).await?;
    assert_eq!(conflict, Committed::Conflict(Some(head.clone())), "a stale fence writes nothing");

    let verdict = Verdict::new(Decision::StandDown, Guard::RecoveredByItself, "done");
    let closed = next(&head, Event::Closed { closing: Closing::StoodDown, step: None, verdict });
    let after = Head::after(Some(&head), &closed);
    assert_eq!(store.commit(Some(&head), &closed, &after).await?, Committed::Yes);
    assert_eq!(store.head(&head.database).await?.as_ref(), Some(&after));

    let mut twice = opened(&after.database, &after.incident, after.fence + 1);
    twice.at = fixture::at(2);
    let error = store.commit(Some(&after), &twice, &Head::after(Some(&after), &twice)).await;
    assert_eq!(error.map_err(|e| e.failure), Err(Failure::WrongState), "an incident is opened once");
    assert_eq!(store.head(&head.database).await?.as_ref(), Some(&after), "and the head stays");
    Ok(after)
}

/// More events than one page of the store holds, and one that is too large.
async fn large(store: &dyn Incidents, before: &Head) -> Result<(), CallError> {
    let id = IncidentId::new(&before.database, fixture::at(60));
    let first = opened(&before.database, &id, before.fence + 1);
    let mut head = Head::after(Some(before), &first);
    assert_eq!(store.commit(Some(before), &first, &head).await?, Committed::Yes);
    let mut records = vec![first];
    for _ in 0..6 {
        let record = next(&head, noted(&"x".repeat(200_000)));
        let after = Head::after(Some(&head), &record);
        assert_eq!(store.commit(Some(&head), &record, &after).await?, Committed::Yes);
        records.push(record);
        head = after;
    }
    assert!(store.records(&id).await? == records, "all pages");

    let huge = next(&head, noted(&"x".repeat(400_000)));
    let refused = store.commit(Some(&head), &huge, &Head::after(Some(&head), &huge)).await;
    assert_eq!(refused.map_err(|e| e.failure), Err(Failure::Refused), "a record that cannot fit");
    assert_eq!(store.head(&head.database).await?.as_ref(), Some(&head), "and nothing was changed");
    Ok(())
}

async fn switches(store: &dyn Incidents, database: &str) -> Result<(), CallError> {
    let switch = |scope: &Scope, reason: &str| Switch {
        scope: scope.clone(),
        by: "sam".to_owned(),
        reason: reason.to_owned(),
        at: fixture::start(),
    };
    let ours = Scope::Database(database.to_owned());
    let others = Scope::Database(format!("{database}-2"));
    assert_eq!(store.switches(database).await?, [], "nothing is paused");
    assert!(!store.resume(&ours).await?, "there was nothing to resume");

    store.pause(&switch(&ours, "first")).await?;
    store.pause(&switch(&ours, AWKWARD)).await?;
    store.pause(&switch(&others, "another database")).await?;
    assert_eq!(store.switches(database).await?, [switch(&ours, AWKWARD)], "the newest of this database");

    store.pause(&switch(&Scope::All, "game day")).await?;
    let set = store.switches(database).await?;
    assert_eq!(set.len(), 2, "its own and the one for all");
    assert!(set.contains(&switch(&Scope::All, "game day")));

    assert!(store.resume(&ours).await?);
    assert!(!store.resume(&ours).await?, "it is off already");
    assert_eq!(store.switches(database).await?, [switch(&Scope::All, "game day")]);
    store.pause(&switch(&ours, "again")).await?;
    assert_eq!(store.switches(database).await?.len(), 2, "it can be set again");
    for scope in [Scope::All, ours, others] {
        assert!(store.resume(&scope).await?);
    }
    assert_eq!(store.switches(database).await?, []);
    Ok(())
}

async fn published(store: &dyn Incidents, database: &str) -> Result<(), CallError> {
    let notice = notice(database, "on-call", AWKWARD);
    let (incident, sequence) = (&notice.incident, notice.sequence);
    assert!(!store.published(incident, sequence, "on-call").await?);
    store.record_published(&notice, "message-1").await?;
    assert!(store.published(incident, sequence, "on-call").await?);
    assert!(!store.published(incident, sequence, "stakeholders").await?, "each audience by itself");
    assert!(!store.published(incident, sequence + 1, "on-call").await?, "each event by itself");
    let events = store.records(incident).await?;
    assert!(events.iter().all(|r| r.incident == *incident), "a notice is no event");
    Ok(())
}

fn noted(reason: &str) -> Event {
    Event::Noted { verdict: Verdict::new(Decision::Note, Guard::IncidentOpen, reason), alarm_at: None }
}

/// The event after `head`.
fn next(head: &Head, event: Event) -> Record {
    Record {
        incident: head.incident.clone(),
        database: head.database.clone(),
        sequence: head.sequence + 1,
        fence: head.fence,
        at: fixture::start(),
        event,
        owes: Vec::new(),
    }
}
