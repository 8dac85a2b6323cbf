//! Rules for the container runtime: why it could not start a container, or lost it.

use super::{
    Certainty,
    ReasonField::{Container, Task},
    Rule, Topic,
    commands::{ENTRY_POINT, INSTANCE, MEMORY, PORTS, TASK, TASK_DEFINITION},
};

/// Defaults of these rules.
const START: Rule = Rule { places: &[Container, Task], page: guide!("cannot-start-container"), ..Rule::PLAIN };

/// Defaults of rules for messages that do not come from ECS itself.
const GENERIC: Rule = Rule { certainty: Certainty::Likely, ..START };

const DEPENDENCIES: &str =
    task_definition!("taskDefinition.containerDefinitions[].[name,essential,dependsOn,links,volumesFrom,startTimeout]");

const PLATFORM: &str = task_definition!("taskDefinition.runtimePlatform");

const VOLUMES: &str = task_definition!("taskDefinition.[volumes,containerDefinitions[].[name,mountPoints]]");

pub(super) static RULES: &[Rule] = &[
    Rule {
        id: "START-OCI-NOT-FOUND",
        short: "program not in image",
        patterns: &[
            r"executable file not found in \$PATH",
            "exec: .+: not found",
            "stat .+: no such file or directory",
        ],
        cause: "The program that the container is to run is not in the image.",
        next: &[
            "Compare entryPoint and command of {revision} with what is in {image}",
            "Check for an override by run-task",
        ],
        command: ENTRY_POINT,
        samples: &[
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to \
             create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \
             \"gunicorn\": executable file not found in $PATH: unknown",
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to \
             create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \
             \"/app/entrypoint.sh\": stat /app/entrypoint.sh: no such file or directory: unknown",
            "CannotStartContainerError: /bin/sh: exec: gunicorn: not found",
        ],
        ..GENERIC
    },
    Rule {
        id: "START-OCI-FORMAT",
        short: "program for another CPU",
        patterns: &["exec format error"],
        cause: "The program was built for another CPU architecture, or is a script without an interpreter line.",
        next: &[
            "Compare runtimePlatform of {revision} with the platform {image} was built for",
            "Check that a script begins with #!",
        ],
        command: PLATFORM,
        samples: &[
            "CannotStartContainerError: Error response from daemon: failed to create task for container: OCI runtime \
             create failed: runc create failed: unable to start container process: exec /app/server: exec format \
             error: unknown",
        ],
        ..GENERIC
    },
    Rule {
        id: "START-OCI-PERM",
        short: "program not executable",
        patterns: &["CannotStartContainerError.+permission denied", "OCI runtime create failed.+permission denied"],
        cause: "The program that the container is to run is not executable, or its user may not run it.",
        next: &[
            "Make the program executable in {image}: chmod +x",
            "Check user and readonlyRootFilesystem of {container} in {revision}",
            "Check who owns the volumes it mounts",
        ],
        command: ENTRY_POINT,
        samples: &[
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to \
             create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \
             \"/app/start.sh\": permission denied: unknown",
            "Error response from daemon: OCI runtime create failed: container_linux.go:380: starting container process \
             caused: permission denied",
        ],
        ..GENERIC
    },
    Rule {
        id: "START-PORT-IN-USE",
        short: "port in use",
        patterns: &["port is already allocated", "address already in use"],
        cause: "A host port that the container needs is already taken on the instance.",
        next: &[
            "Set hostPort in {revision} to 0, or use network mode awsvpc",
            "Look on {instance} for a container left over that holds the port",
        ],
        command: PORTS,
        samples: &[
            "CannotStartContainerError: Error response from daemon: driver failed programming external connectivity on \
             endpoint ecs-web-42-app-a0b1c2d3e4f5a6b7c8d9 (0b1c2d3e4f5a): Bind for 0.0.0.0:8080 failed: port is \
             already allocated",
            "CannotStartContainerError: Error response from daemon: failed to listen on 0.0.0.0:8080: bind: address \
             already in use",
        ],
        ..GENERIC
    },
    Rule {
        id: "START-MOUNT",
        short: "mount path wrong",
        patterns: &[
            "error while creating mount source path",
            "invalid mount config",
            "are you trying to mount a directory onto a file",
        ],
        cause: "A path that is mounted into the container is wrong: missing, read-only, or a file in place of a \
                folder.",
        next: &[
            "Check sourcePath of the volumes and containerPath of the mount points in {revision}",
            "Check that the path exists on {instance}, and is a folder where a folder is expected",
        ],
        command: VOLUMES,
        page: guide!("bind-mounts"),
        samples: &[
            "CannotStartContainerError: Error response from daemon: error while creating mount source path '/etc/app': \
             mkdir /etc/app: read-only file system",
            "CannotCreateContainerError: Error response from daemon: invalid mount config for type \"bind\": bind \
             source path does not exist: /data",
            "CannotStartContainerError: Error response from daemon: failed to create task for container: OCI runtime \
             create failed: error mounting \"/etc/app.conf\" to rootfs: not a directory: unknown: Are you trying to \
             mount a directory onto a file (or vice-versa)?",
        ],
        ..GENERIC
    },
    Rule {
        id: "START-RUNTIME-TIMEOUT",
        short: "runtime too slow",
        patterns: &["ContainerRuntimeTimeoutError", "DockerTimeoutError", r"Could not transition to \w+; timed out"],
        cause: "The container runtime took too long to create, start or stop the container.",
        next: &[
            "Check CPU and disk load of {instance}: EBS burst balance, iowait",
            "Check that the runtime's daemon answers, and that no volume or network plugin hangs",
        ],
        command: INSTANCE,
        page: guide!("container-runtime-timeout-error"),
        samples: &[
            "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 3m0s",
            "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
            "Could not transition to stopped; timed out after waiting 2m30s",
        ],
        ..START
    },
    Rule {
        id: "START-RUNTIME",
        short: "runtime error",
        general: true,
        patterns: &["ContainerRuntimeError"],
        cause: "The container runtime failed in a way it does not explain; usually a fault inside AWS.",
        next: &[
            "Start the task again",
            "If it happens with one image only, test {image} elsewhere",
            "If it stays, tell AWS Support the ARN of {task}",
        ],
        command: TASK,
        page: guide!("container-runtime-error"),
        samples: &["ContainerRuntimeError: failed to create container config: unexpected state"],
        ..START
    },
    Rule {
        id: "START-THINPOOL",
        short: "docker storage full",
        patterns: &["devmapper: Thin Pool"],
        cause: "Docker's storage pool on the instance is full.",
        next: &[
            "Replace {instance}, or free its storage: docker system prune",
            "Clean up sooner: ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION in the agent's configuration",
            "Give new instances a larger data volume",
        ],
        command: INSTANCE,
        page: guide!("CannotCreateContainerError"),
        samples: &[
            "CannotCreateContainerError: API error (500): devmapper: Thin Pool has 4350 free data blocks which is less \
             than minimum required 4454 free data blocks. Create more free space in thin pool or use dm.min_free_space \
             option to change behavior",
        ],
        ..START
    },
    Rule {
        id: "START-CREATE",
        short: "container not created",
        general: true,
        patterns: &["CannotCreateContainerError"],
        cause: "The runtime refused to create the container: a bad option, a name in use, a missing image, a full \
                disk.",
        next: &[
            "Read the end of the message: it names what was refused",
            "Check the options of {container} in {revision} against what its host supports",
            "Check the free disk space of {instance}",
        ],
        command: TASK_DEFINITION,
        page: guide!("CannotCreateContainerError"),
        samples: &["CannotCreateContainerError: Error response from daemon: Conflict. The container name \
                    \"/ecs-web-42-app-a0b1c2d3e4f5a6b7c8d9\" is already in use"],
        ..START
    },
    Rule {
        id: "START-STATUS-MEM",
        short: "died while starting",
        general: true,
        patterns: &["failed to get container status"],
        cause: "The container ended while it was being started, commonly for want of memory.",
        next: &[
            "Raise the memory of {container} above {container_memory}",
            "Read its first log lines, if there are any",
        ],
        command: MEMORY,
        samples: &["CannotStartContainerError: failed to get container status: container not running"],
        ..START
    },
    Rule {
        id: "START-START",
        short: "container not started",
        general: true,
        patterns: &["CannotStartContainerError"],
        cause: "The runtime could not start the container.",
        next: &[
            "Read the end of the message: it names the entry point, mount, port or log driver at fault",
            "Check the definition of {container} in {revision}",
        ],
        command: TASK_DEFINITION,
        samples: &[
            "CannotStartContainerError: Error response from daemon: cgroups: cannot find cgroup mount destination: \
             unknown",
        ],
        ..START
    },
    Rule {
        id: "START-VOLUME",
        short: "volume not created",
        general: true,
        patterns: &["CannotCreateVolumeError", "VolumeError:", "InvalidVolumeError"],
        cause: "A volume of the task definition could not be created.",
        next: &[
            "Check the volumes of {revision}: driver, file system, credentials",
            "For a Docker volume, check that its driver is installed on {instance}",
        ],
        command: VOLUMES,
        page: guide!("cannot-create-volume"),
        samples: &[
            "CannotCreateVolumeError: Error response from daemon: create data: plugin \"rexray/ebs\" not found",
            "VolumeError: Agent could not create task's volume resources",
            "InvalidVolumeError: volume data has an unknown scope",
        ],
        ..START
    },
    Rule {
        id: "START-CGROUP",
        short: "cgroup not created",
        places: &[Task],
        patterns: &["CgroupError"],
        cause: "The ECS agent could not create the task's cgroup on the instance.",
        next: &[
            "Check that the agent of {instance_arn} is new enough for the host's cgroup version",
            "Check the task's own CPU and memory in {revision}",
        ],
        command: INSTANCE,
        page: guide!("ecs-agent-config"),
        samples: &["CgroupError: Agent could not create task's platform resources"],
        ..START
    },
    Rule {
        id: "START-NETNS",
        short: "network not set up",
        places: &[Task],
        patterns: &["ContainerNetworkingError", "failed to setup network namespace", "cni plugin invocation failed"],
        cause: "The task's network could not be set up on the instance.",
        next: &[
            "Check that the network interface is attached to {instance}",
            "Read the agent's log there: /var/log/ecs/ecs-agent.log",
            "If it comes back, replace the instance",
        ],
        command: INSTANCE,
        page: guide!("task-networking-awsvpc"),
        samples: &[
            "ContainerNetworkingError: failed to setup network namespace: cni setup: invoke bridge plugin failed",
            "cni plugin invocation failed: no address available",
        ],
        ..START
    },
    Rule {
        id: "START-HOSTCONFIG",
        short: "container config invalid",
        patterns: &["HostConfigError", "DockerClientConfigError"],
        cause: "The container definition asks for something the host cannot be configured for.",
        next: &["Check links, volumesFrom, ulimits and log options of {container} in {revision}"],
        command: TASK_DEFINITION,
        page: guide!("task_definition_parameters"),
        samples: &[
            "HostConfigError: invalid ulimit: soft limit is above the hard limit",
            "DockerClientConfigError: unable to turn the container definition into a configuration",
        ],
        ..START
    },
    Rule {
        id: "START-DEP-TIMEOUT",
        short: "dependency timed out",
        topic: Topic::Dependency,
        patterns: &["container ordering dependency .+ has timed out"],
        cause: "A container that this one waits for did not get ready in time.",
        next: &[
            "Read the log of the container named in brackets, and its health check",
            "Give it more time: startTimeout in {revision}",
        ],
        command: DEPENDENCIES,
        page: guide!("task_definition_parameters"),
        samples: &["dependency graph: container ordering dependency [database] for target [app] has timed out."],
        ..START
    },
    Rule {
        id: "START-DEP-FAILED",
        short: "dependency failed",
        topic: Topic::Dependency,
        general: true,
        patterns: &["dependency did not exit successfully", "because dependency will never start"],
        cause: "A container that this one waits for failed, so it was never started.",
        next: &["See exit code and log of the container named in brackets: that one failed"],
        command: DEPENDENCIES,
        page: guide!("task_definition_parameters"),
        samples: &[
            "dependency graph: failed to resolve container ordering dependency [migrate] for target [app] as \
             dependency did not exit successfully.",
            "TaskFailedToStart: container app cannot start because dependency will never start: migrate",
        ],
        ..START
    },
    Rule {
        id: "START-DEP",
        short: "dependencies impossible",
        topic: Topic::Dependency,
        general: true,
        patterns: &["TaskDependencyError", "Task dependencies cannot be resolved"],
        cause: "The containers wait for each other in a circle, or for one that does not exist.",
        next: &["Check dependsOn, links and volumesFrom in {revision}"],
        command: DEPENDENCIES,
        page: guide!("task_definition_parameters"),
        samples: &[
            "TaskDependencyError: Task dependencies cannot be resolved, taskArn: \
             arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef",
            "Task dependencies cannot be resolved",
        ],
        ..START
    },
    Rule {
        id: "START-INSPECT",
        short: "runtime not answering",
        patterns: &["CannotInspectContainerError", "CannotDescribeContainerError"],
        cause: "The ECS agent could not ask the runtime about the container.",
        next: &[
            "Check that the runtime's daemon on {instance} answers, and how loaded the host is",
            "Read the agent's log there: /var/log/ecs/ecs-agent.log",
        ],
        command: INSTANCE,
        page: guide!("cannot-inspect-container"),
        samples: &[
            "CannotInspectContainerError: Could not transition to inspecting; daemon gave no answer",
            "CannotDescribeContainerError: No such daemon",
        ],
        ..START
    },
    Rule {
        id: "START-STOPFAIL",
        short: "container won't stop",
        patterns: &["CannotStopContainerError"],
        cause: "The container did not stop when ECS stopped it.",
        next: &[
            "Check that the program handles SIGTERM within {stop_timeout}",
            "Look on {instance} for a process stuck in input or output; the instance may have to be replaced",
        ],
        command: INSTANCE,
        page: guide!("cannot-stop-container"),
        samples: &[
            "CannotStopContainerError: Error response from daemon: cannot stop container: tried to kill container, but \
             did not receive an exit event",
        ],
        ..START
    },
    Rule {
        id: "START-VANISHED",
        short: "container vanished",
        patterns: &["ContainerVanishedError", "NoSuchContainerError", "No container matching saved ID found"],
        cause: "The container disappeared from the instance, and not by the agent's doing.",
        next: &["Look on {instance} for a docker rm by hand, a reset of the daemon or a reboot at that time"],
        command: INSTANCE,
        page: guide!("logs"),
        samples: &[
            "ContainerVanishedError: No container matching saved ID found",
            "NoSuchContainerError: No such container: 0123456789abcdef0123456789abcdef",
        ],
        ..START
    },
    Rule {
        id: "START-DOCKERSTATE",
        short: "docker error",
        patterns: &["DockerStateError"],
        cause: "Docker reported an error state of the container; the rest of the message is Docker's own.",
        next: &["Read the end of the message: it is what Docker said", "Check Docker's log on {instance}"],
        command: INSTANCE,
        page: guide!("docker-diags"),
        samples: &["DockerStateError: driver failed to mount the root file system"],
        ..START
    },
    Rule {
        id: "START-INTERNAL",
        short: "AWS internal error",
        general: true,
        places: &[Task],
        patterns: &["InternalError", "^Internal error"],
        cause: "Something went wrong inside AWS, or the network was set up too late; the application is not at fault.",
        next: &[
            "Start the task again",
            "If it happens in one subnet or zone only, use another",
            "If it stays, tell AWS Support the ARN of {task}",
        ],
        command: TASK,
        page: guide!("internal-error"),
        samples: &["InternalError: The task couldn't be started", "Internal error"],
        ..START
    },
];
