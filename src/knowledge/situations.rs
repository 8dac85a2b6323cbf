//! Situations: rules for states, counts and times, not for a message. The diagnosis refers to them by name.

use super::{
    Certainty, Class, Rule,
    commands::{
        CAPACITY_PROVIDER, INSTANCE, ROUTES, SERVICE, STOPPED_TASKS, SUBNETS, TARGET_GROUP, TARGETS, TASK,
        TASK_DEFINITION,
    },
};

/// Defaults of rules for a task that stays in a state longer than usual. Their causes are likely, not certain.
const WAIT: Rule = Rule {
    class: Class::Warning,
    certainty: Certainty::Likely,
    page: guide!("task-lifecycle-explanation"),
    ..Rule::PLAIN
};

/// A task on Fargate, or with its own network interface, is being provisioned.
pub static PROVISIONING: Rule = Rule {
    id: "WAIT-PROVISIONING",
    short: "waits for its network",
    cause: "ECS creates the task's network interface; on Fargate it looks for capacity, too. That takes seconds.",
    next: &[
        "See how many addresses are free in {subnets}",
        "Read the newest events of {service}: a lack of capacity is reported there",
        "Compare the quota of network interfaces in {region} with what is in use",
    ],
    command: SUBNETS,
    ..WAIT
};

/// A task waits for a capacity provider to add an instance.
pub static NO_INSTANCE: Rule = Rule {
    id: "WAIT-INSTANCE",
    short: "waits for an instance",
    cause: "No instance has room, and the task waits for its capacity provider to bring one. That takes minutes.",
    next: &[
        "Check whether the Auto Scaling group of {capacity_provider} is at its maximum",
        "Read that group's activity: failed launches are listed there",
        "Check that new instances register with {cluster}: user data, instance role, network path to the ECS endpoint",
    ],
    command: CAPACITY_PROVIDER,
    page: guide!("cluster-auto-scaling"),
    ..WAIT
};

pub static PENDING: Rule = Rule {
    id: "WAIT-PENDING",
    short: "waits for its agent",
    cause: "The task has a place and waits for the agent there, for its secrets, and for the image pull to begin. That \
            takes less than a minute.",
    next: &[
        "Check whether the agent on {instance} is connected",
        "Check the network path from {subnets} to Secrets Manager, Systems Manager and the registry",
        "Read the newest events of {service}",
    ],
    command: TASK,
    ..WAIT
};

pub static PULLING: Rule = Rule {
    id: "WAIT-PULL",
    short: "pulls its image",
    cause: "The image is being downloaded. That takes seconds, a minute or two for a large one.",
    next: &[
        "See how large {image} is, and whether it grew",
        "Check the network path from {subnets} to {registry}: NAT gateway or endpoints, and S3",
        "On instances: check the network and the disk of {instance}",
    ],
    command: ROUTES,
    page: guide!("task_cannot_pull_image"),
    ..WAIT
};

pub static STARTING: Rule = Rule {
    id: "WAIT-START",
    short: "waits to start",
    cause: "The image is there; a container does not start, or waits for another that it depends on.",
    next: &[
        "Look at dependsOn in {revision}: a container that must be HEALTHY or COMPLETE holds the others back",
        "Read the last log lines of the container that it waits for",
        "Check its health check, and startTimeout",
    ],
    command: TASK_DEFINITION,
    ..WAIT
};

pub static ACTIVATING: Rule = Rule {
    id: "WAIT-ACTIVATING",
    short: "is being registered",
    cause: "The task runs and is being registered with the load balancer and service discovery. That takes seconds.",
    next: &[
        "Check that {target_group} exists and belongs to a listener",
        "With Service Connect: check the health of the proxy container",
        "Read the newest events of {service}",
    ],
    command: TARGETS,
    ..WAIT
};

pub static UNDECIDED: Rule = Rule {
    id: "WAIT-HEALTH",
    short: "health unknown",
    cause: "The task runs, but its health check has neither succeeded nor failed in the time it is given.",
    next: &[
        "Check that the program in healthCheck.command of {revision} is in the image and ends",
        "Check startPeriod, interval, timeout and retries",
    ],
    command: TASK_DEFINITION,
    page: guide!("healthcheck"),
    ..WAIT
};

pub static DEACTIVATING: Rule = Rule {
    id: "WAIT-DEACTIVATING",
    short: "drains connections",
    cause: "The task is being taken out of the load balancer and waits for open connections to end: up to the target \
            group's deregistration delay, which is five minutes unless it was changed.",
    next: &[
        "Look at deregistration_delay.timeout_seconds of {target_group}",
        "Look for connections that last long: WebSockets, streams, slow downloads",
    ],
    command: TARGET_GROUP,
    page: guide!("load-balancer-connection-draining"),
    ..WAIT
};

