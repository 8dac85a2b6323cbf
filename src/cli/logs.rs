//! `ecsight logs`: the lines of services and tasks, in order, for a terminal or a pipe.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, interval, sleep_until},
};

use super::{Refusal, ScopeArgs, session::Session, subject, values::since, wait::until, why::connect};
use crate::{
    aws::{Failure, Trouble},
    config::Paths,
    data::{Demand, Handle},
    logs::{Pace, Phase, Range, Read, Status, Subject, Told, Wanted, filter::Filter},
    model::{
        Settings,
        logs::whose::{Whose, predecessor},
    },
    nearest::hint,
    resource::{Row, task::Task},
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
    #[arg(value_name = "SERVICE|TASK", required = true)]
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
    /// Form of the lines
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    pub output: Form,
}

const EXAMPLES: &str = "\
Examples:
  ecsight logs checkout --cluster prod --follow
  ecsight logs checkout --since 1h --filter 'level>=warn'
  ecsight logs checkout --previous
  ecsight logs api worker --container app -o json | jq -r .text";

/// The form of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
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
        Filter::parse(text).map_err(|fault| {
            Refusal::Usage(format!("--filter '{text}', at character {}: {}", fault.at + 1, fault.reason))
        })
    });
    let printer = Printer::new(args.output, filter.transpose()?, settings);
    let names: Vec<subject::Wanted> = args
        .names
        .iter()
        .map(|name| subject::Wanted::read(name, scope.cluster.as_deref()))
        .collect::<Result<_, _>>()?;
    let mut session = Session::open(connect(&names[0], scope, settings).await?, settings, paths);
    let answer = read(&args, &names, printer, &mut session.handle).await;
    session.close().await;
    answer
}

async fn read(
    args: &LogsArgs,
    names: &[subject::Wanted],
    mut printer: Printer,
    handle: &mut Handle,
) -> Result<u8, Refusal> {
    let now = Timestamp::now();
    let of = subject(args, names, handle, now).await?;
    let range = match args.since {
        Some(seconds) => {
            Range::Since(now.checked_sub(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MIN))
        }
        None => Range::Newest,
    };
    let read = Read::Tail { range, pattern: None, live: false };
    handle.demand.send_replace(Demand {
        front: Some(of.view.clone()),
        slowdown: 1,
        log: Some(Wanted { id: 1, of, read, pace: Pace::default() }),
        ..Demand::default()
    });
    let mut end = End { follow: args.follow, ..End::default() };
    let mut last: Option<Arc<Status>> = None;
    let mut listening = interval(LISTENING);
    // Listened to throughout: one that comes while lines are printed counts, too.
    let mut interrupts = signal(SignalKind::interrupt())?;
    loop {
        let wake = async {
            match end.at() {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            news = handle.news.recv() => match news.map(|news| news.told) {
                None => return Err(Refusal::Failed("the data task has ended; the log may say why".into())),
                Some(Told::Lines(lines)) => if !printer.print(&lines)? {
                    return Ok(0);
                },
                Some(Told::Status(status)) => {
                    end.told(&status)?;
                    let caught_up = last.replace(status.clone()).is_some_and(|last| last.caught_up);
                    // What has no lines may have some later: that is said once, when all that was written is read.
                    if status.caught_up && !caught_up {
                        tell(&status);
                    }
                    if status.phase == Phase::Done || (status.caught_up && !end.follow) {
                        return Ok(0);
                    }
                }
                Some(Told::Older { .. }) => {}
            },
            _ = interrupts.recv() => return Ok(INTERRUPTED),
            _ = listening.tick() => if printer::deserted() {
                return Ok(0);
            },
            () = wake => {
                last.iter().for_each(|status| tell(status));
                return end.failure.map_or(Ok(0), |(_, failure)| Err(failure.into()));
            }
        }
    }
}

/// When a log that is not followed is at its end.
#[derive(Default)]
struct End {
    follow: bool,
    /// What stands in the way, and since when.
    failure: Option<(Instant, Failure)>,
}

impl End {
    fn told(&mut self, status: &Status) -> Result<(), Refusal> {
        let failure = status.failure.as_deref().filter(|failure| failure.trouble != Trouble::Throttled);
        match failure {
            None => self.failure = None,
            Some(failure) if self.follow => {
                if self.failure.is_none() {
                    printer::warn(&format!("{failure}; it is tried again"));
                }
                self.failure = Some((Instant::now(), failure.clone()));
            }
            Some(failure) if !may_pass(failure) => return Err(failure.clone().into()),
            Some(failure) => {
                let since = self.failure.as_ref().map_or_else(Instant::now, |(since, _)| *since);
                self.failure = Some((since, failure.clone()));
            }
        }
        Ok(())
    }

    fn at(&self) -> Option<Instant> {
        let failure = self.failure.as_ref().filter(|_| !self.follow);
        failure.map(|(since, _)| *since + PATIENCE)
    }
}

fn may_pass(failure: &Failure) -> bool {
    matches!(failure.trouble, Trouble::Offline | Trouble::Server | Trouble::Garbled)
}

/// Says which containers have no lines, and why.
fn tell(status: &Status) {
    for quiet in &status.quiet {
        printer::note(&format!("{}: {}", quiet.what, quiet.why));
    }
}

/// Whose lines are meant.
async fn subject(
    args: &LogsArgs,
    names: &[subject::Wanted],
    handle: &mut Handle,
    now: Timestamp,
) -> Result<Subject, Refusal> {
    let mut rows = Vec::new();
    for name in names {
        rows.push(name.find(handle).await?.row);
    }
    let known = handle.snapshots.borrow().clone();
    let of = Whose::of_all(&rows, &known, now).map_err(Refusal::Usage)?.subject();
    if args.container.is_none() && !args.previous {
        return Ok(of);
    }
    // Which containers there are, and which task was there before, is known when all tasks are.
    handle.demand.send_replace(Demand { front: Some(of.view.clone()), slowdown: 1, ..Demand::default() });
    let snapshot = until(handle, std::slice::from_ref(&of.view), |snapshot| snapshot.arrived(&of.view)).await?;
    let entries = snapshot.feeds_of(&of.view).into_iter().flat_map(|feed| feed.rows.iter());
    let tasks: Vec<&Task> = entries.filter_map(|entry| entry.row.any().downcast_ref()).collect();
    let of = if args.previous { previous(&of, &rows, &tasks, now)? } else { of };
    let Some(name) = args.container.as_deref() else { return Ok(of) };
    let containers: BTreeSet<&str> =
        tasks.iter().flat_map(|task| &task.containers).map(|container| &*container.name).collect();
    if !containers.is_empty() && !containers.contains(name) {
        let near = hint(name, containers.iter().copied());
        return Err(Refusal::Usage(format!("--container: {} has no container `{name}`{near}", of.name)));
    }
    Ok(Subject { container: Some(name.into()), ..of })
}

/// The task that stopped last, or that stopped before the one that was named.
fn previous(of: &Subject, rows: &[Arc<dyn Row>], tasks: &[&Task], now: Timestamp) -> Result<Subject, Refusal> {
    let [row] = rows else { return Err(Refusal::Usage("--previous is for one service or task".into())) };
    let task = predecessor(tasks, row.any().downcast_ref());
    let nothing = || Refusal::Failed(format!("no task of {} has stopped before that is still known", of.name));
    Ok(Whose::task(task.ok_or_else(nothing)?, now).subject())
}
