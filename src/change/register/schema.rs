//! The members of RegisterTaskDefinition's input, in the order of AWS's documentation.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum MemberShape {
    Text,
    Number,
    Flag,
    List(&'static MemberShape),
    /// An object whose names are free, and whose values are texts.
    Texts,
    Object(&'static [(&'static str, MemberShape)]),
}

type Members = &'static [(&'static str, MemberShape)];

/// Members of DescribeTaskDefinition's answer that AWS sets.
pub(super) const READ_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

pub(super) const TASK_DEFINITION: Members = &[
    ("family", MemberShape::Text),
    ("taskRoleArn", MemberShape::Text),
    ("executionRoleArn", MemberShape::Text),
    ("networkMode", MemberShape::Text),
    ("containerDefinitions", MemberShape::List(&MemberShape::Object(CONTAINER_DEFINITION))),
    ("volumes", MemberShape::List(&MemberShape::Object(VOLUME))),
    ("placementConstraints", MemberShape::List(&MemberShape::Object(TASK_DEFINITION_PLACEMENT_CONSTRAINT))),
    ("requiresCompatibilities", MemberShape::List(&MemberShape::Text)),
    ("cpu", MemberShape::Text),
    ("memory", MemberShape::Text),
    ("tags", MemberShape::List(&MemberShape::Object(TAG))),
    ("pidMode", MemberShape::Text),
    ("ipcMode", MemberShape::Text),
    ("proxyConfiguration", MemberShape::Object(PROXY_CONFIGURATION)),
    ("inferenceAccelerators", MemberShape::List(&MemberShape::Object(INFERENCE_ACCELERATOR))),
    ("ephemeralStorage", MemberShape::Object(EPHEMERAL_STORAGE)),
    ("runtimePlatform", MemberShape::Object(RUNTIME_PLATFORM)),
    ("enableFaultInjection", MemberShape::Flag),
    ("trustedExecutionConfiguration", MemberShape::Object(TRUSTED_EXECUTION_CONFIGURATION)),
];

const CONTAINER_DEFINITION: Members = &[
    ("name", MemberShape::Text),
    ("image", MemberShape::Text),
    ("repositoryCredentials", MemberShape::Object(REPOSITORY_CREDENTIALS)),
    ("cpu", MemberShape::Number),
    ("memory", MemberShape::Number),
    ("memoryReservation", MemberShape::Number),
    ("links", MemberShape::List(&MemberShape::Text)),
    ("portMappings", MemberShape::List(&MemberShape::Object(PORT_MAPPING))),
    ("essential", MemberShape::Flag),
    ("restartPolicy", MemberShape::Object(CONTAINER_RESTART_POLICY)),
    ("entryPoint", MemberShape::List(&MemberShape::Text)),
    ("command", MemberShape::List(&MemberShape::Text)),
    ("environment", MemberShape::List(&MemberShape::Object(NAME_AND_VALUE))),
    ("environmentFiles", MemberShape::List(&MemberShape::Object(ENVIRONMENT_FILE))),
    ("mountPoints", MemberShape::List(&MemberShape::Object(MOUNT_POINT))),
    ("volumesFrom", MemberShape::List(&MemberShape::Object(VOLUME_FROM))),
    ("linuxParameters", MemberShape::Object(LINUX_PARAMETERS)),
    ("secrets", MemberShape::List(&MemberShape::Object(SECRET))),
    ("dependsOn", MemberShape::List(&MemberShape::Object(CONTAINER_DEPENDENCY))),
    ("startTimeout", MemberShape::Number),
    ("stopTimeout", MemberShape::Number),
    ("versionConsistency", MemberShape::Text),
    ("hostname", MemberShape::Text),
    ("user", MemberShape::Text),
    ("workingDirectory", MemberShape::Text),
    ("disableNetworking", MemberShape::Flag),
    ("privileged", MemberShape::Flag),
    ("readonlyRootFilesystem", MemberShape::Flag),
    ("dnsServers", MemberShape::List(&MemberShape::Text)),
    ("dnsSearchDomains", MemberShape::List(&MemberShape::Text)),
    ("extraHosts", MemberShape::List(&MemberShape::Object(HOST_ENTRY))),
    ("dockerSecurityOptions", MemberShape::List(&MemberShape::Text)),
    ("interactive", MemberShape::Flag),
    ("pseudoTerminal", MemberShape::Flag),
    ("dockerLabels", MemberShape::Texts),
    ("ulimits", MemberShape::List(&MemberShape::Object(ULIMIT))),
    ("logConfiguration", MemberShape::Object(LOG_CONFIGURATION)),
    ("healthCheck", MemberShape::Object(HEALTH_CHECK)),
    ("systemControls", MemberShape::List(&MemberShape::Object(SYSTEM_CONTROL))),
    ("resourceRequirements", MemberShape::List(&MemberShape::Object(RESOURCE_REQUIREMENT))),
    ("firelensConfiguration", MemberShape::Object(FIRELENS_CONFIGURATION)),
    ("credentialSpecs", MemberShape::List(&MemberShape::Text)),
];

