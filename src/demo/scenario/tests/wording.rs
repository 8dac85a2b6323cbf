//! The messages of the account must be those of AWS: each is compared with patterns of AWS's own messages.

use regex::RegexSet;

use super::*;

/// A fault, where it shows, and the pattern of AWS's message for it.
const PLANTED: [(&str, &str, &str); 15] = [
    ("service:checkout", "container", r"OutOfMemoryError"),
    ("service:checkout", "task", r"Essential container in task exited"),
    ("service:search-api", "task", r"Task failed ELB health checks in"),
    ("service:recommendations", "task", r"failed to resolve ref.+: not found"),
    ("service:recommendations", "container", r"failed to resolve ref.+: not found"),
    ("service:geocoder-staging", "container", r"can't pull the image\. check whether the image exists"),
    ("service:docs-staging", "container", r"stat .+: no such file or directory"),
    ("service:payments", "task", r"not authorized to perform: secretsmanager:GetSecretValue"),
    ("service:orders-api", "task", r"Essential container in task exited"),
    ("service:feature-flags", "task", r"failed container health checks"),
    ("service:image-resizer", "task", r"Your Spot Task was interrupted"),
    ("service:pricing", "task", r"Scaling activity initiated by"),
    ("service:auth", "agent", r"ExecuteCommandAgent process exited with exit code"),
    ("family:backfill", "attachment", r"unable to assume the configured ECS Infrastructure Role"),
    ("family:invoice-export", "task", r"Essential container in task exited"),
];

/// A service, and the pattern of an event about its fault.
const ANNOUNCED: [(&str, &str); 10] = [
    ("search-api", r"is unhealthy in.+Health checks failed with these codes: \[[\d, ]+\]"),
    ("search-api", r"has started \d+ tasks?.+replaced \d+ tasks? due to an unhealthy status"),
    ("recommendations", r"is unable to consistently start tasks successfully"),
    ("payments", r"is unable to consistently start tasks successfully"),
    ("orders-api", r"deployment failed: tasks? failed to start"),
    ("orders-api", r"rolling back to deployment"),
    ("ranking", r"insufficient CPU"),
    (
        "cms-staging",
        r"was unable to stop or start tasks during a deployment because of the service deployment configuration",
    ),
    ("feature-flags", r"failed container health checks"),
    ("web", r"has reached a steady state"),
];

/// All stop reasons of an incident: unlike the patterns above, whole messages except for names and numbers.
const REASONS: [&str; 15] = [
    r"^Essential container in task exited$",
    r"^Task failed to start$",
    r"^Task failed ELB health checks in \(target-group arn:aws:elasticloadbalancing:[\w:/-]+\)$",
    r"^Task failed container health checks$",
    r"^Scaling activity initiated by \(deployment ecs-svc/\d{19}\)$",
    r"^Your Spot Task was interrupted\.$",
    r"^CannotPullContainerError: pull image manifest has been retried 7 time\(s\): failed to resolve ref \S+: \S+: not found$",
    r"^CannotPullContainerError: The task can\x{2019}t pull the image\. Check whether the image exists\. Error response from daemon: manifest for \S+ not found: manifest unknown: Requested image not found$",
    r"^CannotStartContainerError: Error response from daemon: failed to create task for container: .+: unknown$",
    r"^ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time\(s\): failed to fetch secret \S+ from secrets manager: AccessDeniedException: User: \S+ is not authorized to perform: secretsmanager:GetSecretValue on resource: \S+ because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400, request id: [0-9a-f-]{36}$",
    r"^OutOfMemoryError: Container killed due to memory usage$",
    r"^ExecuteCommandAgent process exited with exit code: 255$",
    r"^Received Container Stopped event$",
    r"^ECS was unable to assume the configured ECS Infrastructure Role '\S+'\. Please verify that the role being passed has the proper trust relationship with Amazon ECS$",
    r"^Task stopped by user$",
];

