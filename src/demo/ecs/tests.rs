//! Operations, and what becomes of what they set going.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::demo::{
    scenario::Scenario,
    world::{Conduct, Image, READ_LAG, Voice},
};

const NOW: i64 = 1_764_000_000_000;
const MINUTE: i64 = 60_000;
const CLUSTER: &str = "cluster-000";
const SERVICE: &str = "service-0000";

fn ask(world: &mut World, operation: &str, input: Value) -> Answer {
    call(world, operation, &input).unwrap_or_else(|| panic!("no operation {operation}"))
}

fn ok(world: &mut World, operation: &str, input: Value) -> Value {
    ask(world, operation, input).unwrap_or_else(|error| panic!("{operation}: {error:?}"))
}

/// The error's code and message.
fn refused(world: &mut World, operation: &str, input: Value) -> (&'static str, String) {
    let error = ask(world, operation, input).expect_err(operation);
    assert_eq!(error.status, 400);
    (error.code, error.message)
}

fn pass(world: &mut World, milliseconds: i64) {
    let then = world.now_ms + milliseconds;
    world.advance_to(then);
}

fn service_of(world: &mut World, cluster: &str, name: &str) -> Value {
    ok(world, "DescribeServices", json!({ "cluster": cluster, "services": [name] }))["services"][0].clone()
}

fn service(world: &mut World) -> Value {
    service_of(world, CLUSTER, SERVICE)
}

fn rollout(world: &mut World, service: &Value) -> Value {
    let input = json!({ "serviceDeploymentArns": [service["currentServiceDeployment"]] });
    ok(world, "DescribeServiceDeployments", input)["serviceDeployments"][0].clone()
}

fn tasks(world: &mut World, filter: Value) -> Vec<Value> {
    let arns = ok(world, "ListTasks", filter.clone())["taskArns"].clone();
    if arns.as_array().unwrap().is_empty() {
        return Vec::new();
    }
    let answer = ok(world, "DescribeTasks", json!({ "cluster": filter["cluster"], "tasks": arns }));
    answer["tasks"].as_array().unwrap().clone()
}

/// Registers the next revision of the service's family with another image, and returns its name.
fn revision_with(world: &mut World, image: &str) -> Value {
    let arn = service(world)["taskDefinition"].clone();
    let mut definition =
        ok(world, "DescribeTaskDefinition", json!({ "taskDefinition": arn }))["taskDefinition"].clone();
    definition["containerDefinitions"][0]["image"] = json!(image);
    ok(world, "RegisterTaskDefinition", definition)["taskDefinition"]["taskDefinitionArn"].clone()
}

fn update(world: &mut World, mut changes: Value) -> Value {
    changes["cluster"] = json!(CLUSTER);
    changes["service"] = json!(SERVICE);
    ok(world, "UpdateService", changes)["service"].clone()
}

fn crashing(world: &mut World) -> Value {
    let conduct = Conduct::Crashes { exit_code: 3, after: (2_000, 6_000), last_words: &["no"] };
    world.publish("crash:1", Image::that(conduct, Voice::Plain, 0));
    revision_with(world, "crash:1")
}

#[test]
fn unknown_operations_are_nobodys() {
    assert!(call(&mut World::sized(1, 0, 0, NOW), "MakeCoffee", &json!({})).is_none());
}

#[rstest]
#[case("DescribeServices", "services", 11, "service names can have at most 10 items.")]
#[case("DescribeServices", "services", 0, "Services cannot be empty.")]
#[case("DescribeTasks", "tasks", 101, "taskIds can have at most 100 items.")]
#[case("DescribeTasks", "tasks", 0, "Tasks cannot be empty.")]
#[case("DescribeContainerInstances", "containerInstances", 101, "instanceIds can have at most 100 items.")]
#[case("DescribeServiceDeployments", "serviceDeploymentArns", 21, "serviceDeploymentArns can have at most 20 items.")]
#[case("GetTaskProtection", "tasks", 101, "taskIds can have at most 100 items.")]
#[case("UpdateTaskProtection", "tasks", 11, "taskIds can have at most 10 items.")]
#[case("UpdateContainerInstancesState", "containerInstances", 11, "instanceIds can have at most 10 items.")]
fn too_much_at_once_is_refused(
    #[case] operation: &str,
    #[case] key: &str,
    #[case] count: usize,
    #[case] message: &str,
) {
    let mut world = World::sized(1, 0, 0, NOW);
    let input = json!({ "cluster": CLUSTER, key: vec!["x"; count] });
    assert_eq!(refused(&mut world, operation, input), ("InvalidParameterException", message.to_owned()));
}