const REPOSITORY_CREDENTIALS: Members = &[("credentialsParameter", MemberShape::Text)];

const PORT_MAPPING: Members = &[
    ("containerPort", MemberShape::Number),
    ("hostPort", MemberShape::Number),
    ("protocol", MemberShape::Text),
    ("name", MemberShape::Text),
    ("appProtocol", MemberShape::Text),
    ("containerPortRange", MemberShape::Text),
];

const CONTAINER_RESTART_POLICY: Members = &[
    ("enabled", MemberShape::Flag),
    ("ignoredExitCodes", MemberShape::List(&MemberShape::Number)),
    ("restartAttemptPeriod", MemberShape::Number),
];

const NAME_AND_VALUE: Members = &[("name", MemberShape::Text), ("value", MemberShape::Text)];

const ENVIRONMENT_FILE: Members = &[("value", MemberShape::Text), ("type", MemberShape::Text)];

const MOUNT_POINT: Members =
    &[("sourceVolume", MemberShape::Text), ("containerPath", MemberShape::Text), ("readOnly", MemberShape::Flag)];

const VOLUME_FROM: Members = &[("sourceContainer", MemberShape::Text), ("readOnly", MemberShape::Flag)];

const LINUX_PARAMETERS: Members = &[
    ("capabilities", MemberShape::Object(KERNEL_CAPABILITIES)),
    ("devices", MemberShape::List(&MemberShape::Object(DEVICE))),
    ("initProcessEnabled", MemberShape::Flag),
    ("sharedMemorySize", MemberShape::Number),
    ("tmpfs", MemberShape::List(&MemberShape::Object(TMPFS))),
    ("maxSwap", MemberShape::Number),
    ("swappiness", MemberShape::Number),
];

const KERNEL_CAPABILITIES: Members =
    &[("add", MemberShape::List(&MemberShape::Text)), ("drop", MemberShape::List(&MemberShape::Text))];

const DEVICE: Members = &[
    ("hostPath", MemberShape::Text),
    ("containerPath", MemberShape::Text),
    ("permissions", MemberShape::List(&MemberShape::Text)),
];

const TMPFS: Members = &[
    ("containerPath", MemberShape::Text),
    ("size", MemberShape::Number),
    ("mountOptions", MemberShape::List(&MemberShape::Text)),
];

const SECRET: Members = &[("name", MemberShape::Text), ("valueFrom", MemberShape::Text)];

const CONTAINER_DEPENDENCY: Members = &[("containerName", MemberShape::Text), ("condition", MemberShape::Text)];

const HOST_ENTRY: Members = &[("hostname", MemberShape::Text), ("ipAddress", MemberShape::Text)];

const ULIMIT: Members =
    &[("name", MemberShape::Text), ("softLimit", MemberShape::Number), ("hardLimit", MemberShape::Number)];

const LOG_CONFIGURATION: Members = &[
    ("logDriver", MemberShape::Text),
    ("options", MemberShape::Texts),
    ("secretOptions", MemberShape::List(&MemberShape::Object(SECRET))),
];

const HEALTH_CHECK: Members = &[
    ("command", MemberShape::List(&MemberShape::Text)),
    ("interval", MemberShape::Number),
    ("timeout", MemberShape::Number),
    ("retries", MemberShape::Number),
    ("startPeriod", MemberShape::Number),
];

