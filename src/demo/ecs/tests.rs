//! ECS operations and their effects over time.

mod placement;
mod rollouts;
mod tasks_alive;

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::demo::{scenario::Scenario, world::READ_LAG};

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

/// Registers the next revision of the service's family with another image; returns its name.
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

#[test]
fn unknown_operations_have_no_answer() {
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
fn requests_over_a_limit_are_refused(
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
fn requests_at_a_limit_are_answered() {
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
fn services_are_listed_ten_per_page_by_default(#[case] services: usize, #[case] first: usize, #[case] more: bool) {
    let mut world = World::sized(1, services, 0, NOW);
    let answer = ok(&mut world, "ListServices", json!({ "cluster": CLUSTER }));
    assert_eq!(answer["serviceArns"].as_array().unwrap().len(), first);
    assert_eq!(answer.get("nextToken").is_some(), more);
}

#[test]
fn missing_resources_are_failures_or_errors() {
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
fn names_and_arns_are_equivalent() {
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
fn reads_lag_behind_writes() {
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
fn revisions_are_listed_in_either_order() {
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
