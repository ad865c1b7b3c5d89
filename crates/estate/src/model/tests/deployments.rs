//! How services roll their tasks.

use super::*;

fn update(estate: &mut Estate, seconds: f64, service: &str, force: bool, desired: Option<u32>) -> Answer {
    let call = Call::UpdateService { cluster: "shop".into(), service: service.into(), force, desired };
    ask(estate, seconds, Api::Ecs, "UpdateService", call)
}

/// The service as it is at a moment.
fn service(estate: &mut Estate, seconds: f64, name: &str) -> ServiceView {
    let call = Call::DescribeServices { cluster: "shop".into(), services: vec![name.into()], tags: false };
    match ask(estate, seconds, Api::Ecs, "DescribeServices", call) {
        Answer::Reply(Reply::Services(mut found, _)) => found.remove(0),
        other => panic!("{other:?}"),
    }
}

fn force(estate: &mut Estate, seconds: f64, name: &str) -> String {
    match update(estate, seconds, name, true, None) {
        Answer::Reply(Reply::Service(view)) => view.service.deployments[0].id.clone(),
        other => panic!("{other:?}"),
    }
}

/// Each deployment's id, whether it is primary, its state and its running tasks.
fn shape(view: &ServiceView) -> Vec<(&str, bool, RolloutState, u32)> {
    let all = view.service.deployments.iter();
    all.map(|found| (found.id.as_str(), found.primary, found.rollout, found.running)).collect()
}

fn ecs_names(effects: &[Effect]) -> Vec<&'static str> {
    let names = effects.iter().filter_map(|effect| match effect {
        Effect::EcsEvent(event) => Some(event.name),
        _ => None,
    });
    names.collect()
}

#[test]
fn a_forced_deployment_replaces_every_task_and_none_too_early() {
    let mut estate = estate();
    let before = service(&mut estate, 0.0, "orders-api");
    let old = before.service.deployments[0].id.clone();
    let new = force(&mut estate, 0.0, "orders-api");
    let view = service(&mut estate, 19.9, "orders-api");
    assert_eq!(
        shape(&view),
        [(new.as_str(), true, RolloutState::InProgress, 0), (&old, false, RolloutState::Completed, 3)]
    );
    assert_eq!((view.running, view.pending, view.service.desired), (3, 3, 3));
    let view = service(&mut estate, 20.0, "orders-api");
    assert_eq!(view.service.deployments[0].running, 3);
    let view = service(&mut estate, 24.9, "orders-api");
    assert_eq!(view.service.deployments[0].rollout, RolloutState::InProgress, "old tasks are still stopping");
    let view = service(&mut estate, 25.0, "orders-api");
    assert_eq!(shape(&view), [(new.as_str(), true, RolloutState::Completed, 3)]);
    let running =
        estate.state().tasks.into_iter().filter(|task| task.lives() && task.service.id == "shop/orders-api");
    for task in running {
        assert_eq!((task.deployment, task.started), (new.clone(), Some(at(20.0))));
    }
    assert_eq!(
        ecs_names(&estate.advance(at(25.0))),
        ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_STEADY_STATE"]
    );
    let untouched = service(&mut estate, 25.0, "catalogue");
    assert_eq!(untouched.service.events.len(), 0);
}

#[test]
fn tasks_are_replaced_one_by_one_where_the_bounds_allow_no_more() {
    let mut estate = estate();
    let seed: Seed = serde_json::from_value(json!({ "services": [{
        "cluster": "shop", "name": "tight", "desired_count": 4,
        "minimum_healthy_percent": 75, "maximum_percent": 100,
    }] }))
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    force(&mut estate, 0.0, "tight");
    for step in 0..40 {
        let view = service(&mut estate, f64::from(step) * 2.5, "tight");
        assert!(view.running >= 3 && view.running + view.pending <= 4, "{:?}", shape(&view));
    }
    // Four times: stop (5 s), start (20 s).
    assert_eq!(service(&mut estate, 79.0, "tight").service.deployments[0].rollout, RolloutState::InProgress);
    assert_eq!(service(&mut estate, 101.0, "tight").service.deployments[0].rollout, RolloutState::Completed);
}

