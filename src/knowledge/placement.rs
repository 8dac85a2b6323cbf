//! Rules for placement: why a task got no instance or no network.

use super::{
    Certainty,
    ReasonField::{Failure, Task},
    Rule,
    commands::{
        CAPACITY_PROVIDER, EXECUTION_ROLE_TRUST, INSTANCE, INSTANCES, REQUIRED_ATTRIBUTES, SERVICE, SUBNETS, TRUNKING,
    },
};

/// Defaults of rules for a task's reason and for the failures of RunTask and StartTask.
const NO_PLACE: Rule = Rule { places: &[Task, Failure], page: guide!("api_failures_messages"), ..Rule::PLAIN };

/// Defaults of rules for a task's reason alone.
const NO_START: Rule = Rule { places: &[Task], page: guide!("failed-to-start-error"), ..Rule::PLAIN };

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "START-ENI-TIMEOUT",
        short: "network setup timed out",
        certainty: Certainty::Likely,
        patterns: &[
            "Timeout waiting for network interface provisioning",
            "Network interface provision complete error timeout",
        ],
        cause: "The task's network interface was not ready in time; it is usually temporary.",
        next: &[
            "Check that {subnets} have free addresses",
            "Look in CloudTrail for CreateNetworkInterface calls that were throttled or refused",
            "Check the quota of network interfaces in {region}",
        ],
        command: SUBNETS,
        samples: &[
            "Timeout waiting for network interface provisioning to complete.",
            "Network interface provision complete error timeout expired",
        ],
        ..NO_START
    },
    Rule {
        id: "START-ENI-RATE",
        short: "network setup throttled",
        patterns: &["Rate limit exceeded while preparing network interface"],
        cause: "EC2 throttled the creation of network interfaces: too many tasks started at once.",
        next: &["Start fewer tasks at once: maximumPercent or desired count of {service}", "Try again later"],
        command: SERVICE,
        samples: &["Rate limit exceeded while preparing network interface to be attached to instance"],
        ..NO_START
    },
    Rule {
        id: "START-SUBNET-IPS",
        short: "subnet out of addresses",
        patterns: &[
            "Unexpected EC2 error while attempting to Create Network Interface",
            "InsufficientFreeAddressesInSubnet",
        ],
        cause: "EC2 could not create the task's network interface, most often because the subnet has no free address.",
        next: &["Check how many addresses are free in {subnets}", "Give {service} more subnets, or larger ones"],
        command: SUBNETS,
        samples: &[
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in \
             subnet 'subnet-0a1b2c3d4e5f60718': InsufficientFreeAddressesInSubnet",
            "InsufficientFreeAddressesInSubnet: the subnet has no free addresses",
        ],
        ..NO_START
    },
    Rule {
        id: "START-ENI-SLOT",
        short: "no free ENI on instance",
        patterns: &["unable to attach network interface to unused device index"],
        cause: "The EC2 instance has no network interface left for another task.",
        next: &[
            "Turn on ENI trunking: account setting awsvpcTrunking, then new instances",
            "Use a larger instance type, or more instances",
        ],
        command: TRUNKING,
        samples: &[
            "TaskFailedToStart: unable to attach network interface to unused device index",
            "Unable to attach network interface to unused device index",
        ],
        ..NO_START
    },
    Rule {
        id: "START-RES-CPU",
        short: "no room: CPU",
        patterns: &["RESOURCE:CPU"],
        cause: "No instance has as much CPU free as the task asks for.",
        next: &[
            "Compare {cpu} with what the instances of {cluster} have free",
            "Let {capacity_provider} add instances: maximum size of its Auto Scaling group, instance type",
        ],
        command: INSTANCES,
        samples: &["RESOURCE:CPU", "TaskFailedToStart: RESOURCE:CPU"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-MEM",
        short: "no room: memory",
        patterns: &["RESOURCE:MEMORY"],
        cause: "No instance has as much memory free as the task asks for.",
        next: &[
            "Compare {memory} with what the instances of {cluster} have free",
            "Let {capacity_provider} add instances: maximum size of its Auto Scaling group, instance type",
        ],
        command: INSTANCES,
        samples: &["RESOURCE:MEMORY", "TaskFailedToStart: RESOURCE:MEMORY"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-PORTS",
        short: "no room: ports",
        patterns: &["RESOURCE:PORTS?"],
        cause: "The host port that the task wants is taken on every instance.",
        next: &[
            "Set hostPort in {revision} to 0, or use network mode awsvpc",
            "Otherwise only one such task fits on an instance: add instances",
        ],
        command: task_definition!("taskDefinition.containerDefinitions[].[name,portMappings]"),
        samples: &["RESOURCE:PORTS", "TaskFailedToStart: RESOURCE:PORTS", "RESOURCE:PORT"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-ENI",
        short: "no room: ENI",
        patterns: &["RESOURCE:ENI"],
        cause: "No instance has a network interface left for another task.",
        next: &[
            "Turn on ENI trunking: account setting awsvpcTrunking, then new instances",
            "Use a larger instance type, or more instances",
        ],
        command: TRUNKING,
        samples: &["RESOURCE:ENI", "TaskFailedToStart: RESOURCE:ENI"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-GPU",
        short: "no room: GPU",
        patterns: &["RESOURCE:GPU"],
        cause: "No instance has as many GPUs free as the task asks for.",
        next: &[
            "Compare resourceRequirements of {revision} with the GPUs the instances of {cluster} have free",
            "Add instances with GPUs",
        ],
        command: INSTANCES,
        samples: &["RESOURCE:GPU", "TaskFailedToStart: RESOURCE:GPU"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-FARGATE",
        short: "no Fargate capacity",
        patterns: &["RESOURCE:FARGATE"],
        cause: "Fargate has no capacity for a task of this size at the moment.",
        next: &[
            "With FARGATE_SPOT, give the capacity provider strategy of {service} a FARGATE fallback",
            "Use subnets in more Availability Zones",
            "Wait, and try again",
        ],
        command: SERVICE,
        page: guide!("ecs_service_events"),
        samples: &["RESOURCE:FARGATE", "TaskFailedToStart: RESOURCE:FARGATE"],
        ..NO_PLACE
    },
    Rule {
        id: "START-RES-OTHER",
        short: "no room on instances",
        general: true,
        places: &[Task],
        patterns: &[r"RESOURCE:\w+"],
        cause: "No instance has enough left of the resource that the message names.",
        next: &["Compare what the task asks for with remainingResources of the instances of {cluster}"],
        command: INSTANCES,
        samples: &["TaskFailedToStart: RESOURCE:INFERENTIA"],
        ..NO_PLACE
    },
    Rule {
        id: "START-AGENT",
        short: "agent disconnected",
        places: &[Task],
        patterns: &["TaskFailedToStart: AGENT", "^AGENT$"],
        cause: "The ECS agent of the chosen instance is disconnected.",
        next: &[
            "Check agentConnected of {instance_arn}; restart the agent there if it is false",
            "Check that the instance can reach ECS, and its instance profile",
            "Read /var/log/ecs/ecs-agent.log on the instance",
        ],
        command: INSTANCE,
        samples: &["TaskFailedToStart: AGENT", "AGENT"],
        ..NO_START
    },
    Rule {
        id: "START-ATTRIBUTE",
        short: "attribute missing",
        places: &[Task],
        patterns: &["TaskFailedToStart: ATTRIBUTE", "^ATTRIBUTE$"],
        cause: "No instance has an attribute that the task needs: a log driver, task networking, an architecture.",
        next: &[
            "Compare requiresAttributes of {revision} with the attributes of the instances of {cluster}",
            "Update the ECS agent: new attributes come with new versions",
        ],
        command: REQUIRED_ATTRIBUTES,
        samples: &["TaskFailedToStart: ATTRIBUTE", "ATTRIBUTE"],
        ..NO_PLACE
    },
    Rule {
        id: "START-CONSTRAINT",
        short: "constraint not met",
        patterns: &["MemberOf placement constraint unsatisfied"],
        cause: "No instance meets the placement constraint.",
        next: &[
            "Check placementConstraints of {service} and of {revision}",
            "Check which instances have the attributes that the constraint asks for",
        ],
        command: service!("services[].placementConstraints"),
        samples: &[
            "TaskFailedToStart: MemberOf placement constraint unsatisfied.",
            "MemberOf placement constraint unsatisfied",
        ],
        ..NO_PLACE
    },
    Rule {
        id: "START-LOCATION",
        short: "instance in wrong zone",
        places: &[Task],
        patterns: &["^LOCATION$", "TaskFailedToStart: LOCATION"],
        cause: "The instance is in an Availability Zone in which the task has no subnet.",
        next: &[
            "Compare the zones of {subnets} with those of the instances",
            "Give {service} a subnet in each zone that has instances",
        ],
        command: SUBNETS,
        samples: &["LOCATION", "TaskFailedToStart: LOCATION"],
        ..NO_PLACE
    },
    Rule {
        id: "START-NO-ACTIVE",
        short: "no active instance",
        patterns: &["NO ACTIVE INSTANCES"],
        cause: "The capacity provider has instances, but none of them takes tasks.",
        next: &[
            "See which instances of {cluster} are draining or still registering",
            "Check the health of the Auto Scaling group of {capacity_provider}",
        ],
        command: INSTANCES,
        samples: &["NO ACTIVE INSTANCES", "TaskFailedToStart: NO ACTIVE INSTANCES"],
        ..NO_PLACE
    },
    Rule {
        id: "START-EMPTY-CP",
        short: "no instances at all",
        patterns: &["EMPTY CAPACITY PROVIDER"],
        cause: "The capacity provider has no registered instance.",
        next: &[
            "Check desired and maximum size of the Auto Scaling group of {capacity_provider}",
            "Check that its instances name {cluster} in their user data, and start the ECS agent",
            "Check their instance profile and their way to ECS",
        ],
        command: CAPACITY_PROVIDER,
        samples: &["EMPTY CAPACITY PROVIDER", "TaskFailedToStart: EMPTY CAPACITY PROVIDER"],
        ..NO_PLACE
    },
    Rule {
        id: "START-INCOMPATIBLE",
        short: "launch type mismatch",
        patterns: &["not compatible with the selected compute strategy"],
        cause: "The task definition is not made for the launch type or capacity provider it was started on.",
        next: &["Compare requiresCompatibilities of {revision} with the capacity provider strategy of {service}"],
        command: task_definition!("taskDefinition.[requiresCompatibilities,compatibilities,networkMode]"),
        samples: &["The selected task definition is not compatible with the selected compute strategy."],
        ..NO_START
    },
    Rule {
        id: "START-NO-CAPACITY",
        short: "no capacity in the zone",
        patterns: &["Capacity is unavailable at this time"],
        cause: "AWS has no capacity in the Availability Zone at the moment.",
        next: &[
            "Give {service} subnets in other Availability Zones",
            "With Spot, add an on-demand fallback to the capacity provider strategy",
            "Wait, and try again",
        ],
        command: SERVICE,
        page: guide!("service-event-messages-list"),
        samples: &["Capacity is unavailable at this time. Please try again later or in a different availability zone"],
        ..NO_START
    },
    Rule {
        id: "START-ASSUME-ROLE",
        short: "role can't be assumed",
        patterns: &["ECS was unable to assume the role"],
        cause: "ECS may not use the task role or the execution role.",
        next: &[
            "Check that {execution_role} and {task_role} exist and trust ecs-tasks.amazonaws.com",
            "Check that whoever deploys has iam:PassRole on both",
            "Check that no service control policy denies it",
        ],
        command: EXECUTION_ROLE_TRUST,
        page: guide!("task_execution_IAM_role"),
        samples: &[
            "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/web-execution' that was provided for \
             this task. Please verify that the role being passed has the proper trust relationship and permissions and \
             that your IAM user has permissions to pass this role.",
        ],
        ..NO_START
    },
];
