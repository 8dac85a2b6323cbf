//! Tasks: their life, jobs, exec, draining and protection.

use super::*;

#[test]
fn a_task_goes_through_every_state() {
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

#[test]
fn jobs_run_once_per_client_token_and_succeed() {
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
fn exec_requires_a_running_agent() {
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
    let refused = |error: crate::demo::wire::ApiError| {
        assert!(error.message.contains("the execute command agent isn\u{2019}t running."), "{}", error.message);
    };
    refused(exec(&mut world, "inventory", json!("app"), true).unwrap_err());
    for task in tasks(&mut world, json!({ "cluster": "prod", "serviceName": "auth" })) {
        let ready = task["containers"][0]["managedAgents"][0]["lastStatus"] == "RUNNING";
        let input = json!({ "cluster": "prod", "task": task["taskArn"], "interactive": true, "command": "sh" });
        match ask(&mut world, "ExecuteCommand", input) {
            Ok(_) => assert!(ready),
            Err(error) => refused(error),
        }
    }
    for (container, interactive) in [(json!("missing"), true), (Value::Null, true), (json!("app"), false)] {
        assert_eq!(exec(&mut world, "web", container, interactive).unwrap_err().code, "InvalidParameterException");
    }
}

#[test]
fn draining_moves_service_tasks_but_not_jobs() {
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
fn a_stopped_task_is_described_for_an_hour() {
    let mut world = World::sized(1, 1, 1, NOW);
    let arn = tasks(&mut world, json!({ "cluster": CLUSTER }))[0]["taskArn"].clone();
    ok(&mut world, "StopTask", json!({ "cluster": CLUSTER, "task": arn }));
    pass(&mut world, 2 * MINUTE);
    let describe = json!({ "cluster": CLUSTER, "tasks": [arn] });
    let listed = |world: &mut World| {
        let stopped = ok(world, "ListTasks", json!({ "cluster": CLUSTER, "desiredStatus": "STOPPED" }));
        stopped["taskArns"].as_array().unwrap().contains(&arn)
    };
    let stopped_at = ok(&mut world, "DescribeTasks", describe.clone())["tasks"][0]["stoppedAt"].as_f64().unwrap();
    let forgotten = (stopped_at * 1_000.0).round() as i64 + 60 * MINUTE;

    world.advance_to(forgotten - 1);
    assert!(listed(&mut world));
    assert_eq!(ok(&mut world, "DescribeTasks", describe.clone())["tasks"][0]["stopCode"], "UserInitiated");
    world.advance_to(forgotten);
    assert!(!listed(&mut world));
    let answer = ok(&mut world, "DescribeTasks", describe);
    assert_eq!(answer, json!({ "tasks": [], "failures": [{ "arn": arn, "reason": "MISSING" }] }));
}
