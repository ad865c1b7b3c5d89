//! Step `recycle` over twins.

use crate::{Ports, handle};
use plan::NoticeKind;
use recovery::{
    CallError, Entry, Failure, Guard, Incident, Next, Run, Step, StepError, StepReply,
    incident::{Event, ServiceNews, ServiceState},
    log::Log,
    ports::Incidents,
    twins::{
        MemoryIncidents, ScriptedDatabases, ScriptedPools, ScriptedServices,
        fixture::{self, at, deployment, task},
    },
};
use std::sync::Arc;

pub(super) struct Scene {
    pub(super) services: Arc<ScriptedServices>,
    pub(super) pools: Arc<ScriptedPools>,
    pub(super) incidents: Arc<MemoryIncidents>,
    pub(super) run: Run,
    ports: Ports,
    pub(super) databases: Arc<ScriptedDatabases>,
}

impl Scene {
    /// The endpoint was confirmed at 100; two services in two waves.
    async fn confirmed() -> Self {
        Self::confirmed_by(fixture::slice()).await
    }

    pub(super) async fn confirmed_by(plan: plan::Slice) -> Self {
        let scene = Self::open(plan).await;
        let mut log = Log::of_run(scene.incidents.as_ref(), &scene.run).await.unwrap();
        let moved = Event::EndpointMoved {
            endpoint: fixture::ENDPOINT.to_owned(),
            leads_to: fixture::instance_endpoint("orders-2"),
            seen_at: at(95),
            proof: recovery::probes::Proof::Name,
        };
        log.append(at(100), moved, &[]).await.unwrap();
        scene
    }

    async fn open(plan: plan::Slice) -> Self {
        let incidents = Arc::new(MemoryIncidents::default());
        let run =
            fixture::open(incidents.as_ref(), fixture::alarm_trigger(), Entry::Confirm, &plan).await.unwrap();
        let services = Arc::new(ScriptedServices::default());
        for name in ["orders-api", "orders-worker", "catalogue"] {
            services.script(|s| s.services.push(fixture::service(name)));
        }
        let databases = Arc::new(ScriptedDatabases::default());
        databases.script(|s| s.clusters.insert("orders".to_owned(), fixture::cluster("orders-2")));
        let pools = Arc::new(ScriptedPools::default());
        let ports = Ports {
            databases: databases.clone(),
            services: services.clone(),
            pools: pools.clone(),
            incidents: incidents.clone(),
        };
        Self { services, pools, incidents, run, ports, databases }
    }

    pub(super) async fn once(&self, seconds: i64) -> Result<StepReply, StepError> {
        handle(at(seconds), fixture::request(&self.run, Step::Recycle), &self.ports).await
    }

    /// Does the step twice, as when its first answer was lost: the second must change nothing.
    pub(super) async fn twice(&self, seconds: i64) -> StepReply {
        let first = self.once(seconds).await.unwrap();
        let (records, calls) = (self.incident().await, self.calls());
        let second = self.once(seconds).await.unwrap();
        assert_eq!((second.next, second.after_s), (first.next, first.after_s));
        assert_eq!(self.incident().await, records, "written again when repeated");
        assert_eq!(self.calls(), calls, "called again when repeated");
        first
    }

    pub(super) fn calls(&self) -> Vec<(String, Option<u32>)> {
        self.services.script(|s| s.redeployed.clone())
    }

    pub(super) async fn incident(&self) -> Incident {
        Incident::replay(self.incidents.records(&self.run.incident).await.unwrap()).unwrap()
    }

    pub(super) async fn states(&self) -> Vec<(String, ServiceState)> {
        let incident = self.incident().await;
        incident.services().iter().map(|s| (s.name.clone(), s.state)).collect()
    }

    pub(super) async fn owed(&self) -> Vec<NoticeKind> {
        self.incident().await.records.into_iter().flat_map(|r| r.owes).collect()
    }

    /// ECS has this deployment for a service, in this state, created a second after the endpoint.
    pub(super) fn deployed(&self, service: &str, id: &str, rollout: &str) {
        self.services.script(|s| {
            let found = s.services.iter_mut().find(|s| s.name == service).unwrap();
            found.deployments = vec![deployment(id, "PRIMARY", rollout, at(101))];
            s.tasks.insert(service.to_owned(), vec![task("t1", id, at(120)), task("t2", id, at(125))]);
        });
    }

