//! Rules for exit codes. A code above 128 is usually 128 plus the number of a signal, but a program may use any code.

use super::{
    Certainty, Class, Rule,
    commands::{ENTRY_POINT, LOG, SERVICE, TASK, TASK_DEFINITION},
};

/// Defaults of these rules: conventional meanings, and the advice to read the log.
const EXIT: Rule = Rule { certainty: Certainty::Likely, command: LOG, ..Rule::PLAIN };

const KNOWLEDGE_CENTER: &str = "https://repost.aws/knowledge-center/ecs-task-stopped";

pub(super) static RULES: &[(Option<i32>, Rule)] = &[
    (
        None,
        Rule {
            id: "EXIT-NONE",
            short: "no exit code",
            certainty: Certainty::Certain,
            cause: "The container never ran, or the runtime could not report how it ended.",
            next: &["Read the reason of {container}, the stopped reason of {task} and its attachments instead"],
            command: TASK,
            samples: &[""],
            ..EXIT
        },
    ),
    (
        Some(0),
        Rule {
            id: "EXIT-0",
            short: "finished",
            class: Class::Normal,
            cause: "The main process finished normally, or shut down on request.",
            next: &[
                "For a service this should not happen: check that {container} runs a program that stays",
                "Check entryPoint and command of {revision}",
            ],
            command: ENTRY_POINT,
            page: KNOWLEDGE_CENTER,
            samples: &["0"],
            ..EXIT
        },
    ),
    (
        Some(1),
        Rule {
            id: "EXIT-1",
            short: "application error",
            cause: "Usually an error of the application: an exception, a wrong configuration, a missing variable.",
            next: &[
                "Read the last log lines of {container}",
                "Compare environment and secrets of {revision} with those of the revision before",
            ],
            page: KNOWLEDGE_CENTER,
            samples: &["1"],
            ..EXIT
        },
    ),
    (
        Some(2),
        Rule {
            id: "EXIT-2",
            short: "wrong arguments",
            cause: "Usually wrong arguments on the command line, or a shell built-in used wrongly.",
            next: &["Check command of {container} in {revision}, and overrides", "Read its last log lines"],
            command: ENTRY_POINT,
            samples: &["2"],
            ..EXIT
        },
    ),
    (
        Some(124),
        Rule {
            id: "EXIT-124",
            short: "timeout in the container",
            cause: "Usually a timeout command inside the container ran out.",
            next: &["Look for a timeout in the entry point of {container}, and at how long the job takes"],
            samples: &["124"],
            ..EXIT
        },
    ),
    (
        Some(125),
        Rule {
            id: "EXIT-125",
            short: "runtime refused it",
            cause: "Usually the container runtime itself failed to run the command: an option it does not take.",
            next: &["Check the options of {container} in {revision}", "Read the runtime's log on {instance}"],
            command: TASK_DEFINITION,
            samples: &["125"],
            ..EXIT
        },
    ),
    (
        Some(126),
        Rule {
            id: "EXIT-126",
            short: "command not executable",
            cause: "Usually the command was found but is not executable.",
            next: &["Check file mode and first line of the program in {image}, and user in {revision}"],
            command: ENTRY_POINT,
            samples: &["126"],
            ..EXIT
        },
    ),
    (
        Some(127),
        Rule {
            id: "EXIT-127",
            short: "command not found",
            cause: "Usually the command is not in the image, or a library it needs is not.",
            next: &[
                "Check the spelling of entryPoint and command of {revision}, and PATH",
                "Check that program and base image use the same C library: musl or glibc",
            ],
            command: ENTRY_POINT,
            samples: &["127"],
            ..EXIT
        },
    ),
    (
        Some(128),
        Rule {
            id: "EXIT-128",
            short: "invalid exit code",
            cause: "Usually a script ended with an invalid exit code, or the runtime failed.",
            next: &["Check the entry point script of {container}"],
            samples: &["128"],
            ..EXIT
        },
    ),
    (
        Some(129),
        Rule {
            id: "EXIT-129",
            short: "hang-up signal",
            cause: "Usually ended by SIGHUP: what had started the process went away.",
            next: &["Check the process supervisor in {container}"],
            samples: &["129"],
            ..EXIT
        },
    ),
    (
        Some(130),
        Rule {
            id: "EXIT-130",
            short: "interrupted",
            cause: "Usually ended by SIGINT: the image's stop signal, or Ctrl-C in a session on its main process.",
            next: &["Check STOPSIGNAL of {image}", "Look for ECS Exec sessions at that time"],
            command: "cloudtrail lookup-events --lookup-attributes \
                      AttributeKey=EventName,AttributeValue=ExecuteCommand --max-items 10 --region {region}",
            samples: &["130"],
            ..EXIT
        },
    ),
    (
        Some(132),
        Rule {
            id: "EXIT-132",
            short: "illegal instruction",
            cause: "Usually ended by SIGILL: the program was built for a newer or another CPU.",
            next: &["Check build flags of {image} against the CPU of the instance type"],
            samples: &["132"],
            ..EXIT
        },
    ),
    (
        Some(133),
        Rule {
            id: "EXIT-133",
            short: "trap",
            cause: "Usually ended by SIGTRAP: a crash of an emulated or instrumented runtime.",
            next: &["Check the runtime's version in {image}, and whether it runs under emulation"],
            samples: &["133"],
            ..EXIT
        },
    ),
    (
        Some(134),
        Rule {
            id: "EXIT-134",
            short: "aborted",
            cause: "Usually ended by SIGABRT: a failed assertion, or the allocator gave up.",
            next: &["Read the last log lines of {container}: the abort message says why", "Check its memory limit"],
            samples: &["134"],
            ..EXIT
        },
    ),
    (
        Some(135),
        Rule {
            id: "EXIT-135",
            short: "bus error",
            cause: "Usually ended by SIGBUS: mapped memory that is not there, often for want of shared memory or disk.",
            next: &["Raise sharedMemorySize of {container} in {revision}", "Check how full the task's disk was"],
            command: task_definition!(
                "taskDefinition.[ephemeralStorage,containerDefinitions[].[name,linuxParameters]]"
            ),
            samples: &["135"],
            ..EXIT
        },
    ),
    (
        Some(136),
        Rule {
            id: "EXIT-136",
            short: "arithmetic fault",
            cause: "Usually ended by SIGFPE: a division by zero or the like in the application.",
            next: &["Read the last log lines of {container}"],
            samples: &["136"],
            ..EXIT
        },
    ),
    (
        Some(137),
        Rule {
            id: "EXIT-137",
            short: "killed",
            cause: "Ended by SIGKILL: usually out of memory, or it ignored SIGTERM for too long, or its host died.",
            next: &[
                "See memory use of {container} just before the stop, against {container_memory}",
                "If a stop was asked for, check that the program handles SIGTERM within {stop_timeout}",
                "Look for other tasks on {instance} that ended in the same minute",
            ],
            command: task_definition!(
                "taskDefinition.[memory,containerDefinitions[].[name,memory,memoryReservation,stopTimeout]]"
            ),
            page: guide!("out-of-memory"),
            samples: &["137"],
            ..EXIT
        },
    ),
    (
        Some(139),
        Rule {
            id: "EXIT-139",
            short: "segmentation fault",
            cause: "Usually ended by SIGSEGV: a native library, or a base image that does not go with the program.",
            next: &[
                "Check what {image} is built on, musl or glibc, and for which architecture",
                "Check native extensions that changed with {revision}",
            ],
            page: KNOWLEDGE_CENTER,
            samples: &["139"],
            ..EXIT
        },
    ),
    (
        Some(141),
        Rule {
            id: "EXIT-141",
            short: "broken pipe",
            cause: "Usually ended by SIGPIPE: it wrote to a pipe or socket that was closed.",
            next: &["Check what {container} writes to: a peer that closed, a log process that died"],
            samples: &["141"],
            ..EXIT
        },
    ),
    (
        Some(143),
        Rule {
            id: "EXIT-143",
            short: "stopped by SIGTERM",
            class: Class::Normal,
            cause: "Usually an orderly end after SIGTERM; no fault of its own.",
            next: &["Find who stopped it: the stop code of {task}, the events of {service}, StopTask in CloudTrail"],
            command: SERVICE,
            page: KNOWLEDGE_CENTER,
            samples: &["143"],
            ..EXIT
        },
    ),
    (
        Some(152),
        Rule {
            id: "EXIT-152",
            short: "CPU time used up",
            cause: "Usually ended by SIGXCPU: it used more CPU time than its ulimit allows.",
            next: &["Check ulimits of {container} in {revision}"],
            command: ULIMITS,
            samples: &["152"],
            ..EXIT
        },
    ),
    (
        Some(153),
        Rule {
            id: "EXIT-153",
            short: "file too large",
            cause: "Usually ended by SIGXFSZ: it wrote a larger file than its ulimit allows.",
            next: &["Check ulimits of {container} in {revision}", "Check the size of its log and data files"],
            command: ULIMITS,
            samples: &["153"],
            ..EXIT
        },
    ),
    (
        Some(255),
        Rule {
            id: "EXIT-255",
            short: "general failure",
            cause: "Usually the program returned -1, or the runtime lost the process together with its host.",
            next: &[
                "Read the last log lines of {container}",
                "Look for other tasks on {instance} that ended with 255 in the same minute: then suspect the instance",
            ],
            page: KNOWLEDGE_CENTER,
            samples: &["255"],
            ..EXIT
        },
    ),
];

const ULIMITS: &str = task_definition!("taskDefinition.containerDefinitions[].[name,ulimits]");

/// Rule for signals without one of their own.
pub(super) static SIGNAL: Rule = Rule {
    id: "EXIT-SIGNAL",
    short: "ended by a signal",
    general: true,
    cause: "Usually ended by a signal: the exit code is 128 and the signal's number.",
    next: &["Read the last log lines of {container}", "Take 128 off the exit code: that is the signal's number"],
    samples: &["131"],
    ..EXIT
};
