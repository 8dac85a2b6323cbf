//! `ecsight watch`: follows the rollout of a service until it is over; and waiting for changes to settle.

use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Refusal, ScopeArgs, complete, note,
    output::print,
    session::CliSession,
    subject::NameQuery,
    values::timeout,
    wait::{self, WaitArgs},
    why,
};
use crate::{
    aws::Failure,
    change::{Change, ChangeProgress},
    config::Paths,
    data::{Demand, Snapshot, distinct},
    diagnose::{self, Known},
    model::Settings,
    resource::{
        Row, View,
        format::{duration, seconds_since, short_id},
        rollout::{self, Rollout},
        service::{self, Service},
        task,
    },
    visible::safe_lines,
};

/// How long a service must be steady before no rollout is expected any more: ECS shows one a moment after the change that
/// started it.
const REST: i64 = 10;

/// Exit code when time was up.
pub(super) const TIMED_OUT: u8 = 3;

/// Arguments of `ecsight watch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WatchArgs {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    /// What to wait for
    #[arg(long, value_name = "END", default_value = "done")]
    pub until: Until,
    /// Give up after this time (90s, 15m)
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = timeout)]
    pub within: Duration,
    #[command(flatten)]
    pub read: WaitArgs,
}

/// The end of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// No rollout is in progress
    Done,
    /// And the desired number of tasks is running
    Steady,
}

const EXAMPLES: &str = "\
Examples:
  ecsight watch checkout -c prod
  ecsight restart checkout -c staging --yes && ecsight watch checkout -c staging --until steady --within 15m

Exit codes:
  0  done: the rollout succeeded, or none is in progress
  1  it failed, was stopped or was rolled back; not found; a call to AWS failed or timed out
  2  a mistake in the command line
  3  not done in time";

/// Follows a rollout, and returns the exit code.
///
/// # Errors
/// Usage, names that don't exist, and failures of AWS.
pub(super) async fn run(
    args: WatchArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let wanted = NameQuery::service(&args.service, scope.cluster.as_deref())?;
    let clients = why::connect(&wanted, scope, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let code = match wanted.find(&mut session).await {
        Ok(named) => watch(&args, &*named.row, &mut session).await,
        Err(refusal) => Err(refusal),
    };
    session.close().await;
    code
}

async fn watch(args: &WatchArgs, row: &dyn Row, session: &mut CliSession) -> Result<u8, Refusal> {
    let cluster = row.cluster().unwrap_or_default().to_owned();
    let name = row.name().into_owned();
    let mut target = None;
    let (mut seen, mut begun) = (false, None);
    let mut causes = Causes::default();
    let decide = |known: &Known<'_>| -> Option<(String, Option<u8>)> {
        let service = known.service(&cluster, &name)?;
        causes.print(service, known);
        let revision = target.get_or_insert_with(|| service.revision().to_owned()).clone();
        let line = line(service, known);
        let primary = service.primary();
        let state = primary.and_then(|primary| primary.rollout_state.as_deref());
        let begun = *begun.get_or_insert(known.now);
        if service.deploying() {
            seen = true;
            let failed = state == Some("FAILED");
            return Some((line, failed.then_some(1)));
        }
        // A rollback ends in success, too: of another revision.
        let back = service.revision() != revision;
        let rollout = current(service, known);
        let rolled_back = rollout.is_some_and(Rollout::rolling_back);
        // The service is read more often than its rollouts: how this one ended is not known yet.
        if rollout.is_some_and(Rollout::in_progress) {
            return Some((line, None));
        }
        if back || state == Some("FAILED") || rolled_back {
            let what = if back { format!("{line}; it was rolled back to {}", service.revision()) } else { line };
            return Some((what, Some(1)));
        }
        let over = args.until == Until::Done || service.settled();
        let over = over && (seen || seconds_since(begun, known.now) >= REST);
        Some((line, over.then_some(0)))
    };
    let views = views(&cluster, &name);
    Ok(follow(&views, session, args.within, decide).await?.unwrap_or(TIMED_OUT))
}

/// What is read of a service while it is followed: its row on its own, so that it is read most often.
fn views(cluster: &str, service: &str) -> Vec<View> {
    vec![service::view(cluster, service), task::stopped_view(cluster), rollout::view(cluster, service)]
}

/// The rollout that the service is at, as it was last described.
fn current<'a>(service: &Service, known: &Known<'a>) -> Option<&'a Rollout> {
    let mut rollouts = known.rollouts(&service.cluster_name, &service.service_name).iter();
    let arn = service.current_service_deployment.as_ref();
    rollouts.find(|rollout| Some(&rollout.service_deployment_arn) == arn).copied()
}

