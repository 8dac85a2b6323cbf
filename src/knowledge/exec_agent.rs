//! Rules for ECS Exec: why it is not available in a container.

use super::{Class, ReasonField::ManagedAgent, Rule};

/// Defaults of these rules: warnings, because the application still runs.
const EXEC: Rule = Rule { class: Class::Warning, places: &[ManagedAgent], page: guide!("ecs-exec"), ..Rule::PLAIN };

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "EXEC-START",
        short: "exec agent not started",
        patterns: &["unable to start ExecuteCommandAgent"],
        cause: "The agent of ECS Exec could not be started in the container.",
        next: &[
            "Check that the root file system of {container} is not read-only, and that it has a shell",
            "Replace the task: the agent is started with it",
        ],
        command: task_definition!("taskDefinition.containerDefinitions[].[name,readonlyRootFilesystem]"),
        samples: &["Received Container Service: unable to start ExecuteCommandAgent: exit status 1"],
        ..EXEC
    },
    Rule {
        id: "EXEC-EXITED",
        short: "exec agent ended",
        patterns: &["ExecuteCommandAgent process exited with exit code"],
        cause: "The agent of ECS Exec ended.",
        next: &[
            "Give {task_role} ssmmessages: CreateControlChannel, CreateDataChannel, OpenControlChannel, \
             OpenDataChannel",
            "Check that {subnets} reach the ssmmessages endpoint",
            "Check that {container} has memory to spare",
        ],
        command: "iam list-attached-role-policies --role-name {task_role}",
        page: guide!("ecs-exec-troubleshooting"),
        samples: &["ExecuteCommandAgent process exited with exit code: 1"],
        ..EXEC
    },
    Rule {
        id: "EXEC-INIT",
        short: "exec not set up",
        patterns: &["container has not been initialized: missing UUID", "managed agent not found"],
        cause: "ECS Exec was not set up when the container was created.",
        next: &[
            "Turn on enableExecuteCommand of {service}, and replace the task: it cannot be turned on for one that runs",
        ],
        command: "ecs describe-tasks --cluster {cluster} --tasks {task_arn} --query 'tasks[].enableExecuteCommand' \
                  --region {region}",
        samples: &["container has not been initialized: missing UUID", "managed agent not found: ExecuteCommandAgent"],
        ..EXEC
    },
];
