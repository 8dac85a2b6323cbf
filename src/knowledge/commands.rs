//! AWS CLI calls that several rules recommend. They only read, and show no secrets.

pub(super) const TASK_DEFINITION: &str = "ecs describe-task-definition --task-definition {revision} --region {region}";

pub(super) const TASK: &str = "ecs describe-tasks --cluster {cluster} --tasks {task_arn} --region {region}";

pub(super) const SERVICE: &str = "ecs describe-services --cluster {cluster} --services {service} --region {region}";

pub(super) const STOPPED_TASKS: &str =
    "ecs list-tasks --cluster {cluster} --service-name {service} --desired-status STOPPED --region {region}";

pub(super) const IMAGE: &str =
    "ecr describe-images --repository-name {repository} --image-ids imageTag={tag} --region {region}";

pub(super) const IMAGES: &str = "ecr describe-images --repository-name {repository} --query \
                                 'sort_by(imageDetails,&imagePushedAt)[-10:].[imagePushedAt,imageTags]' --region \
                                 {region}";

pub(super) const EXECUTION_ROLE: &str = "iam list-attached-role-policies --role-name {execution_role}";

pub(super) const EXECUTION_ROLE_TRUST: &str =
    "iam get-role --role-name {execution_role} --query Role.AssumeRolePolicyDocument";

pub(super) const SECRET: &str = "secretsmanager describe-secret --secret-id {secret} --region {region}";

/// Lists parameters that do not exist, never values.
pub(super) const PARAMETER: &str = "ssm get-parameters --names {secret} --query InvalidParameters --region {region}";

pub(super) const ROUTES: &str =
    "ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnets} --region {region}";

pub(super) const SUBNETS: &str = "ec2 describe-subnets --filters Name=subnet-id,Values={subnets} --query \
                                  'Subnets[].[SubnetId,AvailabilityZone,AvailableIpAddressCount]' --output text \
                                  --region {region}";

pub(super) const SECURITY_GROUPS: &str =
    "ec2 describe-security-groups --filters Name=group-id,Values={security_groups} --region {region}";

pub(super) const LOG_GROUP: &str = "logs describe-log-groups --log-group-name-prefix {log_group} --region {log_region}";

pub(super) const LOG: &str = "logs get-log-events --log-group-name {log_group} --log-stream-name {log_stream} --limit \
                              50 --query 'events[].message' --output text --region {log_region}";

pub(super) const TARGETS: &str = "elbv2 describe-target-health --target-group-arn {target_group} --region {region}";

pub(super) const TARGET_GROUP: &str =
    "elbv2 describe-target-groups --target-group-arns {target_group} --region {region}";

pub(super) const INSTANCE: &str = "ecs describe-container-instances --cluster {cluster} --container-instances \
                                   {instance_arn} --region {region}";

pub(super) const INSTANCES: &str = "ecs list-container-instances --cluster {cluster} --region {region}";

pub(super) const CAPACITY_PROVIDER: &str =
    "ecs describe-capacity-providers --capacity-providers {capacity_provider} --region {region}";

pub(super) const FARGATE_QUOTAS: &str = "service-quotas list-service-quotas --service-code fargate --region {region}";

pub(super) const EFS_MOUNT_TARGETS: &str =
    "ec2 describe-network-interfaces --filters 'Name=description,Values=EFS mount target*' --region {region}";

pub(super) const ALARMS: &str = "cloudwatch describe-alarms --state-value ALARM --query \
                                 'MetricAlarms[].[AlarmName,StateReason]' --region {region}";

pub(super) const CAPACITY_STRATEGY: &str = service!("services[].capacityProviderStrategy");

pub(super) const ENTRY_POINT: &str =
    task_definition!("taskDefinition.containerDefinitions[].[name,image,entryPoint,command,user]");

pub(super) const HEALTH_CHECK: &str = task_definition!("taskDefinition.containerDefinitions[].[name,healthCheck]");

pub(super) const MANAGED_VOLUMES: &str = service!("services[].deployments[].volumeConfigurations");

pub(super) const MEMORY: &str =
    task_definition!("taskDefinition.[memory,containerDefinitions[].[name,memory,memoryReservation]]");

pub(super) const PORTS: &str =
    task_definition!("taskDefinition.[networkMode,containerDefinitions[].[name,portMappings]]");

pub(super) const REGISTRY_LOGIN: &str =
    task_definition!("taskDefinition.containerDefinitions[].[name,image,repositoryCredentials]");

pub(super) const REQUIRED_ATTRIBUTES: &str = task_definition!("taskDefinition.requiresAttributes");

pub(super) const TRUNKING: &str = "ecs list-account-settings --name awsvpcTrunking --effective-settings --region \
                                   {region}";

pub(super) const WHO_STOPPED: &str = "cloudtrail lookup-events --lookup-attributes \
                                      AttributeKey=EventName,AttributeValue=StopTask --max-items 10 --region {region}";