/// `payments:57 in progress for 4m: 2 of 4 running, 1 pending; failures 3 of 10`.
fn line(service: &Service, known: &Known<'_>) -> String {
    let rollout = diagnose::current_rollout(service, known);
    let status = rollout.as_ref().map(|rollout| {
        let time = rollout.seconds(known.now).filter(|_| rollout.in_progress());
        let time = time.map(|seconds| format!(" for {}", duration(seconds)));
        format!("{}{}", rollout.word(), time.unwrap_or_default())
    });
    let counts = service.primary().map(|primary| primary.counts()).unwrap_or_default();
    let breaker = rollout.as_ref().and_then(|rollout| rollout.breaker).filter(|breaker| breaker.failures > 0);
    let breaker = breaker.map(|breaker| format!("; failures {}", breaker.words())).unwrap_or_default();
    format!("{}: {}{breaker}; {counts}", service.service_name, status.unwrap_or_else(|| "no rollout".to_owned()))
}

/// The stopped tasks whose causes were printed.
#[derive(Default)]
struct Causes {
    since: Option<Timestamp>,
    printed: Vec<String>,
}

impl Causes {
    /// Prints why the tasks stopped that have failed since the watch began.
    fn print(&mut self, service: &Service, known: &Known<'_>) {
        let since = *self.since.get_or_insert(known.now);
        for task in known.tasks(&service.cluster_name, &service.service_name) {
            let late = task.stopped_at.is_some_and(|at| at >= since);
            if !late || !task.failed() || self.printed.contains(&task.task_arn) {
                continue;
            }
            self.printed.push(task.task_arn.clone());
            note(&format!("task {}: {}", short_id(&task.task_arn), diagnose::diagnose_stop(task, known).line()));
        }
    }
}

/// Waits until accepted changes have settled, and returns the exit code; absent when time was up.
///
/// # Errors
/// Failures of AWS.
pub(super) async fn until_settled(
    changes: &[Arc<dyn Change>],
    session: &mut CliSession,
    within: Duration,
) -> Result<Option<u8>, Refusal> {
    let views: Vec<View> = changes.iter().flat_map(|change| change.follows()).collect();
    let decide = |known: &Known<'_>| {
        let states: Vec<ChangeProgress> = changes.iter().map(|change| change.progress(known)).collect();
        let names = changes.iter().map(|change| &change.target().name);
        let line = names.zip(&states).map(|(name, state)| format!("{name}: {}", state.text())).collect::<Vec<_>>();
        let over = states.iter().all(|state| !matches!(state, ChangeProgress::UnderWay(_)));
        Some((
            line.join(", "),
            over.then(|| changes.iter().map(|change| change.exit_code(known)).max().unwrap_or_default()),
        ))
    };
    follow(&views, session, within, decide).await
}

/// Follows `views` until `decide` gives an exit code with its line, which is shown as it changes: in place on a terminal, line
/// by line elsewhere. Absent when time was up.
async fn follow(
    views: &[View],
    session: &mut CliSession,
    within: Duration,
    mut decide: impl FnMut(&Known<'_>) -> Option<(String, Option<u8>)>,
) -> Result<Option<u8>, Refusal> {
    let deadline = Instant::now() + within;
    let (first, more) = views.split_at(views.len().min(1));
    session.handle.demand.send_replace(Demand {
        foreground: first.first().cloned(),
        companions: more.to_vec(),
        slowdown: 1,
        ..Demand::default()
    });
    let mut shown = ProgressLine::default();
    loop {
        let snapshot: Arc<Snapshot> = session.handle.snapshots.borrow_and_update().clone();
        if let Some(failure) = views.first().and_then(|view| snapshot.blocking_failure(view))
            && !wait::is_transient(failure)
        {
            return Err(Failure::clone(failure).into());
        }
        let rows = distinct(snapshot.feeds.values());
        #[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
        let known = Known::of(rows.into_iter().map(|row| &**row), Timestamp::now());
        if let Some((line, code)) = decide(&known) {
            shown.update(&line);
            if let Some(code) = code {
                shown.end(&line)?;
                return Ok(Some(code));
            }
        }
        tokio::select! {
            // Time passes without news, too.
            () = sleep(Duration::from_secs(1)) => {}
            changed = session.handle.snapshots.changed() => {
                changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))?;
            }
            () = sleep_until(deadline) => {
                shown.break_off();
                note("not done in time; to wait longer, use --within");
                return Ok(None);
            }
        }
    }
}

/// The line of progress on standard error.
#[derive(Default)]
struct ProgressLine {
    text: String,
}

impl ProgressLine {
    fn update(&mut self, text: &str) {
        if text == self.text {
            return;
        }
        self.text = text.to_owned();
        match io::stderr().is_terminal() {
            // Overwrites the line before it.
            true => _ = write!(io::stderr(), "\r\x1b[K{}", safe_lines(text, false)),
            false => note(text),
        }
    }

    fn break_off(&self) {
        if io::stderr().is_terminal() && !self.text.is_empty() {
            let _ = writeln!(io::stderr());
        }
    }

    /// Prints the last line to standard output.
    fn end(&self, text: &str) -> Result<(), Refusal> {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        print(&format!("{text}\n"))
    }
}
