//! Rules for image pulls: why they fail.

use super::{
    Certainty, Class,
    ReasonField::{Container, Task},
    Rule, Topic,
    commands::{EXECUTION_ROLE, IMAGE, IMAGES, INSTANCE, REGISTRY_LOGIN, ROUTES, SERVICE},
};

/// Defaults of these rules.
const PULL: Rule =
    Rule { topic: Topic::ImagePull, places: &[Task, Container], page: guide!("task_cannot_pull_image"), ..Rule::PLAIN };

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "PULL-ROLE",
        short: "role may not pull image",
        patterns: &[
            "check that the role has the permissions to pull",
            "not authorized to perform: ecr:BatchGetImage",
            "not authorized to perform: ecr:GetDownloadUrlForLayer",
            "not authorized to perform: ecr:BatchCheckLayerAvailability",
        ],
        cause: "The role that pulls the image may not read its ECR repository.",
        next: &[
            "Give {execution_role} the right to pull: AmazonECSTaskExecutionRolePolicy or its like",
            "On EC2 without an execution role, check the role of the instance profile instead",
            "For an image of another account, check the policy of {repository}",
            "If ECR is reached through a VPC endpoint, check the endpoint's policy",
        ],
        command: EXECUTION_ROLE,
        samples: &[
            "CannotPullContainerError: The task can\u{2019}t pull the image. Check that the role has the permissions \
             to pull images from the registry. Error response from daemon: pull access denied for \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web, repository does not exist or may require 'docker login'",
            "CannotPullContainerError: Error response from daemon: pull access denied for \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web, repository does not exist or may require 'docker \
             login': denied: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:111122223333:repository/web because no \
             identity-based policy allows the ecr:BatchGetImage action",
            "CannotPullContainerError: failed to copy: httpReadSeeker: failed open: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: ecr:GetDownloadUrlForLayer on resource: arn:aws:ecr:eu-west-1:111122223333:repository/web",
            "CannotPullContainerError: AccessDeniedException: User: \
             arn:aws:sts::111122223333:assumed-role/web-execution/0123456789abcdef0123456789abcdef is not authorized \
             to perform: ecr:BatchCheckLayerAvailability on resource: \
             arn:aws:ecr:eu-west-1:111122223333:repository/web",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-IMAGE-MISSING",
        short: "image missing",
        patterns: &[
            r"can't pull the image\. check whether the image exists",
            "requested access to the resource is denied",
        ],
        cause: "The registry has no such image: the repository or the tag in the task definition does not exist.",
        next: &[
            "Compare {image} letter by letter with what is in the registry",
            "Check that the pipeline pushed {tag}, and into this account and Region",
            "A private image that the caller may not see looks just the same: check the credentials",
        ],
        command: IMAGE,
        samples: &[
            "CannotPullContainerError: The task can't pull the image. Check whether the image exists. Error response \
             from daemon: pull access denied for webb, repository does not exist or may require 'docker login': \
             denied: requested access to the resource is denied",
            "CannotPullContainerError: The task can\u{2019}t pull the image. Check whether the image exists. Error \
             response from daemon: manifest for 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2 not found: \
             manifest unknown: Requested image not found",
            "CannotPullContainerError: Error response from daemon: pull access denied for webb, repository does not \
             exist or may require 'docker login': denied: requested access to the resource is denied",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-TAG-MISSING",
        short: "image tag missing",
        patterns: &[
            "manifest unknown",
            "manifest for .+ not found",
            "failed to resolve ref.+: not found",
            "requested image not found",
        ],
        cause: "The repository exists, but not this tag or digest: it was never pushed, or it has been deleted.",
        next: &[
            "Check that {tag} is in {repository}, in this Region",
            "Check whether a lifecycle policy of the repository deletes images still in use",
            "A service keeps the digest it resolved at its deployment: deploy again after pushing the tag again",
        ],
        command: IMAGE,
        samples: &[
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: not found",
            "CannotPullContainerError: Error response from daemon: manifest for \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2 not found: manifest unknown: Requested image not \
             found",
            "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \
             \"docker.io/library/nginx:1.99\": docker.io/library/nginx:1.99: not found",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-REPO-MISSING",
        short: "image repository missing",
        certainty: Certainty::Likely,
        patterns: &["name unknown: the repository", "repository with name .+ does not exist"],
        cause: "The ECR repository does not exist in the account and Region that the image's name points to.",
        next: &["Check account id and Region in {image}", "Check that {repository} exists there"],
        command: "ecr describe-repositories --repository-names {repository} --region {region}",
        samples: &[
            "CannotPullContainerError: Error response from daemon: repository \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/webb not found: name unknown: The repository with name \
             'webb' does not exist in the registry with id '111122223333'",
            "CannotPullContainerError: ref pull has been retried 1 time(s): RepositoryNotFoundException: The \
             repository with name 'webb' does not exist in the registry with id '111122223333'",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-ARCH",
        short: "image for another CPU",
        certainty: Certainty::Likely,
        patterns: &[
            "does not contain descriptor matching platform",
            "no matching manifest for",
            "no match for platform in manifest",
            "cannot be used on this platform",
        ],
        cause: "The image was not built for the CPU architecture or the operating system that the task runs on.",
        next: &[
            "Compare runtimePlatform of {revision} with the platforms the image was built for",
            "Build the image for both: docker buildx build --platform linux/amd64,linux/arm64",
        ],
        command: "ecr batch-get-image --repository-name {repository} --image-ids imageTag={tag} --query \
                  'images[].imageManifest' --output text --region {region}",
        samples: &[
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain \
             descriptor matching platform 'linux/arm64'.",
            "CannotPullContainerError: Error response from daemon: no matching manifest for linux/arm64/v8 in the \
             manifest list entries",
            "CannotPullContainerError: failed to pull and unpack image \"docker.io/acme/web:1.4.2\": no match for \
             platform in manifest: not found",
            "CannotPullContainerError: Error response from daemon: image operating system \"windows\" cannot be used \
             on this platform",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-RATE-LIMIT",
        short: "registry rate limit",
        patterns: &["toomanyrequests", "reached your pull rate limit", "429 too many requests"],
        cause: "The registry refused the pull because too many were made, most often anonymous ones of Docker Hub.",
        next: &[
            "Log in to the registry: repositoryCredentials in {revision}",
            "Or take {image} from ECR: a copy, or a pull-through cache",
        ],
        command: "ecr describe-pull-through-cache-rules --region {region}",
        samples: &[
            "CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed open: \
             unexpected status code \
             https://registry-1.docker.io/v2/library/nginx/manifests/\
             sha256:2b7412e6465c3c7fc5bb21d3e6f1917c167358449fecac8176c6e496e5c1f05f: 429 Too Many Requests - Server \
             message: toomanyrequests: You have reached your pull rate limit.",
            "CannotPullContainerError: Error response from daemon: toomanyrequests: Rate exceeded",
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed \
             open: unexpected status code: 429 Too Many Requests",
        ],
        ..PULL
    },
    Rule {
        id: "DISK-FULL",
        short: "disk full",
        topic: Topic::Other,
        patterns: &["no space left on device"],
        cause: "The disk was full, most likely while the image was downloaded or unpacked.",
        next: &[
            "On Fargate raise ephemeralStorage of {revision}: 20 GiB unless set, and the unpacked image counts",
            "On EC2 free or enlarge the data volume of {instance}",
            "Make {image} smaller",
        ],
        command: "ecr describe-images --repository-name {repository} --image-ids imageTag={tag} --query \
                  'imageDetails[].imageSizeInBytes' --region {region}",
        samples: &[
            "CannotPullContainerError: failed to register layer: Error processing tar file(exit status 1): write \
             /usr/lib/jvm/lib/modules: no space left on device",
            "CannotCreateContainerError: Error response from daemon: mkdir /var/lib/docker/overlay2/0b1c2d3e: no space \
             left on device",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-PANIC",
        short: "image layers unreachable",
        patterns: &["pull command failed: panic"],
        cause: "The download of the image broke down because its layers, which lie in S3, could not be reached.",
        next: &[
            "Check that {security_groups} allow port 443 out to S3",
            "Check that the route tables of {subnets} lead to S3: a gateway endpoint or a NAT gateway",
        ],
        command: ROUTES,
        samples: &[
            "CannotPullContainerError: pull command failed: panic: runtime error: index out of range [0] with length 0",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-LAYER-STATUS",
        short: "image layer refused",
        patterns: &[
            "httpReaderSeeker: failed open",
            "httpReadSeeker: failed open",
            "ref pull has been retried .+ failed to copy",
        ],
        cause: "The image was found, but the download of one of its layers was refused.",
        next: &[
            "Check the policy of the S3 gateway endpoint: the layers lie in a bucket that belongs to AWS",
            "Check whether a proxy or a firewall stands between the task and S3",
            "If {repository} is encrypted with a KMS key, check that key's policy",
        ],
        command: "ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.{region}.s3 --region \
                  {region}",
        samples: &[
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReaderSeeker: failed \
             open: unexpected status code \
             https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/web/blobs/\
             sha256:2b7412e6465c3c7fc5bb21d3e6f1917c167358449fecac8176c6e496e5c1f05f: 403 Forbidden",
            "CannotPullContainerError: failed to copy: httpReadSeeker: failed open: failed to do request: 403 \
             Forbidden",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-DNS",
        short: "registry DNS fails",
        certainty: Certainty::Likely,
        patterns: &["CannotPull.+no such host", "CannotPull.+server misbehaving", "CannotPull.+dial tcp: lookup"],
        cause: "The registry's name could not be looked up from the task's network.",
        next: &[
            "Check that enableDnsSupport and enableDnsHostnames are on for the VPC",
            "Check the name servers in the VPC's DHCP options, and its resolver rules",
            "Check that the VPC endpoints of ECR have private DNS on",
            "Check the spelling of {registry}",
        ],
        command: "ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcId,ServiceName,State,PrivateDnsEnabled]' \
                  --output text --region {region}",
        page: guide!("verify-connectivity"),
        samples: &[
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: failed to do request: Head \
             \"https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/web/manifests/1.4.2\": dial tcp: lookup \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host",
            "CannotPullContainerError: Error response from daemon: Get https://registry.example.com/v2/: dial tcp: \
             lookup registry.example.com on 10.0.0.2:53: server misbehaving",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-NET-ECR",
        short: "no route to ECR",
        patterns: &["cannot pull .+ from the Amazon ECR repository"],
        cause: "The task's network has no working way to the ECR repository.",
        next: &[
            "Check that the route tables of {subnets} lead to a NAT gateway, or that the VPC has endpoints for \
             ecr.api, ecr.dkr and S3",
            "In public subnets, check that assignPublicIp is ENABLED",
            "Check that {security_groups} allow port 443 out",
            "Check that DNS support is on for the VPC",
        ],
        command: ROUTES,
        samples: &[
            "CannotPullContainerError: The task cannot pull 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2 \
             from the Amazon ECR repository 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web. There is a connection \
             issue between the task and Amazon ECR. Check your task network configuration.",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-NET",
        short: "registry unreachable",
        patterns: &[
            r"can't pull the image\. check your network configuration",
            "CannotPull.+request canceled while waiting for connection",
            "CannotPull.+i/o timeout",
            "CannotPull.+TLS handshake timeout",
            "CannotPull.+context deadline exceeded",
            r"CannotPull.+Client\.Timeout exceeded",
            "CannotPull.+connection refused",
            "CannotPull.+connection reset by peer",
        ],
        cause: "The registry did not answer: there is no route to it, or something in between blocks the way.",
        next: &[
            "Check that the route tables of {subnets} lead to a NAT gateway that is available",
            "In public subnets, check that assignPublicIp is ENABLED",
            "Check that {security_groups} and the network ACLs allow port 443 out",
            "For ECR without internet, check the VPC endpoints for ecr.api, ecr.dkr and S3",
        ],
        command: ROUTES,
        page: guide!("verify-connectivity"),
        samples: &[
            "CannotPullContainerError: The task can't pull the image. Check your network configuration. Error response \
             from daemon: Get \"https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/\": net/http: request canceled \
             while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            "CannotPullContainerError: Error response from daemon: Get \
             https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/: net/http: request canceled while waiting for \
             connection (Client.Timeout exceeded while awaiting headers)",
            "CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref \
             \"docker.io/library/nginx:latest\": failed to do request: Head \
             https://registry-1.docker.io/v2/library/nginx/manifests/latest: dial tcp 54.198.86.24:443: i/o timeout",
            "CannotPullContainerError: Error response from daemon: Get \"https://registry-1.docker.io/v2/\": net/http: \
             TLS handshake timeout",
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image: context deadline \
             exceeded",
            "CannotPullContainerError: Error response from daemon: Get \"https://registry.corp.example:5000/v2/\": \
             dial tcp 10.20.30.40:5000: connect: connection refused",
            "CannotPullContainerError: Error response from daemon: Get \"https://registry.corp.example/v2/\": read tcp \
             10.0.1.5:43210->10.20.30.40:443: read: connection reset by peer",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-TLS-CA",
        short: "registry cert untrusted",
        certainty: Certainty::Likely,
        patterns: &["x509: certificate signed by unknown authority", "x509: certificate"],
        cause: "The registry showed a certificate that the runtime does not trust: a private CA, or a proxy that opens \
                TLS.",
        next: &[
            "Check whether an outgoing proxy or firewall inspects TLS to {registry}",
            "Check who signed the registry's certificate, and that it has not expired",
            "On EC2, add the CA to the trust store of the instances",
        ],
        samples: &[
            "CannotPullContainerError: Error response from daemon: Get \"https://registry.corp.example/v2/\": tls: \
             failed to verify certificate: x509: certificate signed by unknown authority",
            "CannotPullContainerError: Error response from daemon: Get \"https://registry.corp.example/v2/\": x509: \
             certificate has expired or is not yet valid: current time 2026-01-31T14:05:09Z is after \
             2026-01-30T00:00:00Z",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-PRIVATE-AUTH",
        short: "registry login fails",
        patterns: &[
            "CannotPullContainerAuthError",
            "no basic auth credentials",
            "unauthorized: authentication required",
            "401 unauthorized",
            "unauthorized: incorrect username or password",
        ],
        cause: "The credentials for the private registry are missing or wrong.",
        next: &[
            "Check that repositoryCredentials of {revision} names a secret",
            "Check that the secret holds JSON with the keys username and password, and that both are right",
            "Check that {execution_role} may read that secret",
        ],
        command: REGISTRY_LOGIN,
        page: guide!("private-auth"),
        samples: &[
            "CannotPullContainerAuthError: Error response from daemon: login failed for registry.corp.example",
            "CannotPullContainerError: Error response from daemon: Get \
             \"https://registry.corp.example/v2/web/manifests/1.4.2\": no basic auth credentials",
            "CannotPullContainerError: Error response from daemon: unauthorized: authentication required",
            "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \
             \"registry.corp.example/web:1.4.2\": pulling from host registry.corp.example failed with status code \
             [manifests 1.4.2]: 401 Unauthorized",
            "CannotPullContainerError: Error response from daemon: Get \"https://registry-1.docker.io/v2/\": \
             unauthorized: incorrect username or password",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-DENIED",
        short: "image pull denied",
        patterns: &["pull access denied", "repository does not exist or may require"],
        cause: "The registry does not give this image to the caller: the name is wrong, or a right or a login is \
                missing.",
        next: &[
            "Compare {image} letter by letter with what is in the registry",
            "For ECR, check the policy of {repository} and the rights of {execution_role}",
            "For another private registry, check repositoryCredentials of {revision}",
        ],
        command: IMAGES,
        samples: &[
            "CannotPullContainerError: Error response from daemon: pull access denied for acme/web, repository does \
             not exist or may require 'docker login'",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-DIGEST",
        short: "image digest missing",
        patterns: &["failed to find a repo digest matching"],
        cause: "The image was pulled, but not with the digest that the service has pinned.",
        next: &[
            "Check whether the pinned digest is still in {repository}",
            "Deploy {service} again, so that the tag is resolved again",
        ],
        command: IMAGES,
        page: guide!("deployment-type-ecs"),
        samples: &["CannotPullImageManifestError: failed to find a repo digest matching \
                    111122223333.dkr.ecr.eu-west-1.amazonaws.com/web"],
        ..PULL
    },
    Rule {
        id: "PULL-STALLED",
        short: "image pull stalled",
        patterns: &["inactivity time exceeded timeout while pulling image"],
        cause: "The download of the image made no progress for so long that the ECS agent gave up.",
        next: &[
            "Check network throughput and EBS burst balance of {instance}",
            "Allow more time: ECS_IMAGE_PULL_INACTIVITY_TIMEOUT in the agent's configuration",
        ],
        command: INSTANCE,
        page: guide!("ecs-agent-config"),
        samples: &["CannotPullContainerError: inactivity time exceeded timeout while pulling image 1m0s"],
        ..PULL
    },
    Rule {
        id: "PULL-CONFIG",
        short: "image config not read",
        patterns: &["error pulling image conf"],
        cause: "The image's configuration could not be fetched: the registry throttled, or the way to it is blocked.",
        next: &[
            "Check whether the registry limits pulls",
            "Check that S3 can be reached from {subnets}: ECR keeps images there",
        ],
        command: ROUTES,
        samples: &[
            "CannotPullContainerError: Error response from daemon: error pulling image configuration: download failed \
             after attempts=6: unknown blob",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-CANCELED",
        short: "image pull canceled",
        patterns: &["CannotPull.+context cancell?ed"],
        cause: "The pull was canceled: most often there is no route to ECR, sometimes the task was stopped meanwhile.",
        next: &[
            "Check that the route tables of {subnets} lead to ECR",
            "Compare stoppingAt with pullStartedAt of {task}: a stop request would explain it",
        ],
        command: ROUTES,
        samples: &[
            "CannotPullContainerError: context canceled",
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter \
             overlayfs: context cancelled",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-RETRIED",
        short: "image not resolved",
        general: true,
        patterns: &["pull image manifest has been retried", "failed to resolve ref", "inspect image has been retried"],
        cause: "The image could not be found or reached after several attempts; the end of the message, often cut off, \
                says which.",
        next: &[
            "Check first that {tag} is in {repository}",
            "Then check that the route tables of {subnets} lead to the registry",
            "A service that pinned a digest since deleted shows this too: deploy it again",
        ],
        command: IMAGE,
        samples: &[
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref \
             111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2: 111122223333.dkr.ecr.eu",
            "CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref \
             \"docker.io/acme/web:1.4.2\": unexpected status from HEAD request: 403 Forbidden",
        ],
        ..PULL
    },
    Rule {
        id: "PULL-API-ERROR",
        short: "registry answered error",
        general: true,
        patterns: &[r"CannotPull.+API error \(\d+\)"],
        cause: "The registry answered the container runtime with an error.",
        next: &[
            "Check that ECR can be reached from {instance}",
            "Check that the role of the instance profile may pull from ECR",
        ],
        command: INSTANCE,
        samples: &["CannotPullContainerError: API error (500): Internal Server Error"],
        ..PULL
    },
    Rule {
        id: "PULL-BEFORE-BEGIN",
        short: "stopped before the pull",
        class: Class::Normal,
        patterns: &["TaskStoppedBeforePullBeginError"],
        cause: "The task was asked to stop before the pull of its image began; the image is not at fault.",
        next: &["See who stopped {task}: its stop code, and the service's events at that time"],
        command: SERVICE,
        page: guide!("stopped-task-errors"),
        samples: &["TaskStoppedBeforePullBeginError: Task stopped before image pull could begin for task"],
        ..PULL
    },
    Rule {
        id: "PULL-MANIFEST",
        short: "image tag not resolved",
        general: true,
        patterns: &["CannotPullImageManifestError"],
        cause: "The ECS agent could not turn the image's tag into a digest before the pull.",
        next: &[
            "Check that {tag} is in {repository}",
            "Check that {execution_role}, or the role of the instance profile, may pull it",
            "Check that the registry can be reached: the agent waits one minute",
        ],
        command: IMAGE,
        samples: &["CannotPullImageManifestError: Could not retrieve the image's manifest within the time limit"],
        ..PULL
    },
    Rule {
        id: "PULL-OTHER",
        short: "image pull failed",
        general: true,
        patterns: &[r"CannotPull\w*Error", "CannotPullContainer"],
        cause: "The image could not be pulled; the message matches no known cause.",
        next: &[
            "Check that {image} exists",
            "Check that {execution_role} may pull it",
            "Check that the route tables of {subnets} lead to the registry",
        ],
        command: IMAGE,
        samples: &[
            "CannotPullContainerError: Error response from daemon: unsupported media type",
            "CannotPullContainer: the image could not be unpacked",
        ],
        ..PULL
    },
];
