//! Whether ECS Exec can enter a container, and if not, why: the checks before a session is opened.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations>

use super::Known;
use crate::{
    knowledge::{self, Names, ReasonField, fill},
    resource::{
        Document, Tone,
        container::Container,
        document::{DocumentLine, Span},
        format::last_part,
        instance::Instance,
        revision::{Definition, Revision},
        session_target::SessionTarget,
        task::Task,
    },
};

/// The oldest versions that can run the agent of ECS Exec: Fargate's platform on Linux and on Windows, and the ECS agent
/// of an instance.
const LINUX_PLATFORM: [u32; 3] = [1, 4, 0];
const WINDOWS_PLATFORM: [u32; 3] = [1, 0, 0];
const ECS_AGENT: [u32; 3] = [1, 50, 2];

/// Environment variables that the agent of ECS Exec would take its credentials from, instead of the task role.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// One check, and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecCheck {
    pub question: &'static str,
    pub result: CheckResult,
    pub answer: String,
    /// What to do about it; empty if nothing.
    pub fix: String,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    Pass,
    /// It keeps ECS Exec from working.
    Fail,
    /// It works, but with a drawback.
    Advice,
    Unknown,
}

impl CheckResult {
    fn tone(self) -> Tone {
        match self {
            Self::Pass => Tone::Good,
            Self::Fail => Tone::Bad,
            Self::Advice => Tone::Warn,
            Self::Unknown => Tone::Wait,
        }
    }
}

/// The first check that fails, as a sentence with what to do.
pub fn exec_blocker(checks: &[ExecCheck]) -> Option<String> {
    let failed = checks.iter().find(|check| check.result == CheckResult::Fail)?;
    Some(match failed.fix.as_str() {
        "" => failed.answer.clone(),
        fix => format!("{}: {fix}", failed.answer),
    })
}

/// Why a session failed, with the first step against it, if there is a rule for the reason.
pub fn with_session_advice(reason: &str, target: &SessionTarget) -> String {
    let Some(rule) = knowledge::of_reason(ReasonField::Session, reason) else { return reason.to_owned() };
    let mut names = Names::default();
    names.set("cluster", target.cluster_name());
    match target {
        SessionTarget::Container(target) => {
            names.set("container", &*target.container).set("task", last_part(&target.task_arn));
        }
        SessionTarget::Host(host) => {
            names.set("instance", &*host.managed_id);
        }
    }
    match rule.next.first() {
        Some(step) => format!("{reason} ({}); {}", rule.short, fill(step, &names)),
        None => reason.to_owned(),
    }
}

/// The checks for one container of a task, most decisive first.
pub fn check_exec(task: &Task, container: &Container, known: &Known<'_>) -> Vec<ExecCheck> {
    let revision = task.task_definition_arn.as_deref().and_then(|arn| known.revision(arn));
    let definition =
        revision.and_then(|revision| revision.containers.iter().find(|definition| definition.name == container.name));
    let instances = known.instances(&task.cluster_name);
    let instance = task.container_instance_arn.as_ref();
    let instance = instance.and_then(|arn| instances.iter().find(|instance| instance.container_instance_arn == *arn));
    let subject = Subject { task, container, revision, definition, instance: instance.copied() };
    let mut checks = vec![subject.task_runs(), subject.exec_enabled(), subject.container_runs(), subject.agent_runs()];
    checks.extend(subject.platform());
    checks.extend(subject.root_is_writable());
    checks.extend(subject.has_role());
    checks.extend(subject.own_credentials());
    checks.extend(subject.shared_processes());
    checks.extend(subject.init_process());
    checks
}