#[test]
fn as_much_as_allowed_is_answered() {
    let mut world = World::sized(1, 10, 10, NOW);
    let names: Vec<_> = (0..10).map(|number| format!("service-{number:04}")).collect();
    let answer = ok(&mut world, "DescribeServices", json!({ "cluster": CLUSTER, "services": names }));
    assert_eq!(answer["services"].as_array().unwrap().len(), 10);
    assert_eq!(tasks(&mut world, json!({ "cluster": CLUSTER })).len(), 100);
}

#[rstest]
#[case(0, 0, false)]
#[case(1, 1, false)]
#[case(10, 10, false)]
#[case(11, 10, true)]
#[case(101, 10, true)]
fn services_come_ten_at_a_time_unless_asked(#[case] services: usize, #[case] first: usize, #[case] more: bool) {
    let mut world = World::sized(1, services, 0, NOW);
    let answer = ok(&mut world, "ListServices", json!({ "cluster": CLUSTER }));
    assert_eq!(answer["serviceArns"].as_array().unwrap().len(), first);
    assert_eq!(answer.get("nextToken").is_some(), more);
}

#[test]
fn what_is_not_there_is_a_failure_or_an_error() {
    let mut world = World::sized(1, 1, 1, NOW);
    let answer = ok(&mut world, "DescribeServices", json!({ "cluster": CLUSTER, "services": [SERVICE, "gone"] }));
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    let arn = format!("arn:aws:ecs:eu-west-1:123456789012:service/{CLUSTER}/gone");
    assert_eq!(answer["failures"], json!([{ "arn": arn, "reason": "MISSING" }]));
    let answer = ok(&mut world, "DescribeTasks", json!({ "cluster": CLUSTER, "tasks": ["0".repeat(32)] }));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let answer = ok(&mut world, "DescribeClusters", json!({}));
    assert_eq!(answer["failures"][0]["arn"], "arn:aws:ecs:eu-west-1:123456789012:cluster/default");

    let cluster = ("ClusterNotFoundException", "Cluster not found.".to_owned());
    assert_eq!(refused(&mut world, "ListServices", json!({ "cluster": "gone" })), cluster);
    assert_eq!(refused(&mut world, "ListTasks", json!({})), cluster);
    let service = ("ServiceNotFoundException", "Service not found.".to_owned());
    assert_eq!(refused(&mut world, "ListTasks", json!({ "cluster": CLUSTER, "serviceName": "gone" })), service);
    let definition = ("ClientException", "Unable to describe task definition.".to_owned());
    assert_eq!(refused(&mut world, "DescribeTaskDefinition", json!({ "taskDefinition": "gone" })), definition);
    let (code, _) = refused(&mut world, "ListServices", json!({ "cluster": CLUSTER, "nextToken": "nonsense" }));
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(refused(&mut world, "ListServices", json!({ "cluster": 7 })).0, "SerializationException");
}

#[test]
fn names_and_arns_are_the_same_to_it() {
    let mut world = World::sized(2, 1, 1, NOW);
    let cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/cluster-001";
    let arn = format!("arn:aws:ecs:eu-west-1:123456789012:service/cluster-001/{SERVICE}");
    assert_eq!(service_of(&mut world, cluster, &arn)["serviceArn"], arn.as_str());
    let answer = ok(&mut world, "DescribeServices", json!({ "cluster": CLUSTER, "services": [arn] }));
    assert_eq!(answer["failures"][0]["reason"], "MISSING", "a service of another cluster");
}

