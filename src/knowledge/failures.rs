//! Rules for reasons in `failures` of an answer that don't also occur as stopped reasons.

use super::{
    Class,
    ReasonField::Failure,
    Rule,
    commands::{INSTANCE, INSTANCES, REQUIRED_ATTRIBUTES, SUBNETS, TASK},
};

/// Defaults of these rules.
const FAILURE: Rule = Rule { places: &[Failure], page: guide!("api_failures_messages"), ..Rule::PLAIN };

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "FAILURES-MISSING",
        short: "not found",
        class: Class::Normal,
        patterns: &["^MISSING$"],
        cause: "It is not there: another cluster or Region, deleted, or stopped for more than about an hour.",
        next: &["Check that it exists in {cluster} in {region}"],
        command: "ecs list-clusters --region {region}",
        samples: &["MISSING"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-INACTIVE",
        short: "instance deregistered",
        patterns: &["^INACTIVE$"],
        cause: "The container instance has been deregistered and takes no tasks.",
        next: &["Choose another instance of {cluster}"],
        command: INSTANCES,
        samples: &["INACTIVE"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-TASK-NOT-VALID",
        short: "task of no service",
        class: Class::Warning,
        patterns: &["^TASK_NOT_VALID$"],
        cause: "The task does not belong to a service, and only tasks of services can be protected.",
        next: &["Check the group of {task}"],
        command: TASK,
        samples: &["TASK_NOT_VALID"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-DEPLOYMENT-BLOCKED",
        short: "protection refused",
        class: Class::Warning,
        patterns: &["^DEPLOYMENT_BLOCKED$"],
        cause: "Protected tasks already hold up a deployment, so no more are protected.",
        next: &["See which tasks of {service} are protected and until when; let the deployment end first"],
        command: "ecs get-task-protection --cluster {cluster} --tasks {task_arn} --region {region}",
        samples: &["DEPLOYMENT_BLOCKED"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-RESOURCE",
        short: "no room on instances",
        patterns: &[r"RESOURCE:\S"],
        cause: "No instance has enough left of the resource that the reason names.",
        next: &["Compare what the task asks for with remainingResources of the instances of {cluster}"],
        command: INSTANCES,
        samples: &["RESOURCE:INFERENTIA", "RESOURCE:*"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-AGENT",
        short: "agent disconnected",
        patterns: &["^AGENT$"],
        cause: "The ECS agent of the instance that was to run the task is disconnected.",
        next: &[
            "Check agentConnected of {instance_arn}; restart the agent there if it is false",
            "Check that the instance can reach ECS",
        ],
        command: INSTANCE,
        samples: &["AGENT"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-ATTRIBUTE",
        short: "attribute missing",
        patterns: &["^ATTRIBUTE$"],
        cause: "No instance that may run the task has an attribute it needs.",
        next: &["Compare requiresAttributes of {revision} with the attributes of the instances of {cluster}"],
        command: REQUIRED_ATTRIBUTES,
        samples: &["ATTRIBUTE"],
        ..FAILURE
    },
    Rule {
        id: "FAILURES-LOCATION",
        short: "instance in wrong zone",
        patterns: &["^LOCATION$"],
        cause: "The instance is in an Availability Zone in which the task has no subnet.",
        next: &["Compare the zones of {subnets} with those of the instances of {cluster}"],
        command: SUBNETS,
        samples: &["LOCATION"],
        ..FAILURE
    },
];
