//! Rules for events about blocked steady states and about everyday scheduling.

use super::{
    super::{
        Class, Rule, Topic,
        commands::{SERVICE, STOPPED_TASKS},
    },
    EVENT,
};

/// Defaults of most of these rules.
const ROUTINE: Rule = Rule { class: Class::Normal, ..EVENT };

const PROTECTED: &str = "ecs get-task-protection --cluster {cluster} --region {region}";

pub(in crate::knowledge) static RULES: &[Rule] = &[
    Rule {
        id: "EV-PROTECTED",
        short: "tasks are protected",
        topic: Topic::Protection,
        class: Class::Warning,
        patterns: &[
            "was unable to reach steady state because .+protect",
            "tasks under protection",
            "number of protected tasks are more than the desired count",
        ],
        cause: "Tasks that are protected from scale-in keep the service from making progress.",
        next: &[
            "See which tasks of {service} are protected and until when",
            "Wait, or take the protection away where the work is done",
        ],
        command: PROTECTED,
        samples: &[
            "(service web) was unable to reach steady state because task set (ecs-svc/1234567890123456789) was unable \
             to scale in. Reason: The number of protected tasks are more than the desired count of tasks.",
            "(service web) (deployment ecs-svc/1234567890123456789) waits for 2 tasks under protection.",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-NO-STEADY",
        short: "can't get steady",
        quotes_reason: true,
        class: Class::Failure,
        patterns: &["was unable to reach steady state"],
        cause: "The service cannot get steady; the text after Reason says why.",
        next: &["Read what follows Reason"],
        command: SERVICE,
        samples: &[
            "(service web) was unable to reach steady state because task set (ecs-svc/1234567890123456789) was unable \
             to scale out.",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-REBAL-BLOCKED",
        short: "rebalancing blocked",
        class: Class::Warning,
        patterns: &["was unable to AZ Rebalance because"],
        cause: "Protected tasks keep the service from balancing its zones.",
        next: &["See which tasks of {service} are protected and until when"],
        command: PROTECTED,
        samples: &[
            "(service web) was unable to AZ Rebalance because (task 0123456789abcdef0123456789abcdef) has scale-in \
             protection.",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-START",
        short: "rebalancing zones",
        topic: Topic::TaskStart,
        patterns: &[r"has started \d+ tasks? in .+ to AZ Rebalance"],
        cause: "Tasks were started in the zone that had too few.",
        samples: &["(service web) has started 1 tasks in (eu-west-1c) to AZ Rebalance: (task \
                    0123456789abcdef0123456789abcdef)."],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-STOP",
        short: "rebalancing zones",
        patterns: &[r"has stopped \d+ running tasks? in .+ due to AZ rebalancing"],
        cause: "Tasks were stopped in the zone that had too many.",
        samples: &["(service web) has stopped 1 running tasks in (eu-west-1a) due to AZ rebalancing: (task \
                    0123456789abcdef0123456789abcdef)."],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-UNBALANCED",
        short: "zones unbalanced",
        patterns: &["is not AZ balanced with"],
        cause: "The tasks are spread unevenly over the zones, and the service begins to balance them.",
        samples: &[
            "(service web) is not AZ balanced with 3 tasks in eu-west-1a, 1 tasks in eu-west-1b. AZ Rebalancing in \
             progress.",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-BALANCED",
        short: "zones balanced",
        class: Class::Recovery,
        patterns: &["is AZ balanced with"],
        cause: "The tasks are spread evenly over the zones again.",
        samples: &["(service web) is AZ balanced with 2 tasks in eu-west-1a, 2 tasks in eu-west-1b."],
        ..ROUTINE
    },
    Rule {
        id: "EV-AZ-STOPPED",
        short: "rebalancing ended",
        patterns: &["stopped AZ Rebalancing"],
        cause: "The service no longer balances its zones; another event at the same time says why.",
        samples: &["(service web) stopped AZ Rebalancing."],
        ..ROUTINE
    },
    Rule {
        id: "EV-REPLACED-UNHEALTHY",
        short: "unhealthy replaced",
        topic: Topic::TaskStart,
        class: Class::Warning,
        patterns: &[r"has started \d+ tasks?.+replaced \d+ tasks? due to an unhealthy status"],
        cause: "The service started tasks in place of unhealthy ones.",
        next: &["See which check failed: the event beside this one, of a target or of a container's health check"],
        command: STOPPED_TASKS,
        samples: &["(service web) has started 2 tasks: (task 0123456789abcdef0123456789abcdef) (task \
                    fedcba9876543210fedcba9876543210). Amazon ECS replaced 2 tasks due to an unhealthy status."],
        ..ROUTINE
    },
    Rule {
        id: "EV-STARTED",
        short: "tasks started",
        topic: Topic::TaskStart,
        patterns: &[r"has started \d+ tasks?"],
        cause: "Tasks were started.",
        samples: &["(service web) has started 1 tasks: (task 0123456789abcdef0123456789abcdef)."],
        ..ROUTINE
    },
    Rule {
        id: "EV-STOPPED",
        short: "tasks stopped",
        patterns: &[r"has stopped \d+ running tasks?"],
        cause: "Running tasks are being stopped; each one's stopped reason says why.",
        command: STOPPED_TASKS,
        samples: &["(service web) has stopped 1 running tasks: (task 0123456789abcdef0123456789abcdef)."],
        ..ROUTINE
    },
    Rule {
        id: "EV-STOPPED-PENDING",
        short: "pending tasks stopped",
        patterns: &[r"stopped \d+ pending tasks?"],
        cause: "Tasks that did not run yet were called off: a rollback, a scale-in or a draining instance.",
        command: STOPPED_TASKS,
        samples: &["(service web) has stopped 2 pending tasks: (task 0123456789abcdef0123456789abcdef)."],
        ..ROUTINE
    },
    Rule {
        id: "EV-DEREGISTERED",
        short: "targets deregistered",
        patterns: &[r"deregistered \d+ targets? in", r"deregistered \d+ instances? in"],
        cause: "Tasks were taken off the load balancer; their connections may finish first.",
        samples: &[
            "(service web) deregistered 1 targets in (target-group \
             arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067)",
            "(service web) deregistered 1 instances in (elb web-classic)",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-REGISTERED",
        short: "targets registered",
        topic: Topic::Registration,
        patterns: &[r"registered \d+ targets? in", r"registered \d+ instances? in"],
        cause: "Tasks were put behind the load balancer.",
        samples: &[
            "(service web) registered 1 targets in (target-group \
             arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067)",
            "(service web) registered 1 instances in (elb web-classic)",
        ],
        ..ROUTINE
    },
    Rule {
        id: "EV-DRAINING",
        short: "draining connections",
        patterns: &[r"has begun draining connections on \d+ tasks?"],
        cause: "The connections of tasks may finish before these are stopped.",
        next: &["If it takes long, check the deregistration delay of the target group, and for long-lived connections"],
        samples: &[
            "(service web) has begun draining connections on 1 tasks.",
            "(service web, taskSet ecs-svc/1234567890123456789) has begun draining connections on 2 tasks.",
        ],
        ..ROUTINE
    },
];