    fn fail(&self, action: &'static str, failure: Failure) {
        let error = CallError::new("ECS", action, failure, "no");
        self.services.script(|s| s.failures.push(error));
    }
}

#[tokio::test]
async fn wave_after_wave_until_all_have_ended() {
    let scene = Scene::confirmed().await;
    assert_eq!(scene.once(101).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls(), [("orders-api".to_owned(), None)]);
    scene.deployed("orders-api", "ecs-svc/orders-api-1", "IN_PROGRESS");
    assert_eq!(scene.twice(104).await.next, Next::Again);
    scene.deployed("orders-api", "ecs-svc/orders-api-1", "COMPLETED");
    assert_eq!(scene.once(130).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls().len(), 2, "the second wave begins in the same look");
    scene.deployed("orders-worker", "ecs-svc/orders-worker-2", "COMPLETED");
    assert_eq!(scene.twice(160).await.next, Next::Done);
    let incident = scene.incident().await;
    assert_eq!(incident.recycled(), Some((at(160), [].as_slice())));
    let calls: Vec<String> = scene.calls().into_iter().map(|(name, _)| name).collect();
    assert_eq!(calls, ["orders-api", "orders-worker"], "the third service is left alone");
    assert!(scene.owed().await.is_empty());
}

#[tokio::test]
async fn a_repeat_right_after_the_call_does_not_restart_again() {
    let scene = Scene::confirmed().await;
    scene.twice(101).await;
    assert_eq!(scene.calls().len(), 1);
}

