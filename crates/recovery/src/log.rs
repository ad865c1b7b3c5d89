//! A step's hold on its incident: read it, check the fence, append to it.

use crate::{
    error::{CallError, Failure, StepError},
    head::Head,
    incident::{Event, Incident, IncidentId, Record},
    ports::{Committed, Incidents},
    run::{Entry, Run},
};
use jiff::Timestamp;
use plan::NoticeKind;

/// How often a commit is tried again when somebody else wrote to the incident in between.
const TRIES: usize = 8;

/// An incident that a step has in hand.
pub struct Log<'a> {
    store: &'a dyn Incidents,
    /// The head of the database as it was read or written last.
    pub head: Head,
    /// The incident as it was read or written last.
    pub incident: Incident,
    fence: u64,
}

impl<'a> Log<'a> {
    /// The incident of a run, if the run may work on it and the incident is open.
    ///
    /// # Errors
    /// [`StepError::Fenced`] when it is closed; else as [`Log::of_attempt`].
    pub async fn of_run(store: &'a dyn Incidents, run: &Run) -> Result<Log<'a>, StepError> {
        let log = Self::of_attempt(store, run).await?;
        log.check()?;
        Ok(log)
    }

    /// The incident of a run, open or closed by this very attempt.
    ///
    /// # Errors
    /// [`StepError::Fenced`] when a newer attempt or incident is in charge; [`StepError::MalformedEvent`] when the run
    /// bears another plan than the one that was frozen when the incident was opened; the store's errors.
    pub async fn of_attempt(store: &'a dyn Incidents, run: &Run) -> Result<Log<'a>, StepError> {
        let log = Self::load(store, run.database(), &run.incident, run.fence).await?;
        log.check_fence()?;
        // Whoever can start an execution could name other resources in its input; the table can't be talked over.
        if log.incident.plan() != Some(&run.plan) {
            return Err(StepError::MalformedEvent(format!(
                "the plan in the run is not the one that incident {} was opened with",
                run.incident
            )));
        }
        Ok(log)
    }

    /// The incident by its name, open or closed, in the hand of whoever has `fence`.
    ///
    /// # Errors
    /// [`StepError::Fenced`] when the database's newest incident is another one; the store's errors.
    pub async fn load(
        store: &'a dyn Incidents,
        database: &str,
        incident: &IncidentId,
        fence: u64,
    ) -> Result<Log<'a>, StepError> {
        let fenced = |reason: String| StepError::Fenced { incident: incident.to_string(), reason };
        let head = store.head(database).await?.ok_or_else(|| fenced("it is not in the table".to_owned()))?;
        if head.incident != *incident {
            return Err(fenced(format!("the newest incident of {database} is {}", head.incident)));
        }
        let records = store.records(incident).await?;
        let incident = Incident::replay(records).ok_or_else(|| {
            StepError::MalformedReply(CallError::new(
                "DynamoDB",
                "Query",
                Failure::Malformed,
                &format!("incident {incident} has no opening event"),
            ))
        })?;
        Ok(Self { store, head, incident, fence })
    }

    /// Appends an event with the notices that it owes.
    ///
    /// # Errors
    /// [`StepError::Fenced`] when a newer attempt owns the incident by now or it is closed; the store's errors.
    pub async fn append(
        &mut self,
        now: Timestamp,
        event: Event,
        owes: &[NoticeKind],
    ) -> Result<(), StepError> {
        self.append_when(now, event, owes, |_| true).await.map(|_| ())
    }

    /// Appends an event if `still` holds for the incident as it is at that moment; false if it does not.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub async fn append_when(
        &mut self,
        now: Timestamp,
        event: Event,
        owes: &[NoticeKind],
        still: impl Fn(&Incident) -> bool + Send,
    ) -> Result<bool, StepError> {
        // News and an acknowledgement may follow the close; a step's own events may not.
        let afterwards = matches!(event, Event::Acknowledged { .. } | Event::Noted { .. });
        self.write(now, self.fence, event, owes, move |log| {
            if !afterwards {
                log.check()?;
            }
            Ok(still(&log.incident))
        })
        .await
    }

    /// Takes the incident over with the next fence, for a new attempt that begins at `entry`. Whoever holds the
    /// old fence can write nothing more.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub async fn resume(&mut self, now: Timestamp, entry: Entry, reason: String) -> Result<(), StepError> {
        let fence = self.fence + 1;
        let event = Event::Resumed { entry, reason };
        self.write(now, fence, event, &[], |log| log.check().map(|()| true)).await?;
        self.fence = fence;
        Ok(())
    }

    /// Writes an event under `fence` if `allowed`, which is asked again whenever somebody else wrote in between.
    async fn write(
        &mut self,
        now: Timestamp,
        fence: u64,
        event: Event,
        owes: &[NoticeKind],
        allowed: impl Fn(&Self) -> Result<bool, StepError> + Send,
    ) -> Result<bool, StepError> {
        for _ in 0..TRIES {
            if !allowed(self)? {
                return Ok(false);
            }
            let record = Record {
                incident: self.incident.id.clone(),
                database: self.incident.database.clone(),
                sequence: self.head.sequence + 1,
                fence,
                at: now,
                event: event.clone(),
                owes: owes.to_vec(),
            };
            let after = Head::after(Some(&self.head), &record);
            match self.store.commit(Some(&self.head), &record, &after).await? {
                Committed::Yes => {
                    self.head = after;
                    self.incident.records.push(record);
                    return Ok(true);
                }
                Committed::Conflict(_) => {
                    let database = &self.incident.database;
                    let again = Self::load(self.store, database, &self.incident.id, self.fence).await?;
                    self.head = again.head;
                    self.incident = again.incident;
                }
            }
        }
        Err(StepError::Throttled(CallError::new(
            "DynamoDB",
            "TransactWriteItems",
            Failure::Throttled,
            "the incident is written to by many at once",
        )))
    }

    fn check(&self) -> Result<(), StepError> {
        self.check_fence()?;
        if self.head.open() { Ok(()) } else { Err(self.fenced("it is closed".to_owned())) }
    }

    fn check_fence(&self) -> Result<(), StepError> {
        if self.head.fence == self.fence {
            return Ok(());
        }
        Err(self.fenced(format!("this attempt has fence {}, the incident {}", self.fence, self.head.fence)))
    }

    fn fenced(&self, reason: String) -> StepError {
        StepError::Fenced { incident: self.incident.id.to_string(), reason }
    }
}
