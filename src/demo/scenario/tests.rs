//! The accounts of the scenarios, seen through the API.

mod sessions;
mod wording;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::demo::{ecs, logs};

const NOW: i64 = 1_764_000_000_000;

fn call(world: &mut World, operation: &str, input: Value) -> Value {
    ecs::call(world, operation, &input).unwrap().unwrap_or_else(|error| panic!("{operation}: {error:?}"))
}

fn list(world: &mut World, operation: &str, key: &str, input: &Value) -> Vec<Value> {
    let (mut all, mut input) = (Vec::new(), input.clone());
    input["maxResults"] = json!(100);
    loop {
        let answer = call(world, operation, input.clone());
        all.extend(answer[key].as_array().unwrap().iter().cloned());
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return all,
        }
    }
}

/// All services and tasks of a cluster.
fn cluster_state(world: &mut World, cluster: &str) -> (Vec<Value>, Vec<Value>) {
    let (mut services, mut tasks) = (Vec::new(), Vec::new());
    let arns = list(world, "ListServices", "serviceArns", &json!({ "cluster": cluster }));
    for arns in arns.chunks(10) {
        let answer = call(world, "DescribeServices", json!({ "cluster": cluster, "services": arns }));
        services.extend(answer["services"].as_array().unwrap().iter().cloned());
    }
    for status in ["RUNNING", "STOPPED"] {
        let arns = list(world, "ListTasks", "taskArns", &json!({ "cluster": cluster, "desiredStatus": status }));
        for arns in arns.chunks(100) {
            let answer = call(world, "DescribeTasks", json!({ "cluster": cluster, "tasks": arns }));
            tasks.extend(answer["tasks"].as_array().unwrap().iter().cloned());
        }
    }
    (services, tasks)
}

/// The whole account as text.
fn account_text(world: &mut World) -> String {
    let mut text = String::new();
    for cluster in list(world, "ListClusters", "clusterArns", &json!({})) {
        let cluster = cluster.as_str().unwrap().to_owned();
        let (services, tasks) = cluster_state(world, &cluster);
        text.push_str(&json!([services, tasks]).to_string());
        let arns = list(world, "ListContainerInstances", "containerInstanceArns", &json!({ "cluster": cluster }));
        if !arns.is_empty() {
            let input = json!({ "cluster": cluster, "containerInstances": arns });
            text.push_str(&call(world, "DescribeContainerInstances", input).to_string());
        }
    }
    text
}

