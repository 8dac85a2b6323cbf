//! Rules for start-up: why resources that a task needs before its containers start could not be prepared.

use super::{
    Certainty,
    ReasonField::{Attachment, Container, Task},
    Rule,
    commands::{
        EFS_MOUNT_TARGETS, EXECUTION_ROLE, EXECUTION_ROLE_TRUST, LOG_GROUP, MANAGED_VOLUMES, PARAMETER, REGISTRY_LOGIN,
        ROUTES, SECRET, TASK_DEFINITION,
    },
};

/// Defaults of these rules.
const INIT: Rule = Rule { places: &[Task, Container], page: guide!("resource-initialization-error"), ..Rule::PLAIN };

/// Command that shows the secrets of the task definition.
const SECRETS: &str = task_definition!("taskDefinition.containerDefinitions[].[name,secrets]");

/// Command that shows the log configuration of the task definition.
const LOG_OPTIONS: &str = task_definition!("taskDefinition.containerDefinitions[].[name,logConfiguration]");

/// Command that shows the volumes of the task definition.
const VOLUMES: &str = task_definition!("taskDefinition.volumes");

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "INIT-IAM-ECR-TOKEN",
        short: "ECR login not allowed",
        patterns: &["not authorized to perform: ecr:GetAuthorizationToken"],
        cause: "The execution role may not log in to ECR.",
        next: &[
            "Give {execution_role} ecr:GetAuthorizationToken: AmazonECSTaskExecutionRolePolicy has it",
            "If ECR is reached through a VPC endpoint, check the policy of the ecr.api endpoint",
        ],
        command: EXECUTION_ROLE,
        page: guide!("task_execution_IAM_role"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): \
             AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
             ecr:GetAuthorizationToken action",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-IAM-SECRET",
        short: "secret not readable",
        patterns: &["not authorized to perform: secretsmanager:GetSecretValue"],
        cause: "The execution role may not read a secret that the task definition asks for.",
        next: &[
            "Give {execution_role} secretsmanager:GetSecretValue on {secret}; the task role does not count here",
            "Check the secret's own resource policy for a denial",
        ],
        command: EXECUTION_ROLE,
        page: guide!("secrets-envvar-secrets-manager"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch \
             secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/payments/acquirer-api-key-Zx81Lm from \
             secrets manager: AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/payments-execution/0123456789abcdef0123456789abcdef is not \
             authorized to perform: secretsmanager:GetSecretValue on resource: \
             arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/payments/acquirer-api-key-Zx81Lm because no \
             identity-based policy allows the secretsmanager:GetSecretValue action",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-IAM-SSM",
        short: "parameter not readable",
        patterns: &["not authorized to perform: ssm:GetParameters?"],
        cause: "The execution role may not read a Parameter Store parameter that the task definition asks for.",
        next: &["Give {execution_role} ssm:GetParameters on {secret}; the task role does not count here"],
        command: EXECUTION_ROLE,
        page: guide!("secrets-envvar-ssm-paramstore"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): \
             AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:111122223333:parameter/prod/web/db-url",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-IAM-KMS",
        short: "KMS key not usable",
        certainty: Certainty::Likely,
        patterns: &[
            "not authorized to perform: kms:Decrypt",
            "access to KMS is not allowed",
            "ciphertext refers to a customer master key that does not exist",
        ],
        cause: "A secret or parameter is encrypted with a KMS key that the execution role may not use, or that is \
                gone.",
        next: &[
            "Give {execution_role} kms:Decrypt on the key of {secret}",
            "Check that the key's policy allows it, and that the key is enabled",
        ],
        command: SECRET,
        page: guide!("task_execution_IAM_role"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secrets from ssm: AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: kms:Decrypt on resource: \
             arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: AccessDeniedException: Access to KMS is not allowed",
            "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: The \
             ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are \
             not allowed to access.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-IAM-LOGS",
        short: "log stream not allowed",
        patterns: &["not authorized to perform: logs:Create", "not authorized to perform: logs:"],
        cause: "The role that opens the log may not create the log group or its streams.",
        next: &[
            "Give {execution_role} logs:CreateLogStream and logs:PutLogEvents on {log_group}",
            "With awslogs-create-group it needs logs:CreateLogGroup too",
            "On EC2 without an execution role, check the role of the instance profile instead",
        ],
        command: EXECUTION_ROLE,
        page: guide!("using_awslogs"),
        samples: &[
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
             failed to create Cloudwatch log stream: AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: logs:CreateLogStream on resource: \
             arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/web:log-stream:app/app/\
             0123456789abcdef0123456789abcdef",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SECRET-STAGE",
        short: "secret has no value",
        patterns: &["can't find the specified secret value for staging label", "secret value for version"],
        cause: "The secret exists but has no value under the version that is asked for: never filled, or rotated away.",
        next: &[
            "Check that {secret} has a value under the label AWSCURRENT",
            "Check version and stage at the end of valueFrom in {revision}",
            "If the service started before the secret was filled, deploy {service} again",
        ],
        command: "secretsmanager list-secret-version-ids --secret-id {secret} --region {region}",
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch \
             secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf from secrets manager: \
             ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: \
             AWSCURRENT",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: failed to fetch secret value for version EXAMPLE1-90ab-cdef",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SECRET-NOT-FOUND",
        short: "secret missing",
        patterns: &["can't retrieve the secret with ARN", "can't find the specified secret"],
        cause: "The secret named in the task definition does not exist in that Region: deleted, mistyped or elsewhere.",
        next: &[
            "Check that {secret} exists in the Region of its ARN and is not scheduled for deletion",
            "Compare valueFrom in {revision} with the secret's ARN, letter by letter",
        ],
        command: SECRET,
        page: guide!("resource-not-found-error"),
        samples: &[
            "ResourceNotFoundException: The task can\u{2019}t retrieve the secret with ARN \
             'arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf' from AWS Secrets Manager. Check \
             whether the secret exists in the specified Region.",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch \
             secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf from secrets manager: \
             ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SECRET-KEY",
        short: "secret lacks a key",
        patterns: &["did not contain json key"],
        cause: "The secret is JSON but has no such key as the task definition asks for.",
        next: &[
            "Compare the key in valueFrom of {revision} with the keys stored in {secret}; case counts",
            "Check that the secret's newest version was not saved without that key",
        ],
        command: SECRETS,
        page: guide!("secrets-envvar-secrets-manager"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret \
             from Secrets Manager did not contain json key password",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SECRET-ARN",
        short: "secret ARN malformed",
        patterns: &[
            "invalid ARN format for the AWS Secrets Manager secret",
            "could not find a secretsmanager secretID",
        ],
        cause: "What the task definition names as a secret is not a well-formed ARN of Secrets Manager.",
        next: &[
            "Correct valueFrom in {revision}: secret ARN, then :json-key:version-stage:version-id, all three colons \
             even where empty",
        ],
        command: SECRETS,
        page: guide!("secrets-envvar-secrets-manager"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: invalid ARN format for the AWS Secrets Manager secret: \
             arn:aws:secretsmanager:eu-west-1:111122223333:prod/web/db",
            "ResourceInitializationError: unable to retrieve secret from asm: could not find a secretsmanager secretID \
             from arn:aws:secretsmanager:eu-west-1:111122223333:prod",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SSM-MISSING",
        short: "parameter missing",
        patterns: &["invalid parameters:", "invalid ssm parameters"],
        cause: "Parameters that the task definition asks for do not exist in Parameter Store in this Region.",
        next: &[
            "Create the parameters that the message names, or correct valueFrom in {revision}",
            "Check that they are in {region}: a bare name means the task's own Region",
        ],
        command: PARAMETER,
        page: guide!("secrets-envvar-ssm-paramstore"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: \
             /prod/web/db-url",
            "ResourceInitializationError: fetching secret data from SSM Parameter Store in eu-west-1: invalid ssm \
             parameters: /prod/web/db-url",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-REGISTRY-CRED",
        short: "registry secret unusable",
        patterns: &[
            "asm fetching authorization data",
            "asm fetching (username)?(password)?: AuthorizationData is malformed",
            "unable to get registry auth from asm",
        ],
        cause: "The secret with the registry's login could not be read, or is not JSON with username and password.",
        next: &[
            "Check that the secret in repositoryCredentials of {revision} is JSON with the keys username and password",
            "Check that {execution_role} may read it",
            "Check that Secrets Manager can be reached from {subnets}",
        ],
        command: REGISTRY_LOGIN,
        page: guide!("private-auth"),
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve private registry auth: asm fetching authorization data: unable to unmarshal \
             data",
            "ResourceInitializationError: asm fetching username: AuthorizationData is malformed, empty field",
            "ResourceInitializationError: unable to get registry auth from asm: secret holds no text",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-NET-ECR",
        short: "ECR login unreachable",
        patterns: &["cannot pull registry authentication from Amazon ECR", "unable to retrieve ecr registry auth"],
        cause: "The task could not reach ECR to log in.",
        next: &[
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has an ecr.api endpoint",
            "In public subnets, check that assignPublicIp is ENABLED",
            "Check that {security_groups} allow port 443 out, and the endpoint's security group allows it in",
        ],
        command: ROUTES,
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry \
             authentication from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your \
             task network configuration. operation error ECR: GetAuthorizationToken, exceeded maximum number of \
             attempts, 3",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send \
             request failed caused by: Post \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 10.0.17.44:443: i/o \
             timeout",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-NET-SSM",
        short: "parameters unreachable",
        patterns: &[
            "cannot pull secrets from AWS Systems Manager",
            "unable to retrieve secrets from ssm",
            "fetching secret data from SSM Parameter Store",
        ],
        cause: "The task could not read Parameter Store; if the message ends in a timeout, there is no way to it.",
        next: &[
            "Read the end of the message: a timeout is a matter of the network, anything else of rights or names",
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has an ssm endpoint with \
             private DNS",
            "Check that {security_groups} allow port 443 out, and the endpoint's security group allows it in",
            "Check that {execution_role} may call ssm:GetParameters",
        ],
        command: ROUTES,
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull secrets from \
             AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter \
             Store. Check your task network configuration.",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secrets from ssm: service call has been retried 5 time(s): RequestCanceled: \
             request context canceled caused by: context deadline exceeded",
            "ResourceInitializationError: fetching secret data from SSM Parameter Store in eu-west-1: RequestError: \
             send request failed",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-NET-ASM",
        short: "secrets unreachable",
        patterns: &[
            "can't pull secrets from AWS Secrets Manager",
            "unable to retrieve secret from asm",
            "failed to fetch secret",
            "fetching secret data from AWS Secrets Manager",
        ],
        cause: "The task could not read Secrets Manager; if the message ends in a timeout, there is no way to it.",
        next: &[
            "Read the end of the message: a timeout is a matter of the network, anything else of rights or names",
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has a secretsmanager \
             endpoint with private DNS",
            "Check that {security_groups} allow port 443 out, and the endpoint's security group allows it in",
            "Check that {secret} exists and {execution_role} may read it",
        ],
        command: ROUTES,
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: The task can\u{2019}t pull secrets \
             from AWS Secrets Manager. There is a connection issue between the task and AWS Secrets Manager. Check \
             your task network configuration.",
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval \
             failed: unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch \
             secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/web/db-AbCdEf from secrets manager: \
             RequestCanceled: request context canceled caused by: context deadline exceeded",
            "ResourceInitializationError: fetching secret data from AWS Secrets Manager in region eu-west-1: \
             RequestError: send request failed caused by: dial tcp 10.0.17.44:443: i/o timeout",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-ENVFILE",
        short: "env file not readable",
        patterns: &[
            "can't download the environment variable files",
            "failed to download env files",
            "unable to download env file",
            "environment file resource",
        ],
        cause: "A file with environment variables could not be fetched from S3.",
        next: &[
            "Check that the object in environmentFiles of {revision} exists, and ends in .env",
            "Give {execution_role} s3:GetObject on it and s3:GetBucketLocation on its bucket",
            "Check that the route tables of {subnets} lead to S3, and the policy of its endpoint",
        ],
        command: task_definition!("taskDefinition.containerDefinitions[].[name,environmentFiles]"),
        page: guide!("use-environment-file"),
        samples: &[
            "ResourceInitializationError: failed to download env files: The task can't download the environment \
             variable files from Amazon S3. There is a connection issue between the task and Amazon S3.",
            "ResourceInitializationError: failed to download env files: file download command: non empty error stream",
            "ResourceInitializationError: unable to download env file with key web.env from bucket acme-config",
            "ResourceInitializationError: unable to write environment file resource to disk",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-LOG-GROUP-MISSING",
        short: "log group missing",
        patterns: &["specified log group does not exist"],
        cause: "The log group that the container is to write to does not exist, and nothing creates it.",
        next: &[
            "Create {log_group} in {log_region}",
            "Or set awslogs-create-group to true in {revision}, and give {execution_role} logs:CreateLogGroup",
            "Check spelling and Region: awslogs-group, awslogs-region",
        ],
        command: LOG_GROUP,
        samples: &[
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
             failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not \
             exist. : exit status 1",
            "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to \
             create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response error \
             StatusCode: 400, RequestID: 3f0e8d2c-1b4a-4c5d-9e6f-7a8b9c0d1e2f, ResourceNotFoundException: The \
             specified log group does not exist.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-LOG-NET",
        short: "logs unreachable",
        patterns: &["cannot find the Amazon CloudWatch log group"],
        cause: "The task could not reach CloudWatch Logs to look for its log group.",
        next: &[
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has a logs endpoint",
            "Check that {security_groups} allow port 443 out, and the endpoint's security group allows it in",
            "Check awslogs-region in {revision}",
        ],
        command: ROUTES,
        samples: &[
            "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch \
             log group defined in the task definition. There is a connection issue between the task and Amazon \
             CloudWatch. Check your network configuration.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-LOG-ARGS",
        short: "log option missing",
        patterns: &["unable to get awslogs driver arguments", "awslogs-region is required"],
        cause: "The log configuration of a container lacks an option that awslogs needs.",
        next: &["Set awslogs-group, awslogs-region and, for Fargate, awslogs-stream-prefix in {revision}"],
        command: LOG_OPTIONS,
        page: guide!("specify-log-config"),
        samples: &[
            "ResourceInitializationError: failed to create container logger: unable to get awslogs driver arguments: \
             missing awslogs-stream-prefix",
            "ResourceInitializationError: failed to validate logger args: awslogs-region is required",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-LOG-DRIVER",
        short: "log driver failed",
        general: true,
        patterns: &[
            "failed to validate logger args",
            "failed to initialize logging driver",
            "failed to create Cloudwatch log stream",
        ],
        cause: "The log driver could not start, and without it the container is not started.",
        next: &[
            "Check that {log_group} exists in {log_region}",
            "Check that {execution_role} may create streams in it",
            "Check that the log service can be reached from {subnets}: CloudWatch Logs, Splunk, Fluentd",
        ],
        command: LOG_OPTIONS,
        samples: &[
            "ResourceInitializationError: failed to validate logger args: : signal: killed",
            "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: dial tcp \
             127.0.0.1:24224: connect: connection refused",
            "ResourceInitializationError: failed to create Cloudwatch log stream: RequestError: send request failed",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EFS-DNS",
        short: "EFS name not found",
        certainty: Certainty::Likely,
        patterns: &["EFS utils.+failed to resolve"],
        cause: "The name of the EFS file system, or of its mount target, could not be looked up.",
        next: &[
            "Check the file system id in {revision}",
            "Check that the file system has a mount target in {zone}",
            "Check that DNS support and DNS host names are on for the VPC",
        ],
        command: EFS_MOUNT_TARGETS,
        samples: &[
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to \
             resolve \"fs-0a1b2c3d4e5f60718.efs.eu-west-1.amazonaws.com\" - check that your file system ID is correct, \
             and ensure that the VPC has an EFS mount target for this file system ID.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EFS-DENIED",
        short: "EFS access denied",
        certainty: Certainty::Likely,
        patterns: &[r"mount\.nfs4: access denied by server", "EFS utils.+access denied"],
        cause: "EFS refused the mount: the task role or the file system's policy does not allow it.",
        next: &[
            "Give {task_role} elasticfilesystem:ClientMount and ClientWrite",
            "Check the file system's policy and its access point",
            "Check that transitEncryption and iam are ENABLED in the volume of {revision}",
        ],
        command: VOLUMES,
        samples: &[
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
             b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils command \
             execution; code: 32",
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: Access denied by \
             the file system policy",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EFS-TIMEOUT",
        short: "EFS unreachable",
        certainty: Certainty::Likely,
        patterns: &[
            r"mount\.nfs4: .*timed out",
            "EFS utils.+timed? ?out",
            r"mount\.nfs4: mount system call failed",
            r"mount\.nfs4: connection reset",
        ],
        cause: "The task could not reach the EFS mount target: NFS traffic is blocked on the way.",
        next: &[
            "Allow TCP 2049 from {security_groups} into the security group of the mount target",
            "Check that {security_groups} allow port 2049 out",
            "Check that the file system has a mount target in {zone}",
        ],
        command: EFS_MOUNT_TARGETS,
        samples: &[
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Mount \
             attempt 1/3 failed due to timeout after 15 sec, wait 0 sec before next attempt.",
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
             b'mount.nfs4: Connection timed out' : unsuccessful EFS utils command execution; code: 32",
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
             b'mount.nfs4: mount system call failed'",
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
             b'mount.nfs4: Connection reset by peer' : unsuccessful EFS utils command execution; code: 32",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EFS",
        short: "EFS mount failed",
        general: true,
        patterns: &["failed to invoke EFS utils"],
        cause: "An EFS file system could not be mounted.",
        next: &[
            "Check that the file system has a mount target in {zone}",
            "Check that its security group lets TCP 2049 in from {security_groups}",
            "Check that root directory and access point in {revision} exist",
            "Check the file system's policy",
        ],
        command: VOLUMES,
        samples: &["ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
                    b'mount.nfs4: mounting 127.0.0.1:/data failed, reason given by server: No such file or directory' \
                    : unsuccessful EFS utils command execution; code: 32"],
        ..INIT
    },
    Rule {
        id: "INIT-EBS-ROLE",
        short: "EBS role not usable",
        places: &[Task, Attachment],
        patterns: &["unable to assume the configured ECS Infrastructure Role"],
        cause: "ECS could not use the role that creates the task's EBS volume; the task may hang in DEPROVISIONING.",
        next: &[
            "Check that the role in managedEBSVolume.roleArn trusts ecs.amazonaws.com and may manage EBS volumes",
            "Check that whoever deploys has iam:PassRole on it",
            "If the role is new, wait some minutes and try again",
        ],
        command: MANAGED_VOLUMES,
        page: guide!("troubleshoot-ebs-volumes-scenarios"),
        samples: &["ECS was unable to assume the configured ECS Infrastructure Role \
                    'arn:aws:iam::111122223333:role/ecsInfrastructureRole'. Please verify that the role being passed \
                    has the proper trust relationship with Amazon ECS"],
        ..INIT
    },
    Rule {
        id: "INIT-EBS-KMS",
        short: "EBS key not usable",
        places: &[Task, Attachment],
        patterns: &[r"failed to set up the EBS volume\..*IdempotentParameterMismatch", "IdempotentParameterMismatch"],
        cause: "The EBS volume was created and deleted again, because its KMS key is wrong or may not be used.",
        next: &[
            "Check kmsKeyId in managedEBSVolume of {service}",
            "Check that the key's policy lets the infrastructure role use it",
        ],
        command: MANAGED_VOLUMES,
        page: guide!("troubleshoot-ebs-volumes-scenarios"),
        samples: &[
            "ECS failed to set up the EBS volume. Encountered IdempotentParameterMismatch; \"The client token you have \
             provided is associated with a resource that is already deleted. Please use a different client token.\"",
            "IdempotentParameterMismatch: The client token you have provided is associated with a resource that is \
             already deleted.",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EBS-TIMEOUT",
        short: "EBS volume not ready",
        places: &[Task, Attachment],
        patterns: &["timed out while configuring the EBS volume"],
        cause: "The EBS volume was attached but could not be made ready, typically for a file system the OS cannot \
                mount.",
        next: &[
            "Check filesystemType in managedEBSVolume of {service} against the task's operating system",
            "For a volume from a snapshot, check the snapshot's own file system",
            "On EC2, read the agent's log on {instance}",
        ],
        command: MANAGED_VOLUMES,
        page: guide!("troubleshoot-ebs-volumes-scenarios"),
        samples: &["ECS timed out while configuring the EBS volume attached to the task."],
        ..INIT
    },
    Rule {
        id: "INIT-EPHEMERAL-TIMEOUT",
        short: "task disk not ready",
        places: &[Task],
        certainty: Certainty::Likely,
        patterns: &["Timeout waiting for EphemeralStorage provisioning"],
        cause: "Fargate did not prepare the task's disk in time; it is usually temporary.",
        next: &[
            "Start the task again, or let {service} do it",
            "If it comes back, check the KMS key in managedStorageConfiguration of {cluster}",
        ],
        command: "ecs describe-clusters --clusters {cluster} --include CONFIGURATIONS --region {region}",
        page: guide!("stopped-task-error-codes"),
        samples: &["Timeout waiting for EphemeralStorage provisioning to complete."],
        ..INIT
    },
    Rule {
        id: "INIT-FIRELENS",
        short: "FireLens config unusable",
        patterns: &["firelens s3 config", "firelens config file", "invalid firelens configuration"],
        cause: "The configuration of the log router could not be fetched or generated.",
        next: &[
            "Check that the S3 object in config-file-value of {revision} exists",
            "Give {execution_role} s3:GetObject on it and s3:GetBucketLocation on its bucket",
        ],
        command: task_definition!("taskDefinition.containerDefinitions[].[name,firelensConfiguration]"),
        page: guide!("using_firelens"),
        samples: &[
            "ResourceInitializationError: unable to download firelens s3 config file: AccessDenied",
            "ResourceInitializationError: unable to generate firelens config file: unknown log driver option",
            "ResourceInitializationError: invalid firelens configuration: no such type",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-EXEC-ROLE",
        short: "role gave no credentials",
        patterns: &["unable to find execution role credentials", "unable to get execution role credentials"],
        cause: "The ECS agent never received credentials of the execution role.",
        next: &[
            "Check that {execution_role} exists and trusts ecs-tasks.amazonaws.com",
            "Check that the agent of {instance_arn} is connected to ECS",
        ],
        command: EXECUTION_ROLE_TRUST,
        page: guide!("task_execution_IAM_role"),
        samples: &[
            "ResourceInitializationError: unable to find execution role credentials while retrieving ssm parameters",
            "ResourceInitializationError: unable to get execution role credentials: none received from ECS",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-PULL-CMD",
        short: "start-up fetch timed out",
        general: true,
        places: &[Task],
        patterns: &["pull command failed", "signal: killed"],
        cause: "Secrets or the registry's login could not be fetched in time: almost always there is no way to AWS.",
        next: &[
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has endpoints for \
             ecr.api, ecr.dkr, S3, secretsmanager, ssm and logs",
            "In public subnets, check that assignPublicIp is ENABLED",
            "Check that {security_groups} allow port 443 out, and those of the endpoints allow it in",
        ],
        command: ROUTES,
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : signal: \
             killed",
            "ResourceInitializationError: unable to pull secrets or registry auth: : signal: killed",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-SECRETS-OTHER",
        short: "secrets not fetched",
        general: true,
        places: &[Task],
        patterns: &["unable to pull secrets or registry auth", "execution resource retrieval failed"],
        cause: "Secrets, parameters or the registry's login could not be fetched; the end of the message, often cut \
                off, says why.",
        next: &[
            "Check the rights of {execution_role} first",
            "Then check that the route tables of {subnets} lead to ECR, Secrets Manager and Systems Manager",
        ],
        command: EXECUTION_ROLE,
        samples: &[
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
            "ResourceInitializationError: execution resource retrieval failed: unable to retrieve",
        ],
        ..INIT
    },
    Rule {
        id: "INIT-OTHER",
        short: "start-up resource failed",
        general: true,
        patterns: &["ResourceInitializationError", "ResourceNotFoundException"],
        cause: "Something the task needs before its containers start could not be prepared.",
        next: &[
            "Read the whole message: it names what could not be prepared",
            "On Fargate, check that DNS support is on for the VPC: a frequent cause",
        ],
        command: TASK_DEFINITION,
        samples: &[
            "ResourceInitializationError: failed to configure the task's proxy",
            "ResourceNotFoundException: the requested resource was not found",
        ],
        ..INIT
    },
];
