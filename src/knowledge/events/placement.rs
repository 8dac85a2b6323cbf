//! Rules for events about tasks that could not be placed or launched.

use super::{
    super::{
        Certainty, Class, Rule, Topic,
        commands::{
            CAPACITY_PROVIDER, EXECUTION_ROLE_TRUST, FARGATE_QUOTAS, INSTANCE, INSTANCES, PORTS, REQUIRED_ATTRIBUTES,
            SERVICE, STOPPED_TASKS, SUBNETS, TASK_DEFINITION, TRUNKING,
        },
    },
    EVENT,
};

/// Defaults of the rules for tasks that can't be placed.
const PLACE: Rule = Rule { topic: Topic::Placement, ..EVENT };

pub(in crate::knowledge) static RULES: &[Rule] = &[
    Rule {
        id: "EV-PLACE-CPU",
        short: "no room: CPU",
        patterns: &["insufficient CPU"],
        cause: "No instance has as much CPU free as a task asks for.",
        next: &[
            "Compare {cpu} with what the instances of {cluster} have free",
            "Let {capacity_provider} add instances: maximum size of its Auto Scaling group, instance type",
        ],
        command: INSTANCES,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) has insufficient CPU units \
             available. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-MEM",
        short: "no room: memory",
        certainty: Certainty::Likely,
        patterns: &["insufficient memory"],
        cause: "No instance has as much memory free as a task asks for.",
        next: &[
            "Compare {memory} with what the instances of {cluster} have free",
            "Let {capacity_provider} add instances: maximum size of its Auto Scaling group, instance type",
        ],
        command: INSTANCES,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) has insufficient memory available. \
             For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-PORT",
        short: "no room: ports",
        patterns: &["is already using a port required by your task", "insufficient ports"],
        cause: "The host port that a task wants is taken on every instance.",
        next: &[
            "Set hostPort in {revision} to 0, or use network mode awsvpc",
            "Otherwise only one such task fits on an instance, and one that is still draining counts: add instances",
        ],
        command: PORTS,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) is already using a port required \
             by your task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            "(service web) was unable to place a task. The closest matching (container-instance \
             0123456789abcdef0123456789abcdef) has insufficient ports available.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-ATTR",
        short: "attribute missing",
        certainty: Certainty::Likely,
        patterns: &["missing an attribute required by your task"],
        cause: "No instance has an attribute that a task needs: a log driver, task networking, an architecture.",
        next: &[
            "Compare requiresAttributes of {revision} with the attributes of the instances of {cluster}",
            "With awsvpc, check that {subnets} are in the zones of the instances",
            "Update the ECS agent: new attributes come with new versions",
        ],
        command: REQUIRED_ATTRIBUTES,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) is missing an attribute required \
             by your task.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-AGENT",
        short: "agent disconnected",
        patterns: &["encountered error .?AGENT", "agent.{0,4} disconnected", "doesn't have the agent connected"],
        cause: "The ECS agent of the closest instance is disconnected.",
        next: &[
            "Check agentConnected of {instance_arn}; restart the agent there if it is false",
            "Check that the instance can reach ECS",
        ],
        command: INSTANCE,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching container-instance 0123456789abcdef0123456789abcdef encountered error \"AGENT\". For \
             more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) has the agent disconnected.",
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) doesn\u{2019}t have the agent \
             connected.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-ENI",
        short: "no room: ENI",
        patterns: &["encountered error .?RESOURCE:ENI", "RESOURCE:ENI"],
        cause: "No instance has a network interface left for another task.",
        next: &[
            "Turn on ENI trunking: account setting awsvpcTrunking, then new instances",
            "Use a larger instance type, or more instances",
        ],
        command: TRUNKING,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) encountered error \
             \"RESOURCE:ENI\".",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-OTHER-RES",
        short: "no room on instances",
        patterns: &[r"encountered error .?RESOURCE:\w+", r"RESOURCE:\w+"],
        cause: "No instance has enough left of the resource that the message names.",
        next: &["Compare what a task asks for with remainingResources of the instances of {cluster}"],
        command: INSTANCES,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. The \
             closest matching (container-instance 0123456789abcdef0123456789abcdef) encountered error \
             \"RESOURCE:GPU\".",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-TASK-QUOTA",
        short: "task quota reached",
        class: Class::Critical,
        patterns: &["limit on the number of tasks you can run concurrently"],
        cause: "The account runs as many tasks at once as its quota allows.",
        next: &["Stop tasks that are not needed in {account}", "Ask for a larger quota in Service Quotas"],
        command: FARGATE_QUOTAS,
        samples: &[
            "(service web) was unable to place a task. Reason: You\u{2019}ve reached the limit on the number of tasks \
             you can run concurrently.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-VCPU-QUOTA",
        short: "vCPU quota reached",
        class: Class::Critical,
        patterns: &["limit on the number of vCPUs you can run concurrently"],
        cause: "The account uses as many Fargate vCPUs at once as its quota allows.",
        next: &[
            "Ask for a larger quota in Service Quotas: Fargate vCPUs, on-demand or Spot",
            "Stop tasks that are not needed in {account}",
        ],
        command: FARGATE_QUOTAS,
        samples: &[
            "(service web) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can \
             run concurrently.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-CPU-LIMIT",
        short: "CPU above the limit",
        patterns: &["requested CPU configuration is above your limit"],
        cause: "A task asks for more CPU than the account may give to one task.",
        next: &["Lower cpu in {revision}", "Or ask for a larger limit in Service Quotas"],
        command: FARGATE_QUOTAS,
        samples: &[
            "(service web) was unable to place a task. Reason: The requested CPU configuration is above your limit. \
             Request a limit increase.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-MEM-LIMIT",
        short: "memory above the limit",
        patterns: &["requested MEMORY configuration is above your limit"],
        cause: "A task asks for more memory than the account may give to one task.",
        next: &["Lower memory in {revision}", "Or ask for a larger limit in Service Quotas"],
        command: FARGATE_QUOTAS,
        samples: &[
            "(service web) was unable to place a task. Reason: The requested MEMORY configuration is above your limit. \
             Request a limit increase.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-NO-CAPACITY",
        short: "no capacity",
        patterns: &["Capacity is unavailable at this time"],
        cause: "AWS has no capacity in the Availability Zones of the service at the moment.",
        next: &[
            "Give {service} subnets in more Availability Zones",
            "With Spot, add an on-demand fallback to the capacity provider strategy",
            "Wait: the service retries automatically",
        ],
        command: SERVICE,
        samples: &[
            "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again \
             later or in a different availability zone.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-INTERNAL",
        short: "AWS internal error",
        patterns: &[r"was unable to place a task\. Reason: Internal error"],
        cause: "Something went wrong inside AWS; often a subnet lies in a zone that Fargate does not serve.",
        next: &[
            "Check the zones of {subnets}: Fargate is not in all of them",
            "Wait: the service retries automatically",
        ],
        command: SUBNETS,
        samples: &["(service web) was unable to place a task. Reason: Internal error."],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-STARTERR",
        short: "task failed to start",
        quotes_reason: true,
        certainty: Certainty::Likely,
        patterns: &[r"was unable to place a task\. Reason: \w*Error"],
        cause: "A task failed while it was being started; the text after Reason says why.",
        next: &["Read what follows Reason", "See the stopped tasks of {service}"],
        command: STOPPED_TASKS,
        samples: &[
            "(service web) was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or \
             registry auth: execution resource retrieval failed.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-AZ-NOINST",
        short: "no instance in the zone",
        class: Class::Warning,
        patterns: &["unable to place a task in .+ because no container instance met"],
        cause: "To balance the zones a task is wanted in one that has no instance for it.",
        next: &["Start instances in the zone that the message names"],
        command: INSTANCES,
        samples: &[
            "(service web) is unable to place a task in eu-west-1c because no container instance met all of its \
             requirements.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-NOINST",
        short: "no fitting instance",
        patterns: &["no container instance met all of its requirements"],
        cause: "No instance meets the task's requirements; often none is registered at all.",
        next: &[
            "Check how many instances are registered in {cluster}, and whether they take tasks",
            "Check that {service} uses the capacity provider or launch type it was meant to",
        ],
        command: INSTANCES,
        samples: &[
            "(service web) was unable to place a task because no container instance met all of its requirements. For \
             more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            "(service web) was unable to place a task because no container instance met all of its requirements. \
             Reason: No Container Instances were found in your cluster.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-NO-CLUSTER-INST",
        short: "no instances in cluster",
        patterns: &["No Container Instances were found in your cluster"],
        cause: "The service wants EC2 instances, and none is registered in the cluster.",
        next: &[
            "Check that the instances name {cluster} in their user data, not another cluster",
            "Check their instance profile and their network path to ECS",
        ],
        command: INSTANCES,
        samples: &[
            "(service web) was unable to place a task. Reason: No Container Instances were found in your cluster.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-NO-CP-INST",
        short: "no instances at all",
        patterns: &["No Container Instances were found in your capacity provider"],
        cause: "The capacity provider has no instance that takes tasks.",
        next: &[
            "Check desired and maximum size of the Auto Scaling group of {capacity_provider}",
            "Check whether its instances are ACTIVE in {cluster}",
        ],
        command: CAPACITY_PROVIDER,
        samples: &[
            "(service web) was unable to place a task. Reason: No Container Instances were found in your capacity \
             provider.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-AZ",
        short: "no capacity in the zone",
        class: Class::Warning,
        // The only pattern anchored at the end: a longer message with the same beginning means a missing instance.
        patterns: &[r"is unable to place a task in \S+\.?$"],
        cause: "To balance the zones a task is wanted in one in which Fargate has no capacity at the moment.",
        next: &["Give {service} more subnets in that zone, or wait"],
        command: SUBNETS,
        samples: &["(service web) is unable to place a task in eu-west-1c."],
        ..PLACE
    },
    Rule {
        id: "EV-PROVISIONING-LIMIT",
        short: "too many tasks waiting",
        patterns: &["tasks provisioning capacity limit was exceeded"],
        cause: "As many tasks as are allowed, 500, wait in the cluster for instances.",
        next: &["Look for other services of {cluster} that start tasks over and over", "Scale more slowly"],
        command: "ecs describe-clusters --clusters {cluster} --query \
                  'clusters[].[runningTasksCount,pendingTasksCount]' --region {region}",
        samples: &[
            "(service web) was unable to place a task. Reason: The cluster's tasks provisioning capacity limit was \
             exceeded.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-PLACE-OTHER",
        short: "can't be placed",
        quotes_reason: true,
        patterns: &["was unable to place a task"],
        cause: "A task could not be placed; the text after Reason says why.",
        next: &["Read what follows Reason"],
        command: SERVICE,
        samples: &["(service web) was unable to place a task. Reason: the platform version is not supported."],
        ..PLACE
    },
    Rule {
        id: "EV-LAUNCH-PARTIAL",
        short: "some tasks not launched",
        patterns: &[r"could not launch \d+ tasks? for deployment"],
        cause: "Some tasks of the deployment could not be launched; the message names what was short.",
        next: &["Read what the message names as short, and make room for it"],
        command: SERVICE,
        samples: &[
            "(service web) could not launch 3 tasks for deployment ecs-svc/1234567890123456789 due to a lack of \
             capacity.",
        ],
        ..PLACE
    },
    Rule {
        id: "EV-ASSUME-ROLE",
        short: "role can't be assumed",
        class: Class::Critical,
        patterns: &[
            r"failed to launch a task with \(error ECS was unable to assume the role",
            "was unable to assume the role",
        ],
        cause: "ECS may not use the task role or the execution role.",
        next: &[
            "Check that {execution_role} and {task_role} exist and trust ecs-tasks.amazonaws.com",
            "Check that whoever deploys has iam:PassRole on both",
        ],
        command: EXECUTION_ROLE_TRUST,
        samples: &[
            "(service web) failed to launch a task with (error ECS was unable to assume the role \
             'arn:aws:iam::111122223333:role/web-execution' that was provided for this task. Please verify that the \
             role being passed has the proper trust relationship and permissions and that your IAM user has \
             permissions to pass this role.).",
            "(service web) ECS was unable to assume the role 'arn:aws:iam::111122223333:role/web-task'.",
        ],
        ..EVENT
    },
    Rule {
        id: "EV-LAUNCH-ERROR",
        short: "launch rejected",
        patterns: &[r"failed to launch a task with \(error"],
        cause: "ECS rejected the launch of a task; the text after error says why.",
        next: &["Read what follows error", "Check what it names in {revision}"],
        command: TASK_DEFINITION,
        samples: &["(service web) failed to launch a task with (error The task definition is inactive.)."],
        ..EVENT
    },
    Rule {
        id: "EV-IAM-PERM",
        short: "permission missing",
        class: Class::Critical,
        patterns: &["IAM permissions policies have been misconfigured"],
        cause: "ECS lacks a permission that it needs to run the service.",
        next: &[
            "Check the service-linked role AWSServiceRoleForECS and the infrastructure role",
            "Check the policies of {task_role} and {execution_role}",
            "Check that no service control policy denies it",
        ],
        command: "iam get-role --role-name AWSServiceRoleForECS",
        samples: &["(service web) was unable to run because IAM permissions policies have been misconfigured."],
        ..EVENT
    },
    Rule {
        id: "EV-IAM-TRUST",
        short: "role trust broken",
        class: Class::Critical,
        patterns: &["IAM trust relationship has been misconfigured"],
        cause: "A role no longer trusts ECS, so ECS cannot use it.",
        next: &["Check the trust policies of {task_role}, {execution_role} and the infrastructure role"],
        command: EXECUTION_ROLE_TRUST,
        samples: &["(service web) was unable to run because an IAM trust relationship has been misconfigured."],
        ..EVENT
    },
    Rule {
        id: "EV-AGENT-START",
        short: "agent did not start",
        patterns: &["Timed out waiting for Amazon ECS Agent to start"],
        cause: "The ECS agent on the closest instance did not come up.",
        next: &["Read /var/log/ecs/ecs-agent.log on the instance", "Check its instance profile and its way to ECS"],
        command: INSTANCE,
        samples: &[
            "(service web) The closest matching (container-instance 0123456789abcdef0123456789abcdef): Timed out \
             waiting for Amazon ECS Agent to start. Check the logs at /var/log/ecs/ecs-agent.log.",
        ],
        ..PLACE
    },
];