#[test]
fn equal_seeds_make_equal_accounts() {
    let grow = |seed| {
        let mut world = World::new(Scenario::Incident, seed, NOW);
        world.advance_to(NOW + 10 * MINUTE);
        account_text(&mut world)
    };
    let first = grow(1);
    assert_eq!(first, grow(1));
    assert_ne!(first, grow(2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_world_does_not_depend_on_how_often_it_is_read(steps in prop::collection::vec(0_i64..90_000, 1..25)) {
        let mut often = World::new(Scenario::Incident, 3, NOW);
        let mut now = NOW;
        for step in steps {
            now += step;
            often.advance_to(now);
        }
        let mut once = World::new(Scenario::Incident, 3, NOW);
        once.advance_to(now);
        prop_assert_eq!(account_text(&mut often), account_text(&mut once));
    }
}

/// A test that a fault is visible in the account.
type Evidence = fn(&Incident) -> bool;

struct Incident {
    services: Vec<Value>,
    tasks: Vec<Value>,
    rollouts: Vec<Value>,
    instances: Vec<Value>,
}

impl Incident {
    fn service(&self, name: &str) -> &Value {
        self.services.iter().find(|service| service["serviceName"] == name).unwrap()
    }

    fn event_contains(&self, service: &str, part: &str) -> bool {
        let events = self.service(service)["events"].as_array().unwrap();
        events.iter().any(|event| event["message"].as_str().unwrap().contains(part))
    }

    fn any_task(&self, group: &str, test: impl Fn(&Value) -> bool) -> bool {
        self.tasks.iter().any(|task| task["group"] == group && test(task))
    }

    fn rollout(&self, service: &str) -> &Value {
        let arn = &self.service(service)["currentServiceDeployment"];
        self.rollouts.iter().find(|rollout| rollout["serviceDeploymentArn"] == *arn).unwrap()
    }
}

fn has(value: &Value, part: &str) -> bool {
    value.as_str().is_some_and(|text| text.contains(part))
}

const FAULTS: [(&str, Evidence); 15] = [
    ("out of memory", |incident| {
        incident.any_task("service:checkout", |task| {
            let app = &task["containers"][0];
            task["stopCode"] == "EssentialContainerExited"
                && task["stoppedReason"] == "Essential container in task exited"
                && app["exitCode"] == 137
                && app["reason"] == "OutOfMemoryError: Container killed due to memory usage"
        })
    }),
    ("image that cannot be pulled", |incident| {
        incident.event_contains("recommendations", "is unable to consistently start tasks successfully")
            && incident.any_task("service:recommendations", |task| {
                task["stopCode"] == "TaskFailedToStart"
                    && task.get("startedAt").is_none()
                    && has(&task["stoppedReason"], "CannotPullContainerError: pull image manifest has been retried")
                    && has(&task["containers"][0]["reason"], "CannotPullContainerError")
            })
    }),
    ("the same on an instance, with its apostrophe", |incident| {
        incident.any_task("service:geocoder-staging", |task| {
            has(
                &task["containers"][0]["reason"],
                "The task can\u{2019}t pull the image. Check whether the image exists.",
            )
        })
    }),
    ("denied secret", |incident| {
        incident.any_task("service:payments", |task| {
            task["stopCode"] == "TaskFailedToStart"
                && task.get("pullStartedAt").is_none()
                && has(&task["stoppedReason"], "ResourceInitializationError: unable to pull secrets or registry auth")
                && has(&task["stoppedReason"], "is not authorized to perform: secretsmanager:GetSecretValue")
        })
    }),
    ("failing target health", |incident| {
        incident.event_contains("search-api", "due to (reason Health checks failed with these codes: [502])")
            && incident.any_task("service:search-api", |task| {
                task["stopCode"] == "ServiceSchedulerInitiated"
                    && has(&task["stoppedReason"], "Task failed ELB health checks in (target-group arn:aws:elasticload")
            })
    }),
    ("rollout with failures", |incident| {
        let rollout = incident.rollout("orders-api");
        let counts = rollout["deploymentCircuitBreaker"]["threshold"] == 20;
        let status = rollout["status"].as_str().unwrap();
        counts
            && matches!(status, "IN_PROGRESS" | "ROLLBACK_IN_PROGRESS" | "ROLLBACK_SUCCESSFUL")
            && incident.event_contains("orders-api", "deployment failed: tasks failed to start.")
            && incident.event_contains("orders-api", "rolling back to deployment ecs-svc/")
            && incident.any_task("service:orders-api", |task| task["containers"][0]["exitCode"] == 1)
    }),
    ("pause hook", |incident| {
        let rollout = incident.rollout("catalog");
        let hook = &rollout["lifecycleHookDetails"][0];
        rollout["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
            && hook["status"] == "AWAITING_ACTION"
            && hook["expiresAt"].is_f64()
            && incident.service("catalog")["deployments"].as_array().unwrap().len() == 2
    }),
    ("no room", |incident| {
        incident.event_contains(
            "ranking",
            "was unable to place a task because no container instance met all of its requirements",
        ) && incident.event_contains("ranking", "has insufficient CPU units available.")
    }),
    ("agent disconnected", |incident| {
        let lost = incident.instances.iter().filter(|instance| instance["agentConnected"] == false);
        lost.count() == 1 && incident.tasks.iter().any(|task| task["connectivity"] == "DISCONNECTED")
    }),
    ("draining instance held by a standalone task", |incident| {
        let held = incident.instances.iter().find(|instance| instance["status"] == "DRAINING").unwrap();
        held["runningTasksCount"] == 1
    }),
    ("Spot interruption", |incident| {
        incident.any_task("service:image-resizer", |task| {
            task["stopCode"] == "SpotInterruption"
                && task["stoppedReason"] == "Your Spot Task was interrupted."
                && task["capacityProviderName"] == "FARGATE_SPOT"
        })
    }),
    ("batch tasks that end well", |incident| {
        incident.any_task("family:nightly-report", |task| task["containers"][0]["exitCode"] == 0)
    }),
    ("broken exec agent", |incident| {
        let broken = |task: &Value| {
            let agent = &task["containers"][0]["managedAgents"][0];
            task["lastStatus"] == "RUNNING" && agent["lastStatus"] == "STOPPED" && agent.get("lastStartedAt").is_none()
        };
        let tasks = incident.tasks.iter().filter(|task| broken(task));
        tasks.map(|task| task["group"].as_str().unwrap()).eq(["service:auth"])
    }),
    ("volume that cannot be attached", |incident| {
        incident.any_task("family:backfill", |task| {
            let volume = &task["attachments"][1];
            let detail = volume["details"].as_array().unwrap().last().unwrap();
            task["stopCode"] == "TaskFailedToStart"
                && task["stoppedReason"] == "Task failed to start"
                && (&volume["type"], &volume["status"]) == (&json!("AmazonElasticBlockStorage"), &json!("FAILED"))
                && detail["name"] == "statusReason"
        })
    }),
    ("failing container health check", |incident| {
        incident.event_contains("feature-flags", "failed container health checks.")
            && incident.any_task("service:feature-flags", |task| task["healthStatus"] == "UNHEALTHY")
    }),
];

fn read_incident(world: &mut World) -> Incident {
    let mut incident =
        Incident { services: Vec::new(), tasks: Vec::new(), rollouts: Vec::new(), instances: Vec::new() };
    for cluster in ["prod", "staging", "batch"] {
        let (services, tasks) = cluster_state(world, cluster);
        for services in services.chunks(10) {
            // The service of an external controller has none.
            let current = services.iter().map(|service| service["currentServiceDeployment"].clone());
            let arns: Vec<_> = current.filter(|arn| !arn.is_null()).collect();
            let answer = call(world, "DescribeServiceDeployments", json!({ "serviceDeploymentArns": arns }));
            incident.rollouts.extend(answer["serviceDeployments"].as_array().unwrap().iter().cloned());
        }
        let arns = list(world, "ListContainerInstances", "containerInstanceArns", &json!({ "cluster": cluster }));
        let input = json!({ "cluster": cluster, "containerInstances": arns });
        let answer = call(world, "DescribeContainerInstances", input);
        incident.instances.extend(answer["containerInstances"].as_array().unwrap().iter().cloned());
        incident.services.extend(services);
        incident.tasks.extend(tasks);
    }
    incident
}

#[rstest]
fn every_fault_is_visible_at_any_time(#[values(1, 7)] seed: u64) {
    let mut world = World::new(Scenario::Incident, seed, NOW);
    for minutes in [0, 13, 60] {
        world.advance_to(NOW + minutes * MINUTE);
        let incident = read_incident(&mut world);
        for (name, shows) in FAULTS {
            assert!(shows(&incident), "{name}, seed {seed}, after {minutes} minutes");
        }
    }
}

#[test]
fn times_of_tasks_are_in_order() {
    let mut world = World::new(Scenario::Incident, 4, NOW);
    let keys =
        ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"];
    for cluster in ["prod", "staging", "batch"] {
        for task in cluster_state(&mut world, cluster).1 {
            let times: Vec<f64> = keys.iter().filter_map(|key| task[*key].as_f64()).collect();
            // A failed pull ends before the task does.
            let expected = !times.windows(2).any(|pair| pair[0] > pair[1]);
            assert!(expected, "{task:#}");
            assert!(times.iter().all(|at| *at <= NOW as f64 / 1_000.0), "{task:#}");
            assert_eq!(task["lastStatus"] == "STOPPED", task.get("stoppedAt").is_some());
            assert_eq!(task["desiredStatus"] == "STOPPED", task.get("stopCode").is_some());
        }
    }
}

#[test]
fn the_fleet_has_its_size() {
    let mut world = World::new(Scenario::Fleet, 1, NOW);
    let clusters =
        call(&mut world, "DescribeClusters", json!({ "clusters": ["edge", "core", "data", "internal", "sandbox"] }));
    let sum = |key: &str| -> i64 {
        clusters["clusters"].as_array().unwrap().iter().map(|cluster| cluster[key].as_i64().unwrap()).sum()
    };
    assert_eq!(sum("activeServicesCount"), 500);
    assert!((4_950..5_200).contains(&sum("runningTasksCount")), "{}", sum("runningTasksCount"));
    assert_eq!(list(&mut world, "ListServices", "serviceArns", &json!({ "cluster": "edge" })).len(), 200);
    assert!(list(&mut world, "ListTasks", "taskArns", &json!({ "cluster": "core" })).len() >= 1_990);
}

#[test]
fn the_calm_scenario_has_no_faults() {
    let mut world = World::new(Scenario::Calm, 1, NOW);
    let before = account_text(&mut world);
    world.advance_to(NOW + 7 * HOUR);
    assert_eq!(before, account_text(&mut world));
}

#[rstest]
fn sized_accounts_have_their_size(#[values(0, 1, 10, 11, 100, 101)] count: usize) {
    let mut world = World::sized(1, count, 1, NOW);
    let services = list(&mut world, "ListServices", "serviceArns", &json!({ "cluster": "cluster-000" }));
    assert_eq!(services.len(), count);
    let mut world = World::sized(count, 1, 2, NOW);
    assert_eq!(list(&mut world, "ListClusters", "clusterArns", &json!({})).len(), count);
    let before = account_text(&mut world);
    world.advance_to(NOW + HOUR);
    assert_eq!(before, account_text(&mut world));
}

/// The messages of a log group that contain `part`.
fn logged(world: &mut World, group: &str, part: &str) -> Vec<String> {
    let (mut found, mut input) = (Vec::new(), json!({ "logGroupName": group }));
    loop {
        let answer = logs::call(world, "eu-west-1", "FilterLogEvents", &input).unwrap().unwrap();
        let messages = answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap());
        found.extend(messages.filter(|message| message.contains(part)).map(str::to_owned));
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return found,
        }
    }
}

#[rstest]
#[case("/ecs/checkout", "java.lang.OutOfMemoryError: Java heap space")]
#[case("/ecs/orders-api", "connect: connection refused")]
#[case("/ecs/nightly-report", "all done")]
#[case("/ecs/web", "GET /")]
#[case("/ecs/legacy-admin", "starting app")]
fn logs_say_what_happened(#[case] group: &str, #[case] part: &str) {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    assert!(!logged(&mut world, group, part).is_empty());
}

#[test]
fn the_chatty_service_logs_json() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    world.advance_to(NOW + MINUTE);
    let lines = logged(&mut world, "/ecs/api-gateway", "\"request_id\"");
    assert!(lines.len() > 1_000, "{} lines", lines.len());
    for line in lines {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert!(line["status"].is_i64() && line["level"].is_string());
    }
}

