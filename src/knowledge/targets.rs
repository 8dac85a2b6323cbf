//! Rules for reason codes of target health: why a load balancer sends no traffic to a target.

use super::{
    Class, Rule,
    commands::{INSTANCE, SECURITY_GROUPS, TARGET_GROUP, TARGETS},
};

/// Defaults of these rules.
const TARGET: Rule = Rule { command: TARGETS, page: guide!("troubleshoot-service-load-balancers"), ..Rule::PLAIN };

pub(super) static RULES: &[(&str, Rule)] = &[
    (
        "Elb.RegistrationInProgress",
        Rule {
            id: "TARGET-REGISTRATION-IN-PROGRESS",
            short: "being registered",
            class: Class::Normal,
            cause: "The target is being registered.",
            samples: &["Elb.RegistrationInProgress"],
            ..TARGET
        },
    ),
    (
        "Elb.InitialHealthChecking",
        Rule {
            id: "TARGET-INITIAL-HEALTH-CHECKING",
            short: "first health checks",
            class: Class::Normal,
            cause: "The first health checks of the target are running.",
            samples: &["Elb.InitialHealthChecking"],
            ..TARGET
        },
    ),
    (
        "Target.ResponseCodeMismatch",
        Rule {
            id: "TARGET-RESPONSE-CODE-MISMATCH",
            short: "wrong health check code",
            cause: "The target answered the health check with a code that the target group does not accept.",
            next: &[
                "404: check the path; 5xx: the application fails; 301 or 302: a redirect; 401 or 403: a login is asked \
                 for",
                "Compare path and matcher of {target_group} with what {container} answers on {port}",
            ],
            command: TARGET_GROUP,
            samples: &["Target.ResponseCodeMismatch"],
            ..TARGET
        },
    ),
    (
        "Target.Timeout",
        Rule {
            id: "TARGET-TIMEOUT",
            short: "health check timed out",
            cause: "The target did not answer the health check in time.",
            next: &[
                "Check that {security_groups} let the load balancer reach {port}",
                "Check that {container} listens on {port}, and answers before the health check's timeout",
            ],
            command: SECURITY_GROUPS,
            samples: &["Target.Timeout"],
            ..TARGET
        },
    ),
    (
        "Target.FailedHealthChecks",
        Rule {
            id: "TARGET-FAILED-HEALTH-CHECKS",
            short: "nothing answers",
            cause: "The connection for the health check failed, or what answered could not be understood.",
            next: &[
                "Check that {container} listens on {port}, and on all addresses rather than on localhost",
                "Check that both sides agree on HTTP or HTTPS",
            ],
            command: TARGET_GROUP,
            samples: &["Target.FailedHealthChecks"],
            ..TARGET
        },
    ),
    (
        "Elb.InternalError",
        Rule {
            id: "TARGET-INTERNAL-ERROR",
            short: "load balancer error",
            cause: "The health check failed for a fault on the load balancer's own side.",
            next: &["Wait, and if it stays tell AWS Support the ARN of {target_group}"],
            samples: &["Elb.InternalError"],
            ..TARGET
        },
    ),
    (
        "Target.NotRegistered",
        Rule {
            id: "TARGET-NOT-REGISTERED",
            short: "target not registered",
            cause: "The target is not registered in this target group.",
            next: &[
                "Look for somebody who deregistered it by hand",
                "Check that {service} names the right container and port for {target_group}",
            ],
            samples: &["Target.NotRegistered"],
            ..TARGET
        },
    ),
    (
        "Target.NotInUse",
        Rule {
            id: "TARGET-NOT-IN-USE",
            short: "target group not in use",
            cause: "No listener sends traffic to the target group, or the target's zone is off for the load balancer.",
            next: &[
                "Check that a listener rule forwards to {target_group}",
                "Check that the load balancer has a subnet in {zone}",
            ],
            command: "elbv2 describe-target-groups --target-group-arns {target_group} --query \
                      'TargetGroups[].LoadBalancerArns' --region {region}",
            samples: &["Target.NotInUse"],
            ..TARGET
        },
    ),
    (
        "Target.InvalidState",
        Rule {
            id: "TARGET-INVALID-STATE",
            short: "target's instance gone",
            cause: "The instance behind the target is stopped or terminated.",
            next: &["See what ended {instance}"],
            command: INSTANCE,
            samples: &["Target.InvalidState"],
            ..TARGET
        },
    ),
    (
        "Target.IpUnusable",
        Rule {
            id: "TARGET-IP-UNUSABLE",
            short: "address not usable",
            cause: "The target's address belongs to a load balancer and cannot be a target.",
            next: &["Deregister the address: it is none of a task"],
            samples: &["Target.IpUnusable"],
            ..TARGET
        },
    ),
    (
        "Target.DeregistrationInProgress",
        Rule {
            id: "TARGET-DEREGISTRATION-IN-PROGRESS",
            short: "draining",
            class: Class::Normal,
            cause: "The target is on its way out: its connections may finish until the deregistration delay is over.",
            samples: &["Target.DeregistrationInProgress"],
            command: "elbv2 describe-target-group-attributes --target-group-arn {target_group} --region {region}",
            ..TARGET
        },
    ),
    (
        "Target.HealthCheckDisabled",
        Rule {
            id: "TARGET-HEALTH-CHECK-DISABLED",
            short: "health checks are off",
            class: Class::Warning,
            cause: "Health checks are turned off for the target group, so nothing is known of the target.",
            next: &["Turn health checks on for {target_group}"],
            command: TARGET_GROUP,
            samples: &["Target.HealthCheckDisabled"],
            ..TARGET
        },
    ),
];
