//! `ecsight logs`: prints the log lines of services and tasks in order, for a terminal or a pipe.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, interval, sleep_until},
};

use super::{
    Refusal, ScopeArgs, WaitArgs, complete,
    output::note,
    session::CliSession,
    subject,
    values::since,
    wait::{Wait, is_transient, until},
    why::connect,
};
use crate::{
    aws::{Failure, FailureKind},
    config::Paths,
    data::Demand,
    logs::{CallRate, LogRequest, LogSubject, Range, Read, TailPhase, TailStatus, TailUpdate, filter::LineFilter},
    model::Settings,
    nearest::hint,
    resource::{
        LogTarget, Row,
        task::{Task, predecessor},
    },
};

mod printer;

use printer::Printer;

/// How long to retry after a transient failure, unless the log is followed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Interval at which to check whether standard output is still open.
const OUTPUT_CHECK: Duration = Duration::from_millis(500);
/// Exit code after ctrl-c.
const INTERRUPTED: u8 = 130;

/// Arguments of `ecsight logs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LogsArgs {
    /// Names, full or partial ids, or ARNs, of services and tasks
    #[arg(value_name = "SERVICE|TASK", required = true, add = complete::services())]
    pub names: Vec<String>,
    /// How far back to start (90s, 15m, 6h, 2d) instead of at the newest lines
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<u32>,
    /// Follow the log, including tasks that start later
    #[arg(long, short)]
    pub follow: bool,
    /// Only this container
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only lines that pass this filter, in the grammar of the console's `/` in logs
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// The task that stopped last; for a task, the one that stopped before it
    #[arg(long, conflicts_with = "follow")]
    pub previous: bool,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: LogFormat,
    #[command(flatten)]
    pub wait: WaitArgs,
}

const EXAMPLES: &str = "\
Examples:
  ecsight logs checkout --cluster prod --follow
  ecsight logs checkout --since 1h --filter 'level>=warn'
  ecsight logs checkout --previous
  ecsight logs api worker --container app -o json | jq -r .text";

/// Output format of `logs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Time, task and container, text
    Text,
    /// One object per line
    Json,
}

/// Prints lines until there are no more, or until standard output is closed.
///
/// # Errors
/// Usage errors; failures of AWS.
pub(super) async fn run(
    args: LogsArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let filter = args.filter.as_deref().map(|text| {
        LineFilter::parse(text).map_err(|fault| {
            Refusal::Usage(format!("--filter '{text}', at character {}: {}", fault.at + 1, fault.reason))
        })
    });
    let mut printer = Printer::new(args.output, filter.transpose()?, settings);
    if args.since.is_none() && !args.follow {
        printer.hold();
    }
    let names: Vec<subject::NameQuery> = args
        .names
        .iter()
        .map(|name| subject::NameQuery::read(name, scope.cluster.as_deref()))
        .collect::<Result<_, _>>()?;
    let mut session = CliSession::open(connect(&names[0], scope, settings).await?, args.wait, settings, paths);
    let answer = read(&args, &names, &mut printer, &mut session).await;
    let printed = printer.print_held();
    session.close().await;
    let code = answer?;
    printed?;
    Ok(code)
}