#[test]
fn logs_have_lines_of_every_kind() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    world.advance_to(NOW + 20 * MINUTE);
    let coloured = logged(&mut world, "/ecs/search-api", "\u{1b}[");
    assert!(coloured.len() > 20, "{} lines", coloured.len());
    let pairs = logged(&mut world, "/ecs/auth", "level=");
    assert!(pairs.iter().all(|line| line.starts_with("ts=")) && pairs.len() > 50, "{} lines", pairs.len());
    assert!(!logged(&mut world, "/ecs/checkout", "\tat com.shop.checkout.").is_empty());
    let huge: Vec<_> = logged(&mut world, "/ecs/job-scheduler", "schedule dumped").iter().map(String::len).collect();
    assert!(huge.iter().all(|length| (190_000..=1_048_576).contains(length)) && !huge.is_empty(), "{huge:?}");

    let stream = |group: &str, part: &str| {
        let streams = world.logs.groups()[group].streams.iter().filter(|(name, _)| name.contains(part));
        streams.flat_map(|(_, stream)| stream.events.iter()).collect::<Vec<_>>()
    };
    let late = |group| {
        let delays = stream(group, "").into_iter().map(|event| event.ingested_ms - event.at.timestamp_ms);
        delays.filter(|delay| *delay >= 20_000).count()
    };
    assert!(late("/ecs/pricing") > 0 && late("/ecs/web") == 0);
    let burst = stream("/ecs/image-resizer", "")
        .windows(100)
        .any(|some| (0..1_000).contains(&(some[99].at.timestamp_ms - some[0].at.timestamp_ms)));
    assert!(burst, "hundreds of lines within a second");
    assert!(!stream("/ecs/api-gateway", "firelens/app-firelens-").is_empty());
    assert!(stream("/ecs/session-cache", "").len() > 10 && stream("/ecs/session-cache", "/").is_empty());
}

#[test]
fn logs_do_not_depend_on_how_often_they_are_read() {
    let logged_lines = |steps: i64| {
        let mut world = World::new(Scenario::Incident, 3, NOW);
        (1..=steps).for_each(|step| world.advance_to(NOW + step * 10 * MINUTE / steps));
        let events = |stream: &logs::Stream| stream.events.iter().map(|event| event.at).collect::<Vec<_>>();
        let groups = world.logs.groups().values();
        groups.flat_map(|group| group.streams.values().map(events).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert!(logged_lines(1) == logged_lines(97));
}