/// All events of an incident's services.
const EVENTS: [&str; 15] = [
    r"has reached a steady state\.$",
    r"\(deployment ecs-svc/\d{19}\) deployment completed\.$",
    r"\(deployment ecs-svc/\d{19}\) deployment failed: tasks failed to start\.$",
    r"rolling back to deployment ecs-svc/\d{19}\.$",
    r"has started \d+ tasks:( \(task [0-9a-f]{32}\))+\.( Amazon ECS replaced \d+ tasks due to an unhealthy status\.)?$",
    r"has stopped \d+ running tasks:( \(task [0-9a-f]{32}\))+\.$",
    r"has stopped \d+ pending tasks:( \(task [0-9a-f]{32}\))+\.$",
    r"registered \d+ targets in \(target-group \S+\)$",
    r"deregistered \d+ targets in \(target-group \S+\)$",
    r"has begun draining connections on \d+ tasks\.$",
    r"\(task [0-9a-f]{32}\) failed container health checks\.$",
    r"\(task [0-9a-f]{32}\) \(port \d+\) is unhealthy in \(target-group \S+\) due to \(reason Health checks failed with these codes: \[\d+\]\)\.$",
    r"is unable to consistently start tasks successfully\. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide\.$",
    r"was unable to place a task because no container instance met all of its requirements\. The closest matching \(container-instance [0-9a-f]{32}\) has insufficient CPU units available\. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide\.$",
    r"was unable to stop or start tasks during a deployment because of the service deployment configuration\. Update the minimumHealthyPercent or maximumPercent value and try again\.$",
];

/// The reasons of a task: the field, and the text.
fn reasons(task: &Value) -> Vec<(&'static str, &str)> {
    let mut reasons: Vec<_> = task["stoppedReason"].as_str().map(|text| ("task", text)).into_iter().collect();
    for container in task["containers"].as_array().unwrap() {
        reasons.extend(container["reason"].as_str().map(|text| ("container", text)));
        for agent in container["managedAgents"].as_array().into_iter().flatten() {
            reasons.extend(agent["reason"].as_str().map(|text| ("agent", text)));
        }
    }
    for attachment in task["attachments"].as_array().unwrap() {
        let details = attachment["details"].as_array().unwrap();
        let reason = details.iter().find(|detail| detail["name"] == "statusReason");
        reasons.extend(reason.and_then(|detail| detail["value"].as_str()).map(|text| ("attachment", text)));
    }
    reasons
}

fn set(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).unwrap()
}

#[test]
fn planted_faults_have_the_messages_of_aws() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let incident = read_incident(&mut world);
    let matches_pattern =
        |pattern: &str, text: &str| set(&[&format!("(?i){pattern}")]).is_match(&text.replace('\u{2019}', "'"));
    for (group, place, pattern) in PLANTED {
        let found = incident.any_task(group, |task| {
            reasons(task).into_iter().any(|(where_, text)| where_ == place && matches_pattern(pattern, text))
        });
        assert!(found, "{group}, {place}: {pattern}");
    }
    for (service, pattern) in ANNOUNCED {
        let events = incident.service(service)["events"].as_array().unwrap();
        let found = events.iter().any(|event| matches_pattern(pattern, event["message"].as_str().unwrap()));
        assert!(found, "{service}: {pattern}");
    }
}

#[test]
fn every_message_is_one_of_aws() {
    let mut world = World::new(Scenario::Incident, 1, NOW);
    let (known_reasons, known_events) = (set(&REASONS), set(&EVENTS));
    for minutes in [0, 40] {
        world.advance_to(NOW + minutes * MINUTE);
        let incident = read_incident(&mut world);
        for (place, text) in incident.tasks.iter().flat_map(reasons) {
            assert!(known_reasons.is_match(text), "{place}: {text}");
        }
        for service in &incident.services {
            let prefix = format!("(service {}) ", service["serviceName"].as_str().unwrap());
            for event in service["events"].as_array().unwrap() {
                let message = event["message"].as_str().unwrap();
                let text = message.strip_prefix(&prefix).unwrap_or_else(|| panic!("{message}"));
                assert!(known_events.is_match(text), "{text}");
            }
        }
    }
}
