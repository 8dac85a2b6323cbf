//! `ecsight logs`: the lines of services and tasks, in order, for a terminal or a pipe.

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
    wait::{Wait, passes, until},
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

/// How long a failure that may pass is waited out where the log is not followed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often one looks whether anybody still reads.
const LISTENING: Duration = Duration::from_millis(500);
/// The exit code of what ctrl-c ended.
const INTERRUPTED: u8 = 130;

/// `ecsight logs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LogsArgs {
    /// Services and tasks: names, ids or the beginnings of ids, or ARNs
    #[arg(value_name = "SERVICE|TASK", required = true, add = complete::services())]
    pub names: Vec<String>,
    /// How far back to begin (90s, 15m, 6h, 2d) instead of with the newest lines
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<u32>,
    /// Go on with what is written from now on, also by tasks that start later
    #[arg(long, short)]
    pub follow: bool,
    /// Only this container of the tasks
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only lines that pass, in the grammar of the console's `/` in logs
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// The task that stopped last; of a task: the one that stopped before it
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

/// The form of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Time, task and container, text
    Text,
    /// One object a line
    Json,
}

/// Prints lines until there are no more, or nobody reads them.
///
/// # Errors
/// A mistake in what is asked for; what AWS refuses.
pub async fn run(args: LogsArgs, scope: &ScopeArgs, settings: &Settings, paths: Option<&Paths>) -> Result<u8, Refusal> {
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
    let now = Timestamp::now();
    let of = subject(args, names, session, now).await?;
    let CliSession { handle, timeout, .. } = session;
    let range = match args.since {
        Some(seconds) => {
            Range::Since(now.checked_sub(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MIN))
        }
        None => Range::Newest,
    };
    let read = Read::Tail { range, pattern: None, live: false };
    let view = of.view.clone();
    let mut end = End::new(args.follow, Wait::new(format!("the lines of {}", of.name), *timeout));
    handle.demand.send_replace(Demand {
        foreground: Some(view.clone()),
        slowdown: 1,
        log: Some(LogRequest { id: 1, of, read, pace: CallRate::default() }),
        ..Demand::default()
    });
    let mut listening = interval(LISTENING);
    // Listened to throughout: one that comes while lines are printed counts, too.
    let mut interrupts = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            news = handle.tail_messages.recv() => match news.map(|news| news.update) {
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
                Some(TailUpdate::Status(status)) => if end.told(status)? {
                    return Ok(0);
                },
            },
            changed = handle.snapshots.changed() => {
                changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))?;
                let snapshot = handle.snapshots.borrow_and_update().clone();
                end.wait.saw(&snapshot);
                end.tasks(snapshot.blocking_failure(&view).map(|failure| &**failure))?;
            }
            _ = interrupts.recv() => return Ok(INTERRUPTED),
            _ = listening.tick() => if printer::deserted() {
                return Ok(0);
            },
            () = sleep_until(end.wake()) => end.late()?,
        }
    }
}

/// When a log is at its end, or cannot be read.
struct End {
    follow: bool,
    /// The wait for everything that was written before.
    wait: Wait,
    last: Option<Arc<TailStatus>>,
    /// What stands in the way of the lines, and since when.
    failure: Option<(Instant, Failure)>,
    /// What stands in the way of the tasks they are of.
    of_tasks: Option<Failure>,
}

impl End {
    fn new(follow: bool, wait: Wait) -> Self {
        Self { follow, wait, last: None, failure: None, of_tasks: None }
    }

    fn caught_up(&self) -> bool {
        self.last.as_ref().is_some_and(|status| status.caught_up)
    }

    /// Takes in how the tail stands; whether that is the end.
    fn told(&mut self, status: Arc<TailStatus>) -> Result<bool, Refusal> {
        let caught_up = self.caught_up();
        let moved = self.last.as_ref().is_none_or(|last| (last.phase, last.streams) != (status.phase, status.streams));
        if moved && status.failure.is_none() {
            self.wait.advanced();
        }
        let failure = status.failure.as_deref().cloned();
        match failure.as_ref().filter(|failure| failure.kind != FailureKind::Throttled) {
            Some(failure) if self.follow && self.failure.is_none() => {
                note(&format!("warning: {failure}; it is tried again"));
            }
            Some(failure) if !self.follow && !passes(failure) => return Err(failure.clone().into()),
            _ => {}
        }
        let since = self.failure.as_ref().map_or_else(Instant::now, |(since, _)| *since);
        self.failure = failure.map(|failure| (since, failure));
        // What has no lines may have some later: that is said once, when all that was written is read.
        if status.caught_up && !caught_up {
            tell(&status);
        }
        let done = status.caught_up && (status.phase == TailPhase::Done || !self.follow);
        self.last = Some(status);
        Ok(done)
    }