/// The state machine gave an invocation up that still runs, and began another: both have seen the same.
#[tokio::test]
async fn two_that_run_at_once_restart_a_service_once() {
    let first = Scene::confirmed().await;
    first.once(101).await.unwrap();
    let intent = first.incident().await.services()[0].clone();
    let intent = Event::Services { news: vec![ServiceNews { deployment: None, ..intent }] };

    let second = Scene::confirmed().await;
    second.incidents.interject(intent.clone());
    assert_eq!(second.once(101).await.unwrap().next, Next::Again);
    assert!(second.calls().is_empty(), "the first one calls");
    let last = second.incident().await.records.pop().unwrap();
    assert_eq!(last.event, intent, "and its news stands");
    assert_eq!(second.twice(104).await.next, Next::Again);
    assert!(second.calls().is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    let scene = Scene::confirmed().await;
    scene.fail("UpdateService", Failure::Doubtful);
    assert_eq!(scene.twice(101).await.next, Next::Again);
    scene.deployed("orders-api", "ecs-svc/77", "IN_PROGRESS");
    assert_eq!(scene.twice(104).await.next, Next::Again);
    let incident = scene.incident().await;
    assert_eq!(incident.services()[0].deployment.as_deref(), Some("ecs-svc/77"));
    assert!(scene.calls().is_empty(), "no call but the one whose answer was lost");
}

#[tokio::test]
async fn a_throttled_call_is_sent_again_later() {
    let scene = Scene::confirmed().await;
    scene.fail("UpdateService", Failure::Throttled);
    assert_eq!(scene.twice(101).await.next, Next::Again);
    assert!(scene.calls().is_empty(), "the twin counts calls that it accepts");
    assert_eq!(scene.once(117).await.unwrap().next, Next::Again);
    assert_eq!(scene.calls(), [("orders-api".to_owned(), None)]);
}

#[tokio::test]
async fn a_failed_service_is_escalated_at_once_and_the_others_go_on() {
    let scene = Scene::confirmed().await;
    scene.once(101).await.unwrap();
    scene.deployed("orders-api", "ecs-svc/orders-api-1", "FAILED");
    assert_eq!(scene.once(130).await.unwrap().next, Next::Again);
    assert_eq!(scene.owed().await, [NoticeKind::Escalation]);
    scene.deployed("orders-worker", "ecs-svc/orders-worker-2", "COMPLETED");
    assert_eq!(scene.twice(160).await.next, Next::Done);
    assert_eq!(
        scene.states().await,
        [
            ("orders-api".to_owned(), ServiceState::Failed),
            ("orders-worker".to_owned(), ServiceState::Recycled)
        ]
    );
    let incident = scene.incident().await;
    assert_eq!(incident.recycled().unwrap().1, ["orders-api"]);
}

#[tokio::test]
async fn a_service_that_is_gone_or_refuses_is_reported() {
    let scene = Scene::confirmed().await;
    scene.services.script(|s| s.services.remove(0));
    scene.fail("UpdateService", Failure::WrongState);
    assert_eq!(scene.once(101).await.unwrap().next, Next::Again);
    assert_eq!(scene.twice(104).await.next, Next::Done);
    assert_eq!(
        scene.states().await,
        [
            ("orders-api".to_owned(), ServiceState::NotRecyclable),
            ("orders-worker".to_owned(), ServiceState::NotRecyclable)
        ]
    );
    assert_eq!(scene.owed().await, [NoticeKind::Escalation, NoticeKind::Escalation]);
}

#[tokio::test]
async fn services_that_cannot_be_read_for_a_moment_are_waited_for() {
    let scene = Scene::confirmed().await;
    scene.fail("DescribeServices", Failure::Throttled);
    assert_eq!(scene.once(101).await.unwrap().next, Next::Again);
    assert!(scene.calls().is_empty() && scene.states().await.is_empty());
}

#[tokio::test]
async fn nothing_restarts_before_the_endpoint_is_confirmed_nor_under_another_plan_or_fence() {
    let scene = Scene::open(fixture::slice()).await;
    assert_eq!(scene.twice(101).await.next, Next::Escalate);
    let mut forged = fixture::request(&scene.run, Step::Recycle);
    forged.run.plan.database.services[0].name = "payroll".to_owned();
    let error = handle(at(101), forged, &scene.ports).await.unwrap_err();
    assert!(matches!(error, StepError::MalformedEvent(_)), "{error}");
    let mut stale = fixture::request(&scene.run, Step::Recycle);
    stale.run.fence += 1;
    let error = handle(at(101), stale, &scene.ports).await.unwrap_err();
    assert!(matches!(error, StepError::Fenced { .. }), "{error}");
    let other = fixture::request(&scene.run, Step::Verify);
    assert!(handle(at(101), other, &scene.ports).await.is_err());
    assert!(scene.calls().is_empty());
}

#[tokio::test]
async fn only_the_databases_own_health_stops_the_waves() {
    let scene = Scene::confirmed().await;
    let cluster = |change: fn(&mut recovery::topology::Cluster)| {
        scene.databases.script(|s| s.clusters.values_mut().for_each(change));
    };
    cluster(|c| "failing-over".clone_into(&mut c.status));
    let held = scene.twice(101).await;
    assert_eq!((held.next, scene.calls().len()), (Next::Again, 0), "{}", held.outcome.summary);
    assert!(held.outcome.summary.contains("failing-over"), "{}", held.outcome.summary);
    let late = scene.once(100 + 301).await.unwrap();
    assert_eq!(late.next, Next::Escalate);
    assert_eq!(late.outcome.verdict.unwrap().guard, Guard::TookTooLong);
    cluster(|c| "available".clone_into(&mut c.status));
    scene.once(110).await.unwrap();
    assert_eq!(scene.calls().len(), 1, "the first wave begins");
}

#[tokio::test]
async fn a_writer_that_moves_while_services_restart_is_handed_to_people() {
    let scene = Scene::confirmed().await;
    let mut log = Log::of_run(scene.incidents.as_ref(), &scene.run).await.unwrap();
    let promoted = Event::Promoted { from: None, writer: "orders-2".to_owned(), zone: None };
    log.append(at(100), promoted, &[]).await.unwrap();
    scene.once(101).await.unwrap();
    let calls = scene.calls();
    assert_eq!(calls.len(), 1);
    scene.databases.script(|s| s.clusters.insert("orders".to_owned(), fixture::cluster("orders-3")));
    let moved = scene.twice(105).await;
    assert_eq!(moved.next, Next::Escalate);
    assert_eq!(moved.outcome.verdict.unwrap().guard, Guard::WriterChanged);
    assert_eq!(scene.calls(), calls, "nothing more is restarted");
}
