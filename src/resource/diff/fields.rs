//! What is known of the fields that are compared: their order, which lists are ordered, what AWS fills in.

/// Fields in the order in which they are shown, the likeliest causes of trouble first. The rest follow by name.
pub(super) const ORDER: &[&str] = &[
    "image",
    "imageDigest",
    "entryPoint",
    "command",
    "environment",
    "environmentFiles",
    "secrets",
    "cpu",
    "memory",
    "memoryReservation",
    "resourceRequirements",
    "ephemeralStorage",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "networkConfiguration",
    "healthCheck",
    "portMappings",
    "loadBalancers",
    "logConfiguration",
    "firelensConfiguration",
    "dependsOn",
    "mountPoints",
    "volumesFrom",
];

/// Lists in which the order matters. All others are sets.
pub(super) const ORDERED: &[&str] = &["command", "entryPoint", "dnsServers", "dnsSearchDomains"];

/// Fields that identify an object in a list. Objects of other lists are identified by all of their fields.
pub(super) const IDENTITIES: &[(&str, &[&str])] = &[
    ("capacityProviderStrategy", &["capacityProvider"]),
    ("dependsOn", &["containerName"]),
    ("devices", &["hostPath"]),
    ("environment", &["name"]),
    ("environmentFiles", &["value"]),
    ("extraHosts", &["hostname"]),
    ("inferenceAccelerators", &["deviceName"]),
    ("loadBalancers", &["targetGroupArn", "loadBalancerName", "containerName", "containerPort"]),
    ("mountPoints", &["containerPath"]),
    ("portMappings", &["containerPort", "containerPortRange", "protocol"]),
    ("properties", &["name"]),
    ("requiresAttributes", &["name"]),
    ("resourceRequirements", &["type"]),
    ("secretOptions", &["name"]),
    ("secrets", &["name"]),
    ("serviceRegistries", &["registryArn"]),
    ("services", &["portName"]),
    ("systemControls", &["namespace"]),
    ("tmpfs", &["containerPath"]),
    ("ulimits", &["name"]),
    ("volumeConfigurations", &["name"]),
    ("volumesFrom", &["sourceContainer"]),
];

/// Values of containers and of task definitions that AWS fills in where a field is left out. `*` stands for any text. Empty
/// lists and objects are filled in as well.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("cpu", "0"),
    ("enableFaultInjection", "false"),
    ("essential", "true"),
    ("healthCheck.interval", "30"),
    ("healthCheck.retries", "3"),
    ("healthCheck.timeout", "5"),
    ("mountPoints.*.readOnly", "false"),
    ("portMappings.*.hostPort", "0"),
    ("volumesFrom.*.readOnly", "false"),
];

/// Fields of a task definition that AWS writes when it is registered or deregistered.
pub(super) const REGISTRATION: &[&str] = &[
    "compatibilities",
    "deregisteredAt",
    "family",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// Fields of a service revision that are settings. A service has most of them under the same names.
pub(super) const SERVICE_FIELDS: &[&str] = &[
    "capacityProviderStrategy",
    "fargateEphemeralStorage",
    "guardDutyEnabled",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformFamily",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];
