//! `ecsight exec`: a shell, or a command, in a container.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};

use super::{
    Refusal, ScopeArgs,
    change::require_answer,
    journal::append_to_journal,
    note,
    output::print,
    session::CliSession,
    subject::NameQuery,
    values::timeout,
    wait::{WaitArgs, settled},
    why::connect,
};
use crate::{
    aws::Access,
    config::Paths,
    data::{Demand, Snapshot, distinct},
    diagnose::{CheckResult, ExecCheck, Known, check_exec, exec_blocker, with_session_advice},
    journal::{JournalEntry, SESSION},
    model::{
        Settings,
        scope::{AccessMode, ScopeRule},
    },
    resource::{
        Query, Row, TypedRow, View,
        container::Container,
        format::{duration, seconds_since},
        session_target::SessionTarget,
        task::{self, Task},
    },
    session::{
        command::{NO_STTY, RemoteIo, read_in_background},
        exec, plugin,
        remote_command::quote,
    },
    tty::LentTerminal,
};

/// Arguments of `ecsight exec`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExecArgs {
    /// Full or partial id, or ARN, of a running task; with --all, name or ARN of a service
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Run the command in all running tasks of a service, a few at a time
    #[arg(long, requires = "command", conflicts_with_all = ["check", "tty"])]
    pub all: bool,
    /// Container to enter, where the task has several
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Check whether the container can be entered, without entering it
    #[arg(long, conflicts_with_all = ["command", "tty"])]
    pub check: bool,
    /// Allow the session in a read-only scope
    #[arg(long)]
    pub write: bool,
    /// Do not ask for confirmation in production
    #[arg(long, short)]
    pub yes: bool,
    /// Give the command a terminal, even if its input or output is none here
    #[arg(long, short)]
    pub tty: bool,
    /// Open the session in AWS's session-manager-plugin, which has to be installed
    #[arg(long, conflicts_with_all = ["all", "check", "tty", "no_input"])]
    pub plugin: bool,
    /// Pass no standard input to the command
    #[arg(long, short = 'n', conflicts_with = "tty")]
    pub no_input: bool,
    /// Give up after this time (90s, 15m); without it, the session may last
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub within: Option<Duration>,
    #[command(flatten)]
    pub read: WaitArgs,
    /// The command and its arguments; a shell when none is given
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  ecsight exec 8a53a2fa -c staging --write
  ecsight exec 8a53a2fa -c staging --write -- sh -c 'ls /tmp | wc -l'
  ecsight exec 8a53a2fa -c staging --check
  ecsight exec --all checkout -c staging --write -- uptime

Exit codes:
  0 to 255  that of the command, if its output is not a terminal; with --all: the highest
  0         the shell has ended; with --check: the container can be entered
  1         the session could not be opened, or was cut off
  2         a mistake in the command line, or sessions are not allowed there
  3         with --within: it has not ended in time";