    /// Takes in what stands in the way of the tasks: without them no line is read.
    fn tasks(&mut self, failure: Option<&Failure>) -> Result<(), Refusal> {
        match failure.filter(|failure| !passes(failure)) {
            Some(failure) if !self.caught_up() => return Err(failure.clone().into()),
            Some(failure) if self.of_tasks.as_ref().is_none_or(|known| known.kind != failure.kind) => {
                note(&format!("warning: {failure}"));
            }
            _ => {}
        }
        self.of_tasks = failure.cloned();
        Ok(())
    }

    /// When to look whether it is over. A log that is followed has no end once it is caught up.
    fn wake(&self) -> Instant {
        let patience =
            self.failure.as_ref().filter(|(_, failure)| !self.follow && failure.kind != FailureKind::Throttled);
        let wait = Some(self.wait.wake()).filter(|_| !self.caught_up());
        let far = Instant::now() + Duration::from_secs(3_600);
        patience.map(|(since, _)| *since + PATIENCE).into_iter().chain(wait).min().unwrap_or(far)
    }

    /// Says what is waited for; ends with the reason when that has been long enough.
    fn late(&mut self) -> Result<(), Refusal> {
        if self.caught_up() {
            return Ok(());
        }
        let failure = self.failure.as_ref().map(|(_, failure)| failure).or(self.of_tasks.as_ref());
        let over = self.failure.as_ref().is_some_and(|(since, failure)| {
            !self.follow && failure.kind != FailureKind::Throttled && *since + PATIENCE <= Instant::now()
        });
        match failure {
            Some(failure) if over => {
                self.last.iter().for_each(|status| tell(status));
                Err(failure.clone().into())
            }
            failure => self.wait.check(failure),
        }
    }
}

/// Says which containers have no lines, and why.
fn tell(status: &TailStatus) {
    for quiet in &status.quiet {
        note(&format!("{}: {}", quiet.what, quiet.why));
    }
}

/// Whose lines are meant.
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
    let of = LogTarget::of_all(&rows, |id| Some(&**known.row(id)?), now).map_err(Refusal::Usage)?;
    let of = LogSubject::new(of);
    if args.container.is_none() && !args.previous {
        return Ok(of);
    }
    // Which containers there are, and which task was there before, is known when all tasks are.
    handle.demand.send_replace(Demand { foreground: Some(of.view.clone()), slowdown: 1, ..Demand::default() });
    let snapshot =
        until(handle, *timeout, std::slice::from_ref(&of.view), |snapshot| snapshot.arrived(&of.view)).await?;
    let entries = snapshot.feeds_of(&of.view).into_iter().flat_map(|feed| feed.rows.iter());
    let tasks: Vec<&Task> = entries.filter_map(|entry| entry.row.any().downcast_ref()).collect();
    let of = if args.previous { previous(&of, &rows, &tasks, now)? } else { of };
    let Some(name) = args.container.as_deref() else { return Ok(of) };
    let containers: BTreeSet<&str> =
        tasks.iter().flat_map(|task| &task.containers).map(|container| &*container.name).collect();
    if !containers.is_empty() && !containers.contains(name) {
        let near = hint(name, containers.iter().copied());
        return Err(Refusal::Unknown(format!("--container: {} has no container `{name}`{near}", of.name)));
    }
    Ok(LogSubject { container: Some(name.into()), ..of })
}

/// The task that stopped last, or that stopped before the one that was named.
fn previous(of: &LogSubject, rows: &[Arc<dyn Row>], tasks: &[&Task], now: Timestamp) -> Result<LogSubject, Refusal> {
    let [row] = rows else { return Err(Refusal::Usage("--previous is for one service or task".into())) };
    let task = predecessor(tasks, row.any().downcast_ref());
    let nothing = || Refusal::Failed(format!("no task of {} has stopped before that is still known", of.name));
    Ok(LogSubject::new(task.ok_or_else(nothing)?.logs(now)))
}
