//! Deployments: bounds, breaker, back-off, pauses.

use super::*;
use crate::demo::world::{Behaviour, Image, Voice};

fn crashing(world: &mut World) -> Value {
    let behaviour = Behaviour::Crashes { exit_code: 3, after: (2_000, 6_000), last_words: &["no"] };
    world.publish("crash:1", Image::new(behaviour, Voice::Plain, 0));
    revision_with(world, "crash:1")
}

#[rstest]
#[case(100, 200)]
#[case(50, 100)]
#[case(75, 125)]
fn a_rolling_deployment_stays_within_its_bounds(#[case] minimum: usize, #[case] maximum: usize) {
    const DESIRED: usize = 8;
    let mut world = World::sized(1, 1, DESIRED, NOW);
    let old = service(&mut world)["taskDefinition"].clone();
    let next = revision_with(&mut world, "good:2");
    let config = json!({ "minimumHealthyPercent": minimum, "maximumPercent": maximum });
    update(&mut world, json!({ "taskDefinition": next, "deploymentConfiguration": config }));
    pass(&mut world, READ_LAG);
    assert_eq!(service(&mut world)["deployments"].as_array().unwrap().len(), 2);
    let (mut most, mut fewest) = (0, usize::MAX);
    for _ in 0..600 {
        pass(&mut world, 1_000);
        let wanted = tasks(&mut world, json!({ "cluster": CLUSTER }));
        most = most.max(wanted.len());
        fewest = fewest.min(wanted.iter().filter(|task| task["lastStatus"] == "RUNNING").count());
        if service(&mut world)["deployments"][0]["rolloutState"] == "COMPLETED" {
            break;
        }
    }
    assert!(most <= DESIRED * maximum / 100, "{most} tasks wanted");
    assert!(fewest >= (DESIRED * minimum).div_ceil(100), "{fewest} tasks left");
    let done = service(&mut world);
    assert_eq!(done["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(done["deployments"][0]["rolloutState"], "COMPLETED");
    assert_ne!(done["taskDefinition"], old);
    assert_eq!(rollout(&mut world, &done)["status"], "SUCCESSFUL");
    let id = done["deployments"][0]["id"].as_str().unwrap();
    let events: Vec<_> =
        done["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect();
    assert_eq!(events[0], "(service service-0000) has reached a steady state.");
    assert_eq!(events[1], format!("(service service-0000) (deployment {id}) deployment completed."));
}

#[test]
fn the_breaker_trips_and_rolls_back() {
    let mut world = World::sized(1, 1, 4, NOW);
    let before = service(&mut world);
    let bad = crashing(&mut world);
    let breaker = json!({ "deploymentCircuitBreaker": { "enable": true, "rollback": true } });
    let failed = update(&mut world, json!({ "taskDefinition": bad, "deploymentConfiguration": breaker }));
    let failed = failed["deployments"][0]["id"].as_str().unwrap().to_owned();
    let mut counted = 0;
    for _ in 0..600 {
        pass(&mut world, 1_000);
        let now = service(&mut world);
        let state = rollout(&mut world, &now);
        assert_eq!(state["deploymentCircuitBreaker"]["threshold"], 3);
        counted = counted.max(state["deploymentCircuitBreaker"]["failureCount"].as_i64().unwrap());
        if state["status"] != "IN_PROGRESS" {
            break;
        }
    }
    assert!(counted >= 3);
    pass(&mut world, 4 * MINUTE);
    let after = service(&mut world);
    let state = rollout(&mut world, &after);
    assert_eq!(state["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(state["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert!(state["rollback"]["reason"].as_str().unwrap().contains("circuit breaker"));
    assert_eq!(after["taskDefinition"], before["taskDefinition"]);
    assert_eq!(after["deployments"].as_array().unwrap().len(), 1);
    let assert_event = |text: String| {
        let events = after["events"].as_array().unwrap();
        assert!(events.iter().any(|event| event["message"] == text.as_str()), "{text}");
    };
    let restored = after["deployments"][0]["id"].as_str().unwrap();
    assert_event(format!("(service service-0000) (deployment {failed}) deployment failed: tasks failed to start."));
    assert_event(format!("(service service-0000) rolling back to deployment {restored}."));
}

#[test]
fn without_a_breaker_a_failing_deployment_goes_on_until_rolled_back() {
    let mut world = World::sized(1, 1, 2, NOW);
    let bad = crashing(&mut world);
    update(&mut world, json!({ "taskDefinition": bad }));
    pass(&mut world, 20 * MINUTE);
    let failing = service(&mut world);
    assert_eq!(failing["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(failing["deployments"][0]["failedTasks"].as_i64().unwrap() > 5);
    assert_eq!(failing["deployments"][1]["runningCount"], 2);
    let arn = failing["currentServiceDeployment"].clone();
    ok(&mut world, "StopServiceDeployment", json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" }));
    pass(&mut world, READ_LAG);
    assert_eq!(rollout(&mut world, &failing)["status"], "ROLLBACK_REQUESTED");
    pass(&mut world, 3 * MINUTE);
    assert_eq!(rollout(&mut world, &failing)["status"], "ROLLBACK_SUCCESSFUL");
    let again = json!({ "serviceDeploymentArn": arn });
    assert_eq!(refused(&mut world, "StopServiceDeployment", again).0, "ConflictException");
}

#[test]
fn failed_launches_back_off() {
    let mut world = World::sized(1, 1, 1, NOW);
    world.publish("gone:1", Image::new(Behaviour::Missing, Voice::Plain, 0));
    let bad = revision_with(&mut world, "gone:1");
    update(&mut world, json!({ "taskDefinition": bad }));
    pass(&mut world, 3 * 60 * MINUTE);
    let stopped = tasks(&mut world, json!({ "cluster": CLUSTER, "desiredStatus": "STOPPED" }));
    assert!((2..=3).contains(&stopped.len()), "one every 27 minutes: {}", stopped.len());
    let good = revision_with(&mut world, "good:2");
    update(&mut world, json!({ "taskDefinition": good }));
    pass(&mut world, 3 * MINUTE);
    assert_eq!(service(&mut world)["deployments"][0]["rolloutState"], "COMPLETED", "a new revision is tried at once");
}

#[rstest]
#[case("CONTINUE", "SUCCESSFUL", "SUCCEEDED")]
#[case("ROLLBACK", "ROLLBACK_SUCCESSFUL", "FAILED")]
fn a_pause_hook_is_answered(#[case] action: &str, #[case] status: &str, #[case] hook_status: &str) {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let paused = service_of(&mut world, "prod", "catalog");
    let before = rollout(&mut world, &paused);
    let hook = &before["lifecycleHookDetails"][0];
    let mut input =
        json!({ "serviceDeploymentArn": before["serviceDeploymentArn"], "hookId": "ecs-pause-none", "action": action });
    assert_eq!(refused(&mut world, "ContinueServiceDeployment", input.clone()).0, "InvalidParameterException");
    input["hookId"] = hook["hookId"].clone();
    ok(&mut world, "ContinueServiceDeployment", input.clone());
    pass(&mut world, READ_LAG);
    assert_eq!(rollout(&mut world, &paused)["lifecycleHookDetails"][0]["status"], hook_status);
    let mut last = Value::Null;
    for _ in 0..900 {
        pass(&mut world, 1_000);
        last = rollout(&mut world, &paused);
        if last.get("finishedAt").is_some() {
            break;
        }
    }
    assert_eq!(last["status"], status);
    let (winner, loser) = (&last["targetServiceRevision"], &last["sourceServiceRevisions"][0]);
    let (winner, loser) = if action == "CONTINUE" { (winner, loser) } else { (loser, winner) };
    assert_eq!((&winner["runningTaskCount"], &loser["runningTaskCount"]), (&json!(4), &json!(0)));
    assert_eq!(winner["requestedProductionTrafficWeight"], 100.0);
    assert_eq!(refused(&mut world, "ContinueServiceDeployment", input).0, "InvalidParameterException");
}

#[test]
fn more_memory_ends_the_crash_loop() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let input = json!({ "taskDefinition": "checkout" });
    let mut definition = ok(&mut world, "DescribeTaskDefinition", input)["taskDefinition"].clone();
    definition["memory"] = json!("4096");
    definition["containerDefinitions"][0]["memory"] = json!(3_072);
    ok(&mut world, "RegisterTaskDefinition", definition);
    let update = json!({ "cluster": "prod", "service": "checkout", "taskDefinition": "checkout" });
    ok(&mut world, "UpdateService", update);
    pass(&mut world, 70 * MINUTE);
    let cured = service_of(&mut world, "prod", "checkout");
    assert_eq!(cured["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(
        tasks(&mut world, json!({ "cluster": "prod", "family": "checkout", "desiredStatus": "STOPPED" })).len(),
        0
    );
}

#[test]
fn blue_keeps_all_tasks_while_green_waits() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let catalog = json!({ "cluster": "prod", "serviceName": "catalog" });
    let blue = service_of(&mut world, "prod", "catalog")["deployments"][1]["id"].clone();
    let victim = tasks(&mut world, catalog.clone()).into_iter().find(|task| task["startedBy"] == blue).unwrap();
    ok(&mut world, "StopTask", json!({ "cluster": "prod", "task": victim["taskArn"] }));
    pass(&mut world, 2 * MINUTE);
    let sides = service_of(&mut world, "prod", "catalog")["deployments"].clone();
    assert_eq!((&sides[0]["runningCount"], &sides[1]["runningCount"]), (&json!(4), &json!(4)));
}