/// Runs the command, and returns the exit code.
///
/// # Errors
///
/// Usage errors, before anything is opened; unknown names; failures of AWS; why the container can't be entered.
pub(super) async fn run(
    args: ExecArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let wanted = NameQuery::of_kind(&args.task, scope.cluster.as_deref(), &["task"])?;
    let clients = connect(&wanted, scope, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let done = enter(&args, &wanted, &mut session, settings, paths).await;
    session.close().await;
    done
}

async fn enter(
    args: &ExecArgs,
    wanted: &NameQuery,
    session: &mut CliSession,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let (snapshot, row) = load(wanted, session).await?;
    let TypedRow::Task(task) = row.typed() else { return Err(Refusal::Usage(format!("{} is not a task", args.task))) };
    let rows = distinct(snapshot.feeds.values());
    let known = Known::of(rows.into_iter().map(|row| &**row), now());
    if args.check {
        return report_checks(task, args.container.as_deref(), &known);
    }
    let container = choose(task, args.container.as_deref(), &known)?;
    let permission = SessionPermission { write: args.write, yes: args.yes };
    permission.require(&format!("a session in {}", task.label()), &task.cluster_name, settings, &snapshot)?;
    session.clients.access().set(Access::Write);
    follow(task, session);
    open(args, task, container, session, settings, &snapshot, paths).await
}

/// Reads the row that a name refers to, and what decides whether sessions in it work.
///
/// # Errors
///
/// It is not found or can't be read.
pub(super) async fn load(
    wanted: &NameQuery,
    session: &mut CliSession,
) -> Result<(Arc<Snapshot>, Arc<dyn Row>), Refusal> {
    let named = wanted.find(session).await?;
    let views: Vec<View> = [named.view.clone()].into_iter().chain(named.row.consults()).collect();
    let snapshot = read(session, &views).await?;
    let row = snapshot.row(named.row.id()).unwrap_or(&named.row).clone();
    Ok((snapshot, row))
}

/// Reads `views`; those after the first may fail with a warning.
///
/// # Errors
///
/// The first can't be read.
pub(super) async fn read(session: &mut CliSession, views: &[View]) -> Result<Arc<Snapshot>, Refusal> {
    session.handle.demand.send_replace(Demand { companions: views.to_vec(), slowdown: 1, ..Demand::default() });
    let (snapshot, failed) = settled(&mut session.handle, session.timeout, views).await?;
    for (view, why) in failed {
        note(&format!("warning: {} could not be read: {why}", view.kind.plural));
    }
    Ok(snapshot)
}

#[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The container with this name, or the only one that can be entered.
pub(super) fn choose<'a>(task: &'a Task, name: Option<&str>, known: &Known<'_>) -> Result<&'a Container, Refusal> {
    let names = || task.containers.iter().map(|container| container.name.as_str());
    let judged = task.containers.iter().filter(|container| name.is_none_or(|name| container.name == name));
    let judged: Vec<_> =
        judged.map(|container| (container, exec_blocker(&check_exec(task, container, known)))).collect();
    let ready: Vec<&Container> =
        judged.iter().filter(|(_, blocker)| blocker.is_none()).map(|(container, _)| *container).collect();
    match (ready.as_slice(), name) {
        ([one], _) => Ok(one),
        ([], Some(name)) if judged.is_empty() => Err(Refusal::Unknown(format!(
            "no container `{name}` in {}; it has {}",
            task.label(),
            names().collect::<Vec<_>>().join(", ")
        ))),
        ([], _) => {
            let why = judged.into_iter().find_map(|(_, blocker)| blocker);
            Err(Refusal::Failed(why.unwrap_or_else(|| format!("{} has no containers yet", task.label()))))
        }
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|container| container.name.as_str()).collect();
            Err(Refusal::Usage(format!("{} has several containers; add --container {}", task.label(), names.join("|"))))
        }
    }
}

/// What the options allow.
pub(super) struct SessionPermission {
    pub write: bool,
    pub yes: bool,
}