pub static STOPPING: Rule = Rule {
    id: "WAIT-STOPPING",
    short: "does not stop",
    cause: "Its containers were asked to stop and should have been killed by now.",
    next: &[
        "Check whether the agent on {instance} is connected",
        "Check that the first process of the container passes SIGTERM on: a shell does not, exec form and an init do",
        "Look at stopTimeout of {revision}",
    ],
    command: TASK,
    ..WAIT
};

pub static DEPROVISIONING: Rule = Rule {
    id: "WAIT-DEPROVISIONING",
    short: "releases its network",
    cause: "The containers have ended; the network interface and volumes are being detached. That takes half a \
            minute.",
    next: &[
        "With EBS volumes: check that the infrastructure role exists and trusts ecs.amazonaws.com",
        "Look at the task's attachments and their status",
    ],
    command: TASK,
    page: guide!("troubleshoot-ebs-volumes-scenarios"),
    ..WAIT
};

pub static NOT_STOPPED: Rule = Rule {
    id: "WAIT-STOP",
    short: "not stopped yet",
    cause: "ECS has asked the agent to stop the task, but it is still running.",
    next: &[
        "Check whether the agent on {instance} is connected",
        "Restart the agent there, or terminate the instance: its tasks are then replaced",
    ],
    command: INSTANCE,
    ..WAIT
};

/// The agent of a task's instance is disconnected, so the task makes no progress.
pub static OUT_OF_REACH: Rule = Rule {
    id: "WAIT-AGENT",
    short: "agent disconnected",
    class: Class::Failure,
    certainty: Certainty::Certain,
    cause: "The agent on its instance is disconnected: tasks there can't be started, stopped or monitored.",
    next: AGENT_NEXT,
    command: INSTANCE,
    page: guide!("ecs-agent-versions"),
    ..WAIT
};

const AGENT_NEXT: &[&str] = &[
    "See whether {instance} runs at all: an instance that was stopped keeps its place without an agent",
    "Log in to it: systemctl status ecs, and /var/log/ecs/ecs-agent.log",
    "Check its network path to the ECS endpoints, and its instance role",
    "Drain or terminate it when it does not come back: services replace the tasks that ran there",
];

const PROTECTION: &str = "ecs get-task-protection --cluster {cluster} --tasks {task_arn} --region {region}";

/// Defaults of rules for rollouts.
const ROLLOUT: Rule = Rule { command: SERVICE, page: guide!("deployment-type-ecs"), ..Rule::PLAIN };

pub static DEADLOCK: Rule = Rule {
    id: "ROLLOUT-DEADLOCK",
    short: "no room to roll out",
    cause: "Minimum healthy and maximum percent leave no room: no task may be stopped before a new one runs, and none \
            may be started before an old one stops.",
    next: &[
        "Raise maximumPercent of {service} (200 starts all new tasks first)",
        "Or lower minimumHealthyPercent, if it may run with fewer tasks for a while",
    ],
    ..ROLLOUT
};

pub static DECISION: Rule = Rule {
    id: "ROLLOUT-DECISION",
    short: "waiting for approval",
    class: Class::Warning,
    cause: "The deployment is paused until somebody continues it or rolls it back.",
    next: &[
        "Look at the new tasks and their traffic, then continue the deployment or roll it back",
        "That needs the permission ecs:ContinueServiceDeployment",
    ],
    page: guide!("pause-lifecycle-hooks"),
    ..ROLLOUT
};

pub static HOOK: Rule = Rule {
    id: "ROLLOUT-HOOK",
    short: "a hook takes long",
    class: Class::Warning,
    certainty: Certainty::Likely,
    cause: "A function of the deployment has not answered yet.",
    next: &[
        "Read the log of the function: it must answer SUCCEEDED or FAILED; IN_PROGRESS means ask again",
        "Check that the hook's role may invoke it",
    ],
    page: guide!("lambda-lifecycle-hooks"),
    ..ROLLOUT
};

pub static ROLLING_BACK: Rule = Rule {
    id: "ROLLOUT-BACK",
    short: "rolling back",
    cause: "ECS has failed the new revision and is rolling back to the old one.",
    next: &[
        "Find out why tasks of the new revision failed before it is deployed again",
        "Wait for the rollback: it is done when {service} is steady",
    ],
    page: guide!("deployment-circuit-breaker"),
    ..ROLLOUT
};

pub static ALARMED: Rule = Rule {
    id: "ROLLOUT-ALARM",
    short: "a deployment alarm fired",
    cause: "A CloudWatch alarm that watches the deployment fired.",
    next: &["Look at the alarm and what it measures", "Compare the new revision with the last good one"],
    page: guide!("deployment-alarm-failure"),
    ..ROLLOUT
};

