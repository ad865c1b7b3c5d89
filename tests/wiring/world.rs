//! An incident and its surroundings for the samples of `events/`: the demo estate over the twins of the ports.

use super::files;
use jiff::Timestamp;
use recovery::{
    CallError, Decision, Event, Guard, Head, Incident, Record, Run, StepError, StepReply, StepRequest,
    Verdict,
    deadline::shift,
    incident::{FailoverAnswer, ServiceNews, ServiceState},
    log::Log,
    ports::{Committed, Incidents},
    signal::AlarmValue,
    topology::Service,
    twins::{
        MemoryIncidents, ScriptedAlarms, ScriptedDatabases, ScriptedNames, ScriptedPools, ScriptedServices,
        ScriptedSnapshots,
        fixture::{self, ALARM, ENDPOINT},
    },
};
use std::sync::Arc;

/// What the two functions of the steps reach.
pub(crate) struct World {
    pub(crate) databases: Arc<ScriptedDatabases>,
    pub(crate) snapshots: Arc<ScriptedSnapshots>,
    services: Arc<ScriptedServices>,
    pub(crate) alarms: Arc<ScriptedAlarms>,
    names: Arc<ScriptedNames>,
    pub(crate) incidents: Arc<MemoryIncidents>,
}

impl World {
    /// The demo estate before the failover, and no incident. The alarm speaks since the one of the samples began.
    pub(crate) fn new() -> Self {
        let world = Self {
            databases: Arc::default(),
            snapshots: Arc::default(),
            services: Arc::default(),
            alarms: Arc::default(),
            names: Arc::default(),
            incidents: Arc::default(),
        };
        world.writer("orders-1");
        world.alarm(AlarmValue::Alarm, shift(opening().at, -1));
        let old = |name: &str| {
            let deployment =
                fixture::deployment("ecs-svc/old", "PRIMARY", "COMPLETED", shift(opening().at, -3600));
            Service { deployments: vec![deployment], ..fixture::service(name) }
        };
        world.services.script(|s| s.services = ["orders-api", "orders-worker"].map(old).into());
        world
    }

    /// The writer of the cluster, and the instance that its endpoint leads to.
    pub(crate) fn writer(&self, writer: &str) {
        self.databases.script(|s| s.clusters.insert("orders".to_owned(), fixture::cluster(writer)));
        self.names.set(ENDPOINT, Ok(Some(fixture::instance_endpoint(writer))));
    }

    pub(crate) fn alarm(&self, state: AlarmValue, since: Timestamp) {
        self.alarms.set(fixture::alarm(ALARM, state, since));
    }

    /// Writes the incident of the samples as it is after the first events of its [`story`].
    pub(crate) async fn live(&self, run: &Run, events: usize) {
        self.live_with(run, &story()[..events]).await;
    }

    /// Writes the incident of the samples with these events after its opening.
    pub(crate) async fn live_with(&self, run: &Run, events: &[(i64, Event)]) {
        seed(&self.incidents, &[opening()]).await;
        let mut log = self.log(run).await;
        for (seconds, event) in events {
            log.append(shift(run.opened_at, *seconds), event.clone(), &[]).await.unwrap();
        }
    }

    /// The estate does what it was asked for: the writer moves, deployments are complete.
    pub(crate) fn comply(&self, now: Timestamp) {
        let called = self.databases.script(|s| s.failovers.last().cloned());
        if let Some((_, target)) = called {
            self.writer(&target);
            self.alarm(AlarmValue::Ok, now);
        }
        let later = shift(now, 1);
        self.services.script(|s| {
            for (number, (name, _)) in (1..).zip(s.redeployed.clone()) {
                let id = format!("ecs-svc/{name}-{number}");
                let service = s.services.iter_mut().find(|known| known.name == name).unwrap();
                if service.deployments.iter().all(|d| d.id != id) {
                    service.deployments = vec![fixture::deployment(&id, "PRIMARY", "COMPLETED", later)];
                    s.tasks.insert(name.clone(), vec![fixture::task(&name, &id, later)]);
                }
            }
        });
    }

