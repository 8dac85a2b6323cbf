//! Rules for running tasks: why they were stopped.

use super::{
    Class,
    ReasonField::{Container, Task},
    Rule, Topic,
    commands::{CAPACITY_STRATEGY, HEALTH_CHECK, INSTANCE, LOG, MEMORY, TARGETS, WHO_STOPPED},
};

/// Defaults of rules for a task's reason.
const STOP: Rule = Rule { places: &[Task], ..Rule::PLAIN };

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "STOP-OOM",
        short: "out of memory",
        topic: Topic::OutOfMemory,
        places: &[Container, Task],
        patterns: &["OutOfMemoryError", "container killed due to memory usage"],
        cause: "The container used all the memory it may have, and the kernel killed it.",
        next: &[
            "Raise the memory of {container} above {container_memory}, or find out what grew",
            "Compare the runtime's heap settings (-Xmx, --max-old-space-size) with that limit",
            "See how memory use rose before the stop: MemoryUtilization in CloudWatch",
        ],
        command: MEMORY,
        page: guide!("out-of-memory"),
        samples: &[
            "OutOfMemoryError: Container killed due to memory usage",
            "OutOfMemoryError: container app exceeded its memory limit",
            "Container killed due to memory usage",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-ELB",
        short: "target unhealthy",
        patterns: &["Task failed ELB health checks in"],
        cause: "The load balancer found the task unhealthy, so the service stopped and replaced it.",
        next: &[
            "Ask why the target is unhealthy: the reason code names the fault",
            "Compare path, port and expected codes of the health check with what {container} answers",
            "Check that a security group lets the load balancer reach {port}",
            "Check that healthCheckGracePeriodSeconds of {service} covers a slow start",
        ],
        command: TARGETS,
        page: guide!("troubleshoot-service-load-balancers"),
        samples: &[
            "Task failed ELB health checks in (target-group \
             arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067)",
            "Task failed ELB health checks in (elb web-classic)",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-HEALTHCHECK",
        short: "health check failed",
        patterns: &["failed container health checks"],
        cause: "A container's own health check failed too often, so the service stopped and replaced the task.",
        next: &[
            "Check that the program in healthCheck.command of {revision} is in {image}",
            "Check startPeriod, interval, timeout and retries against how long {container} takes to start",
            "Read the last log lines of {container} before the stop",
        ],
        command: HEALTH_CHECK,
        page: guide!("healthcheck"),
        samples: &[
            "Task failed container health checks",
            "(service web) (task 1d2c3b4a) failed container health checks.",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-SCALING",
        short: "scaled in or replaced",
        class: Class::Normal,
        patterns: &["Scaling activity initiated by"],
        cause: "The service no longer needed the task: a scale-in, a deployment or a rebalance. This is normal.",
        next: &["If it was unexpected, see what changed the desired count or deployed {service} at that time"],
        command: "application-autoscaling describe-scaling-activities --service-namespace ecs --resource-id \
                  service/{cluster}/{service} --max-items 10 --region {region}",
        samples: &[
            "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)",
            "Scaling activity initiated by deployment ecs-svc/9876543210987654321",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-SPOT",
        short: "Spot interruption",
        class: Class::Warning,
        patterns: &["Your Spot Task was interrupted"],
        cause: "AWS took the Fargate Spot capacity back, with two minutes' warning.",
        next: &[
            "Give {service} an on-demand base: base and weight of FARGATE in its capacity provider strategy",
            "Use more Availability Zones",
            "Give the application time to finish: stopTimeout may be up to 120 s",
        ],
        command: CAPACITY_STRATEGY,
        page: guide!("spot-interruption-errors"),
        samples: &["Your Spot Task was interrupted."],
        ..STOP
    },
    Rule {
        id: "STOP-HOST-GONE",
        short: "instance gone",
        class: Class::Warning,
        patterns: &[r"Host EC2 \(instance .+\) terminated", r"Host EC2 \(instance .+\) stopped", "Host EC2"],
        cause: "The EC2 instance that the task ran on was stopped or terminated.",
        next: &[
            "See what ended {instance}: Auto Scaling activity, a Spot interruption, a failed status check",
            "Look in CloudTrail for who called TerminateInstances or StopInstances",
        ],
        command: "autoscaling describe-scaling-activities --max-items 20 --region {region}",
        samples: &[
            "Host EC2 (instance i-0a1b2c3d4e5f60718) terminated.",
            "Host EC2 (instance i-0a1b2c3d4e5f60718) stopped/terminated.",
            "Host EC2 (instance i-0a1b2c3d4e5f60718) stopped.",
            "Host EC2 instance shut down",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-DEREGISTER",
        short: "instance deregistered",
        topic: Topic::Deregistration,
        class: Class::Warning,
        patterns: &["Container instance deregistration forced by user"],
        cause: "Somebody deregistered the container instance by force while tasks were running on it.",
        next: &[
            "Look in CloudTrail for who called DeregisterContainerInstance",
            "Make scaling tools drain an instance before they deregister it",
        ],
        command: "cloudtrail lookup-events --lookup-attributes \
                  AttributeKey=EventName,AttributeValue=DeregisterContainerInstance --max-items 10 --region {region}",
        samples: &["Container instance deregistration forced by user."],
        ..STOP
    },
    Rule {
        id: "STOP-MAINTENANCE",
        short: "AWS maintenance",
        class: Class::Warning,
        patterns: &["performing maintenance on the underlying infrastructure"],
        cause: "AWS retired the Fargate infrastructure below the task; services replace such tasks by themselves.",
        next: &[
            "Start standalone tasks again: nothing else does",
            "See the AWS Health event AWS_ECS_TASK_PATCHING_RETIREMENT for what is due next",
            "Choose how long AWS waits: account setting fargateTaskRetirementWaitPeriod",
        ],
        command: "ecs list-account-settings --name fargateTaskRetirementWaitPeriod --effective-settings --region \
                  {region}",
        page: guide!("task-maintenance"),
        samples: &[
            "ECS is performing maintenance on the underlying infrastructure hosting the task.",
            "Amazon ECS is performing maintenance on the underlying infrastructure hosting the task.",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-MI-DRAIN",
        short: "instance drained",
        class: Class::Warning,
        patterns: &["Task stopped during instance draining"],
        cause: "The managed instance below the task was emptied: it had reached its age, was consolidated or repaired.",
        next: &[
            "See how old {instance_arn} was and which capacity provider it belonged to",
            "Start standalone tasks again: nothing else does",
        ],
        command: INSTANCE,
        page: "https://docs.aws.amazon.com/batch/latest/userguide/ecs-managed-instances-instance-draining.html",
        samples: &[
            "Task stopped during instance draining",
            "TerminationNotice: Task stopped during instance draining.",
        ],
        ..STOP
    },
    Rule {
        id: "STOP-USER",
        short: "stopped by hand",
        class: Class::Normal,
        patterns: &["Task stopped by user"],
        cause: "A person or a tool asked ECS to stop the task.",
        next: &["Look in CloudTrail for who called StopTask, and from where"],
        command: WHO_STOPPED,
        samples: &["Task stopped by user"],
        ..STOP
    },
    Rule {
        id: "STOP-ESSENTIAL",
        short: "container exited",
        general: true,
        patterns: &["Essential container in task exited"],
        cause: "A container that the task cannot do without ended, so ECS stopped the others.",
        next: &[
            "See exit code and reason of {container}: they say how it ended",
            "Read the last log lines of {container} before the stop",
        ],
        command: LOG,
        samples: &["Essential container in task exited"],
        ..STOP
    },
];