impl SessionPermission {
    /// Refuses a session, such as `a session in task 0cf34e4c`, that the rules of the scope or the options don't allow.
    ///
    /// # Errors
    ///
    /// Why, and the option that allows it.
    pub(super) fn require(
        &self,
        what: &str,
        cluster: &str,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<(), Refusal> {
        let rule = settings.scope_rule(&snapshot.identity, cluster);
        let env = rule.map_or("", |rule| rule.env.as_str());
        ScopeRule::require_permitted(rule, SESSION).map_err(Refusal::Usage)?;
        if settings.scope_state(&snapshot.identity, Some(cluster)).mode == AccessMode::ReadOnly && !self.write {
            let place = if env.is_empty() { cluster.to_owned() } else { format!("{cluster} ({env})") };
            return Err(Refusal::Usage(format!(
                "{place} is read-only; no session was opened. To open one, add --write"
            )));
        }
        if ScopeRule::asks_before_session(rule) && !self.yes {
            let question = format!("{cluster} is {env}. Open {what}? Type yes:");
            require_answer(&question, "no session was opened", "To open one without being asked, add --yes")?;
        }
        Ok(())
    }
}

/// Prints the checks; the exit code shows whether all containers, or the one with this name, can be entered.
fn report_checks(task: &Task, name: Option<&str>, known: &Known<'_>) -> Result<u8, Refusal> {
    let mut text = String::new();
    let mut ready = true;
    for container in task.containers.iter().filter(|container| name.is_none_or(|name| container.name == name)) {
        let checks = check_exec(task, container, known);
        ready &= exec_blocker(&checks).is_none();
        text += &format!("{} of {}\n", container.name, task.label());
        text.extend(checks.iter().map(line));
    }
    print(&text)?;
    Ok(u8::from(!ready))
}

fn line(check: &ExecCheck) -> String {
    let sign = match check.result {
        CheckResult::Pass => "ok",
        CheckResult::Fail => "FAIL",
        CheckResult::Advice => "note",
        CheckResult::Unknown => "?",
    };
    let fix = if check.fix.is_empty() { String::new() } else { format!("; {}", check.fix) };
    format!("  {sign:<5} {} {}{fix}\n", check.question, check.answer)
}

/// Polls the task, for [`task_stop`].
pub(super) fn follow(task: &Task, session: &CliSession) {
    let watched = View::new(&task::KIND, Query::task(&*task.cluster_name, &*task.task_arn));
    session.handle.demand.send_replace(Demand { followed: vec![watched], slowdown: 1, ..Demand::default() });
}

/// Waits until the task with this ARN has stopped, and says why.
pub(super) async fn task_stop(snapshots: &mut watch::Receiver<Arc<Snapshot>>, task_arn: &str) -> String {
    loop {
        let notice = match snapshots.borrow_and_update().row(task_arn).map(|row| row.typed()) {
            Some(TypedRow::Task(task)) => task.stop_notice(),
            _ => None,
        };
        if let Some(notice) = notice {
            return notice;
        }
        if snapshots.changed().await.is_err() {
            // Without a data layer nobody can say.
            return std::future::pending().await;
        }
    }
}

/// Opens the session, and returns the exit code when it has ended.
async fn open(
    args: &ExecArgs,
    task: &Task,
    container: &Container,
    session: &mut CliSession,
    settings: &Settings,
    snapshot: &Arc<Snapshot>,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let begun = now();
    let target = task.exec_target(container);
    let place = SessionTarget::Container(target.clone());
    let record = |state: &'static str, says: String| {
        let entry = JournalEntry::of_session(now(), (state, says), &place, &snapshot.identity);
        append_to_journal(paths, entry);
    };
    let clients = session.clients.clone();
    let task_stopped = task_stop(&mut session.handle.snapshots, &task.task_arn);
    let interactive = args.tty || io::stdin().is_terminal() && io::stdout().is_terminal();
    record("sent", String::new());
    let shell = || settings.exec.shell.clone().unwrap_or_else(|| task.default_shell().to_owned());
    let run = async {
        if args.plugin {
            let words: Vec<String> = args.command.iter().map(|word| quote(word)).collect();
            let command = if words.is_empty() { shell() } else { words.join(" ") };
            return plugin::run(&clients, &target, &command, args.within, task_stopped).await;
        }
        if !interactive {
            let reads = !args.no_input && !io::stdin().is_terminal();
            let input = reads.then(|| read_in_background(io::stdin()));
            let io = RemoteIo { input, output: io::stdout(), errors: io::stderr(), cancel: None };
            let run = exec::run_command(clients, &target, &args.command, io, begun);
            return tokio::select! {
                ended = run => ended.map(Some).map_err(|why| if why == NO_STTY { format!("{why}: add --no-input") } else { why }),
                why = task_stopped => Err(why),
            };
        }
        let terminal = LentTerminal::of_process().map_err(|error| format!("could not set up the terminal: {error}"))?;
        let (stop, stopped) = oneshot::channel();
        let terminal = (terminal, stopped);
        let run = async {
            match args.command.as_slice() {
                [] => exec::open_shell(clients, &place, &shell(), terminal, begun).await,
                command => exec::run_in_terminal(clients, &target, command, terminal, begun).await,
            }
        };
        tokio::pin!(run);
        tokio::select! {
            ended = &mut run => ended.map(Some),
            why = task_stopped => {
                // A session that has ended needs no cause.
                let _ = stop.send(why);
                run.await.map(Some)
            }
        }
    };
    // The plugin's session has to be ended at AWS even when the time is up.
    let ended = match args.within.filter(|_| !args.plugin) {
        None => run.await.transpose(),
        Some(within) => tokio::time::timeout(within, run).await.ok().and_then(Result::transpose),
    };
    let took = || duration(seconds_since(begun, now()));
    match ended {
        Some(Ok(end)) => {
            record("ended", format!("{} after {}", end.reason, took()));
            if !end.expected {
                note(&with_session_advice(&end.reason, &place));
            }
            Ok(end.exit_code.unwrap_or(u8::from(!end.expected)))
        }
        Some(Err(reason)) => {
            record("refused", reason.clone());
            let check = format!("`ecsight exec {} --check` lists all checks", args.task);
            Err(Refusal::Failed(format!("{}\n{check}", with_session_advice(&reason, &place))))
        }
        None => {
            record("ended", format!("not over in time, after {}", took()));
            note(&format!("the session was not over after {}", took()));
            Ok(3)
        }
    }
}
