use std::collections::BTreeSet;

use super::*;
use crate::demo::{
    ecs,
    scenario::Scenario,
    world::{LoadBalancer, Phase},
};

const NOW: i64 = 1_764_000_000_000;
const MINUTE: i64 = 60_000;

fn call_elb(world: &mut World, operation: &str, form: &str) -> Answer {
    call(world, operation, &Form::read(form.as_bytes())).unwrap()
}

fn refused(world: &mut World, operation: &str, form: &str) -> (&'static str, String) {
    let error = call_elb(world, operation, form).expect_err(operation);
    assert_eq!(error.status, 400);
    (error.code, error.message)
}

fn health(world: &mut World, arn: &str) -> Vec<Value> {
    let answer = call_elb(world, "DescribeTargetHealth", &format!("TargetGroupArn={arn}")).unwrap();
    answer["TargetHealthDescriptions"].as_array().unwrap().clone()
}

/// The state of each target, sorted.
fn states(world: &mut World, arn: &str) -> Vec<String> {
    let mut states: Vec<String> = health(world, arn)
        .iter()
        .map(|target| {
            let health = &target["TargetHealth"];
            format!("{} {}", health["State"].as_str().unwrap(), health["Reason"].as_str().unwrap_or("-"))
        })
        .collect();
    states.sort();
    states
}

/// The ARNs of a service's target groups.
fn groups_of(world: &World, service: &str) -> Vec<String> {
    let of = |group: &TargetGroup<'_>| world.services[group.service].name == service;
    world.target_groups().filter(of).map(|group| group.arn.to_owned()).collect()
}

#[test]
fn the_tasks_of_a_steady_service_are_healthy_targets() {
    let mut world = World::new(Scenario::Calm, 1, NOW);
    let described = ecs::call(&mut world, "DescribeServices", &json!({ "cluster": "prod", "services": ["web"] }));
    let service = described.unwrap().unwrap()["services"][0].clone();
    let arn = service["loadBalancers"][0]["targetGroupArn"].as_str().unwrap();
    let listed =
        ecs::call(&mut world, "ListTasks", &json!({ "cluster": "prod", "serviceName": "web" })).unwrap().unwrap();
    let tasks = json!({ "cluster": "prod", "tasks": listed["taskArns"] });
    let tasks = ecs::call(&mut world, "DescribeTasks", &tasks).unwrap().unwrap();

    let address = |task: &Value| task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"].clone();
    let expected: BTreeSet<String> = tasks["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| format!("{}:8080 in {} {}", address(task), task["availabilityZone"], r#"{"State":"healthy"}"#))
        .collect();
    let targets = health(&mut world, arn);
    let seen = targets.iter().map(|target| {
        let own = &target["Target"];
        format!("{}:{} in {} {}", own["Id"], own["Port"], own["AvailabilityZone"], target["TargetHealth"])
    });
    assert_eq!(seen.collect::<BTreeSet<_>>(), expected);
    assert_eq!((targets.len(), &targets[0]["HealthCheckPort"]), (3, &json!("8080")));
}

#[test]
fn a_target_goes_from_registered_to_healthy_to_draining() {
    let mut world = World::sized(1, 1, 1, NOW);
    let arn = groups_of(&world, "service-0000").remove(0);
    let input = json!({ "cluster": "cluster-000", "service": "service-0000", "forceNewDeployment": true });
    ecs::call(&mut world, "UpdateService", &input).unwrap().unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..600 {
        let then = world.now_ms + 500;
        world.advance_to(then);
        seen.extend(states(&mut world, &arn));
    }
    let expected = [
        "draining Target.DeregistrationInProgress",
        "healthy -",
        "initial Elb.InitialHealthChecking",
        "initial Elb.RegistrationInProgress",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
    assert_eq!(states(&mut world, &arn), ["healthy -"], "the old task has gone");
}

#[test]
fn a_task_that_fails_checks_is_unhealthy_with_its_status_code() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let arn = groups_of(&world, "search-api").remove(0);
    let mut unhealthy = Vec::new();
    for _ in 0..60 {
        let then = world.now_ms + MINUTE / 4;
        world.advance_to(then);
        unhealthy.extend(
            health(&mut world, &arn).into_iter().filter(|target| target["TargetHealth"]["State"] == "unhealthy"),
        );
    }
    let expected = json!({
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [502]",
    });
    assert!(!unhealthy.is_empty() && unhealthy.iter().all(|target| target["TargetHealth"] == expected));
}

#[test]
fn green_is_in_the_second_group_and_blue_in_the_first() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let groups = groups_of(&world, "catalog");
    assert_eq!(groups.len(), 2);
    for arn in groups {
        assert_eq!(states(&mut world, &arn), vec!["healthy -"; 4], "{arn}");
    }
}

