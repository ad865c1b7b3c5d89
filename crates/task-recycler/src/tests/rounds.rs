//! What is due, and what has become of what was started, case by case. The endpoint was confirmed at 100.

use crate::{
    pool::Pools,
    round::{Recycling, Restart, Round, Sight, plan_next},
};
use plan::Span;
use recovery::{
    incident::{ServiceNews, ServiceState},
    topology::{Service, Task},
    twins::fixture::{at, deployment, plan_service, service, task},
};

fn round(now: i64, services: &[plan::Service], known: &[ServiceNews], sights: &[Sight]) -> Round {
    let recycling = Recycling {
        services,
        confirmed_at: at(100),
        quiet_since: at(100),
        resumed_at: None,
        known,
        shaky: None,
        pools: &Pools::new(),
    };
    plan_next(at(now), &recycling, sights)
}

fn seen(name: &str) -> Sight {
    Sight::Seen(Box::new(service(name)), None)
}

fn with(name: &str, change: impl FnOnce(&mut Service)) -> Sight {
    let mut seen = service(name);
    change(&mut seen);
    Sight::Seen(Box::new(seen), None)
}

fn started(name: &str, deployment: Option<&str>) -> ServiceNews {
    news(name, ServiceState::Started, deployment)
}

fn news(name: &str, state: ServiceState, deployment: Option<&str>) -> ServiceNews {
    ServiceNews {
        cluster: "shop".to_owned(),
        name: name.to_owned(),
        state,
        deployment: deployment.map(ToOwned::to_owned),
        started_at: Some(at(101)),
        asked_at: None,
        complete_since: None,
        pool: None,
        reason: String::new(),
    }
}

fn states(round: &Round) -> Vec<(String, ServiceState)> {
    round.news.iter().map(|n| (n.name.clone(), n.state)).collect()
}

fn names(round: &Round) -> Vec<&str> {
    round.restarts.iter().map(|r| r.name.as_str()).collect()
}

fn one(state: ServiceState) -> Vec<(String, ServiceState)> {
    vec![("api".to_owned(), state)]
}

#[test]
fn a_wave_begins_when_the_one_before_has_ended_even_badly() {
    let services = [plan_service("api", 1), plan_service("web", 1), plan_service("jobs", 2)];
    let sights = ["api", "web", "jobs"].map(seen);
    let first = round(101, &services, &[], &sights);
    assert_eq!(names(&first), ["api", "web"]);
    let half = [news("api", ServiceState::Recycled, None), started("web", Some("ecs-svc/old"))];
    assert!(names(&round(110, &services, &half, &sights)).is_empty());
    let ended = [news("api", ServiceState::Recycled, None), news("web", ServiceState::Failed, None)];
    let second = round(120, &services, &ended, &sights);
    assert_eq!(names(&second), ["jobs"], "a failed service does not keep the others down");
    assert!(!second.over);
}

#[test]
fn what_depends_on_a_failure_is_skipped_and_so_is_what_depends_on_that() {
    let mut services =
        [plan_service("web", 1), plan_service("jobs", 1), plan_service("api", 1), plan_service("alone", 1)];
    services[0].after = vec!["jobs".to_owned()];
    services[1].after = vec!["api".to_owned()];
    let sights = ["web", "jobs", "api", "alone"].map(seen);
    assert_eq!(names(&round(101, &services, &[], &sights)), ["api", "alone"], "dependants wait");
    let known = [news("api", ServiceState::Failed, None), news("alone", ServiceState::Recycled, None)];
    let next = round(200, &services, &known, &sights);
    assert_eq!(
        states(&next),
        [("jobs".to_owned(), ServiceState::Skipped), ("web".to_owned(), ServiceState::Skipped)]
    );
    assert!(next.over && next.restarts.is_empty());
}

#[test]
fn what_cannot_be_recycled_is_reported_at_once() {
    let services = [plan_service("api", 1)];
    let table: Vec<(&str, Sight)> = vec![
        ("CODE_DEPLOY", with("api", |s| s.controller = "CODE_DEPLOY".to_owned())),
        ("EXTERNAL", with("api", |s| s.controller = "EXTERNAL".to_owned())),
        ("BLUE_GREEN", with("api", |s| s.strategy = Some("BLUE_GREEN".to_owned()))),
        ("LINEAR", with("api", |s| s.strategy = Some("LINEAR".to_owned()))),
        ("CANARY", with("api", |s| s.strategy = Some("CANARY".to_owned()))),
        ("INACTIVE", with("api", |s| s.status = "INACTIVE".to_owned())),
        ("DRAINING", with("api", |s| s.status = "DRAINING".to_owned())),
        ("no service api", Sight::NotThere("there is no service api".to_owned())),
    ];
    for (what, sight) in table {
        let next = round(101, &services, &[], &[sight]);
        assert_eq!(states(&next), one(ServiceState::NotRecyclable), "{what}");
        assert!(next.restarts.is_empty() && next.over, "{what}");
        assert!(next.news[0].reason.contains(what), "{what}: {}", next.news[0].reason);
    }
}