/// The checks for each container of a task.
pub fn exec_report(task: &Task, known: &Known<'_>) -> Document {
    let mut document = Document::default();
    for container in &task.containers {
        let checks = check_exec(task, container, known);
        let section = document.section(format!("ECS Exec in {}", container.name));
        let (text, tone) = match exec_blocker(&checks) {
            Some(blocker) => (blocker, Tone::Bad),
            None => ("ready: press s, or run `ecsight exec`".to_owned(), Tone::Good),
        };
        section.text(0, text, tone);
        for check in checks {
            let mut answer: Vec<Span> = vec![(check.answer, Tone::Plain)];
            if !check.fix.is_empty() {
                answer.push((format!("; {}", check.fix), Tone::Plain));
            }
            section.lines.push(DocumentLine::Check { outcome: check.result.tone(), question: check.question, answer });
        }
    }
    let section = document.section("Not checked here");
    section.text(0, "whether you may call ecs:ExecuteCommand and ssmmessages:OpenDataChannel", Tone::Plain);
    section.text(0, "whether the task role has the four ssmmessages permissions", Tone::Plain);
    section.text(0, "whether the task and this machine reach the ssmmessages endpoint", Tone::Plain);
    document.masked()
}

/// A container and what is known of it.
struct Subject<'a> {
    task: &'a Task,
    container: &'a Container,
    revision: Option<&'a Revision>,
    definition: Option<&'a Definition>,
    instance: Option<&'a Instance>,
}

