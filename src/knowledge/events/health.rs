//! Rules for events about load balancers and health checks.

use super::{
    super::{
        Certainty, Class, Rule, Topic,
        commands::{HEALTH_CHECK, SECURITY_GROUPS, TARGET_GROUP, TARGETS},
    },
    EVENT,
};

/// Defaults of these rules: warnings, because a single event often resolves by itself.
const HEALTH: Rule = Rule { class: Class::Warning, ..EVENT };

pub(in crate::knowledge) static RULES: &[Rule] = &[
    Rule {
        id: "EV-UNHEALTHY-CODES",
        short: "wrong health check code",
        topic: Topic::HealthCheck,
        patterns: &[r"is unhealthy in .+Health checks failed with these codes: \[[\d, ]+\]"],
        cause: "The task answered the load balancer's health check with a code that the target group does not accept.",
        next: &[
            "404: check the path; 5xx: the application fails; 301 or 302: a redirect; 401 or 403: a login is asked for",
            "Compare path and matcher of {target_group} with what {container} answers on {port}",
        ],
        command: TARGET_GROUP,
        samples: &[
            "(service web) (port 8080) is unhealthy in (target-group \
             arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) due to (reason \
             Health checks failed with these codes: [502]).",
            "(service web) (instance i-0a1b2c3d4e5f60718) (port 32768) is unhealthy in (target-group \
             arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) due to (reason \
             Health checks failed with these codes: [404, 503])",
        ],
        ..HEALTH
    },
    Rule {
        id: "EV-UNHEALTHY-TIMEOUT",
        short: "health check timed out",
        topic: Topic::HealthCheck,
        patterns: &["is unhealthy in .+reason Request timed out"],
        cause: "The task did not answer the load balancer's health check in time.",
        next: &[
            "Check that {security_groups} let the load balancer reach {port}",
            "Check that {container} listens on {port}, and answers before the health check's timeout",
            "Check healthCheckGracePeriodSeconds of {service}, if this happens only after a start",
        ],
        command: SECURITY_GROUPS,
        samples: &["(service web) (port 8080) is unhealthy in (target-group \
                    arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) due to \
                    (reason Request timed out)"],
        ..HEALTH
    },
    Rule {
        id: "EV-UNHEALTHY-AZ",
        short: "zone not served",
        topic: Topic::HealthCheck,
        class: Class::Failure,
        patterns: &["Availability Zone that is not enabled for the load balancer"],
        cause: "The task runs in a zone that the load balancer does not serve; it can never get healthy there.",
        next: &["Compare the zones of {subnets} with those of the load balancer, and enable the missing one"],
        command: "elbv2 describe-load-balancers --query \
                  'LoadBalancers[].[LoadBalancerName,AvailabilityZones[].ZoneName]' --region {region}",
        samples: &["(service web) (port 8080) is unhealthy in (target-group \
                    arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) due to \
                    (reason Target is in an Availability Zone that is not enabled for the load balancer)"],
        ..HEALTH
    },
    Rule {
        id: "EV-UNHEALTHY-ELB",
        short: "target unhealthy",
        topic: Topic::HealthCheck,
        patterns: &[r"is unhealthy in \(elb"],
        cause: "The health check of a Classic Load Balancer fails.",
        next: &["Check path and port of its ping", "Check that the security group of {instance} lets it in"],
        command: "elb describe-load-balancers --query 'LoadBalancerDescriptions[].[LoadBalancerName,HealthCheck]' \
                  --region {region}",
        samples: &[
            "(service web) (instance i-0a1b2c3d4e5f60718) is unhealthy in (elb web-classic) due to (reason Instance \
             has failed at least the UnhealthyThreshold number of health checks consecutively.)",
        ],
        ..HEALTH
    },
    Rule {
        id: "EV-UNHEALTHY-TG",
        short: "target unhealthy",
        topic: Topic::HealthCheck,
        patterns: &["is unhealthy in"],
        cause: "The load balancer finds the task unhealthy.",
        next: &["Ask why: the reason code of the target names the fault"],
        command: TARGETS,
        samples: &["(service web) (port 8080) is unhealthy in (target-group \
                    arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) due to \
                    (reason Health checks failed)"],
        ..HEALTH
    },
    Rule {
        id: "EV-TG-GONE",
        short: "target group gone",
        class: Class::Critical,
        patterns: &["TARGET GROUP IS NOT FOUND"],
        cause: "The target group that the service uses has been deleted.",
        next: &["Give {service} another target group: update its loadBalancers, or create it again"],
        command: service!("services[].loadBalancers"),
        samples: &["(service web) failed to deregister targets: TARGET GROUP IS NOT FOUND"],
        ..HEALTH
    },
    Rule {
        id: "EV-TARGET-GONE",
        short: "target not registered",
        class: Class::Failure,
        patterns: &["TARGET IS NOT FOUND"],
        cause: "The task is not registered in the target group.",
        next: &[
            "Look for somebody who deregistered it by hand",
            "Check that {service} names the right container and port for {target_group}",
            "Look for an event that a registration failed",
        ],
        command: TARGETS,
        samples: &["(service web) (task 0123456789abcdef0123456789abcdef) TARGET IS NOT FOUND"],
        ..HEALTH
    },
    Rule {
        id: "EV-CONTAINER-HC",
        short: "health check failed",
        topic: Topic::HealthCheck,
        patterns: &["failed container health checks"],
        cause: "A container's own health check failed, so the task is replaced.",
        next: &[
            "Check healthCheck of {revision}: command, startPeriod, interval, retries",
            "Read the last log lines of the container",
        ],
        command: HEALTH_CHECK,
        samples: &["(service web) (task 0123456789abcdef0123456789abcdef) failed container health checks."],
        ..HEALTH
    },
    Rule {
        id: "EV-DESCRIBE-HEALTH",
        short: "target health unknown",
        patterns: &["failed to describe target health"],
        cause: "ECS could not ask the load balancer for the health of its targets.",
        next: &[
            "Check that {target_group} exists",
            "Look in CloudTrail for DescribeTargetHealth calls that were throttled or refused",
        ],
        command: TARGETS,
        samples: &["(service web) failed to describe target health on (target-group \
                    arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) with (error \
                    Rate exceeded)"],
        ..HEALTH
    },
    Rule {
        id: "EV-REGISTER-FAIL",
        short: "registration failed",
        class: Class::Failure,
        certainty: Certainty::Likely,
        patterns: &["failed to register targets in"],
        cause: "ECS could not register the tasks with the load balancer.",
        next: &[
            "Check that a listener of the load balancer forwards to {target_group}",
            "Check its target type: ip for network mode awsvpc, else instance",
            "Check the service-linked role AWSServiceRoleForECS",
        ],
        command: TARGET_GROUP,
        samples: &["(service web) failed to register targets in (target-group \
                    arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067) with (error \
                    The target group does not have an associated load balancer)"],
        ..HEALTH
    },
];
