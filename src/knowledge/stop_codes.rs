//! Rules for `stopCode`, by value.

use super::{
    Certainty, Class, Rule,
    commands::{CAPACITY_STRATEGY, LOG, SERVICE, TASK, WHO_STOPPED},
};

pub(super) static RULES: &[(&str, Rule)] = &[
    (
        "TaskFailedToStart",
        Rule {
            id: "STOPCODE-TASK-FAILED-TO-START",
            short: "failed to start",
            cause: "The task never got to run: placement, network, image pull, secrets, volumes or the runtime failed.",
            next: &["Read the stopped reason of {task}, then the reasons of its containers and attachments"],
            command: TASK,
            page: guide!("failed-to-start-error"),
            samples: &["TaskFailedToStart"],
            ..Rule::PLAIN
        },
    ),
    (
        "EssentialContainerExited",
        Rule {
            id: "STOPCODE-ESSENTIAL-CONTAINER-EXITED",
            short: "container exited",
            cause: "A container that the task needs ended without a request.",
            next: &["See exit code and reason of {container}", "Read its last log lines"],
            command: LOG,
            samples: &["EssentialContainerExited"],
            ..Rule::PLAIN
        },
    ),
    (
        "UserInitiated",
        Rule {
            id: "STOPCODE-USER-INITIATED",
            short: "stopped by hand",
            class: Class::Normal,
            cause: "A person, a pipeline or a scaling tool asked ECS to stop the task.",
            next: &["Look in CloudTrail for who called StopTask, and from where"],
            command: WHO_STOPPED,
            samples: &["UserInitiated"],
            ..Rule::PLAIN
        },
    ),
    (
        "ServiceSchedulerInitiated",
        Rule {
            id: "STOPCODE-SERVICE-SCHEDULER-INITIATED",
            short: "stopped by the scheduler",
            class: Class::Normal,
            cause: "The service stopped the task: a scale-in, a deployment, a rebalance, or because it was unhealthy.",
            next: &["Read the stopped reason of {task}, and the event of {service} at that second"],
            command: SERVICE,
            samples: &["ServiceSchedulerInitiated"],
            ..Rule::PLAIN
        },
    ),
    (
        "SpotInterruption",
        Rule {
            id: "STOPCODE-SPOT-INTERRUPTION",
            short: "Spot interruption",
            class: Class::Warning,
            cause: "AWS took the Spot capacity below the task back.",
            next: &[
                "Give {service} an on-demand base in its capacity provider strategy",
                "Use more Availability Zones",
            ],
            command: CAPACITY_STRATEGY,
            page: guide!("spot-interruption-errors"),
            samples: &["SpotInterruption"],
            ..Rule::PLAIN
        },
    ),
    (
        "TerminationNotice",
        Rule {
            id: "STOPCODE-TERMINATION-NOTICE",
            short: "capacity going away",
            class: Class::Warning,
            cause: "The capacity below the task is about to go away; the task may still be running.",
            next: &["Check that {service} has started a replacement"],
            command: SERVICE,
            page: guide!("fargate-capacity-providers"),
            samples: &["TerminationNotice"],
            ..Rule::PLAIN
        },
    ),
    (
        "InfrastructureHealth",
        Rule {
            id: "STOPCODE-INFRASTRUCTURE-HEALTH",
            short: "host unhealthy",
            class: Class::Warning,
            cause: "ECS judged the host below the task to be unhealthy and moved the task away.",
            next: &["Check the health of {instance_arn}"],
            command: "ecs describe-container-instances --cluster {cluster} --container-instances {instance_arn} \
                      --include CONTAINER_INSTANCE_HEALTH --region {region}",
            page: guide!("container-instance-health"),
            samples: &["InfrastructureHealth"],
            ..Rule::PLAIN
        },
    ),
    (
        "",
        Rule {
            id: "STOPCODE-ABSENT",
            short: "no stop code",
            class: Class::Normal,
            certainty: Certainty::Unknown,
            cause: "AWS gave no stop code for this task.",
            next: &["Read the stopped reason of {task}, and exit codes and reasons of its containers"],
            command: TASK,
            samples: &[""],
            ..Rule::PLAIN
        },
    ),
];
