//! Rules for sessions in containers: errors of the calls that start one, and texts with which the agent ends one.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html>

use super::{Certainty, Class, ReasonField::Session, Rule, commands::TASK};

/// Defaults of these rules: warnings, because the application still runs.
const SESSION: Rule =
    Rule { class: Class::Warning, places: &[Session], page: guide!("ecs-exec-troubleshooting"), ..Rule::PLAIN };

/// Shows whether ECS Exec is on, and the state of the agents.
const AGENTS: &str = "ecs describe-tasks --cluster {cluster} --tasks {task_arn} --query \
                      'tasks[].[enableExecuteCommand,containers[].[name,managedAgents]]' --region {region}";

const LOGGING: &str = "ecs describe-clusters --clusters {cluster} --include CONFIGURATIONS --query \
                       'clusters[].configuration' --region {region}";

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "SESSION-OFF",
        short: "ECS Exec not enabled",
        patterns: &["execute command was not enabled when the task was run"],
        cause: "ECS Exec was off when the task was started, or the agent in the container does not run.",
        next: &[
            "Enable ECS Exec on {service} and replace its tasks: it can't be enabled for a running task",
            "If it is enabled, wait until the agent in {container} runs, or replace the task",
        ],
        command: AGENTS,
        samples: &[
            "An error occurred (InvalidParameterException) when calling the ExecuteCommand operation: The execute command \
             failed because execute command was not enabled when the task was run or the execute command agent isn't \
             running. Wait and try again or run a new task with execute command enabled and try again.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-AGENT",
        short: "exec agent not connected",
        certainty: Certainty::Likely,
        patterns: &[
            "execute command failed due to an internal error",
            r"ecs:\S+ is not connected",
            r"TargetNotConnectedException\b",
        ],
        cause: "The agent in the container is not connected to Systems Manager.",
        next: &[
            "Give {task_role} ssmmessages: CreateControlChannel, CreateDataChannel, OpenControlChannel, \
             OpenDataChannel",
            "Check that {subnets} reach the ssmmessages endpoint",
            "Check that the root file system of {container} is writable, and that its environment has no AWS keys",
            "If the task has just started, try again in a minute",
        ],
        command: AGENTS,
        samples: &[
            "An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: The execute \
             command failed due to an internal error. Try again later.",
            "An error occurred (TargetNotConnected) when calling the StartSession operation: \
             ecs:staging_8a53a2fa5f5b4a1c9d6e7f8091a2b3c4_8a53a2fa5f5b4a1c9d6e7f8091a2b3c4-1527056392 is not connected.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-HOST",
        short: "instance not connected",
        certainty: Certainty::Likely,
        patterns: &[r"\bm?i-[0-9a-f]{8,} is not connected"],
        cause: "Systems Manager does not manage the instance, or the agent on it is not connected.",
        next: &[
            "Give the role of {instance} the policy AmazonSSMManagedInstanceCore",
            "Check that the SSM agent runs on {instance}, and that it reaches the ssm and ssmmessages endpoints",
        ],
        command: "ssm describe-instance-information --region {region}",
        page: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-troubleshooting.html",
        samples: &[
            "An error occurred (TargetNotConnected) when calling the StartSession operation: i-0c5f52d2a1b3c4d5e is not \
             connected.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-LIMIT",
        short: "too many sessions",
        patterns: &["Unable to start new execute sessions", "maximum session limit has been reached"],
        cause: "The container has as many sessions as it may have: two, or one where the containers of the task share \
                their processes.",
        next: &["End a session in {container}, or replace the task to end all of them"],
        command: "ssm describe-sessions --state Active --region {region}",
        samples: &["Unable to start new execute sessions because the maximum session limit has been reached."],
        ..SESSION
    },
    Rule {
        id: "SESSION-NO-TERMINAL",
        short: "not interactive",
        patterns: &["Interactive is the only mode supported"],
        cause: "ECS Exec runs commands interactively only, and the request did not say so.",
        next: &["Add --interactive to `aws ecs execute-command`"],
        samples: &[
            "An error occurred (InvalidParameterException) when calling the ExecuteCommand operation: Interactive is the \
             only mode supported currently.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-DENIED-PORTS",
        short: "port forwarding denied",
        patterns: &[r"not authorized to perform: ssm:StartSession\b"],
        cause: "You may not call ssm:StartSession on the task. Organisations often deny it, because it does not check \
                what ecs:ExecuteCommand checks.",
        next: &[
            "Use ECS Exec: it needs ecs:ExecuteCommand, not ssm:StartSession",
            "For port forwarding, ask for ssm:StartSession on the task and on the AWS-StartPortForwardingSession \
             documents",
        ],
        samples: &["An error occurred (AccessDeniedException) when calling the StartSession operation: User: \
             arn:aws:sts::123456789012:assumed-role/developer/jo is not authorized to perform: ssm:StartSession on \
             resource: arn:aws:ecs:eu-central-1:123456789012:task/staging/8a53a2fa5f5b4a1c9d6e7f8091a2b3c4 with an \
             explicit deny in a service control policy"],
        ..SESSION
    },
    Rule {
        id: "SESSION-DENIED",
        short: "ECS Exec denied",
        patterns: &[r"not authorized to perform: ecs:ExecuteCommand\b"],
        cause: "You may not call ecs:ExecuteCommand on the task.",
        next: &[
            "Ask for ecs:ExecuteCommand on {cluster} and its tasks",
            "If you have it, look for conditions on the container's name or on tags in the policy",
        ],
        samples: &["An error occurred (AccessDeniedException) when calling the ExecuteCommand operation: User: \
             arn:aws:iam::123456789012:user/jo is not authorized to perform: ecs:ExecuteCommand on resource: \
             arn:aws:ecs:eu-central-1:123456789012:cluster/staging because no identity-based policy allows the \
             ecs:ExecuteCommand action"],
        ..SESSION
    },
    Rule {
        id: "SESSION-KEY-DENIED",
        short: "KMS key denied",
        patterns: &[r"not authorized to perform: kms:GenerateDataKey\b"],
        cause: "The cluster encrypts sessions with a KMS key that you may not use.",
        next: &["Ask for kms:GenerateDataKey on the key of {cluster}, and check the policy of the key"],
        command: LOGGING,
        samples: &[
            "User: arn:aws:iam::123456789012:user/jo is not authorized to perform: kms:GenerateDataKey on resource: \
             arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-DATA-KEY",
        short: "no data key in the task",
        patterns: &["Fetching data key failed", "Unable to retrieve data key", "KMSEncryption failed on client"],
        cause: "The cluster encrypts sessions, and the agent in the container could not decrypt the key.",
        next: &["Give {task_role} kms:Decrypt on the key of {cluster}", "Check that {subnets} reach the kms endpoint"],
        command: LOGGING,
        samples: &[
            "Encountered error while initiating handshake. Fetching data key failed: Unable to retrieve data key, Error \
             when decrypting data key AccessDeniedException",
            "Encountered error while initiating handshake. KMSEncryption failed on client with status 2",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-ROLE",
        short: "task role lacks rights",
        patterns: &[r"Setting up data channel with id \S+ failed"],
        certainty: Certainty::Likely,
        cause: "The agent in the container could not open its side of the session.",
        next: &[
            "Give {task_role} ssmmessages: CreateControlChannel, CreateDataChannel, OpenControlChannel, \
             OpenDataChannel",
            "Check that no service control policy denies them, and that the role's credentials are valid",
        ],
        command: "iam list-attached-role-policies --role-name {task_role}",
        samples: &[
            "----------ERROR------- Setting up data channel with id ecs-execute-command-0b74eb15c8d3a4f9e failed: failed \
             to create websocket for datachannel with error: CreateDataChannel failed with no output or error: \
             createDataChannel request failed: AccessDeniedException",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-HANDSHAKE",
        short: "handshake failed",
        certainty: Certainty::Likely,
        patterns: &["error while initiating handshake", "Handshake timed out"],
        cause: "The agent in the container and this machine did not agree on how to run the session.",
        next: &["Try again; if it fails again, replace the task so that it gets a newer agent"],
        command: TASK,
        samples: &[
            "Encountered error while initiating handshake. Handshake timed out. Please ensure that you have the latest \
             version of the session manager plugin.",
            "Handshake timed out",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-NO-COMMAND",
        short: "no such command",
        patterns: &["Unable to start command: Failed to start pty"],
        cause: "The command could not be started: the image does not have it, or it can't be executed.",
        next: &[
            "Try another shell: sh, bash or ash, with its full path",
            "If the image has no shell, as distroless images do, add a sidecar that has one",
        ],
        samples: &[
            "Unable to start command: Failed to start pty: fork/exec /bin/bash: no such file or directory",
            "Unable to start command: Failed to start pty: exec: \"bash\": executable file not found in $PATH",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-QUOTES",
        short: "unbalanced quotes",
        patterns: &["Failed to parse commands input"],
        cause: "The agent could not split the command into words: its quotes are unbalanced.",
        next: &["Correct the quotes, or run `sh` and type the command there"],
        samples: &["Failed to parse commands input: EOF found when expecting closing quote"],
        ..SESSION
    },
    Rule {
        id: "SESSION-LOG-ENCRYPTION",
        short: "log not encrypted",
        patterns: &["because encryption is not set up on the selected"],
        cause: "The cluster records sessions and demands encryption, and the log group or bucket is not encrypted.",
        next: &["Encrypt the log group or bucket that {cluster} records sessions to, or stop demanding it"],
        command: LOGGING,
        samples: &[
            "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. \
             Either encrypt the log group or choose an option to enable logging without encryption.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-LOG-ACCESS",
        short: "log can't be checked",
        patterns: &["because we are unable to validate encryption on"],
        cause: "The cluster records sessions, and the task may not look at the log group or bucket for that.",
        next: &["Give {task_role} logs:DescribeLogGroups, or s3:GetEncryptionConfiguration on the bucket"],
        command: LOGGING,
        samples: &[
            "Couldn't start the session because we are unable to validate encryption on the selected CloudWatch Logs log \
             group. Error: AccessDeniedException",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-PORT",
        short: "port not reached",
        patterns: &["Unable to connect to specified port", "Connection to destination port failed"],
        cause: "Nothing accepts connections at the port, as seen from the container.",
        next: &[
            "Check which port the application listens on, and on which address",
            "For another host, check the security group that has to let {task} in",
        ],
        command: task_definition!("taskDefinition.containerDefinitions[].[name,portMappings]"),
        samples: &[
            "Unable to connect to specified port: dial tcp 127.0.0.1:8080: connect: connection refused",
            "Connection to destination port failed, check SSM Agent logs.",
        ],
        ..SESSION
    },
    Rule {
        id: "SESSION-ADDRESS",
        short: "address forbidden",
        patterns: &["Forwarding to IP address .+ is forbidden"],
        cause: "The agent does not forward to this address: link-local addresses, such as that of the metadata, are \
                forbidden.",
        next: &["Choose another host"],
        samples: &["Forwarding to IP address 169.254.170.2 is forbidden."],
        ..SESSION
    },
    Rule {
        id: "SESSION-IDLE",
        short: "nothing typed",
        class: Class::Normal,
        patterns: &["timed out due to inactivity"],
        cause: "AWS ended the session because nothing was typed for 20 minutes. The command goes on in the container.",
        next: &["Open another session, and end what is left over"],
        samples: &["Your session timed out due to inactivity and has been terminated."],
        ..SESSION
    },
    Rule {
        id: "SESSION-PLUGIN",
        short: "plugin missing",
        patterns: &["SessionManagerPlugin is not found"],
        cause: "The AWS CLI needs AWS's session-manager-plugin, and does not find it.",
        next: &["Use `ecsight exec`, which needs no plugin, or install the plugin"],
        page: "https://docs.aws.amazon.com/systems-manager/latest/userguide/\
               session-manager-working-with-install-plugin.html",
        samples: &["SessionManagerPlugin is not found. Please refer to SessionManager Documentation here: \
             http://docs.aws.amazon.com/console/systems-manager/session-manager-plugin-not-found"],
        ..SESSION
    },
];