#[test]
fn tasks_are_filtered() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let count = |world: &mut World, filter: Value| tasks(world, filter).len();
    assert_eq!(count(&mut world, json!({ "cluster": "prod", "serviceName": "web" })), 6);
    assert_eq!(count(&mut world, json!({ "cluster": "prod", "family": "web", "launchType": "EC2" })), 0);
    assert_eq!(count(&mut world, json!({ "cluster": "prod", "desiredStatus": "PENDING" })), 0);
    let stopped =
        tasks(&mut world, json!({ "cluster": "batch", "family": "nightly-report", "desiredStatus": "STOPPED" }));
    assert!(!stopped.is_empty() && stopped.iter().all(|task| task["desiredStatus"] == "STOPPED"));
    let by = json!({ "cluster": "batch", "startedBy": "airflow" });
    assert!(tasks(&mut world, by).iter().all(|task| task["startedBy"] == "airflow"));
    let both = json!({ "cluster": "batch", "startedBy": "airflow", "family": "model-training" });
    assert_eq!(refused(&mut world, "ListTasks", both).0, "InvalidParameterException");
    let instances =
        ok(&mut world, "ListContainerInstances", json!({ "cluster": "prod", "filter": "agentConnected==false" }));
    let lost = instances["containerInstanceArns"].as_array().unwrap();
    assert_eq!(lost.len(), 1);
    let there = tasks(&mut world, json!({ "cluster": "prod", "containerInstance": lost[0] }));
    assert!(!there.is_empty() && there.iter().all(|task| task["connectivity"] == "DISCONNECTED"));
}

#[test]
fn a_write_is_seen_a_little_later() {
    let mut world = World::sized(1, 1, 2, NOW);
    assert_eq!(update(&mut world, json!({ "desiredCount": 5 }))["desiredCount"], 5);
    assert_eq!(service(&mut world)["desiredCount"], 2);
    pass(&mut world, READ_LAG);
    assert_eq!(service(&mut world)["desiredCount"], 5);
    pass(&mut world, 2 * MINUTE);
    let settled = service(&mut world);
    assert_eq!((&settled["runningCount"], &settled["pendingCount"]), (&json!(5), &json!(0)));
    let newest = settled["events"][0]["message"].as_str().unwrap();
    assert_eq!(newest, "(service service-0000) has reached a steady state.");
    update(&mut world, json!({ "desiredCount": 1 }));
    pass(&mut world, 3 * MINUTE);
    assert_eq!(service(&mut world)["runningCount"], 1);
    let stopped = tasks(&mut world, json!({ "cluster": CLUSTER, "desiredStatus": "STOPPED" }));
    assert_eq!(stopped.len(), 4);
    for task in stopped {
        assert_eq!(task["stopCode"], "ServiceSchedulerInitiated");
        let reason = task["stoppedReason"].as_str().unwrap();
        assert!(reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{reason}");
    }
}

#[test]
fn a_task_walks_through_every_state() {
    let mut world = World::sized(1, 1, 1, NOW);
    update(&mut world, json!({ "forceNewDeployment": true }));
    let mut seen = Vec::new();
    let mut version = 0;
    let mut id = None;
    for _ in 0..1_500 {
        pass(&mut world, 100);
        let running = tasks(&mut world, json!({ "cluster": CLUSTER }));
        let newest = running
            .into_iter()
            .max_by(|one, other| one["createdAt"].as_f64().unwrap().total_cmp(&other["createdAt"].as_f64().unwrap()));
        id = id.or(newest.filter(|task| task["lastStatus"] != "RUNNING").map(|task| task["taskArn"].clone()));
        let Some(id) = &id else { continue };
        let task = ok(&mut world, "DescribeTasks", json!({ "cluster": CLUSTER, "tasks": [id] }))["tasks"][0].clone();
        let status = task["lastStatus"].as_str().unwrap().to_owned();
        if seen.last() != Some(&status) {
            let now = task["version"].as_i64().unwrap();
            assert!(now > version, "the version grows with every state");
            version = now;
            seen.push(status.clone());
        }
        if status == "RUNNING" && task["desiredStatus"] == "RUNNING" {
            ok(&mut world, "StopTask", json!({ "cluster": CLUSTER, "task": id, "reason": "enough" }));
        }
    }
    let life =
        ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];
    assert_eq!(seen, life);
}