impl Subject<'_> {
    fn agent_is_running(&self) -> bool {
        self.container.exec_agent.as_deref() == Some("RUNNING")
    }

    fn task_runs(&self) -> ExecCheck {
        let question = "Is the task running?";
        let label = self.task.label();
        match self.task.last_status.as_deref() {
            Some("RUNNING") => pass(question, "yes"),
            Some("PROVISIONING" | "PENDING" | "ACTIVATING") => {
                fail(question, format!("{label} is {}", self.task.state()), "wait until it runs")
            }
            _ => fail(question, format!("{label} is {}", self.task.state()), "choose a running task"),
        }
    }

    fn exec_enabled(&self) -> ExecCheck {
        let question = "Is ECS Exec enabled?";
        if self.task.enable_execute_command {
            return pass(question, "yes");
        }
        let answer = format!("ECS Exec was off when {} was started", self.task.label());
        match self.task.service() {
            Some(service) => fail(question, answer, format!("`:enable-exec` on {service}, then `:restart`")),
            None => fail(question, answer, "run it again with --enable-execute-command"),
        }
    }

    fn container_runs(&self) -> ExecCheck {
        let question = "Is the container running?";
        let Container { name, last_status, runtime_id, .. } = self.container;
        match last_status.as_deref() {
            Some("RUNNING") if runtime_id.is_some() => pass(question, "yes"),
            Some("RUNNING") => fail(question, format!("{name} has no runtime id yet"), "wait a few seconds"),
            Some(other) => fail(question, format!("{name} is {}", other.to_lowercase()), "choose a running container"),
            None => unknown(question, "AWS does not say"),
        }
    }

    fn agent_runs(&self) -> ExecCheck {
        let question = "Does its exec agent run?";
        let Container { name, exec_agent, exec_reason, .. } = self.container;
        let fix = match self.task.service() {
            Some(_) => "replace the task: ctrl-d stops it",
            None => "replace the task",
        };
        match exec_agent.as_deref() {
            Some("RUNNING") => pass(question, "yes"),
            Some("PENDING") => fail(question, format!("the exec agent in {name} is starting"), "wait a few seconds"),
            Some(status) => {
                let reason = exec_reason.as_deref().unwrap_or("no reason given");
                let rule = knowledge::of_reason(ReasonField::ManagedAgent, reason);
                let cause = rule.map(|rule| format!(" ({})", rule.short)).unwrap_or_default();
                let status = status.to_lowercase();
                fail(question, format!("the exec agent in {name} is {status}{cause}: {reason}"), fix)
            }
            None if !self.task.enable_execute_command => fail(question, "no: ECS Exec is off", ""),
            None => fail(question, format!("{name} has no exec agent"), fix),
        }
    }

    fn platform(&self) -> Option<ExecCheck> {
        let question = "Is its platform recent enough?";
        let judge = |what: &str, version: &str, least: [u32; 3]| match parse_version(version) {
            Some(found) if found >= least => pass(question, format!("{what} {version}")),
            Some(_) => {
                let [major, minor, patch] = least;
                fail(question, format!("{what} {version} is too old"), format!("use {major}.{minor}.{patch} or later"))
            }
            None => unknown(question, format!("{what} {version}")),
        };
        if let Some(instance) = self.instance {
            if !instance.agent_connected && !self.agent_is_running() {
                let name = instance.short_name();
                return Some(fail(
                    question,
                    format!("the ECS agent on {name} is disconnected"),
                    "replace the instance",
                ));
            }
            return Some(judge("ECS agent", instance.agent_version.as_deref()?, ECS_AGENT));
        }
        if self.task.launch_type.as_deref() != Some("FARGATE") {
            return None;
        }
        let version = self.task.platform_version.as_deref()?;
        Some(judge("Fargate platform", version, if self.task.on_windows() { WINDOWS_PLATFORM } else { LINUX_PLATFORM }))
    }

    fn root_is_writable(&self) -> Option<ExecCheck> {
        let question = "Is its root file system writable?";
        let read_only = self.definition?.read_only_root;
        Some(match (read_only, self.agent_is_running()) {
            (false, _) => pass(question, "yes"),
            (true, true) => pass(question, "no, but the agent found folders that it can write to"),
            (true, false) => fail(
                question,
                "the root file system is read-only",
                "set readonlyRootFilesystem to false, or mount volumes",
            ),
        })
    }

    fn has_role(&self) -> Option<ExecCheck> {
        let question = "Is there a task role for the agent?";
        let revision = self.revision?;
        Some(match (&revision.task_role_arn, self.agent_is_running(), self.instance) {
            (Some(role), ..) => pass(question, last_part(role)),
            (None, true, _) => pass(question, "none, but the agent is connected"),
            (None, false, Some(_)) => unknown(question, "no task role: the role of the instance is used"),
            (None, false, None) => {
                fail(question, "the task has no role", "add a task role with the four ssmmessages permissions")
            }
        })
    }

    fn own_credentials(&self) -> Option<ExecCheck> {
        let definition = self.definition?;
        let names = definition.environment.iter().chain(&definition.secrets).map(|(name, _)| name);
        let found = names.into_iter().find(|name| CREDENTIALS.contains(&name.as_str()))?;
        Some(ExecCheck {
            question: "Does it use the task role's credentials?",
            result: if self.agent_is_running() { CheckResult::Advice } else { CheckResult::Fail },
            answer: format!("{found} in its environment replaces the task role, also for the exec agent"),
            fix: "remove it, or give its owner the four ssmmessages permissions".to_owned(),
        })
    }

    fn shared_processes(&self) -> Option<ExecCheck> {
        let shared = self.revision?.pid_mode.as_deref() == Some("task") && self.task.containers.len() > 1;
        shared.then(|| ExecCheck {
            question: "How many sessions can be open?",
            result: CheckResult::Advice,
            answer: "one in the whole task, because its containers share their processes (pidMode task)".to_owned(),
            fix: String::new(),
        })
    }

    fn init_process(&self) -> Option<ExecCheck> {
        let question = "Are ended processes cleaned up?";
        Some(match self.definition?.init_process {
            true => pass(question, "yes"),
            false => ExecCheck {
                question,
                result: CheckResult::Advice,
                answer: "processes that a session leaves behind stay as zombies".to_owned(),
                fix: "set initProcessEnabled".to_owned(),
            },
        })
    }
}

fn check(question: &'static str, result: CheckResult, answer: impl Into<String>, fix: impl Into<String>) -> ExecCheck {
    ExecCheck { question, result, answer: answer.into(), fix: fix.into() }
}

fn pass(question: &'static str, answer: impl Into<String>) -> ExecCheck {
    check(question, CheckResult::Pass, answer, "")
}

fn fail(question: &'static str, answer: impl Into<String>, fix: impl Into<String>) -> ExecCheck {
    check(question, CheckResult::Fail, answer, fix)
}

fn unknown(question: &'static str, answer: impl Into<String>) -> ExecCheck {
    check(question, CheckResult::Unknown, answer, "")
}

/// `1.4.0`, or `v1.50.2`, as numbers.
fn parse_version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.trim_start_matches('v').split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests;