async fn read(
    args: &LogsArgs,
    names: &[subject::NameQuery],
    printer: &mut Printer,
    session: &mut CliSession,
) -> Result<u8, Refusal> {
    #[expect(clippy::disallowed_methods, reason = "a command begins here")]
    let now = Timestamp::now();
    let subject = subject(args, names, session, now).await?;
    let CliSession { handle, timeout, .. } = session;
    let range = match args.since {
        Some(seconds) => {
            Range::Since(now.checked_sub(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MIN))
        }
        None => Range::Newest,
    };
    let read = Read::Tail { range, pattern: None, live: false };
    let view = subject.view.clone();
    let mut end = End::new(args.follow, Wait::new(format!("the lines of {}", subject.name), *timeout));
    handle.demand.send_replace(Demand {
        foreground: Some(view.clone()),
        slowdown: 1,
        log: Some(LogRequest { id: 1, of: subject, read, pace: CallRate::default() }),
        ..Demand::default()
    });
    let mut output_check = interval(OUTPUT_CHECK);
    // Registered once, so that an interrupt while lines are being printed is not lost.
    let mut interrupts = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            message = handle.tail_messages.recv() => match message.map(|message| message.update) {
                None => return Err(Refusal::Failed("the data task has ended; the log may say why".into())),
                Some(TailUpdate::Lines(lines)) => {
                    end.wait.advanced();
                    if !printer.take(lines, false)? {
                        return Ok(0);
                    }
                }
                Some(TailUpdate::Late(lines)) => {
                    end.wait.advanced();
                    if !printer.take(lines, true)? {
                        return Ok(0);
                    }
                }
                Some(TailUpdate::Older { lines, .. }) => {
                    end.wait.advanced();
                    if !printer.take_older(lines)? {
                        return Ok(0);
                    }
                }
                Some(TailUpdate::Status(status)) => if end.on_status(status)? {
                    return Ok(0);
                },
            },
            changed = handle.snapshots.changed() => {
                changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))?;
                let snapshot = handle.snapshots.borrow_and_update().clone();
                end.wait.observe(&snapshot);
                end.on_task_failure(snapshot.blocking_failure(&view).map(|failure| &**failure))?;
            }
            _ = interrupts.recv() => return Ok(INTERRUPTED),
            _ = output_check.tick() => if printer::output_closed() {
                return Ok(0);
            },
            () = sleep_until(end.wake()) => end.check()?,
        }
    }
}

/// Decides when a log has ended or cannot be read.
struct End {
    follow: bool,
    /// Wait for all lines written before the start.
    wait: Wait,
    last: Option<Arc<TailStatus>>,
    /// Failure to read lines, and since when.
    failure: Option<(Instant, Failure)>,
    /// Failure to read the tasks.
    task_failure: Option<Failure>,
}

impl End {
    fn new(follow: bool, wait: Wait) -> Self {
        Self { follow, wait, last: None, failure: None, task_failure: None }
    }

    fn caught_up(&self) -> bool {
        self.last.as_ref().is_some_and(|status| status.caught_up)
    }

    /// Records the status of the tail. Returns true when the log has ended.
    fn on_status(&mut self, status: Arc<TailStatus>) -> Result<bool, Refusal> {
        let caught_up = self.caught_up();
        let moved = self.last.as_ref().is_none_or(|last| (last.phase, last.streams) != (status.phase, status.streams));
        if moved && status.failure.is_none() {
            self.wait.advanced();
        }
        let failure = status.failure.as_deref().cloned();
        match failure.as_ref().filter(|failure| failure.kind != FailureKind::Throttled) {
            Some(failure) if self.follow && self.failure.is_none() => {
                note(&format!("warning: {failure}; retrying"));
            }
            Some(failure) if !self.follow && !is_transient(failure) => return Err(failure.clone().into()),
            _ => {}
        }
        let since = self.failure.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        self.failure = failure.map(|failure| (since, failure));
        // A silent source may still get lines, so report it only once, when all existing lines have been read.
        if status.caught_up && !caught_up {
            report_silent_sources(&status);
        }
        let done = status.caught_up && (status.phase == TailPhase::Done || !self.follow);
        self.last = Some(status);
        Ok(done)
    }

    /// Records a failure to read the tasks, without which there are no lines.
    fn on_task_failure(&mut self, failure: Option<&Failure>) -> Result<(), Refusal> {
        match failure.filter(|failure| !is_transient(failure)) {
            Some(failure) if !self.caught_up() => return Err(failure.clone().into()),
            Some(failure) if self.task_failure.as_ref().is_none_or(|known| known.kind != failure.kind) => {
                note(&format!("warning: {failure}"));
            }
            _ => {}
        }
        self.task_failure = failure.cloned();
        Ok(())
    }