#[test]
fn a_failing_deployment_breaks_the_circuit_and_is_rolled_back() {
    let mut estate = estate();
    let old_tasks = |estate: &Estate| {
        let tasks = estate.state().tasks.into_iter();
        let mine = tasks.filter(|task| task.service.id == "shop/orders-api" && task.serves());
        mine.map(|task| (task.id, task.started)).collect::<Vec<_>>()
    };
    let before = old_tasks(&estate);
    estate.fault(at(0.0), Fault::FailDeployments { service: "orders-api".into(), cluster: None }).unwrap();
    let ours = force(&mut estate, 0.0, "orders-api");
    assert_eq!(service(&mut estate, 19.9, "orders-api").service.deployments[0].failed_tasks, 0);
    let view = service(&mut estate, 20.0, "orders-api");
    let found = &view.service.deployments;
    assert!(found.iter().all(|deployment| deployment.id != ours), "drained, and so gone: {:?}", shape(&view));
    assert!(
        found[0].reason.contains("rolling back to deploymentId")
            || found[0].rollout == RolloutState::Completed
    );
    assert_eq!(
        ecs_names(&estate.advance(at(20.0)))[..3],
        ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_FAILED", "SERVICE_DEPLOYMENT_IN_PROGRESS"]
    );
    let view = service(&mut estate, 60.0, "orders-api");
    assert_eq!((view.running, view.service.deployments[0].rollout), (3, RolloutState::Completed));
    assert_eq!(old_tasks(&estate), before, "stable on the old tasks, which is no success");
    let messages: Vec<_> = view.service.events.iter().map(|event| event.message.as_str()).collect();
    assert!(messages.iter().any(|message| message.contains("deployment failed: tasks failed to start")));
}

#[test]
fn a_failed_deployment_without_rollback_stays_primary_and_failed() {
    let mut estate = estate();
    let seed: Seed = serde_json::from_value(
        json!({ "services": [{ "cluster": "shop", "name": "plain", "rollback": false }] }),
    )
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    estate.fault(at(0.0), Fault::FailDeployments { service: "plain".into(), cluster: None }).unwrap();
    let ours = force(&mut estate, 0.0, "plain");
    let view = service(&mut estate, 300.0, "plain");
    assert_eq!(shape(&view)[0], (ours.as_str(), true, RolloutState::Failed, 0));
    assert_eq!(view.running, 2, "the old tasks go on");
    assert!(view.service.deployments[0].failed_tasks >= 3);
}

#[test]
fn without_a_circuit_breaker_a_failing_deployment_goes_on_for_ever() {
    let mut estate = estate_with(Settings::default());
    estate.set_delays(Delays::none());
    let seed: Seed = serde_json::from_value(
        json!({ "services": [{ "cluster": "shop", "name": "stubborn", "circuit_breaker": false }] }),
    )
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    estate.fault(at(0.0), Fault::FailDeployments { service: "stubborn".into(), cluster: None }).unwrap();
    force(&mut estate, 0.0, "stubborn");
    let view = service(&mut estate, 60.0, "stubborn");
    assert_eq!(view.service.deployments[0].rollout, RolloutState::InProgress);
    assert!(view.service.deployments[0].failed_tasks > 50);
}

#[test]
fn a_later_deployment_supersedes_ours_which_never_completes() {
    let mut estate = estate();
    let ours = force(&mut estate, 0.0, "orders-api");
    let planned: Planned = serde_json::from_value(json!({
        "fault": "deploy", "service": "orders-api", "when": { "after": 10 },
    }))
    .unwrap();
    estate.fault(at(0.0), planned).unwrap();
    let view = service(&mut estate, 10.0, "orders-api");
    let theirs = view.service.deployments[0].id.clone();
    assert_ne!(theirs, ours);
    for second in 10..80 {
        let view = service(&mut estate, f64::from(second), "orders-api");
        let ours = view.service.deployments.iter().find(|found| found.id == ours);
        assert!(ours.is_none_or(|found| found.rollout == RolloutState::InProgress && !found.primary));
    }
    let view = service(&mut estate, 80.0, "orders-api");
    assert_eq!(shape(&view), [(theirs.as_str(), true, RolloutState::Completed, 3)]);
}

#[test]
fn scaling_alone_keeps_the_deployment_and_its_tasks() {
    let mut estate = estate();
    let before = service(&mut estate, 0.0, "orders-worker").service.deployments[0].id.clone();
    update(&mut estate, 0.0, "orders-worker", false, Some(5));
    let view = service(&mut estate, 1.0, "orders-worker");
    assert_eq!(shape(&view), [(before.as_str(), true, RolloutState::Completed, 2)]);
    assert_eq!((view.service.desired, view.pending), (5, 3));
    assert_eq!(service(&mut estate, 20.0, "orders-worker").running, 5);
    update(&mut estate, 20.0, "orders-worker", false, Some(1));
    assert_eq!(service(&mut estate, 25.0, "orders-worker").running, 1);
    update(&mut estate, 25.0, "orders-worker", true, Some(3));
    let view = service(&mut estate, 60.0, "orders-worker");
    assert_eq!((view.running, view.service.deployments.len()), (3, 1));
}

