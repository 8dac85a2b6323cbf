//! Rules for events about steady states and deployments.

use super::{
    super::{
        Certainty, Class, Rule, Topic,
        commands::{ALARMS, STOPPED_TASKS},
    },
    EVENT,
};

const ROLLOUT: &str = service!("services[].deployments[].[status,rolloutState,rolloutStateReason,failedTasks]");

pub(in crate::knowledge) static RULES: &[Rule] = &[
    Rule {
        id: "EV-STEADY",
        short: "steady",
        class: Class::Recovery,
        patterns: &["has reached a steady state"],
        cause: "All wanted tasks are running and healthy. The event is repeated from time to time.",
        samples: &["(service web) has reached a steady state.", "service (web) has reached a steady state."],
        ..EVENT
    },
    Rule {
        id: "EV-DEPLOY-DONE",
        short: "deployment completed",
        class: Class::Recovery,
        patterns: &["deployment completed"],
        cause: "The deployment is complete.",
        samples: &["(service web) (deployment ecs-svc/1234567890123456789) deployment completed."],
        ..EVENT
    },
    Rule {
        id: "EV-DEPLOY-FAILED-START",
        short: "tasks failed to start",
        topic: Topic::DeploymentFailure,
        class: Class::Critical,
        patterns: &["deployment failed: tasks? failed to start"],
        cause: "Too many tasks of the new revision failed, so the circuit breaker ended the deployment.",
        next: &["See why they failed: stopped tasks of {service} started by {deployment}"],
        command: STOPPED_TASKS,
        samples: &["(service web) (deployment ecs-svc/1234567890123456789) deployment failed: tasks failed to start."],
        ..EVENT
    },
    Rule {
        id: "EV-DEPLOY-FAILED-ALARM",
        short: "alarm ended the rollout",
        topic: Topic::DeploymentFailure,
        class: Class::Critical,
        certainty: Certainty::Likely,
        patterns: &["deployment failed: alarm"],
        cause: "A CloudWatch alarm that watches the deployment fired.",
        next: &["See which alarm fired, and why: alarms.triggeredAlarmNames of the service deployment"],
        command: ALARMS,
        samples: &["(service web) (deployment ecs-svc/1234567890123456789) deployment failed: alarm detected."],
        ..EVENT
    },
    Rule {
        id: "EV-DEPLOY-FAILED",
        short: "deployment failed",
        topic: Topic::DeploymentFailure,
        class: Class::Critical,
        patterns: &["deployment failed:"],
        cause: "The deployment failed; the message says why.",
        next: &["Read rolloutStateReason of the deployment, and the status reason of the service deployment"],
        command: ROLLOUT,
        samples: &[
            "(service web) (deployment ecs-svc/1234567890123456789) deployment failed: stopped by a lifecycle hook.",
        ],
        ..EVENT
    },
    Rule {
        id: "EV-ROLLBACK",
        short: "rolling back",
        class: Class::Warning,
        patterns: &["rolling back to deployment"],
        cause: "The service goes back to the last revision that was completed.",
        next: &[
            "See why the new revision failed: stopped tasks of {service}, and the events before",
            "Watch until {service} is steady again",
        ],
        command: STOPPED_TASKS,
        samples: &["(service web) rolling back to deployment ecs-svc/1234567890123456789."],
        ..EVENT
    },
    Rule {
        id: "EV-CRASHLOOP",
        short: "crash loop",
        topic: Topic::BackOff,
        class: Class::Critical,
        patterns: &["is unable to consistently start tasks successfully"],
        cause: "Tasks fail again and again before they run; the waits between attempts grow, up to about 27 minutes.",
        next: &[
            "See why they fail: stopped tasks of {service}",
            "Deploy a corrected task definition: that ends the waiting at once",
        ],
        command: STOPPED_TASKS,
        samples: &["(service web) is unable to consistently start tasks successfully. For more information, see the \
                    Troubleshooting section of the Amazon ECS Developer Guide."],
        ..EVENT
    },
    Rule {
        id: "EV-THROTTLED",
        short: "scheduler throttled",
        topic: Topic::Throttling,
        class: Class::Warning,
        patterns: &["operations are being throttled"],
        cause: "The scheduler itself met an API rate limit; it retries automatically.",
        next: &["Look for what else in {account} calls AWS that often: tools, pipelines, consoles"],
        command: "cloudtrail lookup-events --lookup-attributes \
                  AttributeKey=EventSource,AttributeValue=ecs.amazonaws.com --max-items 50 --region {region}",
        samples: &[
            "(service web) operations are being throttled on elasticloadbalancing. Will try again later.",
            "service (web) ECS operations are being throttled. Will try again later.",
        ],
        ..EVENT
    },
    Rule {
        id: "EV-MINMAX-DEADLOCK",
        short: "no room to deploy",
        topic: Topic::Deadlock,
        patterns: &[
            "was unable to stop or start tasks during a deployment because of the service deployment configuration",
        ],
        cause: "minimumHealthyPercent and maximumPercent allow neither to stop nor to start a single task.",
        next: &["Raise maximumPercent of {service} above 100, or lower minimumHealthyPercent"],
        command: service!("services[].[desiredCount,deploymentConfiguration]"),
        samples: &[
            "(service web) was unable to stop or start tasks during a deployment because of the service deployment \
             configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
        ],
        ..EVENT
    },
];
