//! A scene: twins with the demo estate in them, an open incident, and its run.

use crate::{Ports, handle};
use jiff::Timestamp;
use plan::Slice;
use recovery::{
    Closing, Entry, Guard, Head, Incident, Next, Run, Status, Step, StepError, StepReply,
    incident::{Event, IncidentId, Trigger},
    ports::Incidents,
    signal::AlarmValue,
    topology::{AlarmState, Cluster},
    twins::{
        MemoryIncidents, ScriptedAlarms, ScriptedDatabases, ScriptedNames, ScriptedServices,
        fixture::{self, ALARM, at},
    },
};
use std::sync::Arc;

pub(crate) struct Scene {
    pub(crate) databases: Arc<ScriptedDatabases>,
    pub(crate) services: Arc<ScriptedServices>,
    pub(crate) alarms: Arc<ScriptedAlarms>,
    pub(crate) names: Arc<ScriptedNames>,
    pub(crate) incidents: Arc<MemoryIncidents>,
    pub(crate) run: Run,
    pub(crate) ports: Ports,
}

impl Scene {
    /// The alarm speaks since the start; the writer is `orders-1`, as Mainstay saw it last.
    pub(crate) async fn open() -> Self {
        Self::with(fixture::slice(), fixture::alarm_trigger(), Entry::Confirm).await
    }

    pub(crate) async fn with(plan: Slice, trigger: Trigger, entry: Entry) -> Self {
        let incidents = Arc::new(MemoryIncidents::default());
        fixture::earlier(incidents.as_ref(), "orders-1", None).await.unwrap();
        Self::on(incidents, plan, trigger, entry).await
    }

    pub(crate) async fn on(
        incidents: Arc<MemoryIncidents>,
        plan: Slice,
        trigger: Trigger,
        entry: Entry,
    ) -> Self {
        let databases = Arc::new(ScriptedDatabases::default());
        let services = Arc::new(ScriptedServices::default());
        let alarms = Arc::new(ScriptedAlarms::default());
        let names = Arc::new(ScriptedNames::default());
        let run = fixture::open(incidents.as_ref(), trigger, entry, &plan).await.unwrap();
        let ports = Ports {
            databases: databases.clone(),
            services: services.clone(),
            alarms: alarms.clone(),
            names: names.clone(),
            incidents: incidents.clone(),
        };
        let scene = Self { databases, services, alarms, names, incidents, run, ports };
        scene.writer("orders-1");
        scene.alarm(AlarmValue::Alarm, at(0));
        scene
    }

    pub(crate) fn writer(&self, writer: &str) {
        self.cluster(fixture::cluster(writer));
    }

    pub(crate) fn cluster(&self, cluster: Cluster) {
        self.databases.script(|s| s.clusters.insert("orders".to_owned(), cluster));
    }

    pub(crate) fn alarm(&self, state: AlarmValue, since: Timestamp) {
        self.alarms.set(fixture::alarm(ALARM, state, since));
    }

    pub(crate) fn set_alarm(&self, change: impl FnOnce(&mut AlarmState)) {
        let mut alarm = fixture::alarm(ALARM, AlarmValue::Alarm, at(0));
        change(&mut alarm);
        self.alarms.set(alarm);
    }

    pub(crate) async fn once(&self, step: Step, seconds: i64) -> Result<StepReply, StepError> {
        handle(at(seconds), fixture::request(&self.run, step), &self.ports).await
    }

    /// Does a step twice, as when its first answer was lost: the second must change nothing and say the same.
    pub(crate) async fn twice(&self, step: Step, seconds: i64) -> StepReply {
        let first = self.once(step, seconds).await.unwrap();
        let (events, calls) = (self.events().await, self.calls());
        let second = self.once(step, seconds).await.unwrap();
        assert_eq!(second.next, first.next, "{step:?} says something else when repeated");
        assert_eq!(second.after_s, first.after_s);
        assert_eq!(self.events().await, events, "{step:?} writes again when repeated");
        assert_eq!(self.calls(), calls, "{step:?} calls again when repeated");
        first
    }

    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        self.databases.script(|s| s.failovers.clone())
    }

    pub(crate) async fn head(&self) -> Head {
        self.incidents.head("orders").await.unwrap().unwrap()
    }

    pub(crate) async fn incident(&self) -> Incident {
        let id: &IncidentId = &self.run.incident;
        Incident::replay(self.incidents.records(id).await.unwrap()).unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        self.incident().await.records.into_iter().map(|r| r.event).collect()
    }

    pub(crate) async fn last(&self) -> Event {
        self.events().await.pop().unwrap()
    }

    pub(crate) async fn owed(&self) -> Vec<plan::NoticeKind> {
        self.incident().await.records.into_iter().flat_map(|r| r.owes).collect()
    }

    pub(crate) async fn closed(&self) -> Option<Closing> {
        match self.head().await.status {
            Status::Closed(closing) => Some(closing),
            Status::Claimed | Status::Started => None,
        }
    }

    /// The attempt died: the next one takes over where the door lets it go on.
    pub(crate) async fn resume(&mut self, seconds: i64) -> recovery::Entry {
        let mut log = recovery::log::Log::of_run(self.incidents.as_ref(), &self.run).await.unwrap();
        let entry = log.incident.goes_on_at().unwrap();
        log.resume(at(seconds), entry, "for the test".to_owned()).await.unwrap();
        self.run.fence += 1;
        self.run.entry = entry;
        entry
    }

    /// Writes an event into the incident as the run's own.
    pub(crate) async fn write(&self, seconds: i64, event: Event) {
        let mut log = recovery::log::Log::of_run(self.incidents.as_ref(), &self.run).await.unwrap();
        log.append(at(seconds), event, &[]).await.unwrap();
    }
}

pub(crate) fn guard(reply: &StepReply) -> Guard {
    reply.outcome.verdict.as_ref().unwrap().guard
}

/// What a step says: next and guard.
pub(crate) fn said(reply: &StepReply) -> (Next, Guard) {
    (reply.next, guard(reply))
}