    pub(crate) async fn log(&self, run: &Run) -> Log<'_> {
        Log::of_run(self.incidents.as_ref(), run).await.unwrap()
    }

    /// The incident that a run has closed.
    pub(crate) async fn log_of_closed(&self, run: &Run) -> Incident {
        Log::of_attempt(self.incidents.as_ref(), run).await.unwrap().incident
    }

    /// Does a step as the function does that it belongs to.
    pub(crate) async fn step(
        &self,
        function: &str,
        now: Timestamp,
        request: StepRequest,
    ) -> Result<StepReply, StepError> {
        match function {
            "failover-executor" => {
                let ports = failover_executor::Ports {
                    databases: self.databases.clone(),
                    services: self.services.clone(),
                    alarms: self.alarms.clone(),
                    names: self.names.clone(),
                    incidents: self.incidents.clone(),
                };
                failover_executor::handle(now, request, &ports).await
            }
            "task-recycler" => {
                let ports = task_recycler::Ports {
                    databases: self.databases.clone(),
                    services: self.services.clone(),
                    pools: Arc::new(ScriptedPools::default()),
                    incidents: self.incidents.clone(),
                };
                task_recycler::handle(now, request, &ports).await
            }
            other => panic!("{other} does no steps"),
        }
    }

    /// Every call that changes something, as `what which`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let asked = |(cluster, target): &(String, String)| format!("fail over {cluster} to {target}");
        let mut calls: Vec<String> = self.databases.script(|s| s.failovers.iter().map(asked).collect());
        calls.extend(
            self.snapshots.script(|s| s.taken.iter().map(|s| s.snapshot.to_string()).collect::<Vec<_>>()),
        );
        let restarted = |(service, count): &(String, Option<u32>)| format!("restart {service} {count:?}");
        calls.extend(self.services.script(|s| s.redeployed.iter().map(restarted).collect::<Vec<_>>()));
        calls
    }
}

/// Writes records as they are, one after the other.
pub(crate) async fn seed(incidents: &MemoryIncidents, records: &[Record]) {
    let mut head: Option<Head> = None;
    for record in records {
        let after = Head::after(head.as_ref(), record);
        let done: Result<Committed, CallError> = incidents.commit(head.as_ref(), record, &after).await;
        assert_eq!(done, Ok(Committed::Yes));
        head = Some(after);
    }
}

/// The records that a stream's sample carries.
pub(crate) fn carried(sample: &str) -> Vec<Record> {
    let batch = files::sample(sample);
    let items = batch["Records"].as_array().unwrap().iter();
    items
        .map(|i| serde_json::from_str(i["dynamodb"]["NewImage"]["record"]["S"].as_str().unwrap()).unwrap())
        .collect()
}

/// How the incident of the samples was opened: the samples of the steps and those of the stream tell one story.
pub(crate) fn opening() -> Record {
    carried("stream-opened").remove(0)
}

/// That story from there on: seconds since it was opened, and what happened.
pub(crate) fn story() -> Vec<(i64, Event)> {
    let verdict = |guard, reason: &str| Verdict::new(Decision::Act, guard, reason);
    let text = str::to_owned;
    let restarted = |name: &str| ServiceNews {
        cluster: text("shop"),
        name: text(name),
        state: ServiceState::Recycled,
        deployment: Some(format!("ecs-svc/{name}")),
        started_at: None,
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: text("restarted"),
    };
    vec![
        (
            1,
            Event::Started {
                execution: text("arn:aws:states:ca-central-1:123456789012:execution:recovery:x"),
            },
        ),
        (20, Event::Confirmed { verdict: verdict(Guard::WitnessesAgree, "the witness speaks for 15 s") }),
        (
            21,
            Event::Assessed {
                writer: text("orders-1"),
                writer_zone: Some(text("ca-central-1a")),
                target: text("orders-2"),
                target_zone: Some(text("ca-central-1b")),
                reason: text("in another zone"),
                lag_ms: Some(12.0),
            },
        ),
        (22, Event::FailoverIntended { from: text("orders-1"), target: text("orders-2") }),
        (23, Event::FailoverAnswered { answer: FailoverAnswer::Accepted }),
        (40, Event::Promoted { from: Some(text("orders-1")), writer: text("orders-2"), zone: None }),
        (
            45,
            Event::EndpointSeen {
                endpoint: text(ENDPOINT),
                leads_to: fixture::instance_endpoint("orders-2"),
            },
        ),
        (
            50,
            Event::EndpointMoved {
                endpoint: text(ENDPOINT),
                leads_to: fixture::instance_endpoint("orders-2"),
                seen_at: shift(opening().at, 45),
                proof: recovery::probes::Proof::Name,
            },
        ),
        (100, Event::Services { news: ["orders-api", "orders-worker"].map(restarted).into() }),
        (101, Event::Recycled { recycled: 2, failed: Vec::new() }),
        (110, Event::Health { healthy: true, reason: text("all is well") }),
        (
            170,
            Event::Verified {
                healthy_since: shift(opening().at, 110),
                verdict: verdict(Guard::AllHealthy, "held"),
                pools: None,
            },
        ),
    ]
}
