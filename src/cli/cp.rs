//! `ecsight cp`: files and folders out of containers and into them.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueHint};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::{MissedTickBehavior, interval},
};

use super::{
    Refusal, ScopeArgs,
    exec::{SessionPermission, choose, follow, load, now, task_stop},
    journal::append_to_journal,
    note,
    session::CliSession,
    subject::NameQuery,
    wait::WaitArgs,
    why::connect,
};
use crate::{
    aws::Access,
    config::Paths,
    copy::{self, CopyError, CopyProgress, CopyRequest, Direction, Meter},
    data::distinct,
    diagnose::{Known, with_session_advice},
    journal::JournalEntry,
    model::Settings,
    resource::{
        TypedRow,
        format::{duration, seconds_since},
        session_target::SessionTarget,
    },
    visible::safe,
};

/// Arguments of `ecsight cp`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CpArgs {
    /// What to copy: a local path, or TASK:PATH in a container of a running task
    #[arg(value_name = "FROM", value_hint = ValueHint::AnyPath)]
    pub from: String,
    /// Where to: the other one of the two
    #[arg(value_name = "TO", value_hint = ValueHint::AnyPath)]
    pub to: String,
    /// Container to copy from or to, where the task has several
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Overwrite what is there; a folder is replaced, not merged
    #[arg(long, short)]
    pub force: bool,
    /// Continue a copy of a file that was interrupted
    #[arg(long)]
    pub resume: bool,
    /// Allow the session in a read-only scope
    #[arg(long)]
    pub write: bool,
    /// Do not ask for confirmation in production
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub read: WaitArgs,
}

const EXAMPLES: &str = "\
Examples:
  ecsight cp 8a53a2fa:/tmp/heap.hprof . -c staging --write
  ecsight cp ./fix.sql 8a53a2fa:/tmp/ -c staging --write
  ecsight cp 8a53a2fa:/var/log/nginx ./logs -c staging --write
  ecsight cp 8a53a2fa:/tmp/heap.hprof . -c staging --write --resume

Exit codes:
  0      copied and verified
  1      not copied; an interrupted copy of a file can be continued with --resume
  2      a mistake in the command line, the local file exists or can't be read, or sessions are not allowed there
  128+N  ended by signal N; what was copied by then can be continued";

/// How often the progress is drawn.
const REDRAW: Duration = Duration::from_millis(200);