    /// Time of the next [`End::check`]. A followed log that is caught up needs none.
    fn wake(&self) -> Instant {
        let patience =
            self.failure.as_ref().filter(|(_, failure)| !self.follow && failure.kind != FailureKind::Throttled);
        let wait = Some(self.wait.wake()).filter(|_| !self.caught_up());
        let far = Instant::now() + Duration::from_hours(1);
        patience.map(|(since, _)| *since + PATIENCE).into_iter().chain(wait).min().unwrap_or(far)
    }

    /// Reports what it waits for. Fails with the reason after the timeout.
    fn check(&mut self) -> Result<(), Refusal> {
        if self.caught_up() {
            return Ok(());
        }
        let failure = self.failure.as_ref().map(|(_, failure)| failure).or(self.task_failure.as_ref());
        let over = self.failure.as_ref().is_some_and(|(since, failure)| {
            !self.follow && failure.kind != FailureKind::Throttled && *since + PATIENCE <= Instant::now()
        });
        match failure {
            Some(failure) if over => {
                self.last.iter().for_each(|status| report_silent_sources(status));
                Err(failure.clone().into())
            }
            failure => self.wait.check(failure),
        }
    }
}

/// Reports which containers have no lines, and why.
fn report_silent_sources(status: &TailStatus) {
    for quiet in &status.silent {
        note(&format!("{}: {}", quiet.what, quiet.why));
    }
}

/// Resolves the arguments to the subject of the log.
async fn subject(
    args: &LogsArgs,
    names: &[subject::NameQuery],
    session: &mut CliSession,
    now: Timestamp,
) -> Result<LogSubject, Refusal> {
    let mut rows = Vec::new();
    for name in names {
        rows.push(name.find(session).await?.row);
    }
    let CliSession { handle, timeout, .. } = session;
    let known = handle.snapshots.borrow().clone();
    let target = LogTarget::of_all(&rows, |id| Some(&**known.row(id)?), now).map_err(Refusal::Usage)?;
    let subject = LogSubject::new(target);
    if args.container.is_none() && !args.previous {
        return Ok(subject);
    }
    // The containers and the previous task are known only when all tasks have been fetched.
    handle.demand.send_replace(Demand { foreground: Some(subject.view.clone()), slowdown: 1, ..Demand::default() });
    let snapshot =
        until(handle, *timeout, std::slice::from_ref(&subject.view), |snapshot| snapshot.arrived(&subject.view))
            .await?;
    let entries = snapshot.feeds_of(&subject.view).into_iter().flat_map(|feed| feed.rows.iter());
    let tasks: Vec<&Task> = entries.filter_map(|entry| entry.row.any().downcast_ref()).collect();
    let subject = if args.previous { previous(&subject, &rows, &tasks, now)? } else { subject };
    let Some(name) = args.container.as_deref() else { return Ok(subject) };
    let containers: BTreeSet<&str> =
        tasks.iter().flat_map(|task| &task.containers).map(|container| &*container.name).collect();
    if !containers.is_empty() && !containers.contains(name) {
        let near = hint(name, containers.iter().copied());
        return Err(Refusal::Unknown(format!("--container: {} has no container `{name}`{near}", subject.name)));
    }
    Ok(LogSubject { container: Some(name.into()), ..subject })
}

/// Subject for `--previous`: the task that stopped last, or that stopped before the given one.
fn previous(
    subject: &LogSubject,
    rows: &[Arc<dyn Row>],
    tasks: &[&Task],
    now: Timestamp,
) -> Result<LogSubject, Refusal> {
    let [row] = rows else { return Err(Refusal::Usage("--previous is for one service or task".into())) };
    let task = predecessor(tasks, row.any().downcast_ref());
    let nothing = || Refusal::Failed(format!("{} has no earlier stopped task that is still known", subject.name));
    Ok(LogSubject::new(task.ok_or_else(nothing)?.logs(now)))
}