#[test]
fn slow_protected_crashed_and_unhealthy_tasks() {
    let mut estate = estate();
    let slow = Fault::SlowDeployments { service: "orders-worker".into(), cluster: None, seconds: 300.0 };
    estate.fault(at(0.0), slow).unwrap();
    force(&mut estate, 0.0, "orders-worker");
    assert_eq!(service(&mut estate, 299.0, "orders-worker").service.deployments[0].running, 0);
    assert_eq!(service(&mut estate, 305.0, "orders-worker").service.deployments.len(), 1);

    let protect = Fault::ProtectTasks { service: "orders-api".into(), cluster: None, tasks: 1 };
    estate.fault(at(305.0), protect).unwrap();
    force(&mut estate, 305.0, "orders-api");
    let view = service(&mut estate, 2000.0, "orders-api");
    assert_eq!(view.service.deployments[0].rollout, RolloutState::InProgress, "spared, so never complete");
    assert_eq!(view.running, 4);

    let crash = Fault::CrashTask { service: "catalogue".into(), cluster: None };
    estate.fault(at(2000.0), crash).unwrap();
    assert_eq!(service(&mut estate, 2001.0, "catalogue").running, 1);
    assert_eq!(service(&mut estate, 2021.0, "catalogue").running, 2);
    let mut tasks = estate.state().tasks.into_iter();
    let task = tasks.find(|task| task.service.id == "shop/catalogue" && task.serves()).unwrap();
    estate.observe(at(2030.0), &Observation::TaskAnswers { task: task.id.clone(), healthy: false });
    assert_eq!(service(&mut estate, 2060.0, "catalogue").running, 2);
    assert!(estate.state().tasks.iter().any(|seen| seen.id == task.id && seen.stopped.is_some()));
}

#[test]
fn a_task_that_answers_earlier_than_planned_runs() {
    let mut estate = estate();
    force(&mut estate, 0.0, "catalogue");
    let pending = estate.state().tasks.into_iter().filter(|task| task.last_status == "PENDING");
    for task in pending {
        estate.observe(at(2.0), &Observation::TaskAnswers { task: task.id, healthy: true });
    }
    let view = service(&mut estate, 7.0, "catalogue");
    assert_eq!(shape(&view)[0].2, RolloutState::Completed);
}

#[test]
fn a_task_whose_process_is_outside_counts_once_it_answers_and_not_before() {
    let mut estate = estate_with(Settings { tasks_outside: true, ..Settings::default() });
    force(&mut estate, 0.0, "catalogue");
    let effects = estate.advance(at(25.0));
    let run: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::RunTask { task, .. } => Some(task.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(run.len(), 2, "both start, at their time: {effects:?}");
    let view = service(&mut estate, 60.0, "catalogue");
    assert_eq!(shape(&view)[0].2, RolloutState::InProgress, "they run, but none has answered");
    let started = estate.state().tasks.into_iter().find(|task| task.id == run[0]).unwrap().started;
    // One answers late; the other ends by itself and is replaced.
    estate.observe(at(61.0), &Observation::TaskAnswers { task: run[0].to_owned(), healthy: true });
    estate.observe(at(62.0), &Observation::TaskExited { task: run[1].to_owned() });
    let tasks = estate.state().tasks;
    let first = tasks.iter().find(|task| task.id == run[0]).unwrap();
    assert_eq!((first.health, first.started), ("HEALTHY", started));
    let third = estate.advance(at(90.0)).into_iter().find_map(|effect| match effect {
        Effect::RunTask { task, .. } => Some(task),
        _ => None,
    });
    estate.observe(at(91.0), &Observation::TaskAnswers { task: third.unwrap(), healthy: true });
    assert_eq!(shape(&service(&mut estate, 120.0, "catalogue"))[0].2, RolloutState::Completed);
}

#[test]
fn services_that_ecs_does_not_deploy_are_refused() {
    let mut estate = estate();
    let seed: Seed = serde_json::from_value(json!({ "services": [
        { "cluster": "shop", "name": "blue", "controller": "CODE_DEPLOY" },
        { "cluster": "shop", "name": "gone", "status": "INACTIVE" },
    ] }))
    .unwrap();
    estate.seed(at(0.0), &seed).unwrap();
    assert_eq!(code(&update(&mut estate, 0.0, "blue", true, None)), "InvalidParameterException");
    assert_eq!(code(&update(&mut estate, 0.0, "gone", true, None)), "ServiceNotActiveException");
    assert_eq!(code(&update(&mut estate, 0.0, "nope", true, None)), "ServiceNotFoundException");
}