#[test]
fn stopped_tasks_are_kept_for_an_hour() {
    let mut world = World::sized(1, 1, 1, NOW);
    let id = ok(&mut world, "ListTasks", json!({ "cluster": CLUSTER }))["taskArns"][0].clone();
    let input = json!({ "cluster": CLUSTER, "tasks": [id] });
    let answer = ok(&mut world, "StopTask", json!({ "cluster": CLUSTER, "task": id, "reason": "enough" }));
    assert_eq!(answer["task"]["desiredStatus"], "STOPPED");
    let before = ok(&mut world, "DescribeTasks", input.clone());
    assert_eq!(before["tasks"][0]["desiredStatus"], "RUNNING", "reads lag");
    pass(&mut world, 59 * MINUTE);
    let task = ok(&mut world, "DescribeTasks", input.clone())["tasks"][0].clone();
    assert_eq!((&task["stopCode"], &task["stoppedReason"]), (&json!("UserInitiated"), &json!("enough")));
    assert_eq!(task["containers"][0]["exitCode"], 143);
    assert_eq!(service(&mut world)["runningCount"], 1, "the service replaced it");
    pass(&mut world, 3 * MINUTE);
    assert_eq!(ok(&mut world, "DescribeTasks", input)["failures"][0]["reason"], "MISSING");
    let (code, message) = refused(&mut world, "StopTask", json!({ "cluster": CLUSTER, "task": id }));
    assert_eq!((code, message.as_str()), ("InvalidParameterException", "The referenced task was not found."));
}

#[rstest]
#[case(100, 200)]
#[case(50, 100)]
#[case(75, 125)]
fn a_roll_keeps_to_its_bounds(#[case] minimum: usize, #[case] maximum: usize) {
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
    let said = |text: String| {
        let events = after["events"].as_array().unwrap();
        assert!(events.iter().any(|event| event["message"] == text.as_str()), "{text}");
    };
    let restored = after["deployments"][0]["id"].as_str().unwrap();
    said(format!("(service service-0000) (deployment {failed}) deployment failed: tasks failed to start."));
    said(format!("(service service-0000) rolling back to deployment {restored}."));
}