const SYSTEM_CONTROL: Members = &[("namespace", MemberShape::Text), ("value", MemberShape::Text)];

const RESOURCE_REQUIREMENT: Members = &[
    ("value", MemberShape::Text),
    ("type", MemberShape::Text),
    ("sharingStrategy", MemberShape::Object(SHARING_STRATEGY)),
];

const SHARING_STRATEGY: Members = &[("nvidiaMps", MemberShape::Object(NVIDIA_MPS_ALLOCATION))];

const NVIDIA_MPS_ALLOCATION: Members = &[("memory", MemberShape::Number), ("maxComputePercent", MemberShape::Number)];

const FIRELENS_CONFIGURATION: Members = &[("type", MemberShape::Text), ("options", MemberShape::Texts)];

const VOLUME: Members = &[
    ("name", MemberShape::Text),
    ("host", MemberShape::Object(HOST_VOLUME_PROPERTIES)),
    ("dockerVolumeConfiguration", MemberShape::Object(DOCKER_VOLUME_CONFIGURATION)),
    ("efsVolumeConfiguration", MemberShape::Object(EFS_VOLUME_CONFIGURATION)),
    ("s3filesVolumeConfiguration", MemberShape::Object(S3_FILES_VOLUME_CONFIGURATION)),
    ("fsxWindowsFileServerVolumeConfiguration", MemberShape::Object(FSX_WINDOWS_FILE_SERVER_VOLUME_CONFIGURATION)),
    ("configuredAtLaunch", MemberShape::Flag),
];

const HOST_VOLUME_PROPERTIES: Members = &[("sourcePath", MemberShape::Text)];

const DOCKER_VOLUME_CONFIGURATION: Members = &[
    ("scope", MemberShape::Text),
    ("autoprovision", MemberShape::Flag),
    ("driver", MemberShape::Text),
    ("driverOpts", MemberShape::Texts),
    ("labels", MemberShape::Texts),
];

const EFS_VOLUME_CONFIGURATION: Members = &[
    ("fileSystemId", MemberShape::Text),
    ("rootDirectory", MemberShape::Text),
    ("transitEncryption", MemberShape::Text),
    ("transitEncryptionPort", MemberShape::Number),
    ("authorizationConfig", MemberShape::Object(EFS_AUTHORIZATION_CONFIG)),
];

const EFS_AUTHORIZATION_CONFIG: Members = &[("accessPointId", MemberShape::Text), ("iam", MemberShape::Text)];

const S3_FILES_VOLUME_CONFIGURATION: Members = &[
    ("fileSystemArn", MemberShape::Text),
    ("rootDirectory", MemberShape::Text),
    ("transitEncryptionPort", MemberShape::Number),
    ("accessPointArn", MemberShape::Text),
];

const FSX_WINDOWS_FILE_SERVER_VOLUME_CONFIGURATION: Members = &[
    ("fileSystemId", MemberShape::Text),
    ("rootDirectory", MemberShape::Text),
    ("authorizationConfig", MemberShape::Object(FSX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG)),
];

const FSX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG: Members =
    &[("credentialsParameter", MemberShape::Text), ("domain", MemberShape::Text)];

const TASK_DEFINITION_PLACEMENT_CONSTRAINT: Members = &[("type", MemberShape::Text), ("expression", MemberShape::Text)];

const TAG: Members = &[("key", MemberShape::Text), ("value", MemberShape::Text)];

const PROXY_CONFIGURATION: Members = &[
    ("type", MemberShape::Text),
    ("containerName", MemberShape::Text),
    ("properties", MemberShape::List(&MemberShape::Object(NAME_AND_VALUE))),
];

const INFERENCE_ACCELERATOR: Members = &[("deviceName", MemberShape::Text), ("deviceType", MemberShape::Text)];

const EPHEMERAL_STORAGE: Members = &[("sizeInGiB", MemberShape::Number)];

const RUNTIME_PLATFORM: Members =
    &[("cpuArchitecture", MemberShape::Text), ("operatingSystemFamily", MemberShape::Text)];

const TRUSTED_EXECUTION_CONFIGURATION: Members =
    &[("isolationMode", MemberShape::Text), ("attestationPolicy", MemberShape::Text)];