#[test]
fn in_bridge_mode_targets_are_instances_and_host_ports() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let place = world.services.iter().position(|service| service.name == "session-cache").unwrap();
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/session-cache/0123456789abcdef";
    let balancer = LoadBalancer { target_group: arn.into(), alternate: None, container: "app".into(), port: 6379 };
    world.services[place].balancers.push(balancer);
    let live = world.services[place].live.clone();
    for id in &live {
        let task = world.tasks.get_mut(id).unwrap();
        assert_eq!(task.containers[0].phase, Phase::Running);
        task.target = Some(Default::default());
    }
    let targets = health(&mut world, arn);
    assert_eq!(targets.len(), live.len());
    for target in targets {
        let own = &target["Target"];
        assert!(own["Id"].as_str().unwrap().starts_with("i-0") && own["Port"].as_u64().unwrap() >= 32_768, "{own}");
        assert_eq!(own.get("AvailabilityZone"), None);
    }
    let form = format!("TargetGroupArns.member.1={arn}");
    let group = call_elb(&mut world, "DescribeTargetGroups", &form).unwrap()["TargetGroups"][0].clone();
    assert_eq!((&group["TargetType"], &group["TargetGroupName"]), (&json!("instance"), &json!("session-cache")));
}

#[test]
fn named_targets_are_always_answered() {
    let mut world = World::sized(1, 1, 2, NOW);
    let arn = groups_of(&world, "service-0000").remove(0);
    let id = health(&mut world, &arn)[0]["Target"]["Id"].as_str().unwrap().to_owned();
    let form =
        format!("TargetGroupArn={arn}&Targets.member.1.Id={id}&Targets.member.2.Id=10.0.0.1&Targets.member.2.Port=99");
    let answer = call_elb(&mut world, "DescribeTargetHealth", &form).unwrap();
    let targets = answer["TargetHealthDescriptions"].as_array().unwrap();
    assert_eq!((targets.len(), &targets[0]["Target"]["Id"]), (2, &json!(id)));
    assert_eq!(targets[1]["Target"], json!({ "Id": "10.0.0.1", "Port": 99 }));
    assert_eq!(targets[1]["TargetHealth"]["Reason"], "Target.NotRegistered");
}

#[test]
fn groups_are_paged_and_filtered() {
    let mut world = World::sized(2, 5, 0, NOW);
    let (mut seen, mut sizes, mut marker) = (BTreeSet::new(), Vec::new(), String::new());
    loop {
        let answer = call_elb(&mut world, "DescribeTargetGroups", &format!("PageSize=4&Marker={marker}")).unwrap();
        let page = answer["TargetGroups"].as_array().unwrap();
        sizes.push(page.len());
        seen.extend(page.iter().map(|group| group["TargetGroupArn"].as_str().unwrap().to_owned()));
        match answer.get("NextMarker") {
            Some(next) => marker = next.as_str().unwrap().replace('+', "%2B"),
            None => break,
        }
    }
    assert_eq!((sizes, seen.len()), (vec![4, 4, 2], 10));

    let balancer = world.load_balancer_arn(1);
    let answer = call_elb(&mut world, "DescribeTargetGroups", &format!("LoadBalancerArn={balancer}")).unwrap();
    let groups = answer["TargetGroups"].as_array().unwrap();
    assert_eq!(groups.len(), 5);
    assert!(groups.iter().all(|group| group["LoadBalancerArns"] == json!([balancer])));
    let name = groups[2]["TargetGroupName"].as_str().unwrap();
    let answer = call_elb(&mut world, "DescribeTargetGroups", &format!("Names.member.1={name}")).unwrap();
    assert_eq!(answer["TargetGroups"], json!([groups[2]]));
}

#[test]
fn unknown_groups_are_refused() {
    let mut world = World::sized(1, 1, 0, NOW);
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef";
    let missing = |message: String| ("TargetGroupNotFound", message);
    assert_eq!(
        refused(&mut world, "DescribeTargetHealth", &format!("TargetGroupArn={arn}")),
        missing(format!("Target groups '{arn}' not found"))
    );
    for form in [format!("TargetGroupArns.member.1={arn}"), "Names.member.1=gone".into()] {
        let expected = missing("One or more target groups not found".into());
        assert_eq!(refused(&mut world, "DescribeTargetGroups", &form), expected);
    }
    assert_eq!(
        refused(&mut world, "DescribeTargetHealth", "TargetGroupArn=gone"),
        ("ValidationError", "'gone' is not a valid target group ARN".into())
    );
    for (operation, form) in [
        ("DescribeTargetHealth", ""),
        ("DescribeTargetGroups", "PageSize=0"),
        ("DescribeTargetGroups", "PageSize=401"),
        ("DescribeTargetGroups", "Marker=%"),
    ] {
        assert_eq!(refused(&mut world, operation, form).0, "ValidationError", "{form}");
    }
    assert!(call(&mut world, "CreateTargetGroup", &Form::default()).is_none());
}