#[test]
fn warm_standby_scales_up_and_never_down() {
    for (count, desired, expected) in
        [(Some(4), 2, Some(4)), (Some(4), 4, None), (Some(4), 6, None), (None, 2, None)]
    {
        let mut services = [plan_service("api", 1)];
        services[0].count_after_recovery = count;
        let next = round(101, &services, &[], &[with("api", |s| s.desired = desired)]);
        let restart = Restart { cluster: "shop".to_owned(), name: "api".to_owned(), count: expected };
        assert_eq!(next.restarts, [restart], "{count:?} {desired}");
    }
}

#[test]
fn a_deployment_of_others_is_joined_only_if_it_is_newer_than_the_endpoint() {
    let services = [plan_service("api", 1)];
    let deployed = |created| {
        with("api", |s| {
            s.deployments = vec![deployment("ecs-svc/theirs", "PRIMARY", "IN_PROGRESS", at(created))];
        })
    };
    let joined = round(130, &services, &[], &[deployed(101)]);
    assert!(joined.restarts.is_empty());
    assert_eq!(joined.news[0].deployment.as_deref(), Some("ecs-svc/theirs"));
    let old = round(130, &services, &[], &[deployed(100)]);
    assert_eq!(names(&old), ["api"], "it may hold tasks that know the old writer only");
    let mut more = [plan_service("api", 1)];
    more[0].count_after_recovery = Some(5);
    assert_eq!(
        names(&round(130, &more, &[], &[deployed(101)])),
        ["api"],
        "it does not bring the plan's count"
    );
}

/// What becomes of a service whose deployment `ecs-svc/ours` is waited for.
fn after_start(now: i64, tasks: Option<Vec<Task>>, change: impl FnOnce(&mut Service)) -> Round {
    after_news(now, &[started("api", Some("ecs-svc/ours"))], tasks, change)
}

/// The same after this news.
fn after_news(
    now: i64,
    known: &[ServiceNews],
    tasks: Option<Vec<Task>>,
    change: impl FnOnce(&mut Service),
) -> Round {
    let services = [plan_service("api", 1)];
    let mut seen = service("api");
    seen.deployments = vec![deployment("ecs-svc/ours", "PRIMARY", "COMPLETED", at(101))];
    change(&mut seen);
    round(now, &services, known, &[Sight::Seen(Box::new(seen), tasks)])
}

fn rollout(state: &str) -> impl FnOnce(&mut Service) {
    let state = state.to_owned();
    move |s| s.deployments[0].rollout = Some(state)
}

#[test]
fn complete_means_our_deployment_and_every_task_after_the_endpoint() {
    let fresh = task("t1", "ecs-svc/ours", at(120));
    let done = after_start(150, Some(vec![fresh.clone()]), |_| {});
    assert_eq!(states(&done), one(ServiceState::Recycled));
    assert!(done.over);
    // A task that started at the promotion, or at the very moment of the confirmation, may know the old writer.
    for since in [60, 100] {
        let mixed = vec![fresh.clone(), task("t2", "ecs-svc/old", at(since))];
        // However long the deployment took: the grace begins when it is first seen complete.
        let first = after_start(300, Some(mixed.clone()), |_| {});
        assert_eq!(states(&first), one(ServiceState::Started), "{since}");
        assert_eq!(first.news[0].complete_since, Some(at(300)));
        let soon = after_news(329, &first.news, Some(mixed.clone()), |_| {});
        assert!(states(&soon).is_empty(), "{since}: what ECS lists may lag behind");
        let later = after_news(330, &first.news, Some(mixed.clone()), |_| {});
        assert_eq!(states(&later), one(ServiceState::Failed), "{since}: a rollback took it over");
        let fresh_by_now = after_news(330, &first.news, Some(vec![fresh.clone()]), |_| {});
        assert_eq!(states(&fresh_by_now), one(ServiceState::Recycled), "{since}");
        let under_way = after_start(150, Some(mixed), |s| {
            s.deployments.push(deployment("ecs-svc/old", "ACTIVE", "COMPLETED", at(-3600)));
        });
        assert!(states(&under_way).is_empty(), "{since}: the old deployment is still being drained");
    }
    let mut unknown = fresh.clone();
    unknown.started_at = None;
    assert_eq!(states(&after_start(130, Some(vec![unknown]), |_| {})), one(ServiceState::Started));
    assert!(states(&after_start(150, None, |_| {})).is_empty(), "unread tasks are not restarted tasks");
    assert!(states(&after_start(150, Some(vec![fresh]), rollout("IN_PROGRESS"))).is_empty());
}

