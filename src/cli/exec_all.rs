//! `ecsight exec --all`: one command in all running tasks of a service.

use std::{
    cell::Cell,
    io::{self, IsTerminal, Write},
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{
    Refusal, ScopeArgs,
    exec::{ExecArgs, SessionPermission, choose, now, read},
    journal::append_to_journal,
    note,
    output::{print, print_own},
    session::CliSession,
    subject::NameQuery,
    why::connect,
};
use crate::{
    aws::Access,
    config::Paths,
    data::distinct,
    diagnose::Known,
    journal::JournalEntry,
    model::{Settings, scope::ScopeRule},
    resource::{
        Query, TypedRow, View,
        container::ExecTarget,
        format::short_id,
        session_target::SessionTarget,
        task::{self, Task},
    },
    session::fan_out::{CommandResult, run_in_all},
};

/// Runs the command in each task, prints the outputs one after the other, and returns the highest exit code.
///
/// # Errors
///
/// Unknown names; there is no task, or the rules of the scope or the options don't allow it.
pub(super) async fn run(
    args: ExecArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let wanted = NameQuery::of_kind(&args.task, scope.cluster.as_deref(), &["service"])?;
    let clients = connect(&wanted, scope, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let done = run_in_service(&args, &wanted, &mut session, settings, paths).await;
    session.close().await;
    done
}

async fn run_in_service(
    args: &ExecArgs,
    wanted: &NameQuery,
    session: &mut CliSession,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let service = wanted.find(session).await?;
    let TypedRow::Service(service) = service.row.typed() else {
        return Err(Refusal::Usage(format!("{} is not a service", args.task)));
    };
    let view = View::new(&task::KIND, Query::service(&*service.cluster_name, &*service.service_name));
    let snapshot = read(session, std::slice::from_ref(&view)).await?;
    let mut views = vec![view.clone()];
    for needed in distinct(snapshot.feeds_of(&view)).into_iter().flat_map(|row| row.consults()) {
        if !views.contains(&needed) {
            views.push(needed);
        }
    }
    let snapshot = read(session, &views).await?;
    let rows = distinct(snapshot.feeds.values());
    let known = Known::of(rows.iter().map(|row| &***row), now());
    let running = distinct(snapshot.feeds_of(&view)).into_iter().filter_map(|row| match row.typed() {
        TypedRow::Task(task) if task.last_status.as_deref() == Some("RUNNING") => Some(task),
        _ => None,
    });
    let mut tasks: Vec<&Task> = running.collect();
    if tasks.is_empty() {
        return Err(Refusal::Failed(format!("{} has no running tasks", service.service_name)));
    }
    tasks.sort_by(|one, other| one.task_arn.cmp(&other.task_arn));
    let (targets, mut failures) = choose_targets(&tasks, args.container.as_deref(), &known)?;
    let cluster = &service.cluster_name;
    let rule = settings.scope_rule(&snapshot.identity, cluster);
    ScopeRule::require_few(rule, targets.len(), "command is sent to").map_err(Refusal::Usage)?;
    let permission = SessionPermission { write: args.write, yes: args.yes };
    let what = format!("sessions in {} tasks of {}", targets.len(), service.service_name);
    permission.require(&what, cluster, settings, &snapshot)?;
    session.clients.access().set(Access::Write);

    let record = |target: &ExecTarget, state: &'static str, says: String| {
        let entry = JournalEntry::of_session(
            now(),
            (state, says),
            &SessionTarget::Container(target.clone()),
            &snapshot.identity,
        );
        append_to_journal(paths, entry);
    };
    let count = targets.len();
    let (begun, ended) = (Cell::new(0_usize), Cell::new(0_usize));
    let progress = || {
        if io::stderr().is_terminal() && ended.get() < count {
            let text = format!("{} of {count} done, {} running", ended.get(), begun.get() - ended.get());
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    };
    let (mut code, mut problem) = (u8::from(!failures.is_empty()), Ok(()));
    let (stop, stopped) = watch::channel(false);
    let running = run_in_all(
        &session.clients,
        targets,
        &args.command,
        (stopped, args.within),
        (
            |target: &ExecTarget| {
                record(target, "sent", String::new());
                begun.set(begun.get() + 1);
                progress();
            },
            now,
        ),
        |result| {
            ended.set(ended.get() + 1);
            begun.set(begun.get().max(ended.get()));
            code = code.max(result.exit_code());
            let state = if result.outcome.is_ok() { "ended" } else { "refused" };
            record(&result.target, state, result.failure().unwrap_or_else(|| "exit code 0".to_owned()));
            if io::stderr().is_terminal() {
                let _ = write!(io::stderr(), "\r\x1b[K");
            }
            if let Err(refusal) = show(&result) {
                problem = Err(refusal);
            }
            failures.extend(result.failure().map(|why| format!("{}: {why}", label(&result.target))));
            progress();
        },
    );
    let ended_by = run_until_signal(running, &stop).await?;
    problem?;
    if !failures.is_empty() {
        note(&format!("{} of {} tasks failed:", failures.len(), tasks.len()));
        failures.iter().for_each(|failure| note(&format!("  {failure}")));
    }
    Ok(ended_by.and_then(|number| u8::try_from(128 + number).ok()).unwrap_or(code))
}

/// The containers to run the command in, and why there is none in some tasks.
fn choose_targets(
    tasks: &[&Task],
    container: Option<&str>,
    known: &Known<'_>,
) -> Result<(Vec<ExecTarget>, Vec<String>), Refusal> {
    let (mut targets, mut failures) = (Vec::new(), Vec::new());
    for task in tasks {
        match choose(task, container, known) {
            Ok(container) => targets.push(task.exec_target(container)),
            // The same for all of them.
            Err(refusal @ Refusal::Usage(_)) => return Err(refusal),
            Err(refusal) => failures.push(format!("{}: {refusal}", short_id(&task.task_arn))),
        }
    }
    Ok((targets, failures))
}

/// Waits until all sessions have ended; a signal ends them, and its number is returned.
async fn run_until_signal(running: impl Future<Output = ()>, stop: &watch::Sender<bool>) -> io::Result<Option<i32>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::pin!(running);
    let number = tokio::select! {
        () = &mut running => None,
        _ = interrupt.recv() => Some(SignalKind::interrupt().as_raw_value()),
        _ = terminate.recv() => Some(SignalKind::terminate().as_raw_value()),
    };
    if number.is_some() {
        stop.send_replace(true);
        running.await;
    }
    Ok(number)
}

fn label(target: &ExecTarget) -> String {
    format!("{} {}", short_id(&target.task_arn), target.container)
}

/// Prints the output under a heading, and the errors with the task in front of each line.
fn show(result: &CommandResult) -> Result<(), Refusal> {
    let label = label(&result.target);
    print(&format!("== {label}\n"))?;
    match io::stdout().is_terminal() {
        true => print(&String::from_utf8_lossy(&result.output))?,
        false => print_own(&result.output)?,
    }
    if result.output.last().is_some_and(|last| *last != b'\n') {
        print("\n")?;
    }
    for line in String::from_utf8_lossy(&result.errors).lines() {
        note(&format!("{label}: {line}"));
    }
    if result.cut > 0 {
        note(&format!("{label}: {} more bytes are not shown", result.cut));
    }
    Ok(())
}
