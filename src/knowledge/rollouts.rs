//! Rules for `rolloutStateReason` of deployments and `statusReason` of service deployments.

use super::{
    Certainty, Class, Rule, Topic,
    commands::{ALARMS, STOPPED_TASKS},
};

/// Defaults of these rules.
const ROLLOUT: Rule = Rule { page: guide!("deployment-type-ecs"), ..Rule::PLAIN };

const DEPLOYMENTS: &str = "ecs list-service-deployments --cluster {cluster} --service {service} --region {region}";

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "ROLL-INPROGRESS",
        short: "rollout in progress",
        class: Class::Normal,
        patterns: &[r"ECS deployment \S+ in progress"],
        cause: "The rollout is under way.",
        command: DEPLOYMENTS,
        samples: &["ECS deployment ecs-svc/1234567890123456789 in progress."],
        ..ROLLOUT
    },
    Rule {
        id: "ROLL-DONE",
        short: "rollout completed",
        class: Class::Recovery,
        patterns: &[r"ECS deployment \S+ completed"],
        cause: "The rollout is complete.",
        command: DEPLOYMENTS,
        samples: &["ECS deployment ecs-svc/1234567890123456789 completed."],
        ..ROLLOUT
    },
    Rule {
        id: "ROLL-CB-ROLLBACK",
        short: "rolled back by breaker",
        topic: Topic::Rollback,
        class: Class::Warning,
        patterns: &["circuit breaker: rolling back to deploymentId"],
        cause: "The circuit breaker gave up on the new revision, and the one named here is being restored.",
        next: &["See why tasks of the new revision failed: stopped tasks of {service}"],
        command: STOPPED_TASKS,
        samples: &["ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1234567890123456789."],
        ..ROLLOUT
    },
    Rule {
        id: "ROLL-CB-FAILED",
        short: "tasks failed to start",
        class: Class::Critical,
        patterns: &["circuit breaker: tasks? failed to start"],
        cause: "Too many tasks of the new revision failed, so the circuit breaker ended the rollout.",
        next: &["See why they failed: stopped tasks of {service} started by {deployment}"],
        command: STOPPED_TASKS,
        samples: &[
            "ECS deployment circuit breaker: tasks failed to start.",
            "ECS deployment circuit breaker: task failed to start.",
        ],
        ..ROLLOUT
    },
    Rule {
        id: "ROLL-ALARM",
        short: "alarm ended the rollout",
        class: Class::Critical,
        certainty: Certainty::Likely,
        patterns: &["alarm"],
        cause: "A CloudWatch alarm that watches the rollout fired.",
        next: &["See which alarm fired, and why: alarms.triggeredAlarmNames of the service deployment"],
        command: ALARMS,
        samples: &[
            "ECS deployment failed: alarm detected.",
            "Service deployment rolled back because of CloudWatch alarms.",
        ],
        ..ROLLOUT
    },
    Rule {
        id: "SD-NO-CANDIDATE",
        short: "no way back",
        class: Class::Critical,
        patterns: &["No rollback candidate was found"],
        cause: "The deployment was to be rolled back, but no revision was ever completed that could be restored; the \
                service stays half deployed.",
        next: &["Deploy {service} again with a revision that works: nothing else gets it out of this"],
        command: DEPLOYMENTS,
        samples: &[
            "Service deployment rolled back because the circuit breaker threshold was exceeded. No rollback candidate \
             was found to run the rollback.",
        ],
        ..ROLLOUT
    },
    Rule {
        id: "SD-ANY",
        short: "see the message",
        general: true,
        class: Class::Normal,
        certainty: Certainty::Unknown,
        patterns: &["."],
        cause: "No rule knows this; the message stands as AWS wrote it.",
        command: DEPLOYMENTS,
        samples: &["A new service deployment was started."],
        ..ROLLOUT
    },
];