#[test]
fn failure_rollback_and_lateness_fail_the_service() {
    let tasks = || Some(vec![task("t1", "ecs-svc/ours", at(120))]);
    assert_eq!(states(&after_start(150, tasks(), rollout("FAILED"))), one(ServiceState::Failed));
    let rolled_back = after_start(150, tasks(), |s| {
        let mut back = deployment("ecs-svc/back", "PRIMARY", "IN_PROGRESS", at(140));
        back.reason =
            Some("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/old.".to_owned());
        s.deployments[0].status = "ACTIVE".to_owned();
        s.deployments.push(back);
    });
    assert_eq!(states(&rolled_back), one(ServiceState::Failed), "a rollback is no success");
    let old = |s: &mut Service| {
        s.deployments = vec![deployment("ecs-svc/old", "PRIMARY", "COMPLETED", at(-3600))];
    };
    assert!(states(&after_start(115, tasks(), old)).is_empty(), "it may not be shown yet");
    assert_eq!(states(&after_start(116, tasks(), old)), one(ServiceState::Failed));
    assert!(states(&after_start(700, None, rollout("IN_PROGRESS"))).is_empty());
    let late = after_start(701, None, rollout("IN_PROGRESS"));
    assert_eq!(states(&late), one(ServiceState::Failed));
    assert!(late.news[0].reason.contains("10m"), "{}", late.news[0].reason);
}

#[test]
fn a_later_deployment_of_others_is_followed() {
    let next = after_start(150, None, |s| {
        s.deployments[0].status = "ACTIVE".to_owned();
        s.deployments[0].rollout = Some("IN_PROGRESS".to_owned());
        s.deployments.push(deployment("ecs-svc/later", "PRIMARY", "IN_PROGRESS", at(140)));
    });
    assert_eq!(next.news[0].deployment.as_deref(), Some("ecs-svc/later"));
    assert_eq!(states(&next), one(ServiceState::Started));
    assert!(!next.over && next.restarts.is_empty());
}

#[test]
fn a_lost_call_is_found_again_or_sent_again() {
    let services = [plan_service("api", 1)];
    let known = [started("api", None)];
    let found = with("api", |s| {
        s.deployments = vec![deployment("ecs-svc/x", "PRIMARY", "IN_PROGRESS", at(101))];
    });
    let next = round(104, &services, &known, &[found]);
    assert_eq!(next.news[0].deployment.as_deref(), Some("ecs-svc/x"));
    assert!(next.restarts.is_empty());
    assert!(names(&round(115, &services, &known, &[seen("api")])).is_empty(), "it may still appear");
    let again = round(116, &services, &known, &[seen("api")]);
    assert_eq!(names(&again), ["api"]);
    // It is written down, so that each call gets its time to show, and the service's own time runs on.
    assert_eq!(again.news[0].asked_at, Some(at(116)));
    assert_eq!(again.news[0].started_at, Some(at(101)));
    let soon = round(130, &services, &again.news, &[seen("api")]);
    assert!(names(&soon).is_empty() && soon.news.is_empty());
    assert_eq!(names(&round(131, &services, &again.news, &[seen("api")])), ["api"]);
    let answered = [ServiceNews { deployment: Some("ecs-svc/new".to_owned()), ..again.news[0].clone() }];
    let not_shown = round(119, &services, &answered, &[seen("api")]);
    assert!(not_shown.news.is_empty(), "it may not be shown yet");
    let late = round(701, &services, &again.news, &[seen("api")]);
    assert_eq!(states(&late), one(ServiceState::Failed));
    let mut short = [plan_service("api", 1)];
    short[0].within = Span::from_secs(10);
    assert_eq!(states(&round(116, &short, &known, &[seen("api")])), one(ServiceState::Failed));
}

#[test]
fn a_service_that_cannot_be_seen_is_waited_for_until_its_time_is_over() {
    let services = [plan_service("api", 1)];
    let dark = || [Sight::Unseen("api can't be read".to_owned())];
    let early = round(699, &services, &[], &dark());
    assert!(early.news.is_empty() && !early.over);
    assert_eq!(states(&round(700, &services, &[], &dark())), one(ServiceState::Failed));
}

#[test]
fn a_plan_without_services_is_over_at_once() {
    assert!(round(101, &[], &[], &[]).over);
}