/// Copies, and returns the exit code.
///
/// # Errors
///
/// Usage errors, before anything is opened; unknown names; failures of AWS; why there is no copy.
pub(super) async fn run(
    args: CpArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let (task, request) = requested(&args)?;
    let wanted = NameQuery::of_kind(task, scope.cluster.as_deref(), &["task"])?;
    let clients = connect(&wanted, scope, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let done = copy_once(&args, &wanted, request, &mut session, settings, paths).await;
    session.close().await;
    done
}

/// The task, and what to copy.
fn requested(args: &CpArgs) -> Result<(&str, CopyRequest), Refusal> {
    let (task, remote, local, direction) = match (in_container(&args.from), in_container(&args.to)) {
        (Some((task, remote)), None) => (task, remote, &args.to, Direction::Download),
        (None, Some((task, remote))) => (task, remote, &args.from, Direction::Upload),
        _ => {
            let why = "one of the two is TASK:PATH, the other a local path; a local path with a colon begins with ./";
            return Err(Refusal::Usage(why.to_owned()));
        }
    };
    if remote.is_empty() {
        return Err(Refusal::Usage(format!("{task}: has no path; expected {task}:/path")));
    }
    let request = CopyRequest {
        direction,
        remote: remote.to_owned(),
        local: PathBuf::from(local),
        overwrite: args.force,
        resume: args.resume,
    };
    Ok((task, request))
}

/// The task and the path of `TASK:PATH`; absent for a local path.
fn in_container(text: &str) -> Option<(&str, &str)> {
    // The colons of an ARN come before the task's id.
    let from = if text.starts_with("arn:") { text.find(":task/")? + 1 } else { 0 };
    let at = from + text[from..].find(':')?;
    let (task, path) = (&text[..at], &text[at + 1..]);
    let is_task = !task.is_empty() && (from > 0 || !task.contains(['/', '.']));
    is_task.then_some((task, path))
}

async fn copy_once(
    args: &CpArgs,
    wanted: &NameQuery,
    request: CopyRequest,
    session: &mut CliSession,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    // What is wrong here is said before anything is asked.
    request.check().map_err(|error| Refusal::Usage(error.reason().to_owned()))?;
    let (snapshot, row) = load(wanted, session).await?;
    let TypedRow::Task(task) = row.typed() else {
        return Err(Refusal::Usage(format!("{} is not a task", wanted.name)));
    };
    let rows = distinct(snapshot.feeds.values());
    let container = choose(task, args.container.as_deref(), &Known::of(rows.into_iter().map(|row| &**row), now()))?;
    let permission = SessionPermission { write: args.write, yes: args.yes };
    permission.require(
        &format!("a session to copy files in {}", task.label()),
        &task.cluster_name,
        settings,
        &snapshot,
    )?;
    session.clients.access().set(Access::Write);
    follow(task, session);
    let target = task.exec_target(container);
    let place = SessionTarget::Container(target.clone());
    let begun = now();
    let record = |state: &'static str, says: String| {
        let entry = JournalEntry::of_session(now(), (state, says), &place, &snapshot.identity);
        append_to_journal(paths, entry);
    };
    record("sent", format!("copy of {}", request.label()));
    let progress = CopyProgress::default();
    let (cancel, cancelled) = oneshot::channel();
    let copying = copy::copy(session.clients.clone(), &target, request, progress.clone(), cancelled, begun);
    let stopped = task_stop(&mut session.handle.snapshots, &task.task_arn);
    let (result, ended_by) = watch(copying, stopped, &progress, cancel).await?;
    match result {
        Ok(copied) => {
            let took = duration(seconds_since(begun, now()));
            record("ended", format!("{} after {took}", copied.summary()));
            note(&format!("{} in {took}", copied.summary()));
            for text in &copied.notes {
                note(&format!("note: {}", safe(text)));
            }
            Ok(0)
        }
        Err(error) => {
            let state = if matches!(error, CopyError::Interrupted(_)) { "ended" } else { "refused" };
            record(state, error.reason().to_owned());
            match ended_by {
                Some(number) => {
                    note(error.reason());
                    Ok(128 + number)
                }
                None => Err(Refusal::Failed(with_session_advice(error.reason(), &place))),
            }
        }
    }
}

/// Shows the progress until the copy has ended; a signal ends it, and the end of its task. Returns the number of the
/// signal with the result.
async fn watch<T>(
    copying: impl Future<Output = T>,
    stopped: impl Future<Output = String>,
    progress: &CopyProgress,
    cancel: oneshot::Sender<String>,
) -> io::Result<(T, Option<u8>)> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut cancel = Some(cancel);
    let mut ended_by = None;
    let shows = io::stderr().is_terminal();
    let mut redraw = interval(REDRAW);
    redraw.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = tokio::time::Instant::now();
    let mut meter = Meter::default();
    tokio::pin!(copying, stopped);
    let result = loop {
        let number = tokio::select! {
            result = &mut copying => break result,
            _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
            why = &mut stopped, if cancel.is_some() => {
                if let Some(cancel) = cancel.take() {
                    let _ = cancel.send(why);
                }
                continue;
            }
            _ = redraw.tick(), if shows => {
                let _ = write!(io::stderr(), "\r\x1b[K{}", meter.text(progress, began.elapsed()));
                continue;
            }
        };
        ended_by = u8::try_from(number).ok();
        // The session is ended at AWS, which takes a moment.
        if let Some(cancel) = cancel.take() {
            let _ = cancel.send("interrupted".to_owned());
        }
    };
    if shows {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    Ok((result, ended_by))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("8a53a2fa:/tmp/a b", Some(("8a53a2fa", "/tmp/a b")))]
    #[case("8a53a2fa:a:b", Some(("8a53a2fa", "a:b")))]
    #[case("8a53a2fa:", Some(("8a53a2fa", "")))]
    #[case("arn:aws:ecs:eu-west-1:111122223333:task/web/8a53a2fa:/tmp", Some(("arn:aws:ecs:eu-west-1:111122223333:task/web/8a53a2fa", "/tmp")))]
    #[case("arn:aws:ecs:eu-west-1:111122223333:task/web/8a53a2fa", None)]
    #[case("./a:b", None)]
    #[case("/tmp/a:b", None)]
    #[case("file", None)]
    #[case(":x", None)]
    fn a_path_in_a_container_begins_with_its_task(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        assert_eq!(in_container(text), expected);
    }
}