pub static FAILED: Rule = Rule {
    id: "ROLLOUT-FAILED",
    short: "rollout failed",
    cause: "ECS has failed the deployment.",
    next: &["Find out why the tasks of the new revision failed", "Deploy a revision that works: this one stays failed"],
    page: guide!("deployment-circuit-breaker"),
    ..ROLLOUT
};

pub static DYING: Rule = Rule {
    id: "ROLLOUT-DYING",
    short: "new tasks fail",
    cause: "Tasks of the new revision fail before they are up.",
    next: &["Look at the stopped tasks of {service}: each says why", "Deploy the last good revision if it is urgent"],
    command: STOPPED_TASKS,
    page: guide!("stopped-task-errors"),
    ..ROLLOUT
};

pub static NOT_HEALTHY: Rule = Rule {
    id: "ROLLOUT-UNHEALTHY",
    short: "new tasks not healthy",
    certainty: Certainty::Likely,
    cause: "The new tasks run, but do not pass their health checks.",
    next: &[
        "Ask the load balancer why: the reason of an unhealthy target names the fault",
        "Compare path, port and expected codes of the health check with what the task answers",
        "Check that healthCheckGracePeriodSeconds of {service} covers a slow start",
    ],
    command: TARGETS,
    page: guide!("troubleshoot-service-load-balancers"),
    ..ROLLOUT
};

pub static OLD_TASKS: Rule = Rule {
    id: "ROLLOUT-OLD-TASKS",
    short: "old tasks don't stop",
    class: Class::Warning,
    certainty: Certainty::Likely,
    cause: "All new tasks run; old ones are still there: their connections drain, they are slow to stop, or protected.",
    next: &[
        "Look at deregistration_delay.timeout_seconds of {target_group}",
        "Look for scale-in protection: ecs get-task-protection shows it",
        "Check whether the agents of their instances are connected",
    ],
    command: PROTECTION,
    page: guide!("task-scale-in-protection"),
    ..ROLLOUT
};

pub static WATCHED: Rule = Rule {
    id: "ROLLOUT-WATCHED",
    short: "watched by alarms",
    class: Class::Warning,
    certainty: Certainty::Likely,
    cause: "All new tasks run; ECS watches the alarms of the deployment for a while before it completes the deployment.",
    next: &["Wait for the bake time to end", "Look at the alarms: one that fires now rolls the deployment back"],
    page: guide!("deployment-alarm-failure"),
    ..ROLLOUT
};

pub static STALLED: Rule = Rule {
    id: "ROLLOUT-STALLED",
    short: "nothing moves",
    class: Class::Warning,
    certainty: Certainty::Unknown,
    cause: "Nothing has changed for a while, and no known cause applies.",
    next: &[
        "Read the newest events of {service}",
        "Look at the tasks of the new revision, one by one",
        "Look at the raw answer: rolloutStateReason, deployments, events",
    ],
    ..ROLLOUT
};

/// No instance has room, found by comparing what a task needs with what instances have.
pub static NO_ROOM: Rule = Rule {
    id: "PLACE-NONE",
    short: "no instance fits",
    cause: "No instance has all that the task needs.",
    next: &[
        "Let {capacity_provider} grow: maximum of its Auto Scaling group, larger instances",
        "Ask for less in the next revision of {family}",
        "Make room: stop tasks that need not run there, replace instances that drain or have no agent",
    ],
    command: CAPACITY_PROVIDER,
    page: guide!("service-event-messages-list"),
    ..ROLLOUT
};

pub static SHORT: Rule = Rule {
    id: "SERVICE-SHORT",
    short: "tasks missing",
    class: Class::Failure,
    certainty: Certainty::Unknown,
    cause: "Fewer tasks run than desired, and none is starting.",
    next: &["Read the newest events of {service}", "Look at its stopped tasks", "Check whether {cluster} has room"],
    page: guide!("service-event-messages-list"),
    ..ROLLOUT
};

pub static SLOW_TO_COME: Rule = Rule {
    id: "SERVICE-SLOW",
    short: "tasks hang",
    certainty: Certainty::Likely,
    cause: "The missing tasks are starting, but are stuck.",
    page: guide!("task-lifecycle-explanation"),
    ..SHORT
};

pub static CHECKS_FAIL: Rule = Rule {
    id: "SERVICE-UNHEALTHY",
    short: "health check fails",
    cause: "Tasks run, and their health checks fail.",
    next: &[
        "Read the last log lines of an unhealthy task",
        "Check that the program in healthCheck.command is in the image, and how long it may take",
    ],
    command: TASK_DEFINITION,
    page: guide!("healthcheck"),
    ..ROLLOUT
};