#[test]
fn without_a_breaker_it_fails_for_ever_and_a_person_rolls_back() {
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
fn attempts_that_never_run_grow_apart() {
    let mut world = World::sized(1, 1, 1, NOW);
    world.publish("gone:1", Image::that(Conduct::Missing, Voice::Plain, 0));
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
fn a_pause_is_answered(#[case] action: &str, #[case] status: &str, #[case] hook_status: &str) {
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
fn more_memory_cures_the_crash_loop() {
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
fn jobs_run_once_for_a_token_and_end_well() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let network = json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"] } });
    let input = json!({
        "cluster": "batch", "taskDefinition": "nightly-report", "launchType": "FARGATE", "count": 3,
        "networkConfiguration": network, "clientToken": "once", "startedBy": "me",
    });
    let first = ok(&mut world, "RunTask", input.clone());
    assert_eq!(first["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(first["tasks"][0]["lastStatus"], "PROVISIONING");
    let again = ok(&mut world, "RunTask", input.clone());
    assert_eq!(again["tasks"][0]["taskArn"], first["tasks"][0]["taskArn"]);
    assert_eq!(tasks(&mut world, json!({ "cluster": "batch", "startedBy": "me" })).len(), 0, "lists lag");
    pass(&mut world, READ_LAG);
    assert_eq!(tasks(&mut world, json!({ "cluster": "batch", "startedBy": "me" })).len(), 3);
    pass(&mut world, 8 * MINUTE);
    let done = tasks(&mut world, json!({ "cluster": "batch", "startedBy": "me", "desiredStatus": "STOPPED" }));
    assert_eq!(done.len(), 3);
    assert!(done.iter().all(|task| task["containers"][0]["exitCode"] == 0 && task["group"] == "family:nightly-report"));
    let mut without = input.clone();
    without["networkConfiguration"] = Value::Null;
    without["clientToken"] = Value::Null;
    let message = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
    assert_eq!(refused(&mut world, "RunTask", without), ("InvalidParameterException", message.to_owned()));
    let mut eleven = input;
    eleven["count"] = json!(11);
    assert_eq!(refused(&mut world, "RunTask", eleven).0, "InvalidParameterException");
    let whole = json!({ "cluster": "prod", "taskDefinition": "ranking", "launchType": "EC2" });
    let full = ok(&mut world, "RunTask", whole);
    assert_eq!(full["failures"][0]["reason"], "RESOURCE:CPU");
}

#[test]
fn exec_wants_a_ready_agent() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let exec = |world: &mut World, service: &str, container: Value, interactive: bool| {
        let task = tasks(world, json!({ "cluster": "prod", "serviceName": service }))[0]["taskArn"].clone();
        let input = json!({
            "cluster": "prod", "task": task, "container": container, "interactive": interactive, "command": "sh",
        });
        ask(world, "ExecuteCommand", input)
    };
    let session = exec(&mut world, "web", json!("app"), true).unwrap();
    let url = session["session"]["streamUrl"].as_str().unwrap();
    assert!(url.starts_with("wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/ecs-execute-command-"), "{url}");
    let error = exec(&mut world, "inventory", json!("app"), true).unwrap_err();
    assert!(error.message.contains("the execute command agent isn\u{2019}t running."), "{}", error.message);
    for (container, interactive) in [(json!("nobody"), true), (Value::Null, true), (json!("app"), false)] {
        assert_eq!(exec(&mut world, "web", container, interactive).unwrap_err().code, "InvalidParameterException");
    }
}

#[test]
fn draining_moves_services_but_not_jobs() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let arns = ok(&mut world, "ListContainerInstances", json!({ "cluster": "batch", "status": "ACTIVE" }));
    let instance = arns["containerInstanceArns"][0].clone();
    let there = json!({ "cluster": "batch", "containerInstance": instance });
    let groups = |world: &mut World| {
        let mut groups: Vec<_> =
            tasks(world, there.clone()).iter().map(|task| task["group"].as_str().unwrap().to_owned()).collect();
        groups.retain(|group| group.starts_with("service:"));
        groups.len()
    };
    assert!(groups(&mut world) > 0);
    let input = json!({ "cluster": "batch", "containerInstances": [instance], "status": "DRAINING" });
    let answer = ok(&mut world, "UpdateContainerInstancesState", input);
    assert_eq!(answer["containerInstances"][0]["status"], "DRAINING");
    pass(&mut world, 3 * MINUTE);
    assert_eq!(groups(&mut world), 0);
    assert_eq!(service_of(&mut world, "batch", "queue-worker")["runningCount"], 6);
}

#[rstest]
fn protected_tasks_survive_a_scale_in(#[values(true, false)] expires: bool) {
    let mut world = World::sized(1, 1, 3, NOW);
    let all = ok(&mut world, "ListTasks", json!({ "cluster": CLUSTER }))["taskArns"].clone();
    let input = json!({ "cluster": CLUSTER, "tasks": all, "protectionEnabled": true, "expiresInMinutes": 10 });
    let answer = ok(&mut world, "UpdateTaskProtection", input);
    assert_eq!(answer["protectedTasks"][0]["expirationDate"], (NOW + 10 * MINUTE) as f64 / 1_000.0);
    update(&mut world, json!({ "desiredCount": 1 }));
    pass(&mut world, 5 * MINUTE);
    let held = service(&mut world);
    assert_eq!(held["runningCount"], 3);
    let event = held["events"][0]["message"].as_str().unwrap();
    assert!(event.contains("The number of protected tasks are more than the desired count of tasks."), "{event}");
    if expires {
        pass(&mut world, 5 * MINUTE);
    } else {
        let input = json!({ "cluster": CLUSTER, "tasks": all, "protectionEnabled": false });
        ok(&mut world, "UpdateTaskProtection", input);
    }
    pass(&mut world, 2 * MINUTE);
    assert_eq!(service(&mut world)["runningCount"], 1);
}

#[test]
fn revisions_are_listed_both_ways() {
    let mut world = World::sized(1, 1, 0, NOW);
    for _ in 0..11 {
        revision_with(&mut world, "good:2");
    }
    let family = format!("{CLUSTER}-{SERVICE}");
    let newest = |arns: &Value| arns["taskDefinitionArns"][0].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let falling = json!({ "familyPrefix": family, "sort": "DESC", "maxResults": 5 });
    let first = ok(&mut world, "ListTaskDefinitions", falling);
    assert_eq!(newest(&first), "12");
    let next = json!({ "familyPrefix": family, "sort": "DESC", "maxResults": 5, "nextToken": first["nextToken"] });
    assert_eq!(newest(&ok(&mut world, "ListTaskDefinitions", next)), "7");
    assert_eq!(newest(&ok(&mut world, "ListTaskDefinitions", json!({ "familyPrefix": family }))), "1");
    let families = ok(&mut world, "ListTaskDefinitionFamilies", json!({ "familyPrefix": "cluster-" }));
    assert_eq!(families["families"], json!([family]));
}