pub static BEING_DELETED: Rule = Rule {
    id: "SERVICE-DRAINING",
    short: "being deleted",
    class: Class::Normal,
    cause: "The service was deleted; its tasks are being stopped.",
    next: &["See which tasks are left, and what they wait for"],
    ..ROLLOUT
};

pub static SPOT: Rule = Rule {
    id: "SERVICE-SPOT",
    short: "Spot reclaimed tasks",
    class: Class::Warning,
    cause: "Spot capacity was taken back. That is why it is cheap; ECS replaces the tasks.",
    next: &[
        "If it hurts: give an on-demand capacity provider a base in the strategy of {service}",
        "Spread over more Availability Zones, and let tasks stop within two minutes",
    ],
    page: guide!("fargate-capacity-providers"),
    ..ROLLOUT
};

pub static DEAF: Rule = Rule {
    id: "SERVICE-DEAF",
    short: "killed when stopped",
    class: Class::Warning,
    cause: "Tasks do not end by themselves when ECS stops them: after their stop timeout they are killed (137), \
            and lose what they were at. PID 1 ignores SIGTERM; a shell there passes no signals on.",
    next: &[
        "Let the program in {container} handle SIGTERM; start it with exec, or set initProcessEnabled",
        "Raise stopTimeout of {container} if it needs longer to finish",
    ],
    command: TASK_DEFINITION,
    page: guide!("stopped-task-errors"),
    ..ROLLOUT
};

pub static PROTECTED: Rule = Rule {
    id: "SERVICE-PROTECTED",
    short: "protected tasks",
    class: Class::Warning,
    cause: "Tasks are protected against scale-in, and are not stopped before that ends.",
    next: &["See until when: ecs get-task-protection shows it", "End the protection of a task that is idle, or wait"],
    command: PROTECTION,
    page: guide!("task-scale-in-protection"),
    ..ROLLOUT
};

/// Defaults of rules for container instances.
const HOST: Rule = Rule { command: INSTANCE, page: guide!("container-instance-health"), ..Rule::PLAIN };

pub static AGENT_GONE: Rule = Rule {
    id: "INSTANCE-AGENT",
    short: "agent disconnected",
    cause: "The agent is disconnected: tasks on this instance can't be started, stopped or monitored.",
    next: AGENT_NEXT,
    page: guide!("ecs-agent-versions"),
    ..HOST
};

pub static DRAIN_HELD: Rule = Rule {
    id: "INSTANCE-DRAIN",
    short: "drain doesn't end",
    class: Class::Warning,
    cause: "The instance drains, and tasks on it stay: standalone tasks are never stopped by a drain, and a service's \
            task only once it may be replaced.",
    next: &[
        "Wait for standalone tasks to finish, or stop them",
        "For services: look at minimum healthy and maximum percent, and at room on other instances",
    ],
    page: guide!("container-instance-draining"),
    ..HOST
};

pub static NOT_REGISTERED: Rule = Rule {
    id: "INSTANCE-REGISTRATION",
    short: "registration failed",
    cause: "The instance could not join the cluster.",
    next: &["Read the status reason", "Check the instance role and the network path to the ECS endpoints"],
    page: guide!("launch_container_instance"),
    ..HOST
};

pub static IMPAIRED: Rule = Rule {
    id: "INSTANCE-IMPAIRED",
    short: "instance impaired",
    cause: "AWS reports the instance as impaired.",
    next: &["See which check fails, and its reason", "Drain and replace the instance"],
    ..HOST
};

/// All situations.
pub static ALL: &[&Rule] = &[
    &PROVISIONING,
    &NO_INSTANCE,
    &PENDING,
    &PULLING,
    &STARTING,
    &ACTIVATING,
    &UNDECIDED,
    &DEACTIVATING,
    &STOPPING,
    &DEPROVISIONING,
    &NOT_STOPPED,
    &OUT_OF_REACH,
    &DEADLOCK,
    &DECISION,
    &HOOK,
    &ROLLING_BACK,
    &ALARMED,
    &FAILED,
    &DYING,
    &NOT_HEALTHY,
    &OLD_TASKS,
    &WATCHED,
    &STALLED,
    &NO_ROOM,
    &SHORT,
    &SLOW_TO_COME,
    &CHECKS_FAIL,
    &BEING_DELETED,
    &SPOT,
    &DEAF,
    &PROTECTED,
    &AGENT_GONE,
    &DRAIN_HELD,
    &NOT_REGISTERED,
    &IMPAIRED,
];
